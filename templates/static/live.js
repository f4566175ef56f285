/* Keeps the ledger of a running mailing fresh. The page works without it: then it reloads itself. */

const live = document.getElementById("live");
const heard = document.getElementById("heard");
const subject = document.title.replace(/^\d+ % · /, "");
let told = -1;

async function refresh() {
  const answer = await fetch(live.dataset.source, { headers: { accept: "text/html" } });
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return later(5000);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-state]");
  const shown = live.querySelector("[data-state]");
  // A new state brings new buttons, and those stand outside this part.
  if (fresh.dataset.state !== shown.dataset.state) return location.reload();
  // Whoever has the keyboard on a number keeps it there.
  if (!live.contains(document.activeElement)) shown.replaceWith(document.adoptNode(fresh));
  tell(Number(fresh.dataset.percent));
  if (fresh.dataset.running === "yes") later(document.hidden ? 5000 : 500);
}

/* Screen readers hear every tenth percent, not every tick. */
function tell(percent) {
  document.title = `${percent} % · ${subject}`;
  const step = Math.floor(percent / 10);
  if (step === told) return;
  if (told >= 0) heard.textContent = `${percent} percent are done.`;
  told = step;
}

function later(milliseconds) {
  setTimeout(() => refresh().catch(() => later(5000)), milliseconds);
}

later(500);
