"""The docs of a module, as Markdown for its README: requirements, inputs, outputs and resources, one table each.

The same module always has the same docs. Text from the module stays inside its cell: it cannot end a table, a code span
or the marked part of the README, and is not interpreted as HTML.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from terrace.checks.secrets.text import find_secrets
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
            [
                (code(provider.name), code(provider.source), _code_or(provider.version, "any"))
                for provider in module.providers
            ],
        ),
        _inputs(module.inputs),
        _outputs(module),
        _section(
            "Resources", ("Name", "Kind"), [(code(resource.name), resource.kind) for resource in module.resources]
        ),
        _section(
            "Modules",
            ("Name", "Source", "Version"),
            [(code(called.name), _code_or(called.source), _code_or(called.version)) for called in module.modules],
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
    for secret in reversed(find_secrets(clear, bare=False)):
        clear = f"{clear[: secret.start]}{_HIDDEN}{clear[secret.end :]}"
    lines = _cut(clear).split("\n")
    return "<br>".join(_words(visible(line.rstrip().replace("\t", " "))) for line in lines)


def _words(line: str) -> str:
    parts = _SPAN.split(line)
    return "".join(code(part) if at % 2 else _SPECIAL.sub(_escape, part) for at, part in enumerate(parts))


def _escape(match: re.Match[str]) -> str:
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", ":": "&#58;", "|": "&#124;"}
    return named.get(match[0], f"\\{match[0]}")


def _entities(text: str) -> str:
    return _SPECIAL.sub(lambda match: match[0] if match[0] == ":" else f"&#{ord(match[0])};", text)


def _cut(text: str) -> str:
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = whole[:MOST_LETTERS].split("\n")[:MOST_LINES]
    shown = "\n".join(lines)
    return shown if len(shown) == len(whole) else f"{shown}\n… ({len(whole) - len(shown)} more characters)"


def _requirements(module: Interface) -> list[tuple[str, ...]]:
    own = [("`terraform`", code(", ".join(module.terraform)))] if module.terraform else []
    return [*own, *((code(provider.name), _code_or(provider.version, "any")) for provider in module.required)]


def _inputs(inputs: Sequence[Input]) -> str:
    if not inputs:
        return "## Inputs\n\nNone."
    rows = [
        (
            code(variable.name),
            words(variable.description),
            code(_hide_secrets(variable.name, variable.type)),
            _default(variable),
            "yes" if variable.default is None else "no",
            "yes" if variable.sensitive else "no",
            "<br>".join(words(rule.message) if rule.message else code(rule.condition) for rule in variable.rules),
        )
        for variable in inputs
    ]
    titles = ("Name", "Description", "Type", "Default", "Required", "Sensitive", "Rules")
    columns = [at for at in range(7) if at < 5 or any(row[at] not in ("no", "") for row in rows)]
    return _section("Inputs", [titles[at] for at in columns], [[row[at] for at in columns] for row in rows])


def _default(variable: Input) -> str:
    if variable.default is None:
        return ""
    shown = _hide_secrets(variable.name, variable.default)
    # A default is in the source already, and is not spread further.
    secret = shown != variable.default and shown.strip('"') == _HIDDEN
    return "(hidden: it looks like a secret)" if secret else code(shown)


def _hide_secrets(name: str, expression: str) -> str:
    """Returns an expression of a module without the secrets in it, found as in the source."""
    head = f'variable "{name}" {{\n  default = '
    secrets = find_secrets(f"{head}{expression}\n}}\n", bare=False, path="variables.tf")
    for secret in reversed(secrets):
        start, end = secret.start - len(head), secret.end - len(head)
        expression = f"{expression[: max(start, 0)]}{_HIDDEN}{expression[end:]}"
    return expression


def _outputs(module: Interface) -> str:
    if not module.outputs:
        return "## Outputs\n\nNone."
    if not any(output.sensitive for output in module.outputs):
        return _section(
            "Outputs",
            ("Name", "Description"),
            [(code(output.name), words(output.description)) for output in module.outputs],
        )
    rows = [
        (code(output.name), words(output.description), "yes" if output.sensitive else "no") for output in module.outputs
    ]
    return _section("Outputs", ("Name", "Description", "Sensitive"), rows)


def _code_or(text: str, otherwise: str = "") -> str:
    return code(text) if text else otherwise


def _section(title: str, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [titles, ["---"] * len(titles), *rows]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)
