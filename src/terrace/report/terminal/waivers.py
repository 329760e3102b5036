"""Waivers in a terminal, with their owners and the time for which they are still valid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from terrace.assess.waiver import BASELINE, Waiver
from terrace.checks.secrets.baseline import Accepted
from terrace.report.terminal.screen import Group, Record, line
from terrace.text import visible
from terrace.waivers.judging import Waivers
from terrace.waivers.telling import SOON
from terrace.words import plural


def waivers_list(waivers: Waivers, secrets: Iterable[Accepted], today: date) -> Record:
    """Returns waivers, the next to expire first, then accepted secrets, a line each; and one line of known findings."""
    single = sorted((w for w in waivers.offered if not w.is_baseline), key=lambda w: (w.expires, w.rule, w.place))
    baseline = [waiver for waiver in waivers.offered if waiver.is_baseline]
    merged = {waiver.key for waiver in waivers.judging}
    lines = [
        line((f"{_validity(w, today):>12}", _style(w, today)), f"  {_line(w, is_merged=w.key in merged)}")
        for w in single
    ]
    for secret in sorted(secrets, key=lambda secret: (secret.until, secret.fingerprint)):
        text = f"secret {secret.fingerprint}: {secret.owner}, until {secret.until}: {' '.join(secret.reason.split())}"
        lines.append(line(f"{time_left(secret.until, today):>12}  {visible(text)}"))
    if baseline:
        until = max(waiver.expires for waiver in baseline)
        count = sum(waiver.count for waiver in baseline)
        lines.append(line(f"{plural(count, 'known finding')}, until {until} ({BASELINE})"))
    return Group(*lines) if lines else line("there are no waivers")


def time_left(expires: date, today: date) -> str:
    """Returns for how much longer something is valid, in a few words."""
    days = (expires - today).days
    if days < 0:
        return "expired"
    return "last day" if days == 0 else f"{plural(days, 'day')} left"


def _validity(waiver: Waiver, today: date) -> str:
    return f"from {waiver.granted:%d %b}" if today < waiver.granted else time_left(waiver.expires, today)


def _style(waiver: Waiver, today: date) -> str:
    return "red" if waiver.has_expired(today) else "yellow" if waiver.expires - today <= SOON else ""


def _line(waiver: Waiver, *, is_merged: bool) -> str:
    unknown = " (unknown)" if waiver.unknown else ""
    ticket = f" ({waiver.ticket})" if waiver.ticket else ""
    merge = "" if is_merged else "; takes effect once merged"
    reason = " ".join(waiver.reason.split())
    return visible(f"{waiver.about}{unknown}: {waiver.owner}, until {waiver.expires}: {reason}{ticket}{merge}")
