"""Waivers for people: who answers for what, and for how much longer."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from terrace.assess.waivers.judging import Waivers
from terrace.assess.waivers.model import BASELINE, Waiver
from terrace.assess.waivers.telling import SOON
from terrace.report.terminal import visible

if TYPE_CHECKING:
    from rich.console import RenderableType


def waivers(found: Waivers, today: date) -> RenderableType:
    """A line each, what ends first at the top; the baseline in one line."""
    from rich.console import Group
    from rich.text import Text

    single = sorted((w for w in found.proposed if not w.known), key=lambda w: (w.expires, w.rule, w.place))
    known = [w for w in found.proposed if w.known]
    lines = [Text.assemble((f"{left(w, today):>12}", _style(w, today)), f"  {_line(w, found)}") for w in single]
    if known:
        until = max(w.expires for w in known)
        count = sum(w.count for w in known)
        lines.append(Text(f"{count} known from the baseline, until {until} ({BASELINE})"))
    return Group(*lines) if lines else Text("nothing is waived")


def left(waiver: Waiver, today: date) -> str:
    """How much longer it counts, in a few words."""
    days = (waiver.expires - today).days
    if days < 0:
        return "ended"
    if today < waiver.granted:
        return f"from {waiver.granted:%d %b}"
    return "last day" if days == 0 else f"{days} {'day' if days == 1 else 'days'} left"


def _style(waiver: Waiver, today: date) -> str:
    return "red" if waiver.ended(today) else "yellow" if waiver.expires - today <= SOON else ""


def _line(waiver: Waiver, found: Waivers) -> str:
    unknown = " (unknown)" if waiver.unknown else ""
    ticket = f" ({waiver.ticket})" if waiver.ticket else ""
    counts = "" if waiver.key in {w.key for w in found.judging} else "; counts once merged"
    reason = " ".join(waiver.reason.split())
    return visible(f"{waiver.about}{unknown}: {waiver.owner}, until {waiver.expires}: {reason}{ticket}{counts}")
