"""The settings as notes: read from `mailer.settings` itself, so that no list of them can fall behind."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from pydantic import SecretStr

from mailer.settings import Settings

# The folder that holds the file cannot be set in the file.
_NOT_IN_FILE = "home"


@dataclass(frozen=True, slots=True)
class SettingNote:
    """One setting, as the reference and the settings file show it."""

    name: str
    kind: str
    default: str
    """As TOML."""
    description: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"PRESSRUN_{self.name.upper()}"


def setting_notes() -> list[SettingNote]:
    """Return a note on every setting, in the order of the code."""
    kinds = Settings.model_json_schema()
    return [
        SettingNote(name, _kind(kinds, name), _toml(Settings.model_fields[name].get_default()), description)
        for name, description in _descriptions()
    ]


def commented_settings(chosen: dict[str, str]) -> str:
    """Return the text of a settings file: what was chosen, and every other setting with its default in a comment."""
    parts = ["# Pressrun's settings. Environment variables win over this file. What is commented out is the default."]
    for note in setting_notes():
        if note.name == _NOT_IN_FILE:
            continue
        value = _toml(chosen[note.name]) if note.name in chosen else note.default
        mark = "" if note.name in chosen else "# "
        words = textwrap.fill(note.description, 118, initial_indent="# ", subsequent_indent="# ")
        parts.append(f"{words}\n{mark}{note.name} = {value}")
    return "\n\n".join(parts) + "\n"


def _descriptions() -> Iterator[tuple[str, str]]:
    """Yield each setting and the text below it in the code; the group's text where it has none of its own."""
    body = ast.parse(textwrap.dedent(inspect.getsource(Settings))).body[0]
    assert isinstance(body, ast.ClassDef)
    for statement, following in zip(body.body, [*body.body[1:], None], strict=True):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        match following:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield statement.target.id, " ".join(text.split())
            case _:
                yield statement.target.id, ""


def _kind(schema: dict[str, object], name: str) -> str:
    properties, definitions = schema["properties"], schema.get("$defs", {})
    assert isinstance(properties, dict)
    assert isinstance(definitions, dict)
    said = properties[name]
    if "$ref" in said:
        said = definitions[said["$ref"].rpartition("/")[2]]
    if "enum" in said:
        return " or ".join(f"`{value}`" for value in said["enum"])
    words = {"string": "text", "integer": "whole number", "number": "number", "array": "list of numbers"}
    words |= {"boolean": "true or false", "object": "table"}
    kind = "folder" if said.get("format") == "path" else words[said["type"]]
    bounds = [
        f"{word} {said[key]:g}"
        for key, word in (("minimum", "from"), ("exclusiveMinimum", "above"), ("maximum", "to"))
        if key in said
    ]
    return " ".join((kind, *bounds))


def _toml(value: object) -> str:
    match value:
        case SecretStr():
            return '""'
        case Enum():
            return json.dumps(value.value)
        case bool() | int() | float():
            return json.dumps(value)
        case tuple() | list():
            return json.dumps(list(value))
        case dict():
            return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
        case _:
            return json.dumps(str(value), ensure_ascii=False)
