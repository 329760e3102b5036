"""Records -> the text of their file. Comments, the order of records and quotes stay as people wrote them."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from terrace.assess.waiver import Waiver

ABOUT_BASELINE = """\
# Findings that existed before Terrace checked them. `terrace baseline` removes fixed ones; only new ones block.
"""
ABOUT_WAIVERS = """\
# Findings that an owner accepts until a date. Only the waivers of the protected branch are valid.
"""


def with_waiver(text: str, waiver: Waiver) -> str:
    """Returns the text of a file of waivers with one more at its end."""
    yaml = _yaml()
    document = yaml.load(text) if text.strip() else None
    if not document:
        return f"{text or ABOUT_WAIVERS}{dump({'version': 1, 'waivers': [fields(waiver)]})}"
    if not document.get("waivers"):
        document["waivers"] = []
    yaml.indent(mapping=2, sequence=2 + _offset(text), offset=_offset(text))
    document["waivers"].append(fields(waiver))
    document["waivers"].fa.set_block_style() if hasattr(document["waivers"], "fa") else None
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def baseline(records: Iterable[Waiver]) -> str:
    """Returns the text of a baseline, sorted, so that equal records make equal text."""
    ordered = sorted(records, key=lambda w: (w.rule, w.stack, w.path, w.address, w.content, w.unknown))
    return f"{ABOUT_BASELINE}{dump({'version': 1, 'known': [fields(waiver) for waiver in ordered]})}"


def snippet(waiver: Waiver) -> str:
    """Returns one record as an entry of a file of waivers."""
    return dump({"waivers": [fields(waiver)]}).partition("\n")[2]


def fields(waiver: Waiver) -> dict[str, Any]:
    """Returns a record as in its file, without the keys that it does not set."""
    is_baseline = waiver.since is not None
    entry: dict[str, Any] = {
        "rule": waiver.rule,
        "stack": waiver.stack,
        "address": waiver.address,
        "path": waiver.path,
        "content": waiver.content,
        "count": waiver.count if is_baseline and waiver.count > 1 else None,
        "status": "unknown" if waiver.unknown else "",
        "owner": waiver.owner,
        "reason": waiver.reason,
        "ticket": waiver.ticket,
        "since": waiver.since,
        "granted": waiver.granted,
        "expires": waiver.expires,
    }
    return {name: value for name, value in entry.items() if value}


def dump(record: Any) -> str:
    """Returns a value as YAML."""
    yaml = _yaml()
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(record, out)
    return out.getvalue()


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    # A line that is wrapped differently the next time would show as a change.
    yaml.width = 1 << 16
    yaml.allow_unicode = True
    # Two records with the same date do not need an anchor.
    yaml.representer.ignore_aliases = lambda *_: True
    return yaml


def _offset(text: str) -> int:
    """Returns the indentation of the first item of the list: further items get the same."""
    for line in text.splitlines():
        if line.lstrip().startswith("- "):
            return len(line) - len(line.lstrip())
    return 2
