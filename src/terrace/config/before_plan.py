"""A command of `before_plan` in terrace.yaml: where it runs, which files it sees, and what it may write."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from datetime import timedelta

from terrace.config.file_patterns import literal, literal_folder, matches
from terrace.config.stack_patterns import filled

TIMEOUT = timedelta(minutes=10)
"""How long a command may take where terrace.yaml does not say."""

OWN_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "TZ", "SOURCE_DATE_EPOCH")
"""Variables that Terrace sets for every command."""


@dataclass(frozen=True, slots=True)
class BeforePlan:
    """One command. `folder` is where it runs: "" is the root of the repository, None the folder of the stack.

    Without `inputs` it sees the folder that it runs in. `outputs` are the only paths that it may write. `env` names the
    variables of Terrace's own environment that it gets. `line` is where it is in the file, 0 where that is not known.
    """

    argv: tuple[str, ...]
    folder: str | None = None
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    network: bool = False
    timeout: timedelta = TIMEOUT
    line: int = field(default=0, compare=False)

    @property
    def shown(self) -> str:
        """Returns the command as a shell would take it, for messages."""
        return shlex.join(self.argv)

    def filled(self, values: tuple[str, ...]) -> BeforePlan:
        """Returns the command with its captures replaced by what a pattern matched.

        A name of a folder with a `*` in it stays that name: it does not match others.
        """
        names = tuple(literal(value) for value in values)
        return replace(
            self,
            argv=tuple(filled(one, values) for one in self.argv),
            folder=None if self.folder is None else filled(self.folder, values),
            inputs=tuple(filled(one, names) for one in self.inputs),
            outputs=tuple(filled(one, names) for one in self.outputs),
        )

    def at(self, path: str) -> BeforePlan:
        """Returns the command for the stack in a folder: where it runs and what it sees are filled in."""
        folder = path if self.folder is None else self.folder
        return replace(self, folder=folder, inputs=self.inputs or (literal(folder),))

    def sees(self, path: str) -> bool:
        """Returns whether a path is among the inputs."""
        return any(matches(glob, path) for glob in self.inputs)

    def may_write(self, path: str) -> bool:
        """Returns whether a path is among the outputs."""
        return any(matches(glob, path) for glob in self.outputs)

    @property
    def output_folders(self) -> tuple[str, ...]:
        """Returns the folders that the outputs lie in, as far as they are named without a pattern; not the root."""
        found = (literal_folder(glob) for glob in self.outputs)
        return tuple(dict.fromkeys(folder for folder in found if folder))
