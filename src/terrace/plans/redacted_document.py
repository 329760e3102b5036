"""`terraform show -json` of a plan as policies that were written for it expect it, with what is sensitive hidden.

Values that Terraform marks are hidden everywhere: in changes, planned values, the prior state, outputs and sensitive
variables, and so is every other copy of such a text, as when a plan is read. They are replaced by `(sensitive)`.
Everything else is as Terraform wrote it; what is known only after apply is absent, as ever.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import msgspec

from terrace.plans import decode, json_format
from terrace.plans.document_kinds import MAKE_ONE, NotAPlan
from terrace.plans.legacy_formats import guess_marks
from terrace.plans.masking import mask
from terrace.plans.model import MASKED
from terrace.plans.read import ROOT
from terrace.plans.secrets import Secrets

HIDDEN = "(sensitive)"

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])


def redact(document: bytes, root: str = "") -> bytes:
    """The document without secrets. `root` is where the tree was checked out.

    Raises NotAPlan if the document is not a plan, and BadInput if its format is unknown.
    """
    if len(root) > 1:
        document = document.replace(json.dumps(root)[1:-1].encode(), ROOT)
    decoded = decode.decode(document)
    try:
        return msgspec.json.encode(_Hiding(decoded).parts(_parts.decode(document)))
    except msgspec.MsgspecError as error:
        raise NotAPlan(f"this is not a plan as Terraform writes it: {error}", hint=MAKE_ONE) from error


class _Hiding:
    """Hides the secrets of one document, part by part: parts without secrets are not rewritten."""

    def __init__(self, document: json_format.Document) -> None:
        self._document = document
        self._secrets = Secrets(document)
        self._ancient = document.format_version.startswith("0.")
        declared = document.configuration.root_module.variables
        self._variables = {name for name, variable in declared.items() if variable.sensitive}

    def parts(self, parts: dict[str, msgspec.Raw]) -> dict[str, Any]:
        return {name: self._part(name, raw) for name, raw in parts.items()}

    def _part(self, name: str, raw: msgspec.Raw) -> Any:
        if raw == json_format.NOTHING:
            return raw
        if name in ("resource_changes", "resource_drift"):
            read = self._document.resource_changes if name == "resource_changes" else self._document.resource_drift
            pairs = zip(read, _list.decode(raw), strict=True)
            return [self._redact_each(raw, partial(_resource, resource.change)) for resource, raw in pairs]
        if name == "output_changes":
            changes = self._document.output_changes
            return {
                key: self._redact_each(part, partial(_change, changes[key])) for key, part in _parts.decode(raw).items()
            }
        if name == "variables":
            return {key: self._variable(key, part) for key, part in _parts.decode(raw).items()}
        if name == "planned_values":
            return self._redact_each(raw, self._values)
        if name == "prior_state":
            return self._redact_each(raw, lambda state: {**state, "values": self._values(state.get("values") or {})})
        return self._redact_each(raw, None)

    def _variable(self, name: str, raw: msgspec.Raw) -> Any:
        return {"value": HIDDEN} if name in self._variables else self._redact_each(raw, None)

    def _redact_each(self, raw: msgspec.Raw, hide: Any) -> Any:
        if hide is None and not self._secrets.within(bytes(raw)):
            return raw
        value = msgspec.json.decode(raw)
        return _write(self._secrets.hide(hide(value) if hide else value, bytes(raw)))

    def _values(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values of a state or of what is planned: outputs, and modules in modules."""
        hidden = dict(values)
        if outputs := values.get("outputs"):
            hidden["outputs"] = {
                name: {**item, "value": MASKED} if item.get("sensitive") else item for name, item in outputs.items()
            }
        if module := values.get("root_module"):
            hidden["root_module"] = self._module(module)
        return hidden

    def _module(self, module: dict[str, Any]) -> dict[str, Any]:
        hidden = dict(module)
        if resources := module.get("resources"):
            hidden["resources"] = [{**resource, "values": self._redact_planned(resource)} for resource in resources]
        if children := module.get("child_modules"):
            hidden["child_modules"] = [self._module(child) for child in children]
        return hidden

    def _redact_planned(self, resource: dict[str, Any]) -> Any:
        values = resource.get("values")
        if self._ancient and "sensitive_values" not in resource:
            return mask(values, guess_marks(values))
        return mask(values, resource.get("sensitive_values"))


def _resource(read: json_format.Change, resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "change": _change(read, resource.get("change") or {})}


def _change(read: json_format.Change, change: dict[str, Any]) -> dict[str, Any]:
    """A change by the marks that were read of it: those of an old plan are partly ours."""
    sides = (("before", read.before_sensitive), ("after", read.after_sensitive))
    hidden = {
        side: mask(change[side], json_format.value(marks)) for side, marks in sides if change.get(side) is not None
    }
    return {**change, **hidden}


def _write(value: Any) -> Any:
    if value is MASKED:
        return HIDDEN
    if isinstance(value, dict):
        return {name: _write(inner) for name, inner in value.items()}
    return [_write(inner) for inner in value] if isinstance(value, list) else value
