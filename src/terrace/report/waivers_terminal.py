"""Waivers for people: who answers for what, and for how much longer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from terrace.assess.waiver import BASELINE, Waiver
from terrace.checks.secrets.baseline import Accepted
from terrace.text import visible
from terrace.waivers.judging import Waivers
from terrace.waivers.telling import SOON

if TYPE_CHECKING:
    from terrace.report.screen import Record


def waivers(found: Waivers, secrets: Iterable[Accepted], today: date) -> Record:
    """A line each, what ends first at the top; then secrets, and the baseline in one line."""
    from terrace.report.screen import Group, line

    single = sorted((w for w in found.offered if not w.known), key=lambda w: (w.expires, w.rule, w.place))
    known = [w for w in found.offered if w.known]
    merged = {w.key for w in found.judging}
    lines = [line((f"{_left(w, today):>12}", _style(w, today)), f"  {_line(w, w.key in merged)}") for w in single]
    for one in sorted(secrets, key=lambda secret: (secret.until, secret.fingerprint)):
        text = f"the secret {one.fingerprint}: {one.owner}, until {one.until}: {' '.join(one.reason.split())}"
        lines.append(line(f"{left(one.until, today):>12}  {visible(text)}"))
    if known:
        until = max(w.expires for w in known)
        count = sum(w.count for w in known)
        lines.append(line(f"{count} known from the baseline, until {until} ({BASELINE})"))
    return Group(*lines) if lines else line("nothing is waived")


def left(expires: date, today: date) -> str:
    """How much longer something counts, in a few words."""
    days = (expires - today).days
    if days < 0:
        return "ended"
    return "last day" if days == 0 else f"{days} {'day' if days == 1 else 'days'} left"


def _left(waiver: Waiver, today: date) -> str:
    return f"from {waiver.granted:%d %b}" if today < waiver.granted else left(waiver.expires, today)


def _style(waiver: Waiver, today: date) -> str:
    return "red" if waiver.ended(today) else "yellow" if waiver.expires - today <= SOON else ""


def _line(waiver: Waiver, counts: bool) -> str:
    unknown = " (unknown)" if waiver.unknown else ""
    ticket = f" ({waiver.ticket})" if waiver.ticket else ""
    merge = "" if counts else "; counts once merged"
    reason = " ".join(waiver.reason.split())
    return visible(f"{waiver.about}{unknown}: {waiver.owner}, until {waiver.expires}: {reason}{ticket}{merge}")
