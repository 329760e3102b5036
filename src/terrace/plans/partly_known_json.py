"""Builds JSON documents that are partly unknown in a plan, from the plan and its configuration.

A policy that names a new bucket is "known only after apply" as one text, though its actions and principals are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from terrace.clouds.references import is_policy_document
from terrace.plans.addresses import block_of
from terrace.plans.configured_attributes import IDENTIFIER, Configured, Origin
from terrace.plans.evaluation import Encoded, NewText
from terrace.plans.instances import Evaluation
from terrace.plans.model import MASKED, UNKNOWN, Path, ResourceChange, Value
from terrace.plans.possible_values import Constant

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

    def __init__(
        self, configured: Configured, changes: Iterable[ResourceChange], evaluation: Evaluation | None = None
    ) -> None:
        self._configured = configured
        self._evaluation = evaluation
        self._by_address: dict[str, ResourceChange] = {}
        self._policies: dict[str, list[ResourceChange]] = {}
        self._all_written: dict[str, Value] = {}
        self._values: dict[tuple[str, str], Any] = {}
        for change in changes:
            if is_policy_document(change.type):
                self._policies.setdefault(block_of(change.address), []).append(change)
                self._by_address[change.address] = change

    def of(self, change: ResourceChange) -> Mapping[str, Value]:
        """The documents of attributes that are unknown as a whole, and set."""
        return dict(self._of(change))

    def find_sources(self, change: ResourceChange) -> Mapping[str, str]:
        """The blocks whose values its unknown attributes are, unchanged."""
        return {name: block for name in _set(change) if (block := self._find_source(change, name))}

    def find_filled(self, change: ResourceChange) -> tuple[Path, ...]:
        """Its unknown attributes that are certain to be neither null nor empty."""
        return tuple((name,) for name in _set(change) if self._is_filled(change, name))

    def evaluate(self, change: ResourceChange) -> Mapping[str, Value]:
        """Its unknown attributes that the configuration determines further than the plan."""
        documents = {name: self._value(change, name) for name in _set(change)}
        return {
            name: _as_view(value, is_document=False)
            for name, value in documents.items()
            if value is not UNKNOWN and not isinstance(value, NewText | Encoded)
        }

    def _value(self, change: ResourceChange, name: str) -> Any:
        if self._evaluation is None or any(path[0] == name for path in change.sensitive):
            return UNKNOWN
        if (change.address, name) not in self._values:
            self._values[change.address, name] = self._evaluation.value(change, name)
        return self._values[change.address, name]

    def _find_source(self, change: ResourceChange, name: str) -> str:
        value = self._value(change, name)
        if isinstance(value, NewText):
            return block_of(value.address) if value.is_all else ""
        end = self._configured.trace_origin(block_of(change.address), name) if value is UNKNOWN else None
        return end.block if end is not None else ""

    def _is_filled(self, change: ResourceChange, name: str) -> bool:
        value = self._value(change, name)
        if value is UNKNOWN:
            return self._configured.is_filled(block_of(change.address), name)
        return value is not None and value not in ("", [], {})

    def _of(self, change: ResourceChange) -> Iterator[tuple[str, Value]]:
        block = block_of(change.address)
        for name in _set(change):
            if (name,) in change.sensitive:
                continue
            value = self._value(change, name)
            text = _as_view(value.document, is_document=True) if isinstance(value, Encoded) else None
            if not isinstance(text, dict | list):
                text = self._configured.document(block, name)
            if text is None and self._policies:
                policy = self._policy_of(value) if isinstance(value, NewText) else None
                if policy is None:
                    origin = self._configured.trace_origin(block, name)
                    policy = self._policy(change, origin) if origin is not None else None
                text = self._provider_text(policy) if policy is not None else None
            if text is not None:
                yield name, text

    def _policy_of(self, value: NewText) -> ResourceChange | None:
        """The policy document that a value is, unchanged."""
        is_document = value.is_all and value.reference.endswith((".json", ".minified_json"))
        return self._by_address.get(value.address) if is_document else None

    def _policy(self, change: ResourceChange, origin: Origin) -> ResourceChange | None:
        """The instance of a policy document that a reference means."""
        if not origin.reference.endswith((".json", ".minified_json")):
            return None
        instances = self._policies.get(origin.block, [])
        if len(instances) == 1:
            return instances[0]
        siblings = [instance for instance in instances if instance.module == change.module]
        index = _INDEX.search(origin.reference.rpartition(".")[0])
        index_text = index.group(1) if index else ""
        if index_text in ("each.key", "count.index"):
            return next((candidate for candidate in siblings if candidate.index == change.index), None)
        return next((candidate for candidate in siblings if json.dumps(candidate.index) == index_text), None)

    def _provider_text(self, policy: ResourceChange) -> Value:
        """A policy document as the provider writes it; None if it is unknown."""
        if policy.address not in self._all_written:
            # A document that includes itself is ignored.
            self._all_written[policy.address] = None
            self._all_written[policy.address] = self._merge(policy)
        return self._all_written[policy.address]

    def _merge(self, policy: ResourceChange) -> Value:
        after = policy.after
        if not isinstance(after, dict) or any(after.get(name) for name in ("source_json", "override_json")):
            return None
        own = self._own_statements(policy, after.get("statement"))
        if own is None:
            return None
        merged: list[Value] = []
        for other in self._source_statements(policy, "source_policy_documents"):
            _merge(merged, other)
        _merge(merged, own)
        for other in self._source_statements(policy, "override_policy_documents"):
            _merge(merged, other)
        return {"Statement": merged} if len(merged) <= _MOST_STATEMENTS else None

    def _own_statements(self, policy: ResourceChange, own: Value) -> list[Value] | None:
        """Returns the statements of a document's own blocks, as far as the plan or the configuration contains them."""
        written = self._value(policy, "statement")
        sources: Sequence[Any] = ()
        if isinstance(written, list):
            sources = _as_view(written, is_document=True)
        else:
            sources = self._configured.statements(block_of(policy.address))
        if own is UNKNOWN:
            return [_statement(source, source) for source in sources] if isinstance(written, list) else None
        if not isinstance(own, list | None):
            return None
        statements = own or []
        if len(sources) != len(statements):
            sources = ({},) * len(statements)
        return [_statement(statement, source) for statement, source in zip(statements, sources, strict=True)]

    def _source_statements(self, policy: ResourceChange, name: str) -> Iterator[list[Value]]:
        """The statements of each document that a policy is made from, an unknown one where it cannot be read."""
        value = policy.after.get(name)
        if value is None:
            return
        written = self._value(policy, name)
        if isinstance(written, list) and (not isinstance(value, list) or len(written) == len(value)):
            statements = value if isinstance(value, list) else written
            for statement, other in zip(statements, written, strict=True):
                yield self._statements_in(statement if isinstance(statement, str) else other)
            return
        members = self._configured.members(block_of(policy.address), name)
        if not isinstance(value, list):
            value = [UNKNOWN] * len(members) if members is not None else [UNKNOWN]
        ends = members if members is not None and len(members) == len(value) else (None,) * len(value)
        for item, end in zip(value, ends, strict=True):
            yield _statements_in(item) if isinstance(item, str) else self._statements_of(policy, end)

    def _statements_in(self, written: Any) -> list[Value]:
        """The statements of a document as the configuration gives it."""
        if isinstance(written, str):
            return _statements_in(written)
        policy = self._policy_of(written) if isinstance(written, NewText) else None
        document = self._provider_text(policy) if policy is not None else None
        if isinstance(written, Encoded):
            document = _as_view(written.document, is_document=True)
        statements = document.get("Statement", UNKNOWN) if isinstance(document, dict) else UNKNOWN
        return list(statements) if isinstance(statements, list) else [statements]

    def _statements_of(self, policy: ResourceChange, end: Origin | Constant | None) -> list[Value]:
        if isinstance(end, Constant):
            return _statements_in(end.value) if isinstance(end.value, str) else [UNKNOWN]
        source = self._policy(policy, end) if end is not None else None
        document = self._provider_text(source) if source is not None else None
        return list(document["Statement"]) if isinstance(document, dict) else [UNKNOWN]


def _statements_in(text: str) -> list[Value]:
    """The statements of a document that is known."""
    if not text.strip():
        return []
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return [UNKNOWN]
    statements = document.get("Statement", []) if isinstance(document, dict) else UNKNOWN
    return statements if isinstance(statements, list) else [statements]


def _merge(statements: list[Value], others: Iterable[Value]) -> None:
    """Adds statements as the provider does: one takes the place of another with its Sid."""
    for statement in others:
        sid = statement.get("Sid") if isinstance(statement, dict) else None
        same = [at for at, other in enumerate(statements) if isinstance(other, dict) and other.get("Sid") == sid]
        if sid and same:
            statements[same[0]] = statement
        else:
            statements.append(statement)


def _set(change: ResourceChange) -> list[str]:
    """The attributes that are unknown as a whole, and set."""
    return [str(path[0]) for path in change.unknown if len(path) == 1 and path not in change.unset]


def _as_view(value: Any, *, is_document: bool) -> Value:
    """Returns an evaluated value in the form of the view: in a document, the identifier of a new resource is a
    reference.
    """
    if isinstance(value, dict):
        return {name: _as_view(item, is_document=is_document) for name, item in value.items()}
    if isinstance(value, list):
        return [_as_view(item, is_document=is_document) for item in value]
    if isinstance(value, NewText):
        is_told = is_document and IDENTIFIER.fullmatch(value.reference) is not None
        return {"reference": value.reference} if is_told else UNKNOWN
    return UNKNOWN if isinstance(value, Encoded) else value


def _statement(block: Value, source: Mapping[str, Value]) -> Value:
    if not isinstance(block, dict):
        return UNKNOWN
    statement: dict[str, Any] = {"Effect": block.get("effect") or "Allow"}
    if block.get("sid"):
        statement["Sid"] = block["sid"]
    for name, key in _LISTS:
        value = block.get(name)
        if value:
            statement[key] = _complete(value, source.get(name))
    for name, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if block.get(name):
            statement[key] = _principals(block[name], source.get(name))
    if block.get("condition"):
        statement["Condition"] = _conditions(block["condition"])
    return statement


def _complete(value: Value, source: Value) -> Value:
    """A list of a plan, with what the configuration writes for its unknown members where it is as long."""
    if value is UNKNOWN and isinstance(source, list) and UNKNOWN not in source:
        return source
    if not isinstance(value, list) or not isinstance(source, list) or UNKNOWN not in value:
        return value
    # Sets are sorted, with what is unknown at the end: only as a whole can the two be compared.
    references = [item for item in source if isinstance(item, dict)]
    if value.count(UNKNOWN) != len(references) or len(value) != len(source):
        return value
    return [item for item in value if item is not UNKNOWN] + references


def _principals(blocks: Value, source: Value) -> Value:
    # A set with something unknown in it is unknown as a whole, or in an order of its own.
    value = source if isinstance(source, list) and _has_gaps(blocks) else blocks
    if not isinstance(value, list):
        return UNKNOWN
    principals: dict[str, list[Value]] = {}
    for block in value:
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            return UNKNOWN
        named = block.get("identifiers")
        names = named if isinstance(named, list) else [UNKNOWN if named is not MASKED else MASKED]
        if block["type"] == "*" and "*" in names:
            return "*"
        principals.setdefault(block["type"], []).extend(names)
    return principals


def _has_gaps(value: Value) -> bool:
    if isinstance(value, dict):
        return any(_has_gaps(item) for item in value.values())
    return any(_has_gaps(item) for item in value) if isinstance(value, list) else value is UNKNOWN


def _conditions(value: Value) -> Value:
    if not isinstance(value, list):
        return UNKNOWN
    conditions: dict[str, Any] = {}
    for block in value:
        if not isinstance(block, dict) or not isinstance(block.get("test"), str):
            return UNKNOWN
        conditions.setdefault(block["test"], {})[str(block.get("variable"))] = block.get("values")
    return conditions
