"""What a web page or a mail program puts around a newsletter, and what comes along when people copy it.

A line is chrome by what it says as a whole, never by a part of it. What is left out is shown to the editor, line by
line. Footers go too: every mail of Pressrun gets its own unsubscribe and view-in-browser links.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailer.issues.plaintext import Line, width_of

_CHROME_WIDTH = 120

_WHOLE_LINES = frozenset(
    [
        *("top of page", "bottom of page", "back to top", "to the top", "home", "menu", "search", "close", "more"),
        *("log in", "login", "sign in", "sign up", "log in / sign up", "read in app", "open in app", "listen", "save"),
        *("share", "share this", "share this post", "share this article", "copy link", "print", "email", "bookmark"),
        *("tweet", "facebook", "twitter", "linkedin", "instagram", "whatsapp", "youtube", "pinterest"),
        *("like", "likes", "comment", "comments", "leave a comment", "write a comment...", "reply", "restack"),
        *("post not marked as liked", "subscribe", "subscribe now", "subscribed", "follow", "follow us", "following"),
        *("all posts", "recent posts", "related posts", "see all", "previous", "next", "previous post", "next post"),
        *("loading...", "loading…", "advertisement", "sponsored", "image", "photo", "picture", "logo"),
        *("forward to a friend", "cookie settings", "accept all cookies", "accept"),
        *("阅读原文", "分享", "收藏", "点赞", "在看", "返回顶部", "回到顶部", "在浏览器中查看", "退订"),
    ]
)

_PERSONS_PICTURE = (
    r"(?:(?i:(?:writer|author|contributor)(?:['’]s)?[ -]?(?:picture|photo|image|avatar)) ?(?:[A-Z0-9:].*|by .*)?"
    r"|(?i:(?:profile|user)[ -]?(?:picture|photo|image|avatar)(?: of .*)?))"
)
_READING_TIME = r"(?:.{0,60}[·•|,] ?)?\d+ ?min(?:ute)?s?\.? (?:read|de lecture|lesezeit)"
_COUNTS = r"(?:\d[\d,.]* (?:views?|likes?|comments?|shares?|claps?|reads?) ?)+"
_SKIP_LINK = r"skip to (?:the )?(?:main )?(?:content|navigation|menu)"
_VIEW_ELSEWHERE = (
    r"(?:view|read|open|see) (?:(?:this|the|it|e-?mail|newsletter|issue|message|post|online|version) )*"
    r"(?:in|on) (?:your |the |a )?(?:web )?(?:browser|app|web|website)\.?"
)
_TROUBLE = r"(?:having )?trouble (?:viewing|reading) this.*"
_FOOTER_LINK = (
    r"(?:click here to )?"
    r"(?:unsubscribe|opt out|e-?mail preferences|privacy(?: policy)?|terms(?: of (?:use|service))?|cookie policy"
    r"|(?:manage|update|change|edit) (?:your |my )?(?:e-?mail )?(?:preferences|subscriptions?|settings|profile)"
    r"|imprint|view (?:in browser|online)|contact us)(?: here)?\.?"
)
_WHY_YOU = r"you(?: are|['’]re)? (?:receiv(?:ed|ing)|getting|got) this (?:e-?mail|newsletter|message).*"
_SHARE_LINK = r"share (?:this |it )?(?:post |article |newsletter )?(?:on|via|with) .{1,30}"
_COPYRIGHT = r"(?:©|\(c\)|copyright\b).*|.*\ball rights reserved\.?"
_PICTURE_MARK = r"!?\[(?:image|photo|picture|cid):?.*\]"

# Only the person's name is told from prose by its capital letter; for all else case means nothing.
_PATTERN = re.compile(
    "|".join(
        [
            _PERSONS_PICTURE,
            *(
                f"(?i:{pattern})"
                for pattern in (
                    *(_READING_TIME, _COUNTS, _SKIP_LINK, _VIEW_ELSEWHERE, _TROUBLE),
                    *(_FOOTER_LINK, _WHY_YOU, _SHARE_LINK, _COPYRIGHT, _PICTURE_MARK),
                )
            ),
        ]
    )
)
_PART = re.compile(r" ?[|·•/] ?")


def without_chrome(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """Return the lines of the newsletter itself, and the lines left out. A line left out leaves a blank one."""
    left_out = [line for line in lines if line.words and is_chrome(line.words)]
    gone = {line.number for line in left_out}
    return [Line(line.number, "") if line.number in gone else line for line in lines], left_out


def is_chrome(words: str) -> bool:
    """Whether a whole line is chrome; a row of links, such as "Unsubscribe | Privacy policy", is if each of them is."""
    bare = words.lstrip("•·*-–— ").strip()
    if not bare or len(bare) > _CHROME_WIDTH or width_of(bare) > _CHROME_WIDTH:
        return False
    if _is_chrome(bare):
        return True
    parts = _PART.split(bare)
    return len(parts) > 1 and all(_is_chrome(part) for part in parts)


def _is_chrome(words: str) -> bool:
    return words.casefold() in _WHOLE_LINES or _PATTERN.fullmatch(words) is not None
