from __future__ import annotations
from tests.mailer.web.conftest import Site


async def test_all(site: Site) -> None:
    await site.join("ana@example.com", "gone.ben@example.com", "greylist.cy@example.com")
    for path in [
        "/admin",
        "/admin/issues/harbour",
        "/admin/issues/harbour/preview",
        "/admin/issues/harbour/send",
        "/admin/issues/harbour/confirm?list=readers",
        "/admin/mailings",
        "/admin/people",
        "/admin/people/1",
        "/admin/suppressions",
        "/admin/inbox",
        "/admin/import",
        "/admin/issues/harbour/edit",
        "/",
        "/healthz",
        "/admin/sign-in",
        "/nowhere",
        "/admin/nowhere",
        "/admin/issues/none",
    ]:
        answer = await site.admin.get(path)
        print(path, answer.status, len(answer.text))
        if answer.status >= 400:
            print(answer.text[-900:])
