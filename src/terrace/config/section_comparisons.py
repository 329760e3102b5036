"""The comparisons of sections whose keys belong together: risk, probes, commands, drift, people, policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from terrace.config.before_plan import BeforePlan
from terrace.config.comparisons import Pair, record_ways
from terrace.config.model import ApprovalRule, CommandProbe, PolicyFolder, Remediate, RiskLevel, RiskRule

if TYPE_CHECKING:
    from terrace.config.records import Record

LEVELS_OF_RISK: tuple[RiskLevel, ...] = get_args(RiskLevel)


@dataclass(frozen=True, slots=True)
class AtRisk:
    """What each level of risk asks for: a level asks for all that lower ones ask for."""

    approvals: Record[ApprovalRule]
    word: str = "a level asks for less"

    def ways(self, pair: Pair) -> Iterator[str]:
        for level in LEVELS_OF_RISK:
            old, new = _required(pair.old, level), _required(pair.new, level)
            if old.blocked and not new.blocked:
                yield f"{pair.name} accepts releases of {level} risk"
            for way in record_ways(self.approvals, pair.name, old.approvals, new.approvals):
                yield f"{way}, at {level} risk"


def _required(rules: Mapping[RiskLevel, RiskRule], level: RiskLevel) -> RiskRule:
    """What every rule up to a level requires together."""
    upto = LEVELS_OF_RISK[: LEVELS_OF_RISK.index(level) + 1]
    relevant = [rules[one] for one in upto if one in rules]
    roles: dict[str, int] = {}
    for rule in relevant:
        roles |= {role: max(number, roles.get(role, 0)) for role, number in rule.approvals.roles.items()}
    count = max((rule.approvals.count for rule in relevant), default=0)
    return RiskRule(ApprovalRule(count, roles), blocked=any(rule.blocked for rule in relevant))


@dataclass(frozen=True, slots=True)
class Probes:
    """Probes of one kind: one that is gone or changed tests less, one that is new may do more than test."""

    what: str
    word: str = "one is removed or changed, or one is added that runs a command or sends outputs"

    def ways(self, pair: Pair) -> Iterator[str]:
        if any(one not in pair.new for one in pair.old):
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
    """Commands that run before a plan: one more, one that may do more, and one that is gone and may have refused."""

    word: str = (
        "a command is added or removed, sees other files, may write more files, gets more variables or the network, or "
        "may take longer"
    )

    def ways(self, pair: Pair) -> Iterator[str]:
        who = f"{pair.name} " if pair.name else "every stack "
        old: tuple[BeforePlan, ...] = pair.old
        new: tuple[BeforePlan, ...] = pair.new
        known = {(one.argv, one.folder): one for one in reversed(old)}
        for command in new:
            before = known.get((command.argv, command.folder))
            if before is None:
                yield f"{who}runs the command {command.shown!r} before a plan{_powers(command)}"
            else:
                yield from (f"{who}{way}" for way in _more_of(before, command))
        still = {(one.argv, one.folder) for one in new}
        for place, command in known.items():
            if place not in still:
                yield f"{who}no longer runs the command {command.shown!r} before a plan"


def _powers(command: BeforePlan) -> str:
    given = [f"with {', '.join(command.env)}"] if command.env else []
    given += ["with the network"] if command.network else []
    return f", {' and '.join(given)}" if given else ""


def _more_of(old: BeforePlan, new: BeforePlan) -> Iterator[str]:
    """In which ways a command may do more than before."""
    name = repr(new.shown)
    if added := [one for one in new.env if one not in old.env]:
        yield f"gives {', '.join(added)} to the command {name}"
    if new.network and not old.network:
        yield f"lets the command {name} use the network"
    if added := [one for one in new.outputs if one not in old.outputs]:
        yield f"lets the command {name} write {', '.join(added)}"
    if set(new.inputs) != set(old.inputs):
        yield f"has the command {name} see other files"
    if new.timeout > old.timeout:
        yield f"lets the command {name} take longer"


@dataclass(frozen=True, slots=True)
class Remediation:
    """What drift is taken back without a deployment: nothing, or what the record says."""

    record: Record[Remediate]
    word: str = "it is allowed, and see below"

    def ways(self, pair: Pair) -> Iterator[str]:
        if pair.new is None:
            return
        if pair.old is None:
            yield f"drift of {pair.name} may be undone without a deployment"
        else:
            yield from record_ways(self.record, pair.name, pair.old, pair.new, *pair.scopes)


@dataclass(frozen=True, slots=True)
class Emails:
    """The addresses that tie commits to a person, and by which they may answer."""

    word: str = "it changes"

    def ways(self, pair: Pair) -> Iterator[str]:
        if set(pair.old) - set(pair.new):
            yield f"some commits of {pair.name} no longer count as theirs"
        added = sorted(set(pair.new) - set(pair.old))
        if added:
            yield f"commits and answers of {', '.join(added)} count as those of {pair.name}"


@dataclass(frozen=True, slots=True)
class PolicyFolders:
    """Folders of policies, each with what it is given. A further folder may except what others refuse."""

    word: str = "one is removed or changed, or one is added beside others"

    def ways(self, pair: Pair) -> Iterator[str]:
        old: Mapping[str, PolicyFolder] = pair.old
        new: Mapping[str, PolicyFolder] = pair.new
        for folder in sorted(set(old) - set(new)):
            yield f"the policies in {folder} no longer apply"
        for folder in sorted(set(new) - set(old) if old else ()):
            yield f"the policies in {folder} apply too, and may allow what the others deny"
        for folder in sorted(set(old) & set(new)):
            if old[folder] != new[folder]:
                yield f"the policies in {folder} get another input, other data or other namespaces"
