"""Compares the content of a commit on the protected branch with the reviewed content: Git repeats the merge."""

from __future__ import annotations

import contextlib
import os
import re

from terrace.adapters.git import names
from terrace.adapters.git.command import failure
from terrace.adapters.git.repository import GitRepository
from terrace.errors import NotReady

_OID = re.compile(rb"[0-9a-f]{40,64}")
# The merge settings of forges: those of the user have no effect.
_AS_FORGES = (
    *("-c", "merge.renames=true"),
    *("-c", "merge.directoryRenames=conflict"),
    *("-c", "merge.renormalize=false"),
    *("-c", f"core.attributesFile={os.devnull}"),
)


class GitMergedContent:
    """Uses the clone; fetches a missing reviewed commit by the ref that the forge keeps for it."""

    def __init__(self, repository: GitRepository) -> None:
        self._repository = repository

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Returns whether one commit is in the history of another."""
        return self._repository.contains(descendant, ancestor)

    def parents(self, commit: str) -> tuple[str, ...]:
        """Returns the parents of a commit. Raises NotReady where this clone lacks the commit, or is shallow there."""
        done = self._repository.git("rev-parse", "--verify", "--quiet", f"{names.commit_id(commit)}^@")
        ids = tuple(os.fsdecode(done.out).split())
        if not ids and (self._repository.shallow or not self._has(commit)):
            raise NotReady(f"this clone does not have the parents of {commit[:12]}", hint="`git fetch --unshallow`")
        return ids

    def is_merge(self, commit: str, base: str, head: str, ref: str) -> bool:
        """Returns whether the content of a commit is exactly the merge of two others, without a conflict. `ref` is the
        ref of `head` at the remote. Raises NotReady where Git cannot determine it.
        """
        if not self._has(head):
            self._repository.bring(ref, names.commit_id(head))
        merge = self._repository.git(*_AS_FORGES, "merge-tree", "--write-tree", "--no-messages", base, head)
        if merge.code == 1 and _OID.match(merge.out):
            return self._is_really_different()
        if b"unrelated histories" in merge.err:
            return self._is_really_different()
        if merge.code != 0:
            if b"usage: git merge-tree" in merge.err or b"unknown option" in merge.err:
                raise NotReady(
                    "this version of Git cannot repeat the merge of the reviewed commit",
                    hint="install Git 2.38 or newer",
                )
            raise failure(self._repository.root, "merge-tree", merge)
        lines = merge.out.split()
        held = self._repository.git("rev-parse", "--verify", "--quiet", f"{names.commit_id(commit)}^{{tree}}")
        if held.code != 0 or len(lines) != 1 or not _OID.fullmatch(lines[0]):
            raise failure(self._repository.root, "rev-parse", held)
        return held.out.strip() == lines[0] or self._is_really_different()

    def _is_really_different(self) -> bool:
        """Returns False. Raises NotReady in a shallow clone, where Git may have used another merge base than the
        forge."""
        if self._repository.shallow:
            raise NotReady(
                "this clone is too shallow to repeat the merge of the reviewed commit", hint="`git fetch --unshallow`"
            )
        return False

    def _has(self, commit: str) -> bool:
        with contextlib.suppress(NotReady):
            return self._repository.git("cat-file", "-e", f"{names.commit_id(commit)}^{{commit}}").code == 0
        return False
