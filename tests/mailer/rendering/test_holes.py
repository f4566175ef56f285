from __future__ import annotations

from mailer.rendering.edition import Context, Hole
from mailer.rendering.holes import VIEW, Holes, escape_for
from mailer.rendering.quoted import decode


def test_a_mark_is_a_word_that_occurs_in_no_text() -> None:
    first = Holes(["a"], same_for_all={}).mark(VIEW)

    again = Holes([f"a {first}"], same_for_all={}).mark(VIEW)

    assert first.isalnum()
    assert again[:7] != first[:7]
    assert Holes(["a"], same_for_all={}).mark(VIEW) == first


def test_a_hole_knows_where_it_stands() -> None:
    holes = Holes([], same_for_all={})
    name = holes.mark("subscriber.name", "you")

    holes.cut_html(f'<p title="{name}">{name} <a href="https://e.example/?a={name}&amp;b={name}">{name}</a></p>')
    holes.cut_text(name)

    assert holes.table == [
        Hole("subscriber.name", "you", Context.HTML),
        Hole("subscriber.name", "you", Context.URL),
        Hole("subscriber.name", "you", Context.TEXT),
    ]


def test_two_holes_in_one_address_are_both_inside_it() -> None:
    holes = Holes([], same_for_all={})
    a, b = holes.mark("subscriber.name"), holes.mark("subscriber.email")

    body = holes.cut_html(f'<a href="https://e.example/{a}/{b}/x">{b}</a>')

    assert [holes.table[index].context for index in body.holes] == [Context.URL, Context.URL, Context.HTML]


def test_what_is_the_same_for_all_is_put_in_and_escaped() -> None:
    holes = Holes([], same_for_all={"newsletter.name": "Tea & <Co>"})
    name = holes.mark("newsletter.name")

    body = holes.cut_html(f'<a href="https://e.example/?n={name}">{name}</a>')

    assert decode(body.runs[0]) == '<a href="https://e.example/?n=Tea%20%26%20%3CCo%3E">Tea &amp; &lt;Co&gt;</a>\n'
    assert holes.table == []


def test_a_value_cannot_leave_its_place() -> None:
    assert escape_for(Context.HTML, "\"'<>&") == "&#34;&#39;&lt;&gt;&amp;"
    assert escape_for(Context.URL, 'javascript:"//&?') == "javascript%3A%22%2F%2F%26%3F"
    assert escape_for(Context.TEXT, "a <b>") == "a <b>"
