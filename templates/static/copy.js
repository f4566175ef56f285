/* A button beside each text that is to be taken elsewhere. The page works without it: one click chooses the text. */

for (const text of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${text.dataset.copy}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  // Browsers give the clipboard to pages that came over TLS, or from this machine.
  if (navigator.clipboard) text.closest("dd").previousElementSibling.append(" ", button);
}
