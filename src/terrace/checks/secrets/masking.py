"""The masking of findings and plans before every report: none that is shown contains a secret in clear text.

Secrets are known from four sources: the marks of Terraform (which include the provider's schema), the search in plans,
the search in the texts of the finding itself, and module docs, whose rows name a default.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from terrace.assess.model import Assessment, Finding
from terrace.checks.secrets.names import plausible, reads_like_words, says_secret
from terrace.checks.secrets.plan import Exposed, in_value
from terrace.checks.secrets.text import allows_bare, find_secrets
from terrace.plans.model import MASKED, Action, OutputChange, Path, Plan, ResourceChange, Value

HIDDEN = "(sensitive)"
"""The replacement of a secret within a longer text."""

SHORTEST = 6
"""Length below which a secret is not searched for: hiding each `true` would hide the report."""

_ROW = re.compile(r"[ +-]?\|\s*(?:`|<code>)?(?P<name>[\w.-]+)(?:`|</code>)?\s*\|.*")
_CELL = re.compile(r'"([^"\n]{6,})"')


class SecretMask:
    """A mask for known secrets in texts. A secret that reads like words (`postgres`) is hidden only in quotes."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in (secret, _escape(secret))}
        # The lines of a secret are separate in a diff.
        forms |= {line.strip() for secret in forms for line in secret.splitlines() if len(line.strip()) >= 16}
        # The longest first: a secret that contains another one is hidden completely.
        self._texts = sorted(
            {f'"{text}"' if reads_like_words(text) else text for text in forms}, key=lambda text: (-len(text), text)
        )

    def hide(self, text: str) -> str:
        """Returns the text without any of the secrets."""
        for secret in self._texts:
            if secret in text:
                text = text.replace(secret, f'"{HIDDEN}"' if reads_like_words(secret.strip('"')) else HIDDEN)
        return text

    def finding(self, finding: Finding) -> Finding:
        """Returns the finding without secrets in any text that it shows."""
        message = self._mask_text(finding.message)
        fix = self._mask_text(finding.fix) if finding.fix else finding.fix
        note = self._mask_text(finding.note)
        path = finding.path or ""
        detail = self._mask_text(finding.detail, bare=bool(path) and allows_bare(path), path=path)
        if (message, fix, note, detail) == (finding.message, finding.fix, finding.note, finding.detail):
            return finding
        return replace(finding, message=message, fix=fix, note=note, detail=detail)

    def _mask_text(self, text: str, *, bare: bool = False, path: str = "") -> str:
        return self.hide(_without_rows(without_secrets(text, bare=bare, path=path))) if text else text


def without_secrets(text: str, *, bare: bool = False, path: str = "") -> str:
    """Returns a text, which can be a diff, without the secrets that the search in texts finds in it."""
    # In a diff the first column does not belong to the line.
    searched = "\n".join(f" {line[1:]}" if line[:1] in ("+", "-") else line for line in text.split("\n"))
    for match in reversed(find_secrets(searched, bare=bare, path=path)):
        text = f"{text[: match.start]}{HIDDEN}{text[match.end :]}"
    return text


def _without_rows(text: str) -> str:
    """Returns module docs without the defaults of variables with the name of a secret."""
    return "\n".join(_row(line) for line in text.split("\n")) if "|" in text else text


def _row(line: str) -> str:
    row = _ROW.fullmatch(line)
    if row is None or not says_secret(row["name"]):
        return line
    name = row["name"]
    return _CELL.sub(lambda cell: f'"{HIDDEN}"' if plausible(name, cell[1]) else cell[0], line)


def mask_assessment(assessment: Assessment) -> Assessment:
    """Returns the assessment for reports: plans, findings, and the reasons of stacks that have no plan."""
    hiding = hiding_of(assessment.plans)
    return replace(
        assessment,
        plans={key: mask_plan(plan) for key, plan in assessment.plans.items()},
        unplanned={key: hiding.hide(without_secrets(why)) for key, why in assessment.unplanned.items()},
        findings=tuple(map(hiding.finding, assessment.findings)),
    )


def masked_findings(findings: Iterable[Finding], plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
    """Returns the findings for reports. `plans` are those that they are about."""
    masked = tuple(findings)
    return tuple(map(hiding_of(plans).finding, masked)) if masked else ()


def hiding_of(plans: Mapping[str, Plan]) -> SecretMask:
    """Returns a mask for every secret that is known from these plans."""
    return SecretMask(secret for plan in plans.values() for secret in (*plan.secrets, *shown_secrets(plan)))


def shown_secrets(plan: Plan) -> frozenset[str]:
    """Returns every secret that a plan shows in clear text."""
    secrets: set[str] = set()
    for change in (*plan.changes, *plan.drift):
        if change.action is not Action.NO_OP:
            secrets |= {exposed.secret for side in (change.before, change.after) for exposed in in_value(side, "")}
    for output in plan.outputs:
        secrets |= {exposed.secret for side in (output.before, output.after) for exposed in in_value(side, output.name)}
    return frozenset(secrets)


def mask_plan(plan: Plan) -> Plan:
    """Returns the plan for reports: every secret that it shows in clear text is hidden, and so are its copies.

    Checks evaluate the plan as it is; only reports use this one.
    """
    shown = shown_secrets(plan)
    hiding, whole = SecretMask(shown), SecretMask((*plan.secrets, *shown))

    def text(text: str) -> str:
        return whole.hide(without_secrets(text))

    def change(resource: ResourceChange) -> ResourceChange:
        if resource.action is Action.NO_OP:
            return resource
        return replace(
            resource,
            before=concealed_value(resource.before, "", hiding),
            after=concealed_value(resource.after, "", hiding),
        )

    def output(output_change: OutputChange) -> OutputChange:
        before, after = (
            concealed_value(side, output_change.name, hiding) for side in (output_change.before, output_change.after)
        )
        return replace(output_change, before=before, after=after)

    return replace(
        plan,
        changes=tuple(map(change, plan.changes)),
        drift=tuple(map(change, plan.drift)),
        outputs=tuple(map(output, plan.outputs)),
        warnings=tuple(
            replace(warning, summary=text(warning.summary), detail=text(warning.detail)) for warning in plan.warnings
        ),
        deferred=tuple(map(text, plan.deferred)),
        checks=tuple(replace(check, problems=tuple(map(text, check.problems))) for check in plan.checks),
        unmarked=(),
        secrets=(),
        shown=b"",
    )


def concealed_value(value: Value, name: str, hiding: SecretMask) -> Value:
    """Returns a value with the name `name` without any secret: those that it shows itself, and known ones."""
    spots: dict[Path, list[Exposed]] = {}
    for exposed in in_value(value, name):
        spots.setdefault(exposed.path, []).append(exposed)
    return _without(value, (), spots, hiding)


def _without(value: Value, path: Path, spots: Mapping[Path, list[Exposed]], hiding: SecretMask) -> Value:
    """Returns the value with MASKED for every text that is a secret, and without the secrets in longer texts."""
    if isinstance(value, dict):
        return {name: _without(inner, (*path, name), spots, hiding) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without(inner, (*path, index), spots, hiding) for index, inner in enumerate(value)]
    if not isinstance(value, str):
        return value
    text = value
    for exposed in spots.get(path, ()):
        shorter = text.replace(exposed.secret, HIDDEN).replace(_escape(exposed.secret), HIDDEN)
        # In base64, or another encoding: the whole text is masked.
        if exposed.secret == value or (shorter == text and HIDDEN not in text):
            return MASKED
        text = shorter
    return hiding.hide(text)


def _escape(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
