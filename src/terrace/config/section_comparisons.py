"""Comparisons of sections whose keys are compared together: risk, probes, commands, drift, people, policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from terrace.config.before_plan import BeforePlan
from terrace.config.comparisons import Pair, compare_records
from terrace.config.model import ApprovalRule, CommandProbe, PolicyFolder, PolicyPack, Remediate, RiskLevel, RiskRule

if TYPE_CHECKING:
    from terrace.config.records import Record

LEVELS_OF_RISK: tuple[RiskLevel, ...] = get_args(RiskLevel)


@dataclass(frozen=True, slots=True)
class AtRisk:
    """The requirements of each level of risk. A level includes the requirements of the lower levels."""

    approvals: Record[ApprovalRule]
    description: str = "a level requires less"

    def compare(self, pair: Pair) -> Iterator[str]:
        for level in LEVELS_OF_RISK:
            old, new = _combine_rules(pair.old, level), _combine_rules(pair.new, level)
            if old.blocked and not new.blocked:
                yield f"{pair.name} accepts releases of {level} risk"
            for way in compare_records(self.approvals, pair.name, old.approvals, new.approvals):
                yield f"{way}, at {level} risk"


def _combine_rules(rules: Mapping[RiskLevel, RiskRule], level: RiskLevel) -> RiskRule:
    """Returns the requirements of all rules up to a level together."""
    upto = LEVELS_OF_RISK[: LEVELS_OF_RISK.index(level) + 1]
    relevant = [rules[lower] for lower in upto if lower in rules]
    roles: dict[str, int] = {}
    for rule in relevant:
        roles |= {role: max(number, roles.get(role, 0)) for role, number in rule.approvals.roles.items()}
    count = max((rule.approvals.count for rule in relevant), default=0)
    return RiskRule(ApprovalRule(count, roles), blocked=any(rule.blocked for rule in relevant))


@dataclass(frozen=True, slots=True)
class Probes:
    """Probes of one kind. A removed or changed probe can test less, and a new one can do more than test."""

    what: str
    description: str = "one is removed or changed, or one is added that runs a command or sends outputs"

    def compare(self, pair: Pair) -> Iterator[str]:
        if any(probe not in pair.new for probe in pair.old):
            yield f"{self.what} of {pair.name} is removed or changed"
        for probe in pair.new:
            if probe in pair.old:
                continue
            if isinstance(probe, CommandProbe):
                yield f"{pair.name} runs the command {' '.join(probe.argv)!r} on the machine that deploys"
            elif "${" in probe.url:
                yield f"{pair.name} sends outputs to {probe.url}"


@dataclass(frozen=True, slots=True)
class Commands:
    """Commands that run before a plan. A new or changed one can do more; a removed one could have failed the plan."""

    description: str = (
        "a command is added or removed, reads other files, can write more files, gets more variables, network access "
        "or a longer timeout"
    )

    def compare(self, pair: Pair) -> Iterator[str]:
        who = f"{pair.name} " if pair.name else "every stack "
        old: tuple[BeforePlan, ...] = pair.old
        new: tuple[BeforePlan, ...] = pair.new
        by_place = {(command.argv, command.folder): command for command in reversed(old)}
        for command in new:
            before = by_place.get((command.argv, command.folder))
            if before is None:
                yield f"{who}runs the command {command.shown!r} before a plan{_describe_access(command)}"
            else:
                yield from (f"{who}{way}" for way in _compare_commands(before, command))
        remaining = {(command.argv, command.folder) for command in new}
        for place, command in by_place.items():
            if place not in remaining:
                yield f"{who}no longer runs the command {command.shown!r} before a plan"


def _describe_access(command: BeforePlan) -> str:
    access = [f"with {', '.join(command.env)}"] if command.env else []
    access += ["with network access"] if command.network else []
    return f", {' and '.join(access)}" if access else ""


def _compare_commands(old: BeforePlan, new: BeforePlan) -> Iterator[str]:
    """Yields the ways in which a command can do more than before."""
    shown = repr(new.shown)
    if added := [name for name in new.env if name not in old.env]:
        yield f"passes {', '.join(added)} to the command {shown}"
    if new.network and not old.network:
        yield f"gives the command {shown} network access"
    if added := [path for path in new.outputs if path not in old.outputs]:
        yield f"allows the command {shown} to write {', '.join(added)}"
    if set(new.inputs) != set(old.inputs):
        yield f"gives the command {shown} other input files"
    if new.timeout > old.timeout:
        yield f"gives the command {shown} a longer timeout"


@dataclass(frozen=True, slots=True)
class Remediation:
    """The drift that can be reverted without a deployment. None: no drift."""

    record: Record[Remediate]
    description: str = "it is allowed; see its keys"

    def compare(self, pair: Pair) -> Iterator[str]:
        if pair.new is None:
            return
        if pair.old is None:
            yield f"drift of {pair.name} can be reverted without a deployment"
        else:
            yield from compare_records(self.record, pair.name, pair.old, pair.new, *pair.scopes)


@dataclass(frozen=True, slots=True)
class Emails:
    """The email addresses that identify the commits and the approvals of a person."""

    description: str = "it changes"

    def compare(self, pair: Pair) -> Iterator[str]:
        if set(pair.old) - set(pair.new):
            yield f"some commits by {pair.name} are no longer recognized as theirs"
        added = sorted(set(pair.new) - set(pair.old))
        if added:
            yield f"commits and approvals by {', '.join(added)} count as commits and approvals by {pair.name}"


@dataclass(frozen=True, slots=True)
class PinnedPack:
    """The policy pack with its settings. Another version can deny less; only people can tell."""

    record: Record[PolicyPack]
    description: str = "it is removed, or another version is pinned; see its keys"

    def compare(self, pair: Pair) -> Iterator[str]:
        old: PolicyPack | None = pair.old
        new: PolicyPack | None = pair.new
        if old is not None and new is None:
            yield "the policy pack no longer applies"
        elif old is not None and new is not None:
            if old.hash != new.hash:
                yield f"the rules of the policy pack change from {old.hash} to {new.hash}"
            yield from compare_records(self.record, "policy_pack", old, new)


@dataclass(frozen=True, slots=True)
class PolicyFolders:
    """Policy directories with their input. An additional directory can add exceptions to the policies of the others."""

    description: str = "one is removed or changed, or another one is added"

    def compare(self, pair: Pair) -> Iterator[str]:
        old: Mapping[str, PolicyFolder] = pair.old
        new: Mapping[str, PolicyFolder] = pair.new
        for folder in sorted(set(old) - set(new)):
            yield f"the policies in {folder} no longer apply"
        for folder in sorted(set(new) - set(old) if old else ()):
            yield f"the policies in {folder} apply as well, and can allow what the others deny"
        for folder in sorted(set(old) & set(new)):
            if old[folder] != new[folder]:
                yield f"the policies in {folder} have another input, other data or other namespaces"
