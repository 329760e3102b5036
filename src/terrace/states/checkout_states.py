"""States that exist before Terrace first deploys a stack: the files of Terraform in the user's checkout."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from terrace.plans.ports import RecordedBackend
    from terrace.stacks.model import Stack


@dataclass(frozen=True, slots=True)
class LeftState:
    """A local state that Terraform wrote: the file, its content, and why that cannot be read ("" where it can)."""

    path: str
    content: bytes = field(repr=False)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class UncommittedBackend:
    """A block of a backend in a file of the checkout that the commit does not have: of which type, and where."""

    type: str
    path: str
    line: int


class LeftStates(Protocol):
    """Looks for what Terraform left on this machine, and puts it aside once it was moved."""

    def find(self, stack: Stack, paths: tuple[str, ...]) -> tuple[LeftState, ...]:
        """Returns the local states with objects or outputs: beside the stack, at these paths, and of workspaces: of its
        own, or of every one where it names none."""
        ...

    def backend(self, stack: Stack) -> RecordedBackend | None:
        """Returns the backend other than a local one that a user's `init` recorded for the stack."""
        ...

    def uncommitted_backend(self, stack: Stack, committed: Container[str]) -> UncommittedBackend | None:
        """Returns the first block of a backend other than a local one in a file of the stack's folder that is not
        among the paths of a commit."""
        ...

    def sources(self, stack: Stack, path: str) -> tuple[str, ...]:
        """Returns the paths in the checkout that decide what a file of a stack is: itself, what `init` recorded for the
        stack, their folders, and what links lead to."""
        ...

    def read(self, path: str) -> LeftState:
        """Returns the state in a file of that path. Raises BadInput where there is none."""
        ...

    def put_aside(self, state: LeftState) -> str:
        """Renames the file of a state that was moved, so that no command takes it for the state; returns its new path.

        Raises NotReady where that cannot be done, and where the file has another content by now.
        """
        ...


class NoLeftStates:
    """Used without a user's checkout: there are no such files."""

    def find(self, stack: Stack, paths: tuple[str, ...]) -> tuple[LeftState, ...]:
        """Returns none."""
        return ()

    def backend(self, stack: Stack) -> RecordedBackend | None:
        """Returns none."""
        return None

    def uncommitted_backend(self, stack: Stack, committed: Container[str]) -> UncommittedBackend | None:
        """Returns none."""
        return None

    def sources(self, stack: Stack, path: str) -> tuple[str, ...]:
        """Returns none."""
        return ()

    def read(self, path: str) -> LeftState:
        """Returns an empty state."""
        return LeftState(path, b"")

    def put_aside(self, state: LeftState) -> str:
        """Leaves the file where it is."""
        return state.path
