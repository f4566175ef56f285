"""Long lists, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list a page shows, and the addresses of the parts before and after it."""

    start: int
    """Place of the first one, from 0."""
    total: int
    previous: str
    next: str
    size: int = PAGE_SIZE

    @property
    def first(self) -> int:
        """The first one shown, counted from 1."""
        return min(self.start + 1, self.total)

    @property
    def last(self) -> int:
        """The last one shown."""
        return min(self.start + self.size, self.total)


def paging(request: Request, total: int, *, size: int = PAGE_SIZE) -> Paging:
    """Return the part that the request's `page` asks for; beyond the end, or for no number at all, the nearest one."""
    last_page = max(1, -(-total // size))
    asked = request.query_params.get("page", "1")
    page = min(max(1, int(asked)), last_page) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else 1
    return Paging(
        start=(page - 1) * size,
        total=total,
        previous=_address(request, page - 1) if page > 1 else "",
        next=_address(request, page + 1) if page < last_page else "",
        size=size,
    )


def _address(request: Request, page: int) -> str:
    others = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    return f"{request.url.path}?{urlencode([*others, ('page', str(page))])}"
