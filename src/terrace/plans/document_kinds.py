"""Distinguishes a plan from the other documents that Terraform and its users write: a state, a plan file, a log.

A document is a plan when it says what happens to resources (`resource_changes`) or which there will be
(`planned_values`). Everything else is refused with the kind of the document: a state that is read as a plan would be a
plan without changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from terrace.errors import BadInput

MAKE_ONE = "terraform plan -out plan.tfplan && terraform show -json plan.tfplan > plan.json"
"""The commands that make the JSON of a plan."""

_NOTHING = msgspec.Raw(b"null")
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_OTHERS = {
    "provider_schemas": "the schemas of providers",
    "diagnostics": "the output of `terraform validate -json`",
    "function_signatures": "the functions of Terraform",
    "root_module": "a configuration without a plan",
    "configuration": "a configuration without a plan",
}


class NotAPlan(BadInput):
    """A document that is not the JSON of a plan. `message` says what it is."""


def as_utf8(content: bytes) -> bytes:
    """The content of a file as UTF-8 without a byte order mark, as PowerShell's `>` writes UTF-16."""
    for mark, encoding in _ENCODINGS:
        if content.startswith(mark):
            return content.decode(encoding, "replace").encode()
    return content


def parts_of_plan(document: bytes) -> Mapping[str, msgspec.Raw]:
    """The top-level keys of the JSON of a plan, undecoded, without those that are null.

    Raises NotAPlan for every other document.
    """
    try:
        members = _parts.decode(document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise _not_json(document, error) from error
    parts = {name: raw for name, raw in members.items() if raw != _NOTHING}
    if "resource_changes" not in parts and "planned_values" not in parts:
        raise _other_document(parts)
    return parts


def _not_json(document: bytes, error: Exception) -> NotAPlan:
    start = document.lstrip()[:1]
    if document.startswith(b"PK"):
        return NotAPlan(
            "this is a saved plan, which only Terraform reads", hint="terraform show -json FILE > plan.json"
        )
    if not start:
        return NotAPlan("the file is empty", hint=MAKE_ONE)
    if document.lstrip().startswith(b'{"@level"'):
        return NotAPlan("this is the log of `terraform plan -json`, which does not contain the plan", hint=MAKE_ONE)
    try:
        json.loads(document)
    except (ValueError, RecursionError):
        return NotAPlan(f"the file is not JSON: {error}", hint=MAKE_ONE)
    return NotAPlan("the file is JSON, but not a plan: a plan is an object", hint=MAKE_ONE)


def _other_document(parts: Mapping[str, msgspec.Raw]) -> NotAPlan:
    if "@level" in parts:
        return NotAPlan("this is the log of `terraform plan -json`, which does not contain the plan", hint=MAKE_ONE)
    if "values" in parts or {"lineage", "serial"} <= parts.keys():
        return NotAPlan("this is a state, not a plan: it lists existing resources, not planned changes", hint=MAKE_ONE)
    if parts.keys() <= {"format_version", "terraform_version"} and parts:
        return NotAPlan("this is the output of `terraform show -json` for an empty state, not a plan", hint=MAKE_ONE)
    for key, description in _OTHERS.items():
        if key in parts:
            return NotAPlan(f"this is {description}, not a plan", hint=MAKE_ONE)
    for key, raw in parts.items():
        if _holds_plan(raw):
            # The key is a text of others: as JSON it is one line without control characters.
            return NotAPlan(
                f"this document contains a plan below the key {json.dumps(key)}, but is not a plan itself",
                hint=f"extract that part: jq '.[{json.dumps(key)}]' FILE > plan.json",
            )
    return NotAPlan(
        "the file is JSON, but not a plan: it has neither `resource_changes` nor `planned_values`", hint=MAKE_ONE
    )


def _holds_plan(raw: msgspec.Raw) -> bool:
    try:
        inner = _parts.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return "resource_changes" in inner or "planned_values" in inner
