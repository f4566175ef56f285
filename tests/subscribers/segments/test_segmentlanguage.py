from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import RuleError
from subscribers.segments.segment import (
    All,
    AnyOf,
    Comparison,
    Not,
    Rule,
    Term,
    flattened,
    rule_from_json,
    rule_to_json,
)
from subscribers.segments.segmentlanguage import read_expression, write_expression

texts = st.text(st.characters(codec="utf-8"), max_size=12)
values = st.one_of(texts, st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6), st.booleans())
names = st.sampled_from(["language", "address", "age", "fields.city", "fields.zip code", "fields.城市"])
comparisons = st.one_of(
    st.builds(Comparison, names, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), values),
    st.builds(Comparison, names, st.sampled_from(["contains", "starts with", "ends with"]), texts),
    st.builds(Comparison, names, st.sampled_from(["in", "not in"]), st.lists(values, max_size=3).map(tuple)),
    st.builds(Comparison, names, st.just("is set")),
)
terms = st.builds(Term, st.sampled_from(["in_list", "everyone"]), st.lists(values, max_size=2).map(tuple))
rules: st.SearchStrategy[Rule] = st.recursive(
    st.one_of(comparisons, terms),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda some: flattened(All, some)),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: flattened(AnyOf, some)),
        inner.map(Not),
    ),
    max_leaves=8,
)


@given(rules)
def test_expression_and_json_say_the_same_both_ways(rule: Rule) -> None:
    assert read_expression(write_expression(rule)) == rule
    assert rule_from_json(json.loads(json.dumps(rule_to_json(rule)))) == rule


@given(st.text(max_size=40))
def test_any_text_is_a_rule_or_an_error_of_ours(text: str) -> None:
    with suppress(RuleError):
        read_expression(text)


@pytest.mark.parametrize(
    "tree",
    [
        {},
        [],
        None,
        "x",
        {"all": []},
        {"all": [{}]},
        {"not": []},
        {"term": "in_list"},
        {"term": "in_list", "arguments": [[]]},
        {"field": "age", "is": "about", "value": 3},
        {"field": "age", "is": "in", "value": 3},
        {"field": "age", "is": "==", "value": [3]},
        {"field": "age", "is": "==", "value": 3, "more": 1},
    ],
)
def test_a_tree_that_is_no_rule_is_refused(tree: object) -> None:
    with pytest.raises(RuleError):
        rule_from_json(tree)


def test_a_rule_that_breaks_off_is_refused_in_words_about_rules() -> None:
    with pytest.raises(RuleError, match="unexpected end") as refused:
        read_expression("not (")

    assert "template" not in str(refused.value)


def test_a_rule_that_is_too_deep_is_refused() -> None:
    tree: dict[str, object] = {"term": "everyone", "arguments": []}
    for _ in range(200):
        tree = {"not": tree}

    with pytest.raises(RuleError):
        rule_from_json(tree)
    with pytest.raises(RuleError):
        read_expression("not " * 5_000 + "a")
    with pytest.raises(RuleError):
        read_expression("(" * 5_000 + "a" + ")" * 5_000)
