"""Output of `waive`, `waivers` and `baseline`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from terrace.assess.waiver import BASELINE, Waiver
from terrace.checks.secrets.baseline import Accepted
from terrace.report.json.parts import (
    FindingPart,
    WaiverPart,
    finding_fields,
    finding_part,
    waiver_fields,
    waiver_part,
)
from terrace.report.json.record import JsonRecord
from terrace.waivers.baseline import Renewed
from terrace.waivers.judging import Waivers


class WaiveJson(JsonRecord, tag_field="schema", tag="terrace/waive@1"):
    """Output of `terrace waive`."""

    waiver: WaiverPart
    """Waiver that was written."""


def waive_json(waiver: Waiver) -> WaiveJson:
    """Returns the output of `terrace waive`."""
    return WaiveJson(waiver=waiver_part(waiver))


class ListedWaiver(WaiverPart, kw_only=True):
    """A waiver of the working tree."""

    days_left: int
    """Days until the expiry date; negative after it."""
    counts: bool
    """True if the waiver takes effect in checks today."""


class ListedSecret(JsonRecord):
    """A secret that a person or team accepted."""

    fingerprint: str
    """Fingerprint of the secret."""
    owner: str
    """Person or team that owns the record."""
    reason: str
    """Reason for accepting the secret."""
    expires: str
    """Last date on which the record is valid."""
    days_left: int
    """Days until the expiry date; negative after it."""


class WaiversJson(JsonRecord, tag_field="schema", tag="terrace/waivers@1"):
    """Output of `terrace waivers`."""

    waivers: tuple[ListedWaiver, ...]
    """Waivers and known findings of the working tree."""
    secrets: tuple[ListedSecret, ...]
    """Accepted secrets."""


def waivers_json(waivers: Waivers, secrets: Iterable[Accepted], today: date) -> WaiversJson:
    """Returns the output of `terrace waivers`."""
    effective = {(waiver.key, waiver.expires) for waiver in waivers.judging}
    return WaiversJson(
        waivers=tuple(
            ListedWaiver(
                **waiver_fields(waiver),
                days_left=(waiver.expires - today).days,
                counts=waiver.holds(today) and (waiver.key, waiver.expires) in effective,
            )
            for waiver in waivers.offered
        ),
        secrets=tuple(
            ListedSecret(
                fingerprint=secret.fingerprint,
                owner=secret.owner,
                reason=secret.reason,
                expires=secret.until.isoformat(),
                days_left=(secret.until - today).days,
            )
            for secret in secrets
        ),
    )


class OutsideFinding(FindingPart, kw_only=True):
    """A finding that cannot be a known finding."""

    why: str
    """Reason why it cannot be one."""


class BaselineJson(JsonRecord, tag_field="schema", tag="terrace/baseline@1"):
    """Output of `terrace baseline`: the known findings after the command."""

    file: str
    """File of the known findings."""
    known: int
    """Number of known findings now."""
    was: int
    """Number of known findings before."""
    came: int
    """Number of findings that were added."""
    gone: tuple[WaiverPart, ...]
    """Records that were removed, because their findings no longer exist."""
    new: tuple[FindingPart, ...]
    """Findings that are not known findings and block a change."""
    outside: tuple[OutsideFinding, ...]
    """Findings that cannot be known findings."""
    unused: tuple[WaiverPart, ...]
    """Waivers that match no finding."""
    complete: bool
    """True if everything could be checked."""


def baseline_json(renewed: Renewed, unused: Iterable[Waiver]) -> BaselineJson:
    """Returns the output of `terrace baseline`; `unused` are waivers that match no finding."""
    return BaselineJson(
        file=BASELINE,
        known=renewed.count,
        was=renewed.before,
        came=renewed.came,
        gone=tuple(map(waiver_part, renewed.gone)),
        new=tuple(map(finding_part, renewed.fresh)),
        outside=tuple(OutsideFinding(**finding_fields(f), why=why) for f, why in renewed.outside),
        unused=tuple(map(waiver_part, unused)),
        complete=not renewed.blind,
    )
