"""The check `naming`: names that break the conventions of terrace.yaml, or repeat their type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext, Findings, Rule, SourceCheck, optional
from terrace.checks.changed_modules import changed_configuration
from terrace.config.checks import record_settings
from terrace.config.comparisons import Changed
from terrace.config.kinds import Convention
from terrace.config.name_patterns import WORDS, fits
from terrace.config.records import Key, Record
from terrace.hcl.declared_names import DeclaredName, list_names
from terrace.hcl.layout import is_override

_CALLED = {"data": "data source", "ephemeral": "ephemeral resource", "local": "local value"}
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z\W_]+", re.UNICODE)
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Naming:
    """The form of names: a convention for each kind (`snake_case`, `kebab-case`, `any`), or a regular expression that
    matches the whole name."""

    resources: str = "snake_case"
    data: str = "snake_case"
    modules: str = "snake_case"
    variables: str = "snake_case"
    outputs: str = "snake_case"
    locals: str = "snake_case"

    def pattern(self, kind: str) -> str:
        """Returns the convention for one kind of block."""
        kinds = {"data": self.data, "module": self.modules, "variable": self.variables, "output": self.outputs}
        return {**kinds, "local": self.locals}.get(kind, self.resources)


_KEYS = Record(
    "naming",
    tuple(
        Key(
            name,
            Convention(),
            f"Convention for the names of {what}. A regular expression must match the whole name.",
            "check",
            looser=Changed("names of {key} are checked by '{new}' instead of '{old}'", unless=("any",)),
        )
        for name, what in (
            ("resources", "resources"),
            ("data", "data sources"),
            ("modules", "module calls"),
            ("variables", "variables"),
            ("outputs", "outputs"),
            ("locals", "local values"),
        )
    ),
    makes=Naming,
)

SETTINGS = record_settings(_KEYS, "Naming conventions.", shown_default="snake_case")


def check_naming(context: CheckContext) -> Findings:
    """Returns a finding for each name in a changed file that breaks the conventions."""
    naming = context.trusted.setting(SETTINGS)
    files = changed_configuration(context)
    return tuple(finding for path, content in files.items() for finding in check_names(path, content, naming))


def check_names(path: str, content: bytes, naming: Naming) -> Findings:
    """Returns a finding for each name in one configuration file that breaks the conventions.

    Override files pass: they repeat names that other files declare.
    """
    if is_override(path.rpartition("/")[2]):
        return ()
    return tuple(finding for declared in list_names(path, content) for finding in _of(path, declared, naming))


def _of(path: str, declared: DeclaredName, naming: Naming) -> Iterator[Finding]:
    pattern = naming.pattern(declared.kind)
    shown = declared.name if len(declared.name) <= _SHOWN else f"{declared.name[: _SHOWN - 1]}…"
    if not fits(declared.name, pattern):
        convention = pattern if pattern in WORDS else f"in the form `{pattern}`"
        message = f"the {_CALLED.get(declared.kind, declared.kind)} {shown!r} is not {convention}"
        yield _finding(
            path, declared, Severity.LOW, message, _rename_advice(declared, _conventional_name(declared.name, pattern))
        )
    elif declared.type and _repeats(declared):
        message = f"the name {declared.type}.{shown} repeats its type"
        yield _finding(path, declared, Severity.INFO, message, "name it after its purpose")


def _repeats(declared: DeclaredName) -> bool:
    """Returns whether the name contains all words of the type, except the provider's, in their order."""
    own = declared.type.partition("_")[2]
    return bool(own) and f"_{own}_" in f"_{declared.name.replace('-', '_').lower()}_"


def _conventional_name(name: str, pattern: str) -> str | None:
    """Returns the name in the form of a convention; None where there is no such form."""
    sign = {"snake_case": "_", "kebab-case": "-"}.get(pattern)
    corrected = sign.join(part.lower() for part in _PARTS.findall(name)) if sign else ""
    return corrected if sign and fits(corrected, pattern) else None


def _rename_advice(declared: DeclaredName, right: str | None) -> str:
    advice = f"name it {right}" if right else "rename it"
    # Without it Terraform would destroy and recreate the resource.
    return f"{advice}, with a `moved` block" if declared.kind in ("resource", "module") else advice


def _finding(path: str, declared: DeclaredName, severity: Severity, message: str, fix: str) -> Finding:
    return Finding(
        rule="naming",
        severity=severity,
        status=Status.FAIL,
        tool="terrace",
        message=message,
        path=path,
        line=declared.line,
        fix=fix,
        # It is informational: it never blocks, whatever the level of the check.
        advisory=severity is Severity.INFO,
    )


CHECK = SourceCheck(
    name="naming",
    run=check_naming,
    level="advisory",
    settings=(SETTINGS,),
    rules=(
        Rule(
            "naming",
            "A name in a changed file breaks the conventions of `naming:` in terrace.yaml, or repeats its type.",
            "People read, search and type addresses all day; with one convention they find them.",
            "Rename it; for a resource or a module add a `moved` block, so that Terraform recreates nothing.",
            optional("naming", "`naming: {outputs: any}` exempts one kind."),
        ),
    ),
)
