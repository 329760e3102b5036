"""Builds the JSON documents that a plan does not know whole, from what it and its configuration tell of them.

A policy that names a new bucket is "known only after apply" as one text, though its actions and principals are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from terrace.plans.addresses import block_of
from terrace.plans.configured import Configured, Origin
from terrace.plans.constants import Constant
from terrace.plans.model import MASKED, UNKNOWN, Path, ResourceChange, Value

_DOCUMENT = "aws_iam_policy_document"
_LISTS = (
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
)
_MOST_STATEMENTS = 1000
"""AWS takes no policy with as many. Documents that are made of others twice, step after step, would have millions."""

_INDEX = re.compile(r"\[([^\]]*)\]")


class Documents:
    """Finds documents for the objects of one plan. `changes` are all of its objects."""

    def __init__(self, configured: Configured, changes: Iterable[ResourceChange]) -> None:
        self._configured = configured
        self._policies: dict[str, list[ResourceChange]] = {}
        self._all_written: dict[str, Value] = {}
        for change in changes:
            if change.type == _DOCUMENT:
                self._policies.setdefault(block_of(change.address), []).append(change)

    def of(self, change: ResourceChange) -> Mapping[str, Value]:
        """The documents of attributes that are unknown as a whole, and set."""
        return dict(self._of(change))

    def taken(self, change: ResourceChange) -> Mapping[str, str]:
        """The blocks whose values its unknown attributes are, unchanged."""
        block = block_of(change.address)
        ends = {str(path[0]): self._configured.traced(block, str(path[0])) for path in _set(change)}
        return {name: end.block for name, end in ends.items() if end is not None}

    def filled(self, change: ResourceChange) -> tuple[Path, ...]:
        """Its unknown attributes that are surely neither null nor empty."""
        block = block_of(change.address)
        return tuple(path for path in _set(change) if self._configured.filled(block, str(path[0])))

    def _of(self, change: ResourceChange) -> Iterator[tuple[str, Value]]:
        block = ""
        for path in change.unknown:
            if len(path) != 1 or path in change.unset or path in change.sensitive:
                continue
            name = str(path[0])
            block = block or block_of(change.address)
            found = self._configured.document(block, name)
            if found is None and self._policies:
                origin = self._configured.traced(block, name)
                policy = self._policy(change, origin) if origin is not None else None
                found = self._written(policy) if policy is not None else None
            if found is not None:
                yield name, found

    def _policy(self, change: ResourceChange, origin: Origin) -> ResourceChange | None:
        """The instance of a policy document that a reference means."""
        if not origin.reference.endswith((".json", ".minified_json")):
            return None
        instances = self._policies.get(origin.block, [])
        if len(instances) == 1:
            return instances[0]
        here = [one for one in instances if one.module == change.module]
        index = _INDEX.search(origin.reference.rpartition(".")[0])
        wanted = index.group(1) if index else ""
        if wanted in ("each.key", "count.index"):
            return next((one for one in here if one.index == change.index), None)
        return next((one for one in here if json.dumps(one.index) == wanted), None)

    def _written(self, policy: ResourceChange) -> Value:
        """A policy document as the provider writes it; None where it cannot be told."""
        if policy.address not in self._all_written:
            # One that is made of itself is none.
            self._all_written[policy.address] = None
            self._all_written[policy.address] = self._merged(policy)
        return self._all_written[policy.address]

    def _merged(self, policy: ResourceChange) -> Value:
        after = policy.after
        if not isinstance(after, dict) or not isinstance(after.get("statement"), list | None):
            return None
        if any(after.get(name) for name in ("source_json", "override_json")):
            return None
        told = after.get("statement") or []
        sources = self._configured.statements(block_of(policy.address))
        if len(sources) != len(told):
            sources = ({},) * len(told)
        merged: list[Value] = []
        for other in self._others(policy, "source_policy_documents"):
            _merge(merged, other)
        _merge(merged, [_statement(one, source) for one, source in zip(told, sources, strict=True)])
        for other in self._others(policy, "override_policy_documents"):
            _merge(merged, other)
        return {"Statement": merged} if len(merged) <= _MOST_STATEMENTS else None

    def _others(self, policy: ResourceChange, name: str) -> Iterator[list[Value]]:
        """The statements of each document that a policy is made from, an unknown one where it cannot be read."""
        value = policy.after.get(name)
        if value is None:
            return
        written = self._configured.members(block_of(policy.address), name)
        if not isinstance(value, list):
            value = [UNKNOWN] * len(written) if written is not None else [UNKNOWN]
        ends = written if written is not None and len(written) == len(value) else (None,) * len(value)
        for one, end in zip(value, ends, strict=True):
            yield _statements_in(one) if isinstance(one, str) else self._statements_of(policy, end)

    def _statements_of(self, policy: ResourceChange, end: Origin | Constant | None) -> list[Value]:
        if isinstance(end, Constant):
            return _statements_in(end.value) if isinstance(end.value, str) else [UNKNOWN]
        source = self._policy(policy, end) if end is not None else None
        found = self._written(source) if source is not None else None
        return list(found["Statement"]) if isinstance(found, dict) else [UNKNOWN]


def _statements_in(text: str) -> list[Value]:
    """The statements of a document that is known."""
    if not text.strip():
        return []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return [UNKNOWN]
    told = found.get("Statement", []) if isinstance(found, dict) else UNKNOWN
    return told if isinstance(told, list) else [told]


def _merge(statements: list[Value], others: Iterable[Value]) -> None:
    """Adds statements as the provider does: one takes the place of another with its Sid."""
    for one in others:
        sid = one.get("Sid") if isinstance(one, dict) else None
        same = [at for at, other in enumerate(statements) if isinstance(other, dict) and other.get("Sid") == sid]
        if sid and same:
            statements[same[0]] = one
        else:
            statements.append(one)


def _set(change: ResourceChange) -> list[Path]:
    """The attributes that are unknown as a whole, and set."""
    return [path for path in change.unknown if len(path) == 1 and path not in change.unset]


def _statement(told: Value, source: Mapping[str, Value]) -> Value:
    if not isinstance(told, dict):
        return UNKNOWN
    found: dict[str, Any] = {"Effect": told.get("effect") or "Allow"}
    if told.get("sid"):
        found["Sid"] = told["sid"]
    for name, key in _LISTS:
        value = told.get(name)
        if value:
            found[key] = _completed(value, source.get(name))
    for name, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if told.get(name):
            found[key] = _principals(told[name], source.get(name))
    if told.get("condition"):
        found["Condition"] = _conditions(told["condition"])
    return found


def _completed(value: Value, source: Value) -> Value:
    """A list of a plan, with what the configuration writes for its unknown members where it is as long."""
    if value is UNKNOWN and isinstance(source, list) and UNKNOWN not in source:
        return source
    if not isinstance(value, list) or not isinstance(source, list) or UNKNOWN not in value:
        return value
    # Sets are sorted, with what is unknown at the end: only as a whole can the two be compared.
    references = [one for one in source if isinstance(one, dict)]
    if value.count(UNKNOWN) != len(references) or len(value) != len(source):
        return value
    return [one for one in value if one is not UNKNOWN] + references


def _principals(told: Value, source: Value) -> Value:
    # A set with something unknown in it is unknown as a whole, or in an order of its own.
    value = source if isinstance(source, list) and _has_gaps(told) else told
    if not isinstance(value, list):
        return UNKNOWN
    found: dict[str, list[Value]] = {}
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("type"), str):
            return UNKNOWN
        named = one.get("identifiers")
        names = named if isinstance(named, list) else [UNKNOWN if named is not MASKED else MASKED]
        if one["type"] == "*" and "*" in names:
            return "*"
        found.setdefault(one["type"], []).extend(names)
    return found


def _has_gaps(value: Value) -> bool:
    if isinstance(value, dict):
        return any(_has_gaps(one) for one in value.values())
    return any(_has_gaps(one) for one in value) if isinstance(value, list) else value is UNKNOWN


def _conditions(value: Value) -> Value:
    if not isinstance(value, list):
        return UNKNOWN
    found: dict[str, Any] = {}
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("test"), str):
            return UNKNOWN
        found.setdefault(one["test"], {})[str(one.get("variable"))] = one.get("values")
    return found
