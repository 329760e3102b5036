"""Comparisons of values that hang together: levels of risk, probes, credentials, stacks, policies, accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from terrace.config.before_plan import BeforePlan
from terrace.config.comparisons import Pair, record_ways
from terrace.config.model import (
    DEFAULT_WORKSPACE,
    ApprovalRule,
    CommandProbe,
    PolicyFolder,
    Remediate,
    RiskLevel,
    RiskRule,
    StackPattern,
    StackSetting,
)
from terrace.config.stack_patterns import captures, filled, is_pattern, may_overlap

if TYPE_CHECKING:
    from terrace.config.records import Record

LEVELS_OF_RISK: tuple[RiskLevel, ...] = get_args(RiskLevel)
Entry = StackSetting | StackPattern
Entries = tuple[Entry, ...]
ByPlace = Mapping[tuple[str, str], Entries]
"""The entries of `stacks:` by environment and folder."""

HOME = "environments"
"""The folder of the conventional layout: `environments/<env>` and `environments/<env>/<stack>`."""


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


def _new_commands(name: str, entry: Entry) -> Iterator[str]:
    """What the commands of a new entry may do."""
    return Commands().ways(Pair("before_plan", name, (), entry.before_plan, ()))


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
class StackEntries:
    """Stacks by environment and folder: one that comes under other rules, or is called or ordered otherwise."""

    record: Record[StackPattern]
    word: str = "one is removed or comes under another environment, and see below"

    def ways(self, pair: Pair) -> Iterator[str]:
        for environment, path in pair.old:
            if (environment, path) in pair.new:
                continue
            matched = _by_pattern(environment, path, pair.new)
            if matched:
                yield from self._compared(environment, path, pair.old[environment, path], matched, pair)
            else:
                elsewhere = sorted(e for e, other in pair.new if other == path)
                moved = f"moves to {', '.join(elsewhere)}" if elsewhere else "is no longer set"
                yield f"the stack {path or '.'} of {environment} {moved}"
        for (environment, path), entries in pair.new.items():
            before = pair.old.get((environment, path))
            if before is None:
                taken = _taken_by_pattern if is_pattern(path) else self._taken
                yield from taken(environment, path, pair.old, pair.new)
                before = _by_convention(environment, path)
            if before is not None:
                yield from self._compared(environment, path, before, entries, pair)
                continue
            for entry in entries:
                yield from _new_commands(f"the stack {path or '.'} of {environment}", entry)

    def _compared(self, environment: str, path: str, old: Entries, new: Entries, pair: Pair) -> Iterator[str]:
        """The ways of the stacks of one environment and folder, of several by name."""
        folder = path or "."
        if len(old) == len(new) == 1:
            yield from record_ways(self.record, f"the stack {folder} of {environment}", old[0], new[0], *pair.scopes)
            return
        before, after = {entry.name: entry for entry in old}, {entry.name: entry for entry in new}
        for name, entry in before.items():
            if name in after:
                told = f"the stack {name} of {environment} in {folder}"
                yield from record_ways(self.record, told, entry, after[name], *pair.scopes)
            else:
                yield f"the stack {name} of {environment} in {folder} is no longer set"
        for name in sorted(after.keys() - before.keys()):
            yield f"{folder} becomes one more stack of {environment}, called {name}"
            yield from _new_commands(f"the stack {name} of {environment} in {folder}", after[name])

    def _taken(self, environment: str, path: str, old: ByPlace, new: ByPlace) -> Iterator[str]:
        """Whether a folder belonged to another environment so far, by its own entry or by where it lies."""
        owners = {owner for owner, there in old if there == path} | {_owner(path)}
        for owner in sorted(owners - {environment, ""}):
            if (owner, path) in new or _owner(path) == owner:
                yield f"the stack {path or '.'} of {owner} becomes a stack of {environment} too"
        for owner in sorted(_owners_by_pattern(path, old) - {environment}):
            yield f"the stack {path} of {owner} becomes a stack of {environment}"


def _by_pattern(environment: str, path: str, entries: ByPlace) -> Entries:
    """What a pattern says of a folder of an environment, as entries of its own; none where none matches it."""
    for owner, there in entries:
        values = captures(there, path) if is_pattern(there) else None
        if values is not None and filled(owner, values) == environment:
            return tuple(_filled(environment, path, entry, values) for entry in entries[owner, there])
    return ()


def _filled(environment: str, path: str, entry: Entry, values: tuple[str, ...]) -> StackSetting:
    """What an entry with a pattern says of one folder that it matches."""
    return StackSetting(
        path=path,
        environment=environment,
        name=filled(entry.name, values) or path.rpartition("/")[2],
        after=tuple(filled(one, values) for one in entry.after),
        var_files=tuple(filled(one, values) for one in entry.var_files),
        backend_config={key: filled(value, values) for key, value in entry.backend_config.items()},
        workspace=filled(entry.workspace, values),
        backend_files=tuple(filled(one, values) for one in entry.backend_files),
        before_plan=tuple(command.filled(values) for command in entry.before_plan),
    )


def _owners_by_pattern(path: str, entries: Iterable[tuple[str, str]]) -> set[str]:
    """The environments that patterns give a folder to."""
    matched = ((owner, captures(there, path)) for owner, there in entries if is_pattern(there))
    return {filled(owner, values) for owner, values in matched if values is not None}


def _taken_by_pattern(environment: str, path: str, old: ByPlace, new: ByPlace) -> Iterator[str]:
    """Whether folders that belonged to other environments may match a pattern. In doubt they do."""
    for owner, there in old:
        if is_pattern(there):
            # With the same folders in one place of both, a capture means the same environment.
            if owner != environment and may_overlap(there, path):
                yield f"stacks of {owner} that match {there} may become stacks of {environment}, which match {path}"
        elif (owner, there) not in new and (values := captures(path, there)) is not None:
            now = filled(environment, values)
            if now != owner:
                yield f"the stack {there} of {owner} becomes a stack of {now}"
    parts = path.split("/")
    special = any(
        entry.name or entry.backend_config or entry.backend_files or entry.workspace != DEFAULT_WORKSPACE
        for entry in new[environment, path]
    )
    if len(parts) in (2, 3) and may_overlap(parts[0], HOME) and special:
        yield f"stacks of {HOME}/ that match {path} get another name or another place for their state"
    conventional = len(parts) in (2, 3) and may_overlap(parts[0], HOME)
    if conventional and environment != _second(parts):
        yield f"stacks of {HOME}/ that match {path} become stacks of {environment} too"


def _second(parts: list[str]) -> str:
    """What the second folder of a path gives as the environment."""
    return f"{{{'/'.join(parts[:2]).count('*')}}}" if parts[1] == "*" else parts[1]


def _owner(path: str) -> str:
    """The environment that a folder belongs to by convention; "" outside of the conventional layout."""
    parts = path.split("/")
    return parts[1] if parts[0] == HOME and len(parts) in (2, 3) else ""


def _by_convention(environment: str, path: str) -> Entries | None:
    """What holds for a folder of the conventional layout that has no entry."""
    if _owner(path) != environment or is_pattern(path):
        return None
    return (StackSetting(path, environment, path.rpartition("/")[2]),)


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
