"""The one view of a plan that every policy language gets: flat, with what is unknown and hidden made explicit.

`terraform show -json` makes naive rules miss things: resources of child modules are nested, deletions are in another
place than other changes, an unknown value is just absent, a policy document is a string. Here every resource is one
entry with its full address. Users write policies against it: `docs/how-to/policies.md` has an example, and `VERSION`
increases when a field changes its meaning; otherwise fields are only ever added.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from terrace.checks.secrets.plan import Copies, copies_of, in_value
from terrace.clouds.defaults import UNSET, defaults_of
from terrace.plans.addresses import block_of
from terrace.plans.model import MASKED, UNKNOWN, OutputChange, Path, Plan, ResourceChange, Value

VERSION = 2

HIDDEN: Mapping[str, bool] = {"sensitive": True}
"""The replacement of a sensitive value."""

LATER: Mapping[str, bool] = {"unknown": True}
"""The replacement of a value that is known only after apply."""

_LONGEST = 256 * 1024
"""Maximum length of a text that is parsed as JSON."""


def view(plan: Plan) -> dict[str, Any]:
    """Returns a plan as plain JSON data. It contains nothing sensitive: that was masked when the plan was read."""
    links, copies = _links(plan), copies_of(plan)
    return {
        "terrace": VERSION,
        "environment": plan.stack.environment,
        "stack": plan.stack.key,
        "path": plan.stack.shown_path,
        "commit": plan.commit,
        "terraform_version": plan.terraform_version,
        "complete": plan.complete,
        "errored": plan.errored,
        "resources": [_resource(change, links, plan.origins, copies.get(change.address)) for change in plan.changes],
        "outputs": [_output(output) for output in plan.outputs],
    }


def _resource(
    change: ResourceChange,
    links: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]],
    origins: Mapping[str, Mapping[str, tuple[str, ...]]],
    copies: Copies | None,
) -> dict[str, Any]:
    refers_to, referred_from = links.get(block_of(change.address), ((), ()))
    after = None if change.action.value in ("delete", "forget") else _plain(change.after)
    for path in change.unset:
        _leave_unset(after, path)
    if isinstance(after, dict):
        after |= {name: _plain(value) for name, value in change.evaluated.items() if after.get(name) == LATER}
    return {
        "address": change.address,
        "block": block_of(change.address),
        "type": change.type,
        "name": change.name,
        "index": change.index,
        "mode": change.mode,
        "module": change.module,
        "provider": change.provider,
        "action": change.action.value,
        "deposed": change.deposed is not None,
        "before": None if change.action.value == "create" else _plain(change.before),
        "after": after,
        "unknown": [list(path) for path in change.unknown],
        "sensitive": [list(path) for path in change.sensitive],
        "unmarked": _find_unmarked(change, copies),
        "replaced_by": [list(path) for path in change.replace_paths],
        "json": {
            **dict(_documents(after, ())),
            **{name: _plain(document) for name, document in change.documents.items()},
        },
        "defaults": defaults_of(change.type, after),
        "refers_to": list(refers_to),
        "referred_from": list(referred_from),
        "taken": dict(change.taken),
        "filled": [list(path) for path in change.filled],
        "origins": {name: list(blocks) for name, blocks in origins.get(block_of(change.address), {}).items()},
    }


def _leave_unset(after: Any, path: Path) -> None:
    """Replaces the mark of unknown values that are not set by the mark of an unset value. `after` is our own copy."""
    for part in path[:-1]:
        if not isinstance(after, dict | list) or after in (LATER, HIDDEN):
            return
        after = after[part]  # type: ignore[index]  # a path of a plan fits its value
    if isinstance(after, dict | list) and after[path[-1]] == LATER:  # type: ignore[index]
        after[path[-1]] = dict(UNSET)  # type: ignore[index]


def _find_unmarked(change: ResourceChange, copies: Copies | None) -> list[list[str | int]]:
    """Returns the places that Terraform does not mark where a secret is hidden, because it is marked elsewhere."""
    if not copies:
        return []
    return [
        list(path)
        for path in dict.fromkeys(secret.path for secret in in_value(change.after, "", copies))
        if path in copies
    ]


def _output(output: OutputChange) -> dict[str, Any]:
    return {
        "name": output.name,
        "action": output.action.value,
        "sensitive": output.sensitive,
        "after": _plain(output.after),
    }


def _plain(value: Value) -> Any:
    """Returns a value as JSON data. Numbers with a fraction become floats: policy languages have no others."""
    if value is MASKED:
        return dict(HIDDEN)
    if value is UNKNOWN:
        return dict(LATER)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value


def _documents(value: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Yields every text that is a JSON object or list, parsed, by its place: `policy`, `container_definitions`,
    `a.0.b`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _documents(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _documents(inner, (*path, index))
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "[") and len(value) <= _LONGEST:
        try:
            document = json.loads(value)
        except (ValueError, RecursionError):
            return
        yield ".".join(str(part) for part in path), document


def _links(plan: Plan) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Returns the references of each block: the blocks that it refers to, and those that refer to it."""
    out: dict[str, list[str]] = {}
    back: dict[str, list[str]] = {}
    for source, target in plan.links:
        out.setdefault(source, []).append(target)
        back.setdefault(target, []).append(source)
    return {block: (tuple(out.get(block, ())), tuple(back.get(block, ()))) for block in {*out, *back}}
