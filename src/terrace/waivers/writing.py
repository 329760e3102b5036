"""Records -> the text of their file. What people wrote there stays: their comments, their order, their quotes."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from terrace.assess.waiver import Waiver

ABOUT_BASELINE = """\
# What was there before anybody checked. `terrace baseline` takes out what is gone; only new findings hold a change.
"""
ABOUT_WAIVERS = """\
# What is broken and somebody answers for, until a day. Those of the protected branch count.
"""


def with_waiver(text: str, waiver: Waiver) -> str:
    """The text of a file of waivers with one more at its end."""
    yaml = _yaml()
    document = yaml.load(text) if text.strip() else None
    if not document:
        return f"{text or ABOUT_WAIVERS}{dumped({'version': 1, 'waivers': [fields(waiver)]})}"
    if not document.get("waivers"):
        document["waivers"] = []
    yaml.indent(mapping=2, sequence=2 + _offset(text), offset=_offset(text))
    document["waivers"].append(fields(waiver))
    document["waivers"].fa.set_block_style() if hasattr(document["waivers"], "fa") else None
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def baseline(records: Iterable[Waiver]) -> str:
    """The text of the whole baseline, sorted, so that equal records make equal text."""
    ordered = sorted(records, key=lambda w: (w.rule, w.stack, w.path, w.address, w.content, w.unknown))
    return f"{ABOUT_BASELINE}{dumped({'version': 1, 'known': [fields(one) for one in ordered]})}"


def snippet(waiver: Waiver) -> str:
    """One record as it would stand in a file of waivers."""
    return dumped({"waivers": [fields(waiver)]}).partition("\n")[2]


def fields(waiver: Waiver) -> dict[str, Any]:
    """A record as its file has it, with what it does not say left out."""
    known = waiver.since is not None
    found: dict[str, Any] = {
        "rule": waiver.rule,
        "stack": waiver.stack,
        "address": waiver.address,
        "path": waiver.path,
        "content": waiver.content,
        "count": waiver.count if known and waiver.count > 1 else None,
        "status": "unknown" if waiver.unknown else "",
        "owner": waiver.owner,
        "reason": waiver.reason,
        "ticket": waiver.ticket,
        "since": waiver.since,
        "granted": waiver.granted,
        "expires": waiver.expires,
    }
    return {name: value for name, value in found.items() if value}


def dumped(record: Any) -> str:
    """YAML as this project writes it."""
    yaml = _yaml()
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(record, out)
    return out.getvalue()


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    # A line that is broken elsewhere the next time would be a change that nobody made.
    yaml.width = 1 << 16
    yaml.allow_unicode = True
    # The same day in two records is no reason to write an anchor.
    yaml.representer.ignore_aliases = lambda *_: True
    return yaml


def _offset(text: str) -> int:
    """How far the first item of the list is indented: whoever wrote the file goes on like that."""
    for line in text.splitlines():
        if line.lstrip().startswith("- "):
            return len(line) - len(line.lstrip())
    return 2
