"""The first records of the corridor: a stack, and a change set with the reasons of every impact."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.config.model import DEFAULT_WORKSPACE


@dataclass(frozen=True, slots=True, order=True)
class Stack:
    """One Terraform root module of one environment. `path` is its folder from the root of the repository.

    `after` names the keys of stacks of the same environment that go first. Several environments may share a
    `path` when they differ in `var_files` (paths from the root of the repository), `backend_config` or `workspace`, the
    CLI workspace of Terraform that it is planned and applied in. `backend_files` are files with settings for its
    backend block; those of `backend_config` come before theirs.
    """

    environment: str
    path: str
    name: str
    after: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    backend_config: tuple[tuple[str, str], ...] = ()
    workspace: str = DEFAULT_WORKSPACE
    backend_files: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What people call it: `dev` for the only stack of dev, `prod/network` for one of several."""
        return self.environment if self.name == self.environment else f"{self.environment}/{self.name}"

    @property
    def shown_path(self) -> str:
        """Returns the folder as people write it: `.` for the root of the repository, whose `path` is "" in here."""
        return self.path or "."

    def file(self, name: str) -> str:
        """Returns the path of a file of its folder, from the root of the repository."""
        return f"{self.path}/{name}" if self.path else name

    @staticmethod
    def conventional(environment: str, path: str) -> Stack:
        """The stack of a folder by the house convention: `environments/<env>[/<stack>]`."""
        return Stack(environment=environment, path=path, name=path.rpartition("/")[2])


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """Why a stack is impacted: `path` changed, and `chain` leads from it to the stack (`path` not repeated).

    `kind` is one of: `stack` (a file of its folder), `module`, `read` (a file that an expression reads),
    `variables` (tfvars), `backend` (a file with settings of its backend), `lock`, `link` (through a symbolic link),
    `version` (a file that says which Terraform runs), `command` (a file that a command before the plan sees),
    `configuration` (terrace.yaml), `new` (the stack was not there),
    `unsure` (it could not be told, so it counts), `folder` (another file of its folder or of a module's, which
    something may read). `place` is where the expression or the command `text` is that reads, or may read, the path:
    `file:line`.
    """

    kind: str
    path: str
    chain: tuple[str, ...] = ()
    place: str = ""
    text: str = ""

    @property
    def is_doubt(self) -> bool:
        """Whether it is not known that the stack reads the path, only that it may."""
        return self.kind in ("unsure", "folder")


@dataclass(frozen=True, slots=True)
class Impact:
    """A stack that a change touches, with at least one reason."""

    stack: Stack
    reasons: tuple[Reason, ...]

    @property
    def unsure(self) -> bool:
        """Whether nothing but doubt speaks for this impact."""
        return all(reason.is_doubt for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in the repository that does not stop the work but should be known."""

    message: str
    path: str
    line: int = 0
    hint: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Dependent:
    """A stack that reads outputs of another one, by a data source at `path`:`line`. `certain` is False where it may be
    that it reads those of another stack."""

    stack: str
    of: str
    certain: bool
    path: str
    line: int


@dataclass(frozen=True, slots=True, order=True)
class LostOutput:
    """An output that the stack `owner` no longer has, and that the stack `reader` uses at `path`:`line`."""

    owner: str
    output: str
    reader: str
    certain: bool
    path: str
    line: int


@dataclass(frozen=True, slots=True, order=True)
class Renamed:
    """A stack that is gone at head, and one that is new there and has its state. Both are keys."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The commits base..head and the stacks they touch; `removed` stacks existed at base and are gone at head.

    `changed` are the paths that differ. `base` and `head` are full commit ids.

    `dependents` read outputs of the stacks that are touched; `lost_outputs` are removed while a stack reads them.
    `renamed` are those of `removed` whose state a new stack of the same environment has.
    """

    base: str
    head: str
    changed: tuple[str, ...]
    impacts: tuple[Impact, ...]
    removed: tuple[Stack, ...] = ()
    notices: tuple[Notice, ...] = ()
    dependents: tuple[Dependent, ...] = ()
    lost_outputs: tuple[LostOutput, ...] = ()
    renamed: tuple[Renamed, ...] = ()

    @property
    def edited(self) -> tuple[str, ...]:
        """The paths that somebody edited: none where all that stands is looked at as if it were a change."""
        return self.changed if self.base != self.head else ()


# --- Origin: what set a change going. A new situation is a new type, not a flag. ---------------------------


@dataclass(frozen=True, slots=True)
class Manual:
    """Somebody typed the command."""

    by: str


@dataclass(frozen=True, slots=True)
class Automatic:
    """`terrace tick` found it due: the environment deploys what lands on the protected branch."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """What succeeded in `source` goes one step up."""

    source: str
    by: str


@dataclass(frozen=True, slots=True)
class Rollback:
    """Somebody takes an environment back to an earlier release, because of what the deployment `of` did there."""

    of: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class AutomaticRollback:
    """The deployment `of` failed, and terrace.yaml says `on_failure: rollback`."""

    of: str
    reason: str


@dataclass(frozen=True, slots=True)
class Remediation:
    """Drift that the check `of` (the id of its event) saw is taken back to what was deployed."""

    of: str
    by: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """What the deployment `of` left behind, when nobody knew how its apply ended, is brought in order."""

    of: str
    by: str


@dataclass(frozen=True, slots=True)
class Destruction:
    """Everything that the stacks hold is taken down."""

    by: str
    reason: str


Undoing = Rollback | AutomaticRollback
"""Takes an environment back to what was there before."""

Repairing = Rollback | AutomaticRollback | Recovery | Destruction
"""May enter a held environment: each is a way out of what it is held for."""

Origin = Manual | Automatic | Promotion | Rollback | AutomaticRollback | Remediation | Recovery | Destruction


def is_requested(origin: Origin) -> bool:
    """Whether a person asked for it, and not a clock or a failure."""
    return not isinstance(origin, Automatic | AutomaticRollback)
