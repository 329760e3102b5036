"""The Git repository: all calls of `git` except those of the ledger and of trees."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

from terrace.adapters.file_lock import file_lock
from terrace.adapters.files import write_new, write_whole
from terrace.adapters.git import names
from terrace.adapters.git.access import Access, usual
from terrace.adapters.git.command import LOCAL_SECONDS, NETWORK_SECONDS, failure, git, mask_tokens, stream_blobs
from terrace.adapters.git.remote_errors import explain_remote
from terrace.adapters.git.standing_refs import conflicting_refs, resolution
from terrace.adapters.git.submodules import SubmoduleRules, Submodules, TreeWithSubmodules
from terrace.adapters.git.trees import Contents, GitTree
from terrace.adapters.git.worktree import Worktree
from terrace.adapters.process import Finished
from terrace.config.naming import find_nearest, quote_word
from terrace.errors import BadInput, NotReady, TerraceError
from terrace.hcl.tree import Tree
from terrace.stacks.repository import Author, Commit, co_authors

_NOBODY = "terrace@localhost"
_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_Answer = TypeVar("_Answer")
_ANSWERS = 256
"""Maximum number of cached results about commits."""
_VALUES = "--end-of-options"
"""Ends the options of a command: Git 2.24 for history, 2.30 for rev-parse."""


class GitRepository:
    """The repository that contains a folder. `cache` contains its private checkouts; `branch` is the protected branch.
    With an empty `remote`, methods that need the remote work only after `use`.
    """

    def __init__(
        self, root: Path, *, cache: Path, branch: str = "main", remote: str = "origin", access: Access = usual
    ) -> None:
        self.root = root
        self._access = access
        self.cache = cache
        self.branch = branch
        self._remote = names.remote(remote) if remote else remote
        self._snapshots: set[str] = set()
        self._submodules: Submodules | None = None
        self._contents = Contents()
        self._answers: dict[tuple[str, ...], object] = {}

    @staticmethod
    def around(folder: Path, *, cache: Path) -> GitRepository:
        """Returns the repository that contains `folder`. Raises NotReady where there is none."""
        if not folder.is_dir():
            problem = "is a file, and not a folder" if folder.exists() else "does not exist"
            raise BadInput(
                f"the folder {folder} {problem}", hint="pass the folder of your repository: terrace -C DIR ..."
            )
        done = git(folder, "rev-parse", "--show-toplevel")
        if done.code != 0:
            if b"dubious ownership" in done.err:
                raise NotReady(
                    f"{folder} belongs to another user, so that Git refuses to read it",
                    hint=f"if you trust it: git config --global --add safe.directory {quote_word(str(folder))}",
                )
            raise NotReady(
                f"{folder} is not in a Git repository", hint="change to your repository, or run `git init` here first"
            )
        return GitRepository(Path(os.fsdecode(done.out.rstrip(b"\n"))), cache=cache)

    def git(
        self,
        *args: str | Path,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = LOCAL_SECONDS,
    ) -> Finished:
        """Runs git in this repository without prompts; the caller checks the exit code."""
        return git(self.root, *args, stdin=stdin, env=env, timeout=timeout)

    def _text(self, *args: str | Path, env: Mapping[str, str] | None = None) -> str:
        done = self.git(*args, env=env)
        if done.code != 0:
            raise failure(self.root, str(args[0]), done)
        return os.fsdecode(done.out).strip()

    @cached_property
    def git_dir(self) -> Path:
        """Returns the Git directory that all worktrees of this repository share."""
        return (self.root / self._text("rev-parse", "--git-common-dir")).resolve()

    @cached_property
    def remote(self) -> str | None:
        """The name of the remote; None where the repository has none."""
        assert self._remote, "the remote is chosen together with the trust root, which must be read first"
        return self._remote if self.git("remote", "get-url", "--", self._remote).code == 0 else None

    def use(self, remote: str | None, branch: str) -> None:
        """Sets the remote (or none) and the protected branch. The caller has checked that they exist."""
        self.remote = names.remote(remote) if remote is not None else None
        self.branch = names.branch(branch) if branch else branch

    @property
    def remotes(self) -> tuple[str, ...]:
        """The names of all remotes."""
        return tuple(self._text("remote").split())

    def remote_head(self) -> str | None:
        """Asks the remote which branch its HEAD names; returns None where it names none. Raises NotReady where the
        remote cannot be reached.
        """
        assert self.remote is not None, "called only with a remote"
        asking = ("ls-remote", "--symref", "--", self.remote, "HEAD")
        done = self.git(*asking, env=self._access(), timeout=NETWORK_SECONDS)
        if done.code != 0:
            raise self._unreadable(done, f"git ls-remote {self.remote}")
        # The pattern also matches refs such as refs/heads/HEAD, which others can create: only HEAD itself is used.
        for line in done.out.splitlines():
            target, _, name = line.partition(b"\t")
            if name == b"HEAD" and target.startswith(b"ref: refs/heads/"):
                return os.fsdecode(target.removeprefix(b"ref: refs/heads/"))
        return None

    def recorded_head(self) -> str | None:
        """Returns the branch that this clone recorded for the HEAD of the remote; None without a record."""
        prefix = f"refs/remotes/{self.remote}/"
        done = self.git("symbolic-ref", "--quiet", f"{prefix}HEAD")
        target = os.fsdecode(done.out).strip()
        return target.removeprefix(prefix) if done.code == 0 and target.startswith(prefix) else None

    def record_head(self) -> None:
        """Records the protected branch as the HEAD of the remote, as `git clone` does."""
        prefix = f"refs/remotes/{self.remote}/"
        # The record is a convenience for later runs without a network: failing to write it is not an error.
        self.git("symbolic-ref", f"{prefix}HEAD", f"{prefix}{self.branch}")

    def local_branches(self) -> dict[str, str]:
        """Returns the local branches, each with its commit."""
        lines = self._text("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/").splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        return {name.removeprefix("refs/heads/"): commit for commit, name in pairs}

    def checked_out_branch(self) -> str | None:
        """Returns the local branch that HEAD names, which may have no commit yet; None where HEAD is detached."""
        done = self.git("symbolic-ref", "--quiet", "HEAD")
        target = os.fsdecode(done.out).strip()
        return target.removeprefix("refs/heads/") if done.code == 0 and target.startswith("refs/heads/") else None

    @property
    def remote_url(self) -> str | None:
        """The address of the remote in this repository; None without a remote."""
        remote = self.remote
        if remote is None:
            return None
        return self._once(("url", remote), lambda: self._text("remote", "get-url", "--", remote), bool)

    @property
    def shallow(self) -> bool:
        """Returns whether this is a shallow clone."""
        # Read from Git's file: a process for each question would take longer than most answers.
        return (self.git_dir / "shallow").exists()

    @property
    def dirty(self) -> tuple[str, ...]:
        """Returns the paths that differ from HEAD, including untracked ones."""
        done = self.git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
        if done.code != 0:
            # A failed status does not mean a clean working tree.
            raise failure(self.root, "status", done)
        return tuple(os.fsdecode(line[3:]) for line in done.out.split(b"\0") if line)

    def find_untracked(self) -> tuple[str, ...]:
        """Returns the paths of files that are not in the index, including ignored ones, without those that Terraform
        downloaded. The path of a folder that is a repository of its own ends with a slash.
        """
        done = self.git("ls-files", "--others", "--exclude=.terraform/", "--full-name", "-z", ":/")
        if done.code != 0:
            raise failure(self.root, "ls-files", done)
        return tuple(os.fsdecode(path) for path in done.out.split(b"\0") if path)

    def conflicts(self) -> frozenset[str]:
        """Returns the paths with merge conflicts."""
        done = self.git("ls-files", "--unmerged", "--full-name", "-z", ":/")
        if done.code != 0:
            raise failure(self.root, "ls-files", done)
        return frozenset(os.fsdecode(line.partition(b"\t")[2]) for line in done.out.split(b"\0") if line)

    def config(self, name: str) -> str | None:
        """Returns a value of the user's Git configuration, which is read once."""
        value = self._settings.get(_setting(name))
        return value.strip() if value is not None else None

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        """Returns the user's Git configuration, with the last value of each name. Empty where it cannot be read."""
        done = self.git("config", "--list", "-z")
        pairs = (os.fsdecode(line).partition("\n") for line in done.out.split(b"\0") if line)
        return {name: value for name, _, value in pairs} if done.code == 0 else {}

    def _once(self, question: tuple[str, ...], ask: Callable[[], _Answer], lasts: Callable[[_Answer], bool]) -> _Answer:
        """Returns the cached result of a question about commits by their full ids, where it cannot change."""
        if question in self._answers:
            return cast(_Answer, self._answers[question])
        answer = ask()
        if lasts(answer):
            if len(self._answers) >= _ANSWERS:
                self._answers.clear()
            self._answers[question] = answer
        return answer

    # --- commits ---------------------------------------------------------------------------------------------

    def resolve(self, ref: str) -> str:
        names.revision(ref)
        done = self.git("rev-parse", "--verify", "--quiet", _VALUES, f"{ref}^{{commit}}")
        if done.code != 0:
            raise BadInput(f"there is no commit {ref!r}", hint=self._hint_for_unknown(ref))
        return os.fsdecode(done.out).strip()

    def _hint_for_unknown(self, ref: str) -> str:
        """Returns the hint for a name that Git does not know: the nearest branch or tag, or how to list them."""
        if self.shallow:
            return "this clone is shallow and may lack it: `git fetch --unshallow`"
        if re.fullmatch(r"[0-9a-f]{4,64}", ref):
            return "`git log --oneline --all` lists the commits of this clone; `git fetch` brings newer ones"
        kinds = ("refs/heads", "refs/tags", "refs/remotes")
        near = find_nearest(ref, self._text("for-each-ref", "--format=%(refname:short)", *kinds).splitlines())
        if near is not None:
            return f"did you mean {near!r}? `git branch -a` and `git tag` list all names"
        return "`git branch -a` and `git tag` list the existing names"

    def _id(self, commit: str) -> str:
        """Returns the full id of a commit. Other methods pass only ids to Git: no name can be an option, a range or a
        search."""
        return commit if names.is_commit_id(commit) else self.resolve(commit)

    def _span(self, base: str | None, head: str) -> str:
        return self._id(head) if base is None else f"{self._id(base)}..{self._id(head)}"

    def is_own_snapshot(self, commit: str) -> bool:
        """Returns whether `snapshot` of this object created a commit. The commit's own author is not trusted."""
        return commit in self._snapshots

    def snapshot(self) -> str:
        with tempfile.TemporaryDirectory(prefix="terrace-index-") as folder:
            private = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            own = self.git_dir / "index"
            with contextlib.suppress(OSError):
                # The user's index records which files did not change, so that they are not read again. Its time is
                # kept, since Git uses it to detect files that changed right after it was written.
                shutil.copy2(own, Path(folder) / "index")
            self._text("add", "--all", ":/", env=private)
            tree = self._text("write-tree", env=private)
        identity = {
            "GIT_AUTHOR_NAME": "terrace",
            "GIT_AUTHOR_EMAIL": _NOBODY,
            "GIT_AUTHOR_DATE": "@0 +0000",
            "GIT_COMMITTER_NAME": "terrace",
            "GIT_COMMITTER_EMAIL": _NOBODY,
            "GIT_COMMITTER_DATE": "@0 +0000",
        }
        known = self.git("rev-parse", "HEAD^{commit}", "HEAD^{tree}")
        head = os.fsdecode(known.out).split() if known.code == 0 else []
        if head[1:] == [tree]:
            return head[0]
        parent = ("-p", head[0]) if head else ()
        snapshot = self._text("commit-tree", "-m", "working tree", *parent, "--", tree, env=identity)
        self._snapshots.add(snapshot)
        return snapshot

    def take_submodules(self, rules: Callable[[], SubmoduleRules | None]) -> None:
        """Includes the files of submodules in trees and private checkouts. `rules` is called when it is first
        needed."""
        stores = self.cache / "submodules"
        self._submodules = Submodules(self.root, stores, rules, self._access, self._contents)

    def tree(self, commit: str) -> Tree:
        own = self.own_tree(commit)
        return own if self._submodules is None else self._submodules.of(own)

    def own_tree(self, commit: str) -> GitTree:
        """Returns the files of a commit without submodules: rules are read from these."""
        return GitTree(self.root, commit, self._contents)

    def fetch(self) -> None:
        """Fetches the protected branch. Raises NotReady where the remote cannot be reached."""
        self._fetch(f"+refs/heads/{self.branch}:refs/remotes/{self.remote}/{self.branch}", self.branch)

    def bring(self, ref: str, commit: str) -> None:
        """Fetches the commit of a ref of the remote. Raises NotReady where the ref now has another commit."""
        names.commit_id(commit)
        self._fetch(names.refname(ref), ref)
        if self.git("cat-file", "-e", f"{commit}^{{commit}}").code != 0:
            raise NotReady(
                f"{ref} no longer points to {commit[:12]}",
                hint="a newer commit was pushed, which has an event of its own",
            )

    def _fetch(self, spec: str, name: str) -> None:
        if self.remote is None:
            return
        done = self.git(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            _VALUES,
            self.remote,
            spec,
            env=self._access(),
            timeout=NETWORK_SECONDS,
        )
        if done.code != 0:
            raise self._unreadable(done, f"git fetch {quote_word(self.remote)} {quote_word(name)}")

    def _unreadable(self, done: Finished, again: str) -> NotReady:
        why, hint = explain_remote(done.message)
        return NotReady(
            f"the remote {self.remote!r} cannot be read: {why}",
            hint=f"{hint}check the network and your access with `{again}`",
        )

    @property
    def has_protected_branch(self) -> bool:
        """Returns whether this clone has the protected branch."""
        return self._resolve_protected().code == 0

    def _resolve_protected(self) -> Finished:
        ref = f"refs/heads/{self.branch}" if self.remote is None else f"refs/remotes/{self.remote}/{self.branch}"
        return self.git("rev-parse", "--verify", "--quiet", _VALUES, f"{names.refname(ref)}^{{commit}}")

    def protected_tip(self) -> str:
        done = self._resolve_protected()
        if done.code == 0:
            return os.fsdecode(done.out).strip()
        if self.git("rev-parse", "--verify", "--quiet", "HEAD").code != 0:
            raise BadInput(
                f"this repository has no commit yet, so the protected branch {self.branch!r} does not exist",
                hint='git add --all && git commit -m "First commit"',
            )
        where = "" if self.remote is None else f" at the remote {self.remote!r}"
        push = f"`git push -u {quote_word(self.remote)} {quote_word(self.branch)}`" if self.remote else "create it"
        raise BadInput(
            f"the protected branch {self.branch!r} was not found{where}",
            hint=f"{push}, or configure another branch: `terrace doctor` shows how the branch is chosen",
        )

    def on_protected_branch(self, commit: str) -> bool | None:
        # Not cached: the tip moves.
        tip = self.protected_tip()
        question = ("line", tip, names.commit_id(commit))
        return self._once(question, lambda: self._on_line(tip, commit), lambda answer: answer is not None)

    def _on_line(self, tip: str, commit: str) -> bool | None:
        if commit in self._text("rev-list", "--first-parent", _VALUES, tip, "--").split("\n"):
            return True
        return None if self.shallow else False

    def merge_base(self, commit: str, other: str) -> str:
        done = self.git("merge-base", _VALUES, self._id(commit), self._id(other))
        if done.code not in (0, 1):
            raise failure(self.root, "merge-base", done)
        if done.code == 1:
            self._walk(f"{self._id(commit)}...{self._id(other)}")
        if done.code != 0:
            hint = (
                "`git fetch --unshallow` fetches the missing history" if self.shallow else "pass the base: --base REF"
            )
            raise BadInput(f"{commit[:7]} and {other[:7]} have no common commit in this clone", hint=hint)
        return os.fsdecode(done.out).strip()

    def contains(self, descendant: str, ancestor: str) -> bool:
        older, newer = self._id(ancestor), self._id(descendant)
        # The result may change when the clone is no longer shallow.
        return self._once(
            ("contains", newer, older), lambda: self._contains(newer, older), lambda yes: yes or not self.shallow
        )

    def _contains(self, newer: str, older: str) -> bool:
        done = self.git("merge-base", "--is-ancestor", _VALUES, older, newer)
        if done.code not in (0, 1):
            # A failed git command has no result.
            raise failure(self.root, "merge-base", done)
        if done.code == 1:
            self._walk(f"{older}..{newer}")
        return done.code == 0

    def _walk(self, span: str) -> None:
        """Raises NotReady where a commit of a range is missing: `git merge-base` would treat it as the start of
        history."""
        done = self.git("rev-list", "--count", _VALUES, span, "--")
        if done.code != 0:
            raise failure(self.root, "rev-list", done)

    def is_whole(self, base: str | None, head: str) -> bool:
        span = self._span(base, head)
        return self._once(("whole", span), lambda: self._is_whole(span), bool)

    def _is_whole(self, span: str) -> bool:
        if not self.shallow:
            return True
        # Git treats a commit at the boundary of a shallow clone as one without parents, also where both ends exist.
        cut_at = (self.git_dir / "shallow").read_text("ascii").split()
        done = self.git("rev-list", _VALUES, span, "--")
        return done.code == 0 and frozenset(cut_at).isdisjoint(os.fsdecode(done.out).split())

    def authors(self, base: str | None, head: str) -> tuple[Author, ...]:
        span = self._span(base, head)
        return self._once(("authors", span), lambda: self._authors(span), lambda _: not self.shallow)

    def _authors(self, span: str) -> tuple[Author, ...]:
        # No mailmap: anyone who can change .mailmap could change the authors.
        options = ("--no-show-signature", "--no-mailmap", "--no-notes", "--encoding=UTF-8", "-z")
        form = "--format=%an%n%ae%n%cn%n%ce%n%B"
        done = self.git("log", *options, form, _VALUES, span, "--")
        if done.code != 0:
            raise failure(self.root, "log", done)
        authors: set[Author] = set()
        for record in done.out.decode("utf-8", "replace").split("\0"):
            if not record.strip():
                continue
            name, email, committer, address, message = [*record.split("\n", 4), "", "", "", ""][:5]
            authors |= {Author(name, email), Author(committer, address), *co_authors(message)}
        return tuple(sorted(authors))

    def commits(self, base: str, head: str) -> tuple[Commit, ...]:
        options = ["--no-show-signature", "--no-notes", "--encoding=UTF-8", "-z", "--format=%H%n%P%n%B"]
        done = self.git("log", *options, _VALUES, self._span(base, head), "--")
        if done.code != 0:
            raise failure(self.root, "log", done)
        commits = []
        for record in done.out.decode("utf-8", "replace").split("\0"):
            if not record.strip():
                continue
            name, parents, message = [*record.split("\n", 2), ""][:3]
            if self.is_own_snapshot(name):
                continue
            commits.append(Commit(name, message, merge=" " in parents))
        return tuple(commits)

    def commits_on_first_parent(self, base: str | None, head: str) -> tuple[str, ...]:
        options = ("--first-parent", *(("--max-count=1",) if base is None else ()), _VALUES)
        return tuple(self._text("rev-list", *options, self._span(base, head), "--").split())

    def commits_touching(self, base: str, head: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        if not paths:
            return ()
        paths = (*paths, *self._submodules_above(paths, base, head))
        # Paths are passed on stdin, one per line, since they may exceed a command line. A name with a line break is
        # replaced by its folder.
        lines = (path.partition("\n")[0].rpartition("/")[0] or "." if "\n" in path else path for path in paths)
        request = os.fsencode("\n".join([self._span(base, head), "--", *lines, ""]))
        done = self.git("rev-list", "--first-parent", "--stdin", stdin=request, env={"GIT_LITERAL_PATHSPECS": "1"})
        if done.code != 0:
            raise failure(self.root, "rev-list", done)
        return tuple(os.fsdecode(done.out).split())

    def _submodules_above(self, paths: tuple[str, ...], *commits: str) -> tuple[str, ...]:
        """Returns the submodules that contain these paths: a change to them changes the commit of the submodule."""
        known = {submodule for commit in commits for submodule in self.own_tree(self._id(commit)).submodules}
        return tuple(
            submodule for submodule in sorted(known) if any(path.startswith(f"{submodule}/") for path in paths)
        )

    def changes_of(self, path: str, head: str, most: int) -> tuple[str, ...]:
        """Returns the newest commits, up to a limit, among the first parents of a commit in which a path changed."""
        options = ("--first-parent", f"--max-count={int(most)}", _VALUES, self._id(head), "--", path)
        done = self.git("rev-list", *options, env={"GIT_LITERAL_PATHSPECS": "1"})
        if done.code != 0:
            raise failure(self.root, "rev-list", done)
        return tuple(os.fsdecode(done.out).split())

    def write(self, path: str, content: bytes) -> None:
        """Writes a file of the user's working tree atomically and keeps its mode."""
        write_whole(self.root, path, content)

    # --- private checkouts -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def checkout(self, commit: str, name: str, added: Mapping[str, str] | None = None) -> Iterator[Path]:
        if not _PLACE.fullmatch(name):
            raise BadInput(f"{name!r} is not a valid name of a private checkout")
        folder = self.cache / "trees" / name
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file_lock(Path(f"{folder}.lock"), f"the private checkout {name}"):
            tree = self.tree(commit)
            if self._is_partial:
                self._fetch_missing(commit)
            blobs = tree.blobs if isinstance(tree, TreeWithSubmodules) else lambda ids: stream_blobs(self.root, ids)
            Worktree(folder, Path(f"{folder}.files")).match(tree, blobs)
            for path, text in (added or {}).items():
                try:
                    write_new(folder, path, text.encode())
                except FileExistsError as error:
                    raise BadInput(
                        f"the commit contains {path}, which is the name of a file that Terrace writes",
                        hint="rename that file and commit the change",
                    ) from error
            yield folder

    @property
    def _is_partial(self) -> bool:
        """Returns whether this is a partial clone."""
        value = self.config(f"remote.{self.remote}.promisor") if self.remote is not None else None
        return value is not None and value.lower() not in ("", "false", "no", "off", "0")

    def _fetch_missing(self, commit: str) -> None:
        """Fetches everything that a partial clone lacks of a commit in one request: Git would fetch file by file."""
        listing = ("--objects", "--no-object-names", "--missing=print", "--no-walk", _VALUES)
        listed = self.git("rev-list", *listing, names.commit_id(commit), "--")
        if listed.code != 0:
            raise failure(self.root, "rev-list", listed)
        missing = b"\n".join(line[1:] for line in listed.out.splitlines() if line.startswith(b"?"))
        if not missing or self.remote is None:
            return
        options = ("--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--filter=blob:none", "--stdin")
        asking = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", *options, _VALUES, self.remote)
        done = self.git(*asking, stdin=missing, env=self._access(), timeout=NETWORK_SECONDS)
        if done.code != 0:
            raise self._unreadable(done, f"git fetch {self.remote}")

    # --- reverts -----------------------------------------------------------------------------------------------

    def prepare_revert(self, branch: str, bad: str, good: str, message: str) -> str | None:
        names.branch(branch)
        tip = self.protected_tip()
        plain = ("--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")
        undo = self.git("diff", *plain, _VALUES, self._id(bad), self._id(good), "--")
        if undo.code != 0:
            raise failure(self.root, "diff", undo)
        with tempfile.TemporaryDirectory(prefix="terrace-index-") as folder:
            private = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._text("read-tree", self._id(tip), env=private)
            if undo.out:
                apply = ("apply", "--cached", "--whitespace=nowarn")
                if self.git(*apply, "--reverse", "--check", "-", stdin=undo.out, env=private).code == 0:
                    return None
                done = self.git(*apply, "--3way", "-", stdin=undo.out, env=private)
                if done.code != 0:
                    # Git names the files that it applied, too.
                    conflicts = [line for line in done.message.splitlines() if " cleanly" not in line]
                    raise BadInput(
                        f"{good[:7]}..{bad[:7]} cannot be reverted automatically on {tip[:7]}: "
                        f"{mask_tokens('; '.join(conflicts) or done.message)}",
                        hint=f"revert it manually: git revert {good[:7]}..{bad[:7]}, resolve the conflicts, merge",
                    )
            tree = self._text("write-tree", env=private)
            if undo.out and tree == self._text("rev-parse", f"{tip}^{{tree}}"):
                return None
        created = self._on_branch(branch, tree, tip, message)
        if self.remote is not None:
            self._push(f"refs/heads/{branch}", f"the branch {branch}")
        return created

    def _on_branch(self, branch: str, tree: str, parent: str, message: str) -> str:
        """Returns the commit of a branch that is new or already has this tree."""
        existing = self.git("rev-parse", "--verify", "--quiet", _VALUES, f"refs/heads/{branch}^{{commit}}")
        if existing.code == 0:
            current = os.fsdecode(existing.out).strip()
            if self._text("rev-parse", f"{current}^{{tree}}") != tree:
                raise BadInput(
                    f"the branch {branch} already exists with other content",
                    hint="No changes were made. Delete the branch or choose another name.",
                )
            return current
        created = self._text("commit-tree", "-m", message, "-p", parent, "--", tree, env=self._identity)
        self._text("update-ref", f"refs/heads/{branch}", created, "")
        return created

    @property
    def _identity(self) -> dict[str, str]:
        """Returns the author of Terrace's commits: the user, where Git has one configured."""
        name = self.config("user.name") or "terrace"
        email = self.config("user.email") or "terrace@localhost"
        return {
            f"GIT_{who}_{field}": value
            for who in ("AUTHOR", "COMMITTER")
            for field, value in (("NAME", name), ("EMAIL", email))
        }

    def _push(self, ref: str, subject: str) -> None:
        """Pushes a ref under its local name."""
        assert self.remote is not None, "asked only where there is a remote"
        how = ("--quiet", "--no-verify", "--no-recurse-submodules", _VALUES, self.remote, f"{ref}:{ref}")
        done = self.git("push", *how, env=self._access(), timeout=NETWORK_SECONDS)
        if done.code != 0:
            short = ref.split("/", 2)[2]
            standing = conflicting_refs(self.root, ref, self.remote, self._access())
            if standing:
                why, hint = resolution(ref, standing, self.remote)
                raise NotReady(f"{subject} could not be pushed: {why}", hint=hint)
            raise NotReady(
                f"{subject} could not be pushed: {mask_tokens(done.message)}",
                hint=f"push it manually: git push {quote_word(self.remote)} {quote_word(short)}",
            )

    # --- tags --------------------------------------------------------------------------------------------------

    def tag(self, name: str, commit: str, message: str) -> None:
        names.tag(name)
        names.commit_id(commit)
        existing = self.git("rev-parse", "--verify", "--quiet", _VALUES, f"refs/tags/{name}^{{commit}}")
        if existing.code != 0:
            how = ("--annotate", "--no-sign", "-m", message, _VALUES, name, commit)
            self._text("tag", *how, env=self._identity)
        elif os.fsdecode(existing.out).strip() != commit:
            raise TerraceError(f"the tag {name} already exists at another commit", hint="Terrace does not move tags")
        if self.remote is not None:
            self._push(f"refs/tags/{name}", f"the tag {name}")


def _setting(name: str) -> str:
    """Returns a setting's name as Git lists it: only the part between the first and the last dot keeps its case."""
    section, _, rest = name.partition(".")
    between, dot, key = rest.rpartition(".")
    return f"{section.lower()}.{between}{dot}{key.lower()}"
