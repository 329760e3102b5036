"""Plans of Terraform before 1.1, formats 0.x: some of them do not mark sensitive values.

If a change has no marks, attributes whose names suggest a secret are marked. That is a guess, and hides too much rather
than too little; Terraform 0.15 and newer write the marks of the configuration and the provider.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from terrace.plans import json_format

_SECRET = re.compile(
    r"passw|secret|token|credential|private_?key|api_?key|access_?key|connection_string|user_data|custom_data|certificate",
    re.IGNORECASE,
)


def mark(document: json_format.Document) -> None:
    """Adds marks by name to every change of the document that has none."""
    for name, variable in document.configuration.root_module.variables.items():
        variable.sensitive = variable.sensitive or bool(_SECRET.search(name))
    named = [(resource.change, "") for resource in (*document.resources, *document.resource_drift)]
    named += [(change, name) for name, change in document.output_changes.items()]
    for change, name in named:
        if change.before_sensitive == json_format.NOTHING and change.after_sensitive == json_format.NOTHING:
            change.guessed = True
            change.before_sensitive = _marks(name, change.before)
            change.after_sensitive = _marks(name, change.after)


def _marks(name: str, raw: msgspec.Raw) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(bool(_SECRET.search(name)) or guess_marks(json_format.value(raw))))


def guess_marks(value: Any) -> Any:
    """Returns marks for the values whose names suggest a secret, in the shape of the value; False if there are none."""
    if isinstance(value, dict):
        marks = {name: bool(_SECRET.search(name)) or guess_marks(inner) for name, inner in value.items()}
        return {name: marks for name, marks in marks.items() if marks}
    if isinstance(value, list):
        found_in = [guess_marks(inner) for inner in value]
        return found_in if any(found_in) else False
    return False
