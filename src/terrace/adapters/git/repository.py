"""The Git repository: every call of `git` that is not the ledger's or a tree's."""

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
from terrace.adapters.git.command import LOCAL_SECONDS, NETWORK_SECONDS, failure, git, masked, stream_blobs
from terrace.adapters.git.standing_refs import conflicting_refs, ways_out
from terrace.adapters.git.submodules import SubmoduleRules, Submodules, TreeWithSubmodules
from terrace.adapters.git.trees import Contents, GitTree
from terrace.adapters.git.worktree import Worktree
from terrace.adapters.process import Finished
from terrace.config.naming import shell_word
from terrace.errors import BadInput, NotReady, TerraceError
from terrace.hcl.tree import Tree
from terrace.stacks.repository import Author, Commit, co_authors

_NOBODY = "terrace@localhost"
_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_Answer = TypeVar("_Answer")
_ANSWERS = 256
"""Answers about commits that are kept."""
_VALUES = "--end-of-options"
"""What follows this is never an option: Git 2.24 for what walks history, 2.30 for rev-parse."""


class GitRepository:
    """The repository around a folder. `cache` is where its private checkouts live; `branch` is the protected one.

    With an empty `remote` nothing that needs the remote works before `use` has named it.
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
        """The repository that `folder` is in. Raises NotReady when it is in none."""
        found = git(folder, "rev-parse", "--show-toplevel")
        if found.code != 0:
            if b"dubious ownership" in found.err:
                raise NotReady(
                    f"{folder} belongs to somebody else, so Git refuses to read it",
                    hint=f"if you trust it: git config --global --add safe.directory {shell_word(str(folder))}",
                )
            raise NotReady(
                f"{folder} is not in a Git repository", hint="go to your repository, or run `git init` here first"
            )
        return GitRepository(Path(os.fsdecode(found.out.rstrip(b"\n"))), cache=cache)

    def git(
        self,
        *args: str | Path,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = LOCAL_SECONDS,
    ) -> Finished:
        """Run git in this repository, never asking anything; the caller looks at the exit code."""
        return git(self.root, *args, stdin=stdin, env=env, timeout=timeout)

    def _text(self, *args: str | Path, env: Mapping[str, str] | None = None) -> str:
        done = self.git(*args, env=env)
        if done.code != 0:
            raise failure(self.root, str(args[0]), done)
        return os.fsdecode(done.out).strip()

    @cached_property
    def git_dir(self) -> Path:
        """The folder that every worktree of this repository shares."""
        return (self.root / self._text("rev-parse", "--git-common-dir")).resolve()

    @cached_property
    def remote(self) -> str | None:
        """The remote's name, or None when the repository has no remote of that name."""
        assert self._remote, "the remote is decided together with the trust root, which was not asked for yet"
        return self._remote if self.git("remote", "get-url", "--", self._remote).code == 0 else None

    def use(self, remote: str | None, branch: str) -> None:
        """Take this remote, or none, and this protected branch from now on. The caller has checked that they exist."""
        self.remote = names.remote(remote) if remote is not None else None
        self.branch = names.branch(branch) if branch else branch

    @property
    def remotes(self) -> tuple[str, ...]:
        """The names of all remotes."""
        return tuple(self._text("remote").split())

    def remote_head(self) -> str | None:
        """The branch that the HEAD of the remote names, asked of the remote now; None where it names none.

        Raises NotReady when the remote is out of reach.
        """
        assert self.remote is not None, "asked only where there is a remote"
        asking = ("ls-remote", "--symref", "--", self.remote, "HEAD")
        done = self.git(*asking, env=self._access(), timeout=NETWORK_SECONDS)
        if done.code != 0:
            raise self._unreadable(done, f"git ls-remote {self.remote}")
        # The pattern matches refs like refs/heads/HEAD too, which others can create: only HEAD itself counts.
        for line in done.out.splitlines():
            target, _, name = line.partition(b"\t")
            if name == b"HEAD" and target.startswith(b"ref: refs/heads/"):
                return os.fsdecode(target.removeprefix(b"ref: refs/heads/"))
        return None

    def recorded_head(self) -> str | None:
        """The branch that this clone has recorded as the one that the HEAD of the remote names; None without one."""
        prefix = f"refs/remotes/{self.remote}/"
        done = self.git("symbolic-ref", "--quiet", f"{prefix}HEAD")
        target = os.fsdecode(done.out).strip()
        return target.removeprefix(prefix) if done.code == 0 and target.startswith(prefix) else None

    def record_head(self) -> None:
        """Record the protected branch as the one that the HEAD of the remote names, as `git clone` does."""
        prefix = f"refs/remotes/{self.remote}/"
        # A record is a convenience for later runs without a network: one that cannot be written is no failure.
        self.git("symbolic-ref", f"{prefix}HEAD", f"{prefix}{self.branch}")

    def local_branches(self) -> dict[str, str]:
        """The local branches, each with its commit."""
        lines = self._text("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/").splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        return {name.removeprefix("refs/heads/"): commit for commit, name in pairs}

    def checked_out_branch(self) -> str | None:
        """The local branch that HEAD names, which may have no commit yet; None when HEAD is detached."""
        done = self.git("symbolic-ref", "--quiet", "HEAD")
        target = os.fsdecode(done.out).strip()
        return target.removeprefix("refs/heads/") if done.code == 0 and target.startswith("refs/heads/") else None

    @property
    def remote_url(self) -> str | None:
        """Where the remote is, as this repository has it; None without a remote."""
        remote = self.remote
        if remote is None:
            return None
        return self._once(("url", remote), lambda: self._text("remote", "get-url", "--", remote), bool)

    @property
    def shallow(self) -> bool:
        """Whether history was cut off at clone, and was not made whole since."""
        # As Git itself tells it; a process for each question that depends on it would take longer than most answers.
        return (self.git_dir / "shallow").exists()

    @property
    def dirty(self) -> tuple[str, ...]:
        """Paths that differ from HEAD, untracked ones included."""
        done = self.git("status", "--porcelain", "-z", "--no-renames")
        if done.code != 0:
            # A status that failed is no clean working tree.
            raise failure(self.root, "status", done)
        return tuple(os.fsdecode(line[3:]) for line in done.out.split(b"\0") if line)

    def untracked(self) -> tuple[str, ...]:
        """Paths of files that the index does not have, ignored ones included; not those that Terraform downloaded.

        They end with a slash where a folder is a repository of its own.
        """
        done = self.git("ls-files", "--others", "--exclude=.terraform/", "--full-name", "-z", ":/")
        if done.code != 0:
            raise failure(self.root, "ls-files", done)
        return tuple(os.fsdecode(path) for path in done.out.split(b"\0") if path)

    def conflicts(self) -> frozenset[str]:
        """Paths that a merge left unmerged."""
        done = self.git("ls-files", "--unmerged", "--full-name", "-z", ":/")
        if done.code != 0:
            raise failure(self.root, "ls-files", done)
        return frozenset(os.fsdecode(line.partition(b"\t")[2]) for line in done.out.split(b"\0") if line)

    def config(self, name: str) -> str | None:
        """A value of the user's Git configuration, as it was when the first one was asked for."""
        value = self._settings.get(_setting(name))
        return value.strip() if value is not None else None

    @cached_property
    def _settings(self) -> Mapping[str, str]:
        """The user's Git configuration; the last value of each name counts. Empty where it cannot be read."""
        done = self.git("config", "--list", "-z")
        pairs = (os.fsdecode(line).partition("\n") for line in done.out.split(b"\0") if line)
        return {name: value for name, _, value in pairs} if done.code == 0 else {}

    def _once(self, question: tuple[str, ...], ask: Callable[[], _Answer], lasts: Callable[[_Answer], bool]) -> _Answer:
        """The answer to a question about commits by their full ids; one that lasts is not asked for again."""
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
            hint = "`git branch -a` and `git tag` list what there is"
            if self.shallow:
                hint = "this clone is shallow and may lack it: `git fetch --unshallow`"
            raise BadInput(f"there is no commit {ref!r}", hint=hint)
        return os.fsdecode(done.out).strip()

    def _id(self, commit: str) -> str:
        """The full id of a commit. Git is given nothing but ids: no name is an option, a range or a search."""
        return commit if names.is_commit_id(commit) else self.resolve(commit)

    def _span(self, base: str | None, head: str) -> str:
        return self._id(head) if base is None else f"{self._id(base)}..{self._id(head)}"

    def made_here(self, commit: str) -> bool:
        """Whether `snapshot` of this object made a commit. What a commit says about itself is not believed."""
        return commit in self._snapshots

    def snapshot(self) -> str:
        with tempfile.TemporaryDirectory(prefix="terrace-index-") as folder:
            private = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            own = self.git_dir / "index"
            with contextlib.suppress(OSError):
                # The user's index knows which files did not change, so that they are not read again. Its time goes
                # along: by that Git knows which files may have changed right after it was written.
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
        made = self._text("commit-tree", "-m", "working tree", *parent, "--", tree, env=identity)
        self._snapshots.add(made)
        return made

    def take_submodules(self, rules: Callable[[], SubmoduleRules | None]) -> None:
        """Have the files of submodules in trees and private checkouts from now on. `rules` is asked once it matters."""
        stores = self.cache / "submodules"
        self._submodules = Submodules(self.root, stores, rules, self._access, self._contents)

    def tree(self, commit: str) -> Tree:
        own = self.own_tree(commit)
        return own if self._submodules is None else self._submodules.of(own)

    def own_tree(self, commit: str) -> GitTree:
        """Returns the files of a commit without those of any submodule: what rules are read from."""
        return GitTree(self.root, commit, self._contents)

    def fetch(self) -> None:
        """Bring the protected branch up to date. Raises NotReady when the remote is out of reach."""
        self._fetch(f"+refs/heads/{self.branch}:refs/remotes/{self.remote}/{self.branch}", self.branch)

    def bring(self, ref: str, commit: str) -> None:
        """Have the commit that a ref of the remote leads to. Raises NotReady when it leads to another one by now."""
        names.commit_id(commit)
        self._fetch(names.refname(ref), ref)
        if self.git("cat-file", "-e", f"{commit}^{{commit}}").code != 0:
            raise NotReady(
                f"{ref} does not lead to {commit[:12]}", hint="it was pushed over; the newer one is told too"
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
            raise self._unreadable(done, f"git fetch {shell_word(self.remote)} {shell_word(name)}")

    def _unreadable(self, done: Finished, again: str) -> NotReady:
        return NotReady(
            f"the remote {self.remote!r} cannot be read: {masked(done.message)}",
            hint=f"check the network and your access with `{again}`",
        )

    @property
    def has_protected_branch(self) -> bool:
        """Whether the protected branch is known here."""
        return self._protected().code == 0

    def _protected(self) -> Finished:
        ref = f"refs/heads/{self.branch}" if self.remote is None else f"refs/remotes/{self.remote}/{self.branch}"
        return self.git("rev-parse", "--verify", "--quiet", _VALUES, f"{names.refname(ref)}^{{commit}}")

    def protected_tip(self) -> str:
        done = self._protected()
        if done.code == 0:
            return os.fsdecode(done.out).strip()
        raise BadInput(
            f"the protected branch {self.branch!r} was not found",
            hint="push it, or name another branch: `terrace doctor` shows what decides",
        )

    def on_protected_branch(self, commit: str) -> bool | None:
        # The tip is asked for anew each time: it moves.
        tip = self.protected_tip()
        question = ("line", tip, names.commit_id(commit))
        return self._once(question, lambda: self._on_line(tip, commit), lambda answer: answer is not None)

    def _on_line(self, tip: str, commit: str) -> bool | None:
        if commit in self._text("rev-list", "--first-parent", _VALUES, tip, "--").split("\n"):
            return True
        return None if self.shallow else False

    def merge_base(self, one: str, other: str) -> str:
        done = self.git("merge-base", _VALUES, self._id(one), self._id(other))
        if done.code not in (0, 1):
            raise failure(self.root, "merge-base", done)
        if done.code == 1:
            self._walk(f"{self._id(one)}...{self._id(other)}")
        if done.code != 0:
            hint = "`git fetch --unshallow` brings the missing history" if self.shallow else "name the base: --base REF"
            raise BadInput(f"{one[:7]} and {other[:7]} have no common commit here", hint=hint)
        return os.fsdecode(done.out).strip()

    def contains(self, descendant: str, ancestor: str) -> bool:
        older, newer = self._id(ancestor), self._id(descendant)
        # A clone that is not shallow any more may know better.
        return self._once(
            ("contains", newer, older), lambda: self._contains(newer, older), lambda yes: yes or not self.shallow
        )

    def _contains(self, newer: str, older: str) -> bool:
        done = self.git("merge-base", "--is-ancestor", _VALUES, older, newer)
        if done.code not in (0, 1):
            # A git that failed said neither yes nor no.
            raise failure(self.root, "merge-base", done)
        if done.code == 1:
            self._walk(f"{older}..{newer}")
        return done.code == 0

    def _walk(self, span: str) -> None:
        """Raise NotReady where a commit of a span is lost: `git merge-base` takes it for the beginning of history."""
        done = self.git("rev-list", "--count", _VALUES, span, "--")
        if done.code != 0:
            raise failure(self.root, "rev-list", done)

    def is_whole(self, base: str | None, head: str) -> bool:
        span = self._span(base, head)
        return self._once(("whole", span), lambda: self._is_whole(span), bool)

    def _is_whole(self, span: str) -> bool:
        if not self.shallow:
            return True
        # Git takes a commit at which history was cut off for one without parents, also where both ends are here.
        cut_at = (self.git_dir / "shallow").read_text("ascii").split()
        done = self.git("rev-list", _VALUES, span, "--")
        return done.code == 0 and frozenset(cut_at).isdisjoint(os.fsdecode(done.out).split())

    def authors(self, base: str | None, head: str) -> tuple[Author, ...]:
        span = self._span(base, head)
        return self._once(("authors", span), lambda: self._authors(span), lambda _: not self.shallow)

    def _authors(self, span: str) -> tuple[Author, ...]:
        # No mailmap: whoever may change .mailmap would say who wrote what.
        given = ("--no-show-signature", "--no-mailmap", "--no-notes", "--encoding=UTF-8", "-z")
        form = "--format=%an%n%ae%n%cn%n%ce%n%B"
        done = self.git("log", *given, form, _VALUES, span, "--")
        if done.code != 0:
            raise failure(self.root, "log", done)
        found: set[Author] = set()
        for record in done.out.decode("utf-8", "replace").split("\0"):
            if not record.strip():
                continue
            name, email, committer, address, message = [*record.split("\n", 4), "", "", "", ""][:5]
            found |= {Author(name, email), Author(committer, address), *co_authors(message)}
        return tuple(sorted(found))

    def commits(self, base: str, head: str) -> tuple[Commit, ...]:
        given = ["--no-show-signature", "--no-notes", "--encoding=UTF-8", "-z", "--format=%H%n%P%n%B"]
        done = self.git("log", *given, _VALUES, self._span(base, head), "--")
        if done.code != 0:
            raise failure(self.root, "log", done)
        found = []
        for record in done.out.decode("utf-8", "replace").split("\0"):
            if not record.strip():
                continue
            name, parents, message = [*record.split("\n", 2), ""][:3]
            if self.made_here(name):
                continue
            found.append(Commit(name, message, merge=" " in parents))
        return tuple(found)

    def landed(self, base: str | None, head: str) -> tuple[str, ...]:
        given = ("--first-parent", *(("--max-count=1",) if base is None else ()), _VALUES)
        return tuple(self._text("rev-list", *given, self._span(base, head), "--").split())

    def touching(self, base: str, head: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        if not paths:
            return ()
        paths = (*paths, *self._submodules_above(paths, base, head))
        # Paths go in by stdin: there may be more than a command line takes.
        # One a line: in the place of a name with a line end stands the folder that it lies in.
        lines = (path.partition("\n")[0].rpartition("/")[0] or "." if "\n" in path else path for path in paths)
        wanted = os.fsencode("\n".join([self._span(base, head), "--", *lines, ""]))
        done = self.git("rev-list", "--first-parent", "--stdin", stdin=wanted, env={"GIT_LITERAL_PATHSPECS": "1"})
        if done.code != 0:
            raise failure(self.root, "rev-list", done)
        return tuple(os.fsdecode(done.out).split())

    def _submodules_above(self, paths: tuple[str, ...], *commits: str) -> tuple[str, ...]:
        """The submodules that paths lie in: a commit that changes them changes the commit of the submodule."""
        known = {one for commit in commits for one in self.own_tree(self._id(commit)).submodules}
        return tuple(one for one in sorted(known) if any(path.startswith(f"{one}/") for path in paths))

    def changes_of(self, path: str, head: str, most: int) -> tuple[str, ...]:
        """Returns the newest commits, at most so many, of the first parents of a commit in which a path changed."""
        given = ("--first-parent", f"--max-count={int(most)}", _VALUES, self._id(head), "--", path)
        done = self.git("rev-list", *given, env={"GIT_LITERAL_PATHSPECS": "1"})
        if done.code != 0:
            raise failure(self.root, "rev-list", done)
        return tuple(os.fsdecode(done.out).split())

    def write(self, path: str, content: bytes) -> None:
        """Write a file of the user's working tree, whole or not at all, with the mode that it has."""
        write_whole(self.root, path, content)

    # --- private checkouts -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def checkout(self, commit: str, name: str, added: Mapping[str, str] | None = None) -> Iterator[Path]:
        if not _PLACE.fullmatch(name):
            raise BadInput(f"{name!r} is not a name of a private checkout")
        folder = self.cache / "trees" / name
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file_lock(Path(f"{folder}.lock"), f"the private checkout {name}"):
            tree = self.tree(commit)
            if self._is_partial:
                self._complete(commit)
            blobs = tree.blobs if isinstance(tree, TreeWithSubmodules) else lambda ids: stream_blobs(self.root, ids)
            Worktree(folder, Path(f"{folder}.files")).become(tree, blobs)
            for path, text in (added or {}).items():
                try:
                    write_new(folder, path, text.encode())
                except FileExistsError as error:
                    raise BadInput(
                        f"{path} is in the commit, and Terrace would write a file of that name",
                        hint="call that file something else, and commit that",
                    ) from error
            yield folder

    @property
    def _is_partial(self) -> bool:
        """Whether this clone left contents at the remote."""
        told = self.config(f"remote.{self.remote}.promisor") if self.remote is not None else None
        return told is not None and told.lower() not in ("", "false", "no", "off", "0")

    def _complete(self, commit: str) -> None:
        """Bring what a partial clone lacks of a commit, all at once: Git by itself would ask for file after file."""
        given = ("--objects", "--no-object-names", "--missing=print", "--no-walk", _VALUES)
        found = self.git("rev-list", *given, names.commit_id(commit), "--")
        if found.code != 0:
            raise failure(self.root, "rev-list", found)
        missing = b"\n".join(line[1:] for line in found.out.splitlines() if line.startswith(b"?"))
        if not missing or self.remote is None:
            return
        options = ("--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--filter=blob:none", "--stdin")
        asking = ("-c", "fetch.negotiationAlgorithm=noop", "fetch", *options, _VALUES, self.remote)
        done = self.git(*asking, stdin=missing, env=self._access(), timeout=NETWORK_SECONDS)
        if done.code != 0:
            raise self._unreadable(done, f"git fetch {self.remote}")

    # --- reverts -----------------------------------------------------------------------------------------------

    def prepare_revert(self, branch: str, bad: str, good: str, message: str) -> str:
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
                done = self.git("apply", "--cached", "--3way", "--whitespace=nowarn", "-", stdin=undo.out, env=private)
                if done.code != 0:
                    raise BadInput(
                        f"{good[:7]}..{bad[:7]} cannot be taken back on {tip[:7]} by itself: {masked(done.message)}",
                        hint="revert it by hand: git revert, resolve, merge",
                    )
            tree = self._text("write-tree", env=private)
        made = self._on_branch(branch, tree, tip, message)
        if self.remote is not None:
            self._push(f"refs/heads/{branch}", f"the branch {branch}")
        return made

    def _on_branch(self, branch: str, tree: str, parent: str, message: str) -> str:
        """The commit of a branch that is new, or that holds this tree already."""
        existing = self.git("rev-parse", "--verify", "--quiet", _VALUES, f"refs/heads/{branch}^{{commit}}")
        if existing.code == 0:
            found = os.fsdecode(existing.out).strip()
            if self._text("rev-parse", f"{found}^{{tree}}") != tree:
                raise BadInput(f"the branch {branch} exists and holds something else", hint="nothing was changed")
            return found
        made = self._text("commit-tree", "-m", message, "-p", parent, "--", tree, env=self._identity)
        self._text("update-ref", f"refs/heads/{branch}", made, "")
        return made

    @property
    def _identity(self) -> dict[str, str]:
        """Who writes what Terrace writes: the user, where Git knows one."""
        name = self.config("user.name") or "terrace"
        email = self.config("user.email") or "terrace@localhost"
        return {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", email))
        }

    def _push(self, ref: str, what: str) -> None:
        """Push a ref as it is called here."""
        assert self.remote is not None, "asked only where there is a remote"
        how = ("--quiet", "--no-verify", "--no-recurse-submodules", _VALUES, self.remote, f"{ref}:{ref}")
        done = self.git("push", *how, env=self._access(), timeout=NETWORK_SECONDS)
        if done.code != 0:
            short = ref.split("/", 2)[2]
            standing = conflicting_refs(self.root, ref, self.remote, self._access())
            if standing:
                why, hint = ways_out(ref, standing, self.remote)
                raise NotReady(f"{what} could not be pushed: {why}", hint=hint)
            raise NotReady(
                f"{what} could not be pushed: {masked(done.message)}",
                hint=f"push it yourself: git push {shell_word(self.remote)} {shell_word(short)}",
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
            raise TerraceError(f"the tag {name} exists and names another commit", hint="nothing was moved")
        if self.remote is not None:
            self._push(f"refs/tags/{name}", f"the tag {name}")


def _setting(name: str) -> str:
    """A name as Git lists it: only what lies between the first and the last dot keeps its case."""
    section, _, rest = name.partition(".")
    between, dot, key = rest.rpartition(".")
    return f"{section.lower()}.{between}{dot}{key.lower()}"
