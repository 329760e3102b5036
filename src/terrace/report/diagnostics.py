"""Messages of Terraform in full, laid out as Terraform prints them: title, place, source lines, explanation."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.errors import Diagnostic, TerraceError, TerraformFailed

MOST = 20
"""Maximum number of messages of one error in a text."""

_TITLES = {"error": "Error", "warning": "Warning", "note": "Note"}


def diagnostic_lines(diagnostic: Diagnostic) -> list[str]:
    """Returns one message in lines: its title first, the others indented by two spaces.

    The place is written as `path:line:column`, which terminals and editors open.
    """
    title = _TITLES.get(diagnostic.severity, diagnostic.severity.capitalize())
    lines = [f"{title}: {diagnostic.summary or diagnostic.detail}".rstrip()]
    lines += _source_lines(diagnostic)
    if diagnostic.summary and diagnostic.detail:
        lines += [f"  {text}".rstrip() for text in diagnostic.detail.strip("\n").split("\n")]
    return lines


def error_text(error: TerraceError) -> str:
    """Returns an error with its hint in one line, then every message of Terraform about it in full."""
    lines = [f"{error} (hint: {error.hint})" if error.hint else str(error)]
    for diagnostic in errors_first(error.diagnostics)[:MOST] if isinstance(error, TerraformFailed) else ():
        lines += diagnostic_lines(diagnostic)
    return "\n".join(lines)


def errors_first(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Returns errors before warnings, and each kind in the order of their places; those without a place come last."""
    order = {severity: number for number, severity in enumerate(_TITLES)}

    def key(diagnostic: Diagnostic) -> tuple[int, bool, str, int, int]:
        place = diagnostic.place
        where = (True, "", 0, 0) if place is None else (False, place.path, place.line, place.column)
        return (order.get(diagnostic.severity, 0), *where)

    return tuple(sorted(diagnostics, key=key))


def _source_lines(diagnostic: Diagnostic) -> list[str]:
    snippet, address = diagnostic.snippet, diagnostic.address
    if snippet is None:
        where = ", ".join(part for part in (str(diagnostic.place or ""), address or "") if part)
        return [f"  {where}"] if where else []
    block = f", in {snippet.context}" if snippet.context else ""
    with_address = f", with {address}" if address and not block else ""
    lines = [f"  {diagnostic.place}{block}{with_address}"]
    code = snippet.code.rstrip("\n").split("\n")
    width = len(str(snippet.line + len(code) - 1))
    lines += [f"  {snippet.line + number:>{width}} | {text}".rstrip() for number, text in enumerate(code)]
    return [*lines, *(f"  {'':>{width}} = {value}" for value in snippet.values)]
