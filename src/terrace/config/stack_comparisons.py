"""Comparison of the entries of `stacks`: another environment, another name or another state of a stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from terrace.config.comparisons import Pair, compare_records
from terrace.config.model import DEFAULT_WORKSPACE, StackPattern, StackSetting
from terrace.config.section_comparisons import Commands
from terrace.config.stack_patterns import can_overlap, fill_captures, is_pattern, match_captures

if TYPE_CHECKING:
    from terrace.config.records import Record

Entry = StackSetting | StackPattern
Entries = tuple[Entry, ...]
ByPlace = Mapping[tuple[str, str], Entries]
"""The entries of `stacks:` by environment and directory."""

HOME = "environments"
"""The directory of the conventional layout: `environments/<env>` and `environments/<env>/<stack>`."""


@dataclass(frozen=True, slots=True)
class StackEntries:
    """Stacks by environment and directory. A stack can get other rules, another name, order or state."""

    record: Record[StackPattern]
    description: str = "one is removed or moves to another environment; see its keys"

    def compare(self, pair: Pair) -> Iterator[str]:
        for environment, path in pair.old:
            if (environment, path) in pair.new:
                continue
            matched = _match_patterns(environment, path, pair.new)
            if matched:
                yield from self._compare(environment, path, pair.old[environment, path], matched, pair)
            else:
                elsewhere = sorted(e for e, other in pair.new if other == path)
                moved = f"moves to {', '.join(elsewhere)}" if elsewhere else "is no longer listed"
                yield f"the stack {path or '.'} of {environment} {moved}"
        for (environment, path), entries in pair.new.items():
            before = pair.old.get((environment, path))
            if before is None:
                compare_owners = _compare_pattern_owners if is_pattern(path) else _compare_owners
                yield from compare_owners(environment, path, pair.old, pair.new)
                before = _conventional_entries(environment, path)
            if before is not None:
                yield from self._compare(environment, path, before, entries, pair)
                continue
            for entry in entries:
                yield from _compare_new_commands(f"the stack {path or '.'} of {environment}", entry)

    def _compare(self, environment: str, path: str, old: Entries, new: Entries, pair: Pair) -> Iterator[str]:
        """Yields the sentences for the stacks of one environment and directory. Several stacks are compared by name."""
        folder = path or "."
        if len(old) == len(new) == 1:
            yield from compare_records(
                self.record, f"the stack {folder} of {environment}", old[0], new[0], *pair.scopes
            )
            return
        before, after = {entry.name: entry for entry in old}, {entry.name: entry for entry in new}
        for name, entry in before.items():
            if name in after:
                title = f"the stack {name} of {environment} in {folder}"
                yield from compare_records(self.record, title, entry, after[name], *pair.scopes)
            else:
                yield f"the stack {name} of {environment} in {folder} is no longer listed"
        for name in sorted(after.keys() - before.keys()):
            yield f"{folder} becomes another stack of {environment}, named {name}"
            yield from _compare_new_commands(f"the stack {name} of {environment} in {folder}", after[name])


def _compare_owners(environment: str, path: str, old: ByPlace, new: ByPlace) -> Iterator[str]:
    """Yields a sentence for each other environment that the directory belonged to, by its entry or its path."""
    owners = {owner for owner, place in old if place == path} | {_conventional_owner(path)}
    for owner in sorted(owners - {environment, ""}):
        if (owner, path) in new or _conventional_owner(path) == owner:
            yield f"the stack {path or '.'} of {owner} becomes a stack of {environment} as well"
    for owner in sorted(_find_owners(path, old) - {environment}):
        yield f"the stack {path} of {owner} becomes a stack of {environment}"


def _match_patterns(environment: str, path: str, entries: ByPlace) -> Entries:
    """Returns the entries for one directory of an environment that the patterns give; none where none matches."""
    for owner, pattern in entries:
        values = match_captures(pattern, path) if is_pattern(pattern) else None
        if values is not None and fill_captures(owner, values) == environment:
            return tuple(_fill(environment, path, entry, values) for entry in entries[owner, pattern])
    return ()


def _fill(environment: str, path: str, entry: Entry, values: tuple[str, ...]) -> StackSetting:
    """Returns the entry for one directory that the pattern of another entry matches."""
    return StackSetting(
        path=path,
        environment=environment,
        name=fill_captures(entry.name, values) or path.rpartition("/")[2],
        after=tuple(fill_captures(name, values) for name in entry.after),
        var_files=tuple(fill_captures(file, values) for file in entry.var_files),
        backend_config={key: fill_captures(value, values) for key, value in entry.backend_config.items()},
        workspace=fill_captures(entry.workspace, values),
        backend_files=tuple(fill_captures(file, values) for file in entry.backend_files),
        before_plan=tuple(command.fill_captures(values) for command in entry.before_plan),
    )


def _find_owners(path: str, entries: Iterable[tuple[str, str]]) -> set[str]:
    """Returns the environments that own a directory by a pattern."""
    matched = ((owner, match_captures(place, path)) for owner, place in entries if is_pattern(place))
    return {fill_captures(owner, values) for owner, values in matched if values is not None}


def _compare_pattern_owners(environment: str, path: str, old: ByPlace, new: ByPlace) -> Iterator[str]:
    """Yields a sentence for each other environment whose directories can match a pattern. In doubt they can."""
    for owner, place in old:
        if is_pattern(place):
            # The same capture at the same place of both patterns is the same environment.
            if owner != environment and can_overlap(place, path):
                yield f"stacks of {owner} that match {place} can become stacks of {environment}, which match {path}"
        elif (owner, place) not in new and (values := match_captures(path, place)) is not None:
            now = fill_captures(environment, values)
            if now != owner:
                yield f"the stack {place} of {owner} becomes a stack of {now}"
    parts = path.split("/")
    special = any(
        entry.name or entry.backend_config or entry.backend_files or entry.workspace != DEFAULT_WORKSPACE
        for entry in new[environment, path]
    )
    if len(parts) in (2, 3) and can_overlap(parts[0], HOME) and special:
        yield f"stacks of {HOME}/ that match {path} get another name or another location for their state"
    conventional = len(parts) in (2, 3) and can_overlap(parts[0], HOME)
    if conventional and environment != _second_environment(parts):
        yield f"stacks of {HOME}/ that match {path} become stacks of {environment} as well"


def _second_environment(parts: list[str]) -> str:
    """Returns the environment that the second directory name of a path stands for."""
    return f"{{{'/'.join(parts[:2]).count('*')}}}" if parts[1] == "*" else parts[1]


def _conventional_owner(path: str) -> str:
    """Returns the environment of a directory in the conventional layout; "" outside that layout."""
    parts = path.split("/")
    return parts[1] if parts[0] == HOME and len(parts) in (2, 3) else ""


def _conventional_entries(environment: str, path: str) -> Entries | None:
    """Returns the entries that a directory of the conventional layout has without an entry in the file."""
    if _conventional_owner(path) != environment or is_pattern(path):
        return None
    return (StackSetting(path, environment, path.rpartition("/")[2]),)


def _compare_new_commands(name: str, entry: Entry) -> Iterator[str]:
    """Yields the sentences for the commands of a new entry."""
    return Commands().compare(Pair("before_plan", name, (), entry.before_plan, ()))
