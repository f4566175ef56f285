"""The expressions that segments are written in: Jinja2's grammar for expressions, with a small vocabulary.

Jinja2's own parser reads them (the one behind `Environment.compile_expression`), so precedence, quotes and comments are
what template authors know; nothing of an expression is ever run by Jinja2. What the grammar allows and a segment cannot
mean is refused, with the place.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from subscribers.errors import RuleError
from subscribers.segments.segment import DEEPEST, All, AnyOf, Comparison, Not, Rule, Term, Value, flattened

LONGEST_EXPRESSION = 10_000
_FIELDS = "fields"
_ALIASES = {"lang": "language", "email": "address"}
_OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in"}
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_METHODS = {"startswith": "starts with", "endswith": "ends with"}
_environment = Environment(autoescape=True)


def read_expression(text: str) -> Rule:
    """Return the rule that an expression says. Raises RuleError."""
    if len(text) > LONGEST_EXPRESSION:
        raise RuleError(f"It has {len(text):,} characters.", f"{LONGEST_EXPRESSION:,} are the most.")
    try:
        parser = Parser(_environment, text, state="variable")
        expression = parser.parse_expression()
        if not parser.stream.eos:
            raise RuleError(f"“{parser.stream.current.value}” stands where nothing is expected.", _HINT)
    except TemplateSyntaxError as error:
        # The parser knows templates only; whoever writes a rule has none.
        wrong = str(error.message).replace("'end of template'", "end")
        raise RuleError(f"It cannot be read: {wrong}.", _HINT) from error
    except RecursionError as error:
        raise RuleError("It has too many levels.", _HINT) from error
    return _rule(expression, 0)


_HINT = 'An expression looks like: in_list("weekly") and lang == "zh" and not tagged("vip")'


def _rule(node: nodes.Node, depth: int) -> Rule:
    if depth > DEEPEST * 4:
        raise RuleError("It has too many levels.", _HINT)
    match node:
        case nodes.And():
            return flattened(All, [_rule(node.left, depth + 1), _rule(node.right, depth + 1)])
        case nodes.Or():
            return flattened(AnyOf, [_rule(node.left, depth + 1), _rule(node.right, depth + 1)])
        case nodes.Not():
            return Not(_rule(node.node, depth + 1))
        case nodes.Compare():
            return _comparisons(node)
        case nodes.Call():
            return _call(node)
        case nodes.Test(name="defined" | "none" as name):
            is_set = Comparison(_field(node.node), "is set")
            return is_set if name == "defined" else Not(is_set)
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            return Comparison(_field(node), "==", value=True)
        case nodes.Const(value=True):
            return Term("everyone")
        case _:
            raise _refused(node)


def _comparisons(node: nodes.Compare) -> Rule:
    """Read a comparison; `1 < age < 5` is two."""
    found: list[Rule] = []
    left = node.expr
    for operand in node.ops:
        found.append(_comparison(left, operand.op, operand.expr))
        left = operand.expr
    return flattened(All, found)


def _comparison(left: nodes.Expr, operator: str, right: nodes.Expr) -> Rule:
    said = _OPERATORS[operator]
    if said in ("in", "not in"):
        return _within(left, said, right)
    if _is_field(left):
        return Comparison(_field(left), said, _value(right))
    if _is_field(right):
        return Comparison(_field(right), _TURNED[said], _value(left))
    raise _refused(left)


def _within(left: nodes.Expr, said: str, right: nodes.Expr) -> Rule:
    if isinstance(right, nodes.List | nodes.Tuple):
        return Comparison(_field(left), said, tuple(_value(item) for item in right.items))
    # "x" in name: the field has the text in it.
    contains = Comparison(_field(right), "contains", _value(left))
    return contains if said == "in" else Not(contains)


def _call(node: nodes.Call) -> Rule:
    if node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise RuleError("Arguments have no names here.", 'Write in_list("weekly"), not in_list(slug="weekly").')
    arguments = tuple(_value(argument) for argument in node.args)
    match node.node:
        case nodes.Name(name=name):
            return Term(str(name), arguments)
        case nodes.Getattr(node=nodes.Expr() as inner, attr=method) if method in _METHODS and len(arguments) == 1:
            return Comparison(_field(inner), _METHODS[method], arguments[0])
        case _:
            raise _refused(node)


def _is_field(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem)


def _field(node: nodes.Node) -> str:
    match node:
        case nodes.Name(name=name):
            return _ALIASES.get(name, name)
        case nodes.Getattr(node=nodes.Name(name="fields"), attr=attr):
            return f"{_FIELDS}.{attr}"
        case nodes.Getitem(node=nodes.Name(name="fields"), arg=nodes.Const(value=str(attr))):
            return f"{_FIELDS}.{attr}"
        case _:
            raise _refused(node)


def _value(node: nodes.Node) -> Value:
    match node:
        case nodes.Const(value=bool() | int() | float() | str() as value):
            return value
        case nodes.Neg(node=nodes.Const(value=int() | float() as value)):
            return -value
        case nodes.TemplateData(data=str(value)):
            return value
        case _:
            raise _refused(node)


def _refused(node: nodes.Node) -> RuleError:
    what = _SPOKEN.get(type(node).__name__, f"A {type(node).__name__}")
    return RuleError(f"{what} cannot stand where it stands, in line {node.lineno}.", _HINT)


_SPOKEN = {
    "Const": "A value",
    "Name": "A name",
    "Filter": "A filter",
    "Call": "A call",
    "Add": "A sum",
    "List": "A list",
}


def write_expression(rule: Rule) -> str:
    """Return the expression of a rule; `read_expression` reads the same rule from it."""
    return _write(rule, 0)


def _write(rule: Rule, strength: int) -> str:
    match rule:
        case AnyOf(rules):
            text, own = " or ".join(_write(one, 2) for one in rules), 1
        case All(rules):
            text, own = " and ".join(_write(one, 3) for one in rules), 2
        case Not(one):
            text, own = f"not {_write(one, 4)}", 3
        case Term(name, arguments):
            text, own = f"{name}({', '.join(map(_quoted, arguments))})", 9
        case Comparison(field, operator, value):
            return _write_comparison(_written_field(field), operator, value)
    return f"({text})" if own < strength else text


def _write_comparison(field: str, operator: str, value: object) -> str:
    match operator:
        case "is set":
            return f"({field} is defined)"
        case "starts with" | "ends with":
            return f"{field}.{operator.replace('s with', 'swith')}({_quoted(value)})"
        case "contains":
            return f"({_quoted(value)} in {field})"
        case "in" | "not in":
            values: Sequence[object] = value if isinstance(value, tuple) else ()
            return f"({field} {operator} [{', '.join(map(_quoted, values))}])"
        case _:
            return f"({field} {operator} {_quoted(value)})"


def _written_field(field: str) -> str:
    if not field.startswith(f"{_FIELDS}."):
        return {"language": "lang"}.get(field, field)
    name = field.removeprefix(f"{_FIELDS}.")
    return field if name.isidentifier() and name.isascii() else f"{_FIELDS}[{_quoted(name)}]"


def _quoted(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return repr(value)
