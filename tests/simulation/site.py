"""The repository of the simulation: commits in memory, their configuration a few comments that its Terraform reads."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from support.configuration import load
from support.trees import DictTree, inventory
from terrace.config.model import Config, policy_version
from terrace.errors import BadInput
from terrace.hcl.tree import Tree
from terrace.stacks import repository
from terrace.stacks.inventory import Inventory
from terrace.stacks.repository import Author

RULES = """\
version: 1
environments:
  dev: {deploy: automatic}
  staging:
    after: dev
    soak: 10m
    approvals: {count: COUNT, expires: 24h}
    smoke: [{run: [smoke]}]
    on_failure: rollback
  prod:
    after: staging
    approvals: {roles: {lead: 1, security: 1}, expires: 8h}
    rollback: 1
    health: [{run: [look]}]
    rollout: {bake: 10m, every: 2m, passes: 2, of: 3}
    on_failure: rollback
teams: {lead: [bob, dan], security: [cid, dan]}
people: {ann: {emails: [ann@example.com]}, bob: {}, cid: {}, dan: {}, eve: {emails: [eve@example.com]}}
stacks:
  - {path: environments/dev/app, environment: dev, name: app, after: [network]}
  - {path: environments/staging/app, environment: staging, name: app, after: [network]}
  - {path: environments/prod/app, environment: prod, name: app, after: [network]}
  - {path: environments/prod/web, environment: prod, name: web, after: [network]}
"""

STACKS = {"dev": ("network", "app"), "staging": ("network", "app"), "prod": ("network", "app", "web")}
KEYS = tuple(f"{environment}/{name}" for environment, names in STACKS.items() for name in names)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one stack of a commit asks for, address -> value; and what it is going to fail with, "" for nothing."""

    things: Mapping[str, str]
    ailment: str = ""

    def text(self) -> str:
        """As it stands in the commit."""
        return "".join(f"# {a} = {v}\n" for a, v in self.things.items()) + f"# ailment: {self.ailment}\n"

    @staticmethod
    def read(text: str) -> Wanted:
        """What a commit says."""
        pairs = [(a, v) for a, _, v in (line[2:].partition(" = ") for line in text.splitlines()) if v]
        return Wanted(dict(pairs), text.rpartition("# ailment: ")[2].strip())


def thing(stack: str) -> str:
    """The address of what every release of a stack has."""
    return f"terraform_data.{stack.replace('/', '_')}"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the protected branch."""

    id: str
    files: Mapping[str, str]
    author: Author

    def wanted(self, stack: str) -> Wanted:
        """What it asks of a stack."""
        return Wanted.read(self.files[f"environments/{stack}/main.tf"])

    @property
    def config(self) -> Config:
        return _config(self.files["terrace.yaml"])

    @property
    def policy(self) -> str:
        return policy_version(self.files["terrace.yaml"].encode(), b"", {})


@functools.cache
def _config(text: str) -> Config:
    return load(text.encode(), discovered=tuple(STACKS))


@functools.cache
def _inventory(rules: str, paths: tuple[str, ...]) -> Inventory:
    return inventory({**dict.fromkeys(paths, ""), "terrace.yaml": rules})


class Branch:
    """The protected branch, all that there is of the repository. Commits are asked for by every process."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.reverts: dict[str, tuple[str, str]] = {}
        self.tags: dict[str, str] = {}
        self.checkouts: dict[Path, tuple[Commit, Mapping[str, str]]] = {}

    def add(self, files: Mapping[str, str], author: str) -> Commit:
        """Merge something."""
        name = hashlib.sha1(f"{len(self.commits)} {author}".encode()).hexdigest()
        made = Commit(name, files, Author(author, f"{author}@example.com"))
        self.commits.append(made)
        return made

    @property
    def tip(self) -> Commit:
        return self.commits[-1]

    def commit(self, name: str) -> Commit:
        """The commit of that id."""
        return next(c for c in self.commits if c.id == name)

    def survey(self, name: str) -> Inventory:
        """What stands at a commit."""
        files = self.commit(name).files
        return replace(_inventory(files["terrace.yaml"], tuple(sorted(files))), commit=name)

    def between(self, base: str | None, head: str) -> list[Commit]:
        """The commits of base..head."""
        names = [c.id for c in self.commits]
        start = names.index(base) + 1 if base is not None else 0
        return self.commits[start : names.index(head) + 1]


class MemoryRepository:
    """The branch as a process sees it through the Protocol."""

    def __init__(self, branch: Branch) -> None:
        self._branch = branch

    def resolve(self, ref: str) -> str:
        """Any beginning of a commit id."""
        found = [c.id for c in self._branch.commits if ref and c.id.startswith(ref)]
        if len(found) != 1:
            raise BadInput(f"there is no commit {ref}")
        return found[0]

    def snapshot(self) -> str:
        """Nobody changes anything without committing it here."""
        return self._branch.tip.id

    def tree(self, commit: str) -> Tree:
        """The files of a commit."""
        return DictTree(self._branch.commit(commit).files)

    def protected_tip(self) -> str:
        """The newest commit."""
        return self._branch.tip.id

    def on_protected_branch(self, commit: str) -> bool | None:
        """There is no other branch."""
        return any(c.id == commit for c in self._branch.commits)

    def merge_base(self, one: str, other: str) -> str:
        """The older one of both: history is a line."""
        names = [c.id for c in self._branch.commits]
        return min(one, other, key=names.index)

    def contains(self, descendant: str, ancestor: str) -> bool:
        """Whether the ancestor is not the newer one."""
        return self.merge_base(descendant, ancestor) == ancestor

    def authors(self, base: str | None, head: str) -> tuple[Author, ...]:
        """Everybody who wrote a commit of base..head."""
        return tuple(dict.fromkeys(c.author for c in self._branch.between(base, head)))

    def commits(self, base: str, head: str) -> tuple[repository.Commit, ...]:
        """None: nobody looks at messages here."""
        return ()

    def is_whole(self, base: str | None, head: str) -> bool:
        """Always: nobody clones anything here."""
        return True

    def commits_on_first_parent(self, base: str | None, head: str) -> tuple[str, ...]:
        return (head,)

    def commits_touching(self, base: str, head: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        """The commits of base..head that change one of these files; newest first."""
        found = []
        for commit in self._branch.between(base, head):
            before = self._branch.commits[self._branch.commits.index(commit) - 1]
            if any(before.files.get(path) != commit.files.get(path) for path in paths):
                found.append(commit.id)
        return tuple(reversed(found))

    @contextmanager
    def checkout(self, commit: str, name: str, added: Mapping[str, str] | None = None) -> Iterator[Path]:
        """A path that only the Terraform of the simulation can read."""
        path = Path(f"/checkouts/{len(self._branch.checkouts)}/{name}")
        self._branch.checkouts[path] = (self._branch.commit(commit), added or {})
        yield path

    def prepare_revert(self, branch: str, bad: str, good: str, message: str) -> str:
        """Remember what a merge of that branch would bring."""
        self._branch.reverts[branch] = (bad, good)
        return good

    def tag(self, name: str, commit: str, message: str) -> None:
        """The same again is no error."""
        if self._branch.tags.setdefault(name, commit) != commit:
            raise BadInput(f"the tag {name} is another commit's")
