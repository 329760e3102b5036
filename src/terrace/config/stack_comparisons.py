"""The comparison of the entries of `stacks`: an entry that comes under other rules, or has another name or state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrace.config.comparisons import Pair, record_ways
from terrace.config.model import DEFAULT_WORKSPACE, StackPattern, StackSetting
from terrace.config.section_comparisons import Commands
from terrace.config.stack_patterns import captures, filled, is_pattern, may_overlap

if TYPE_CHECKING:
    from terrace.config.records import Record

Entry = StackSetting | StackPattern
Entries = tuple[Entry, ...]
ByPlace = Mapping[tuple[str, str], Entries]
"""The entries of `stacks:` by environment and folder."""

HOME = "environments"
"""The folder of the conventional layout: `environments/<env>` and `environments/<env>/<stack>`."""


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


def _new_commands(name: str, entry: Entry) -> Iterator[str]:
    """What the commands of a new entry may do."""
    return Commands().ways(Pair("before_plan", name, (), entry.before_plan, ()))
