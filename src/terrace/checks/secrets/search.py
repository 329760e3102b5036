"""The search for secrets in commits and in files, for the check `secrets` and for `terrace scan secrets`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Protocol

from terrace.assess.model import Finding
from terrace.checks.secrets.baseline import PATH, Baseline, read_baseline
from terrace.checks.secrets.findings import (
    COMMITS_MISSING,
    UNCOMMITTED,
    is_in_file,
    more_accepted,
    partial_scan_findings,
    secret_findings,
    with_commits,
)
from terrace.checks.secrets.model import Fingerprint, Leak, fingerprints, leaks
from terrace.checks.secrets.patch import Patch, whole_file
from terrace.hcl.tree import Tree, read_many

_AT_ONCE = 200
"""Maximum number of files of submodules in memory at once."""


class SearchedCommits(Protocol):
    """The commits of a repository that the search for secrets reads."""

    def tree(self, commit: str) -> Tree:
        """Returns the files of a commit."""
        ...

    def own_tree(self, commit: str) -> Tree:
        """Returns the files of a commit without those of its submodules."""
        ...

    def is_whole(self, base: str | None, head: str) -> bool:
        """Returns whether every commit of base..head is in this clone."""
        ...

    def is_own_snapshot(self, commit: str) -> bool:
        """Returns whether a commit is a snapshot of the working tree that this process created."""
        ...


Patches = Callable[[str | None, str], Iterable[Patch]]
"""Returns the text that the commits of base..head add, file by file; all of head's history where base is None."""


class SecretSearch:
    """A search for secrets in one repository. `trusted` is the commit whose accepted secrets are valid."""

    def __init__(self, repository: SearchedCommits, patches: Patches, trusted: str, today: date) -> None:
        self._repository = repository
        self._patches = patches
        self._trusted = trusted
        self._today = today

    def change(self, base: str, head: str) -> tuple[Finding, ...]:
        """Returns a finding for each secret that the commits of base..head add, even if a later one removes it."""
        old, new = self._baseline(self._trusted), self._baseline(head)
        return (*self._history(base, head, old), *more_accepted(old, new, PATH))

    def history(self, head: str) -> tuple[Finding, ...]:
        """Returns a finding for each secret that any commit added that is reachable from a ref or `head`."""
        return self._history(None, head, self._baseline(self._trusted))

    def files(self, head: str) -> tuple[Finding, ...]:
        """Returns a finding for each secret in the files of a commit."""
        baseline = self._baseline(self._trusted)
        partial: list[Patch] = []
        tree = self._repository.tree(head)
        read = _note_partial((whole_file(head, path, tree.read(path)) for path in tree.entries), partial)
        current = tuple(leaks(read, self._fingerprint(baseline)))
        return (
            *secret_findings(current, current, baseline, self._today, PATH, is_in_file),
            *partial_scan_findings(partial),
        )

    def _history(self, base: str | None, head: str, baseline: Baseline) -> tuple[Finding, ...]:
        partial: list[Patch] = []
        fingerprint = self._fingerprint(baseline)
        patches = chain(self._patches(base, head), self._of_submodules(base, head))
        added = tuple(leaks(_note_partial(patches, partial), fingerprint))
        current = self._current_leaks(head, {leak.path for leak in added}, fingerprint)
        fresh = head if self._repository.is_own_snapshot(head) else ""

        def whence(commit: str) -> str:
            return UNCOMMITTED if commit == fresh else with_commits(commit)

        missing = () if self._repository.is_whole(base, head) else (COMMITS_MISSING,)
        return (
            *secret_findings(added, current, baseline, self._today, PATH, whence),
            *partial_scan_findings(partial),
            *missing,
        )

    def _of_submodules(self, base: str | None, head: str) -> Iterator[Patch]:
        """Yields the changed files of submodules as a whole: no commit of this repository adds their lines."""
        tree, own = self._repository.tree(head), self._repository.own_tree(head).entries
        if len(tree.entries) == len(own):
            return
        before = self._repository.tree(base).entries if base is not None else {}
        paths = [path for path, entry in tree.entries.items() if path not in own and before.get(path) != entry]
        for start in range(0, len(paths), _AT_ONCE):
            for path, content in read_many(tree, paths[start : start + _AT_ONCE]).items():
                yield whole_file(head, path, content)

    def _current_leaks(self, head: str, paths: Iterable[str], fingerprint: Fingerprint) -> Iterator[Leak]:
        tree = self._repository.tree(head)
        existing = [path for path in sorted(paths) if path in tree.entries]
        contents = read_many(tree, existing)
        yield from leaks((whole_file(head, path, contents[path]) for path in existing), fingerprint)

    def _baseline(self, commit: str) -> Baseline:
        tree = self._repository.tree(commit)
        return read_baseline(tree.read(PATH)) if PATH in tree.entries else Baseline()

    def _fingerprint(self, baseline: Baseline) -> Fingerprint:
        return fingerprints(baseline.salt.encode())


def _note_partial(patches: Iterable[Patch], partial: list[Patch]) -> Iterator[Patch]:
    for patch in patches:
        if not patch.whole:
            partial.append(patch)
        yield patch
