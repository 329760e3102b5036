"""Policies that can never find anything, since they read a document that no input and no loaded data has.

OPA treats a missing document as undefined, and a rule that needs it finds nothing: that looks like a plan that passes.
So the documents that rules read are compared with those that exist. OPA, which compiles the rules, lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from terrace.assess.model import Finding, Severity, Status

Shape = Literal["view", "plan"]
Ref = tuple[str, ...]
"""A path in `input` or `data`, from that word on, up to the first part that is not literal."""

PLAN_KEYS = frozenset(
    [
        "format_version",
        "terraform_version",
        "variables",
        "planned_values",
        "resource_changes",
        "resource_drift",
        "relevant_attributes",
        "output_changes",
        "prior_state",
        "configuration",
        "checks",
        "timestamp",
        "applyable",
        "complete",
        "errored",
        "deferred_changes",
        "proposed_unknown",
        "action_invocations",
        "deferred_action_invocations",
    ]
)
"""Keys of `terraform show -json` of a plan."""

VIEW_KEYS = frozenset(
    [
        "terrace",
        "environment",
        "stack",
        "path",
        "commit",
        "terraform_version",
        "complete",
        "errored",
        "resources",
        "outputs",
    ]
)
"""Keys of Terrace's view of a plan."""

HCL_KEYS = frozenset(["resource", "data", "module", "variable", "output", "locals", "provider", "terraform"])
"""Keys of a file of HCL, as conftest parses it, that no plan has."""

CONFTEST = ("data", "conftest", "file")
"""The document that conftest adds to the data: the file that is tested."""

_KINDS = ("deny", "violation", "warn")
_KEYS: Mapping[Shape, frozenset[str]] = {"plan": PLAN_KEYS, "view": VIEW_KEYS}
_WHAT: Mapping[Shape, str] = {"plan": "no plan has", "view": "Terrace's view of a plan does not have"}


@dataclass(frozen=True, slots=True)
class Reads:
    """The documents that rules need, directly or not: `base` are paths of `input` and of data, `rules` the rules."""

    base: frozenset[Ref]
    rules: frozenset[Ref]

    @property
    def keys(self) -> frozenset[str]:
        """Returns the keys of the input; "" where all of it, or a computed key, is read."""
        return frozenset(ref[1] if len(ref) > 1 else "" for ref in self.base if ref[0] == "input")


def matches(namespace: str, patterns: Iterable[str]) -> bool:
    """Returns whether a package is one of these namespaces, with `*`, `?` and `[...]` as in conftest."""
    return any(namespace == pattern or fnmatchcase(namespace, pattern.replace("[^", "[!")) for pattern in patterns)


def find_reporting_rules(reads: Reads, namespaces: tuple[str, ...]) -> tuple[Ref, ...]:
    """Returns the rules that report findings, sorted: `deny`, `violation` and `warn` of the packages in
    `namespaces`."""
    decisions = (ref for ref in reads.rules if any(ref[-1] == k or ref[-1].startswith(f"{k}_") for k in _KINDS))
    return tuple(sorted(ref for ref in decisions if not namespaces or matches(package(ref), namespaces)))


def package(rule: Ref) -> str:
    """Returns the name of a rule's package."""
    return ".".join(rule[1:-1])


def find_unreached(
    folder: str,
    shape: Shape,
    reads: Reads,
    namespaces: tuple[str, ...],
    data: Mapping[str, Any] | None,
) -> tuple[Finding, ...]:
    """Returns findings where a folder of policies can never find anything. Folders that run together are one.

    `data` is the data document with everything that was loaded; None when it is unknown.
    """
    findings = list(_find_misnamed(folder, reads, namespaces))
    if not find_reporting_rules(reads, ()):
        problem = "has no rule `deny`, `violation` or `warn`: it finds nothing"
        fix = "rename its rules; remove a folder that only helps others from `policies`"
        findings.append(_finding(folder, problem, fix))
    elif reads.keys and not reads.keys & (_KEYS[shape] | {""}):
        findings.append(
            _foreign(folder, shape, reads.keys, "whose rules can never find anything: they", advisory=False)
        )
    findings += _without_data(folder, reads, data) if data is not None else ()
    if shape == "plan" and any(ref[:2] == CONFTEST[:2] for ref in reads.base):
        findings.append(_conftest(folder))
    return tuple(findings)


def _find_misnamed(folder: str, reads: Reads, namespaces: tuple[str, ...]) -> Iterable[Finding]:
    packages = sorted({package(rule) for rule in find_reporting_rules(reads, ())})
    for namespace in namespaces:
        if not any(matches(name, (namespace,)) for name in packages):
            known = ", ".join(f"`{name}`" for name in packages[:8]) or "none"
            yield _finding(
                folder,
                f"has no package with rules in the namespace `{namespace}`: it finds nothing",
                f"fix `namespaces` in terrace.yaml; the packages with rules there: {known}",
            )


def dead_files(shape: Shape, texts: Mapping[str, str]) -> tuple[Finding, ...]:
    """Returns a finding for each file whose rules read only keys that the input never has, by its text; advisory.

    Users of conftest keep rules for several kinds of input in one package, so that the package does not show it.
    """
    findings = []
    for path, text in sorted(texts.items()):
        code = re.sub(r"#.*", "", text)
        keys = keys_of(code)
        if judges(code) and keys and not keys & (_KEYS[shape] | {""}):
            findings.append(_foreign(path, shape, keys, "cannot say anything: its rules", advisory=True))
    return tuple(findings)


def keys_of(text: str) -> frozenset[str]:
    """Returns the keys of the input that a text names; "" where it reads the input in another way."""
    return frozenset(key or quoted for key, quoted in _KEY.findall(text))


def judges(text: str) -> bool:
    """Returns whether a text has a rule that reports findings."""
    return _JUDGES.search(text) is not None


_KEY = re.compile(r"(?<![\w.\"])input\b(?!\s*:=)(?:\.(\w+)|\[\"(\w+)\"\])?")
_JUDGES = re.compile(r"^(?:default\s+)?(?:deny|violation|warn)(?:_\w+)?\b", re.MULTILINE)


def _foreign(place: str, shape: Shape, keys: frozenset[str], who: str, *, advisory: bool) -> Finding:
    which = ", ".join(f"`input.{key}`" for key in sorted(keys))
    problem = f"{who} read only {which}, which {_WHAT[shape]}"
    return _finding(
        place, f"holds policies {problem}" if not advisory else problem, _advice(keys, shape), advisory=advisory
    )


def _advice(keys: frozenset[str], shape: Shape) -> str:
    if shape == "view" and keys & PLAN_KEYS:
        return "they are written for `terraform show -json`: policies: [{path: FOLDER, input: plan}] in terrace.yaml"
    if shape == "plan" and keys & VIEW_KEYS:
        return "they are written for Terrace's view: remove `input: plan` from terrace.yaml"
    if keys <= HCL_KEYS:
        return "they are written for files of HCL: a plan has `input.resource_changes` and `input.configuration`"
    return "where a platform wraps the plan, read the plan itself: `input.resource_changes`"


def _without_data(folder: str, reads: Reads, data: Mapping[str, Any]) -> Iterable[Finding]:
    packages = {rule[1:-1] for rule in reads.rules}
    absent = sorted({missing for ref in reads.base if ref[0] == "data" and (missing := _absent(ref, packages, data))})
    for name in absent:
        yield _finding(
            folder,
            f"reads `data.{name}`, and no loaded data has it: rules that need it find nothing",
            "name the folder of the data in terrace.yaml: policies: [{path: FOLDER, input: plan, data: [DATA]}]",
        )


def _absent(ref: Ref, packages: set[Ref], data: Mapping[str, Any]) -> str | None:
    """Returns the name that is missing, unless the data has its parent: then it can be missing on purpose."""
    within: Any = data
    for length, name in enumerate(ref[1:], 1):
        if isinstance(within, Mapping) and name in within:
            within = within[name]
            continue
        around = ref[1:length]
        if not around or any(package[: len(around)] == around for package in packages):
            return ".".join(ref[1 : length + 1])
        return None
    return None


def _conftest(folder: str) -> Finding:
    return Finding(
        rule="policy",
        severity=Severity.INFO,
        status=Status.FAIL,
        tool="opa",
        message=f"{folder} reads `data.conftest.file`, and a plan of Terrace is not a file: `name` is `{FILE_NAME}`,"
        " `dir` the folder of the stack",
        path=folder,
        fix="a rule that tests for the name of another file finds nothing here",
        advisory=True,
    )


FILE_NAME = "tfplan.json"
"""The name in `data.conftest.file`."""


def _finding(folder: str, problem: str, fix: str, *, advisory: bool = False) -> Finding:
    return Finding(
        "policy",
        Severity.HIGH,
        Status.UNKNOWN,
        "opa",
        f"{folder} {problem}",
        path=folder.split(", ")[0],
        fix=fix.replace("FOLDER", folder),
        advisory=advisory,
    )
