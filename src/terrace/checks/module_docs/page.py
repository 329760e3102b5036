"""The docs of a module, as Markdown for its README: requirements, inputs, outputs and resources, one table each.

The same module always has the same docs. Text from the module stays inside its cell: it cannot end a table, a code span
or the marked part of the README, and is not interpreted as HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from terrace.checks.secrets.text import sightings
from terrace.hcl.interface import Input, Interface
from terrace.text import visible

MOST_LINES = 60
"""Maximum number of lines of one value that are shown; the rest is counted."""

_HIDDEN = "(hidden)"
"""The replacement of a secret within an expression."""

MOST_LETTERS = 4000
"""Maximum number of characters of one value that are shown."""

_PLAIN_CODE = re.compile(r"[^`|\s](?:[^`|\n]*[^`|\s])?")
_SPECIAL = re.compile(r"[\\*\[\]<>|~&$`]|(?<![^\W_])_|_(?![^\W_])|:(?=[a-z0-9_+-]+:)")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def page(module: Interface) -> str:
    """Returns the docs, without the markers around them and without a newline at the end."""
    parts = [
        _section("Requirements", ("Name", "Version"), _requirements(module)),
        _section(
            "Providers",
            ("Name", "Source", "Version"),
            [(code(one.name), code(one.source), _code_or(one.version, "any")) for one in module.providers],
        ),
        _inputs(module.inputs),
        _outputs(module),
        _section("Resources", ("Name", "Kind"), [(code(one.name), one.kind) for one in module.resources]),
        _section(
            "Modules",
            ("Name", "Source", "Version"),
            [(code(one.name), _code_or(one.source), _code_or(one.version)) for one in module.modules],
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def code(text: str) -> str:
    """Returns text as code in a cell; several lines keep their layout."""
    lines = [visible(line.replace("\t", "    ")) for line in _cut(text).split("\n")]
    if len(lines) > 1:
        return f"<pre>{'<br>'.join(_entities(line) for line in lines)}</pre>"
    if _PLAIN_CODE.fullmatch(lines[0]):
        return f"`{lines[0]}`"
    return f"<code>{_entities(lines[0])}</code>"


def words(text: str) -> str:
    """Returns text as prose in a cell, with every character literal; text between backticks is code."""
    clear = text.strip()
    for one in reversed(sightings(clear, bare=False)):
        clear = f"{clear[: one.start]}{_HIDDEN}{clear[one.end :]}"
    lines = _cut(clear).split("\n")
    return "<br>".join(_words(visible(line.rstrip().replace("\t", " "))) for line in lines)


def _words(line: str) -> str:
    parts = _SPAN.split(line)
    return "".join(code(part) if at % 2 else _SPECIAL.sub(_escape, part) for at, part in enumerate(parts))


def _escape(found: re.Match[str]) -> str:
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", ":": "&#58;", "|": "&#124;"}
    return named.get(found[0], f"\\{found[0]}")


def _entities(text: str) -> str:
    return _SPECIAL.sub(lambda found: found[0] if found[0] == ":" else f"&#{ord(found[0])};", text)


def _cut(text: str) -> str:
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = whole[:MOST_LETTERS].split("\n")[:MOST_LINES]
    shown = "\n".join(lines)
    return shown if len(shown) == len(whole) else f"{shown}\n… ({len(whole) - len(shown)} more characters)"


def _requirements(module: Interface) -> list[tuple[str, ...]]:
    own = [("`terraform`", code(", ".join(module.terraform)))] if module.terraform else []
    return [*own, *((code(one.name), _code_or(one.version, "any")) for one in module.required)]


def _inputs(inputs: Sequence[Input]) -> str:
    if not inputs:
        return "## Inputs\n\nNone."
    rows = [
        (
            code(one.name),
            words(one.description),
            code(_hidden(one.name, one.type)),
            _default(one),
            "yes" if one.default is None else "no",
            "yes" if one.sensitive else "no",
            "<br>".join(words(rule.message) if rule.message else code(rule.condition) for rule in one.rules),
        )
        for one in inputs
    ]
    titles = ("Name", "Description", "Type", "Default", "Required", "Sensitive", "Rules")
    wanted = [at for at in range(7) if at < 5 or any(row[at] not in ("no", "") for row in rows)]
    return _section("Inputs", [titles[at] for at in wanted], [[row[at] for at in wanted] for row in rows])


def _default(one: Input) -> str:
    if one.default is None:
        return ""
    shown = _hidden(one.name, one.default)
    # A default is in the source already, and is not spread further.
    secret = shown != one.default and shown.strip('"') == _HIDDEN
    return "(hidden: it looks like a secret)" if secret else code(shown)


def _hidden(name: str, expression: str) -> str:
    """Returns an expression of a module without the secrets in it, found as in the source."""
    head = f'variable "{name}" {{\n  default = '
    found = sightings(f"{head}{expression}\n}}\n", bare=False, path="variables.tf")
    for one in reversed(found):
        start, end = one.start - len(head), one.end - len(head)
        expression = f"{expression[: max(start, 0)]}{_HIDDEN}{expression[end:]}"
    return expression


def _outputs(module: Interface) -> str:
    if not module.outputs:
        return "## Outputs\n\nNone."
    if not any(one.sensitive for one in module.outputs):
        return _section(
            "Outputs", ("Name", "Description"), [(code(one.name), words(one.description)) for one in module.outputs]
        )
    rows = [(code(one.name), words(one.description), "yes" if one.sensitive else "no") for one in module.outputs]
    return _section("Outputs", ("Name", "Description", "Sensitive"), rows)


def _code_or(text: str, otherwise: str = "") -> str:
    return code(text) if text else otherwise


def _section(title: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [titles, ["---"] * len(titles), *rows]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)
