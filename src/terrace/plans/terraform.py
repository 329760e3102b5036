"""What the corridor needs of Terraform or OpenTofu. `terrace.adapters.terraform` is the real one.

Nothing here names a flag or a file name of Terraform: those are the adapter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from terrace.errors import Diagnostic
from terrace.stacks.model import Stack

Purpose = Literal["plan", "apply"]
"""Which credentials of the environment the child gets."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where one stack is worked on: its tree is checked out at `root` (never the user's checkout).

    `variables` is what the child's environment holds beyond the allow-list: the environment's credentials for the
    purpose at hand, resolved. They are secrets: never printed, never stored.
    """

    stack: Stack
    root: Path
    init_key: str
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def folder(self) -> Path:
        return self.root / self.stack.path


@dataclass(frozen=True, slots=True)
class Progress:
    """One thing that Terraform said while it worked. `phase`: refresh, plan, start, progress, done, failed, log."""

    stack: str
    phase: str
    address: str = ""
    action: str = ""
    seconds: float = 0.0
    text: str = ""


Listener = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class MadePlan:
    """A plan as Terraform made it. `document` is `show -json`: it holds secrets in clear, keep it in memory.

    `file` is the saved plan (secrets too; its folder is private), `sha256` its hash: apply takes exactly it.
    """

    document: bytes
    file: Path
    sha256: str
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """The state as the backend gave it: secrets in clear, keep it in memory. Empty `content`: there is none yet."""

    content: bytes
    lineage: str = ""
    serial: int = -1
    terraform_version: str = ""
    outputs: Mapping[str, Output] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a state; `value` is JSON data."""

    value: object
    sensitive: bool


class Terraform(Protocol):
    """Plans, reads state and formats. Every method may raise TerraformFailed or NotReady."""

    @property
    def version(self) -> str:
        """The version in use, "1.11.4"."""
        ...

    @property
    def product(self) -> str:
        """ "terraform" or "tofu"."""
        ...

    def plan(self, site: Site, *, refresh: bool = True, listener: Listener | None = None) -> MadePlan:
        """Initialise where needed, plan, and show. The saved plan is the caller's to remove (its folder)."""
        ...

    def pull_state(self, site: Site) -> StateSnapshot:
        """The current state of the stack, initialising where needed."""
        ...

    def unformatted(self, root: Path, paths: tuple[str, ...]) -> Mapping[str, str]:
        """Of these files the ones that `fmt` would change: path -> unified diff. Nothing is written."""
        ...
