"""Runs one rule on one plan, and finds the values of the resource that its messages depend on. A message depends on a
value if it disappears without it, not if only its text changes. OPA is run once for all values of all messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from terrace.adapters.opa.engine import Opa
from terrace.adapters.opa.folders import LaidOutFolders
from terrace.assess.model import Finding, Status
from terrace.checks.policy.rego import findings
from terrace.checks.policy.view import HIDDEN, LATER
from terrace.checks.secrets.masking import SecretMask, concealed_value, without_secrets
from terrace.config.naming import find_nearest
from terrace.errors import BadInput
from terrace.plans.model import MASKED

MOST = 400
"""Maximum number of values that are tried in total: enough for some resources, and a bound for ten thousand."""

_LONGEST = 200
_SIDES = ("after", "values", "before")
_NAMES = frozenset({"address", "block", "type", "name", "index", "mode", "module", "provider", "provider_name"})


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `hangs_on` are the paths of the resource that it depends on, with their values; `absent` are those
    that the rule's text names and the resource does not have."""

    rule: str
    text: str
    unknown: bool
    address: str
    hangs_on: tuple[tuple[str, str], ...]
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """The result; `resources` is the number of resources in the plan."""

    package: str
    resources: int
    messages: tuple[Message, ...]


Spot = tuple[str | int, ...]


def try_rule(
    opa: Opa,
    laid: LaidOutFolders,
    folders: Sequence[str],
    rule: str,
    input_of: Callable[[Literal["view", "plan"]], dict[str, Any]],
    hiding: SecretMask,
) -> Trial:
    """Runs the package named `rule`, or with the rule of that id or name, below these folders. The rule can read
    secrets that are in plain text in the plan; `hiding` keeps them out of the result. Raises BadInput where there is no
    such rule, or several.
    """
    package, path, own = _package(opa, laid, folders, rule)
    root = laid.root(own)
    document = input_of("plan" if own in laid.shown else "view")
    beside = (
        [own, *laid.data_folders(own)]
        if own in laid.shown
        else [folder for folder in folders if folder not in laid.shown]
    )
    findings = _findings_of(package, opa.ask(package, root, beside, document))
    is_named = any(finding.rule == rule for finding in findings)
    picked = [finding for finding in findings if not is_named or finding.rule == rule]
    spots = [list(_spots(document, finding.address)) for finding in picked]
    share = max(1, MOST // max(1, len(picked)))
    tries = [(n, spot) for n, all_ in enumerate(spots[:MOST]) for spot in all_[:share]]
    without = _without(opa, package, root, beside, document, [spot for _, spot in tries])
    names = _named_attributes((root / path).read_text(encoding="utf-8", errors="replace"))
    messages = []
    for n, finding in enumerate(picked):
        key = (finding.rule, finding.address, finding.message)
        # A value that only occurs in the message changes its text, but does not decide it.
        before = _count(finding, findings)
        hangs = {
            spot: _short(_conceal(document, spot, hiding))
            for (m, spot), remaining in zip(tries, without, strict=True)
            if m == n
            and key not in {(f.rule, f.address, f.message) for f in remaining}
            and _count(finding, remaining) < before
        }
        # Nearly every rule depends on the action itself: it is reported only where there is nothing else.
        hangs = {spot: value for spot, value in hangs.items() if not _is_action(spot)} or hangs
        own_spots = {_path(document, spot) for spot in spots[n]}
        absent = tuple(name for name in names if finding.address and not any(_within(name, spot) for spot in own_spots))
        values = {_path(document, spot): value for spot, value in hangs.items()}
        text = hiding.hide(without_secrets(finding.message))
        messages.append(
            Message(
                finding.rule,
                text,
                finding.status is Status.UNKNOWN,
                finding.address or "",
                tuple(values.items()),
                absent,
            )
        )
    return Trial(package.removeprefix("data."), len(_resources(document)), tuple(messages))


def _package(opa: Opa, laid: LaidOutFolders, folders: Sequence[str], rule: str) -> tuple[str, str, str]:
    """Returns the requested package, its first file and its folder."""
    packages = [
        (package, path, folder)
        for folder in folders
        for package, path in opa.packages(laid.root(folder), [folder]).items()
        if not package.endswith("_test")
    ]
    ids = {rule.path: rule.id for folder in folders for rule in opa.catalogue(laid.root(folder), [folder])}
    chosen = [
        package for package in packages if _is_called(rule, package[0], package[1]) or ids.get(package[1]) == rule
    ]
    # The last part of a package name is its short name, which may not be unique.
    chosen = chosen or [package for package in packages if rule == package[0].rpartition(".")[2]]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        paths = len({package for package, _, _ in chosen}) < len(chosen)
        choices = sorted(path if paths else package.removeprefix("data.") for package, path, _ in chosen)
        raise BadInput(f"{len(chosen)} rules have the name {rule!r}", hint=f"use one of: {', '.join(choices[:20])}")
    names = [*ids.values(), *(package.removeprefix("data.") for package, _, _ in packages)]
    near = find_nearest(rule, names)
    raise BadInput(
        f"there is no rule {rule!r}",
        hint=f"did you mean {near!r}?" if near else f"existing rules: {', '.join(sorted(names)[:20])}",
    )


def _is_called(rule: str, package: str, path: str) -> bool:
    name = package.removeprefix("data.")
    return rule in (name, package, path) or rule.rpartition(".")[0] == name


def _count(finding: Finding, findings: Sequence[Finding]) -> int:
    """Returns how often the rule has the same message for the same address."""
    return sum(1 for f in findings if (f.rule, f.address, f.status) == (finding.rule, finding.address, finding.status))


def _is_action(spot: Spot) -> bool:
    return spot[-1] == "action" or "actions" in spot[-2:]


def _findings_of(package: str, value: Any) -> tuple[Finding, ...]:
    return findings({package.removeprefix("data."): value if isinstance(value, dict) else {}}, "")


def _without(
    opa: Opa, package: str, root: Path, folders: Sequence[str], document: Any, spots: Sequence[Spot]
) -> list[tuple[Finding, ...]]:
    if not spots:
        return []
    # In order, since it is an array; without a package the result is empty.
    query = f"[x | p := input.paths[_]; d := json.remove(input.document, [p]); x := {package} with input as d]"
    paths = [_pointer(spot) for spot in spots]
    answers = opa.ask(query, root, folders, {"document": document, "paths": paths})
    return [_findings_of(package, item) for item in answers or ()]


def _pointer(spot: Spot) -> str:
    return "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in spot)


def _resources(document: Any) -> list[Any]:
    resources = document.get("resources") or document.get("resource_changes")
    return resources or list(_planned_values((document.get("planned_values") or {}).get("root_module")))


def _planned_values(module: Any) -> Iterator[Any]:
    if isinstance(module, dict):
        yield from module.get("resources") or ()
        for child in module.get("child_modules") or ():
            yield from _planned_values(child)


def _spots(document: Any, address: str | None) -> Iterator[Spot]:
    """Returns the locations of a resource's values in all parts of the document that describe it."""
    if address:
        for spot, resource in _entries(document, address, ()):
            yield from _leaves(resource, spot)


def _entries(value: Any, address: str, spot: Spot) -> Iterator[tuple[Spot, Any]]:
    if isinstance(value, dict):
        if value.get("address") == address:
            yield spot, value
            return
        for name, inner in value.items():
            if name not in ("configuration", "prior_state"):
                yield from _entries(inner, address, (*spot, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _entries(inner, address, (*spot, index))


def _leaves(value: Any, spot: Spot) -> Iterator[Spot]:
    if isinstance(value, dict) and value and value not in (HIDDEN, LATER):
        for name, inner in value.items():
            if name not in _NAMES or any(side in spot for side in _SIDES):
                yield from _leaves(inner, (*spot, name))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*spot, index))
    else:
        yield spot


def _at(document: Any, spot: Spot) -> Any:
    for part in spot:
        document = document[part]
    return document


def _path(document: Any, spot: Spot) -> str:
    """Returns the path within the resource: the part after the entry with the address."""
    for length in range(len(spot), 0, -1):
        value = _at(document, spot[:length])
        if isinstance(value, dict) and "address" in value:
            return ".".join(str(part) for part in spot[length:])
    return ".".join(str(part) for part in spot)


def _conceal(document: Any, spot: Spot, hiding: SecretMask) -> Any:
    """Returns the value at a location without secrets. The entry around it has the name, which also applies to list
    items."""
    around = spot[:-1]
    while around and not isinstance(_at(document, around), dict):
        around = around[:-1]
    value = concealed_value(_at(document, around), str(around[-1]) if around else "", hiding)
    return _at(value, spot[len(around) :])


def _short(value: Any) -> str:
    if value == HIDDEN or value is MASKED:
        return "(sensitive)"
    if value == LATER:
        return "(known after apply)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _named_attributes(text: str) -> tuple[str, ...]:
    """Returns the attributes that a policy's text names, such as `after.acl`."""
    paths = re.findall(rf"\.((?:{'|'.join(_SIDES)})(?:\.[a-z_]\w*)+)", text)
    paths += [f"{side}.{name}" for side, name in re.findall(rf"\.({'|'.join(_SIDES)}),\s*\"(\w+)\"", text)]
    return tuple(dict.fromkeys(path.removesuffix(".unknown").removesuffix(".sensitive") for path in paths))


def _within(name: str, spot: str) -> bool:
    """Returns whether a path contains the attribute, in the form of the view or of the plain plan."""
    bare = re.sub(r"\.\d+", "", spot).removeprefix("change.")
    return bare == name or bare.startswith(f"{name}.") or name.startswith(f"{bare}.")
