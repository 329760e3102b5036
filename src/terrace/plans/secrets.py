"""Finds copies of a plan's secrets in other places of the plan.

Terraform marks a value where the configuration made it sensitive, and not where a provider copied it to: the `output`
of a `terraform_data` shows the password of its `input`. A text that is marked anywhere is hidden everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from terrace.plans import json_format
from terrace.plans.masking import mask
from terrace.plans.model import MASKED, Path, Unmarked, Value

SHORTEST = 6
"""Minimum length of a searched secret: `true` or `8080` may be a secret, and hiding every copy would hide the plan."""


_encoder = msgspec.json.Encoder()


class Secrets:
    """The secret texts of one document."""

    def __init__(self, document: json_format.Document) -> None:
        self._texts = frozenset(text for text in _texts(document) if len(text) >= SHORTEST)
        # As the document writes them; Terraform escapes <, > and & too.
        self._escaped = tuple(_escape(text) for text in self._texts)
        self._written = tuple(_encoder.encode(text)[1:-1] for text in self._texts)

    def hide(self, value: Value, raw: bytes) -> Value:
        """The value without any of the secrets; `raw` is where it was read from. Mostly there is nothing to do."""
        return self._hide(value) if self.within(raw) and self._may_show(value) else value

    def hide_anywhere(self, value: Value) -> Value:
        """The value without any of the secrets, wherever it was read from."""
        return self._hide(value) if self._texts else value

    def _may_show(self, value: Value) -> bool:
        """Returns whether a value may still contain one of them. Values that Terraform marks are hidden already."""
        written = _encoder.encode(value)
        return any(text in written for text in self._written)

    def within(self, raw: bytes) -> bool:
        """Returns whether a part of the document contains one of them."""
        return any(escaped in raw for escaped in self._escaped)

    @property
    def texts(self) -> tuple[str, ...]:
        """Returns the texts themselves, for hiding them in reports about the document."""
        return tuple(sorted(self._texts))

    def find_unmarked(self, document: json_format.Document) -> Iterator[Unmarked]:
        """Every copy of a secret in what is planned, at a place that Terraform does not mark.

        Marks that were guessed from names are not marks of Terraform: the values that they hide count as copies.
        """
        for resource in document.resource_changes:
            if "create" in resource.change.actions or "update" in resource.change.actions:
                yield from self._find_unmarked(resource.address, resource.change)
        for name, change in document.output_changes.items():
            if "create" in change.actions or "update" in change.actions:
                yield from self._find_unmarked(f"output.{name}", change)

    def _find_unmarked(self, address: str, change: json_format.Change) -> Iterator[Unmarked]:
        raw = bytes(change.after)
        if not change.guessed and not self.within(raw):
            return
        value, marks = json_format.value(change.after), json_format.value(change.after_sensitive)
        for path, text in _strings(value if change.guessed else mask(value, marks), ()):
            if any(secret in text for secret in self._texts):
                yield Unmarked(address, path, text)

    def _hide(self, value: Value) -> Value:
        if isinstance(value, str):
            return MASKED if any(text in value for text in self._texts) else value
        if isinstance(value, dict):
            return {name: self._hide(inner) for name, inner in value.items()}
        return [self._hide(inner) for inner in value] if isinstance(value, list) else value


def _texts(document: json_format.Document) -> Iterator[str]:
    declared = document.configuration.root_module.variables
    for name, variable in document.variables.items():
        if name in declared and declared[name].sensitive:
            yield from _leaves(json_format.value(variable.value), True)
    changes = [r.change for r in (*document.resources, *document.resource_drift)]
    for change in (*changes, *document.output_changes.values()):
        for raw, marks in ((change.before, change.before_sensitive), (change.after, change.after_sensitive)):
            if b"true" in bytes(marks):
                yield from _leaves(json_format.value(raw), json_format.value(marks))
            if change.after == change.before and change.after_sensitive == change.before_sensitive:
                break


def _leaves(value: Any, marks: Any) -> Iterator[str]:
    """The texts below a mark."""
    if isinstance(value, str):
        if marks is True:
            yield value
    elif isinstance(value, dict):
        for name in value if marks is True else marks if isinstance(marks, dict) else ():
            if name in value:
                yield from _leaves(value[name], True if marks is True else marks[name])
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            has_mark = isinstance(marks, list) and index < len(marks)
            yield from _leaves(inner, True if marks is True else marks[index] if has_mark else None)


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _strings(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, (*path, index))


def _escape(text: str) -> bytes:
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    for letter in "<>&":
        plain = plain.replace(letter, f"\\u{ord(letter):04x}")
    return plain.encode("utf-8", "surrogatepass")
