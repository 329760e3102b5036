"""A command of `before_plan` in terrace.yaml, with its working directory, its input files and its output files."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from datetime import timedelta

from terrace.config.file_patterns import escape_pattern, find_common_folder, matches
from terrace.config.stack_patterns import fill_captures

TIMEOUT = timedelta(minutes=10)
"""The default timeout of a command."""

OWN_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "TZ", "SOURCE_DATE_EPOCH")
"""Variables that Terrace sets for every command."""


@dataclass(frozen=True, slots=True)
class BeforePlan:
    """One command. `folder` is its working directory: "" is the root of the repository, None the stack's directory.

    Without `inputs` it can read its working directory. `outputs` are the only paths that it can write. `env` are the
    names of the environment variables that are passed to it. `line` is its line in the file, 0 if there is none.
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
        """The command in shell syntax, for messages."""
        return shlex.join(self.argv)

    def fill_captures(self, values: tuple[str, ...]) -> BeforePlan:
        """Returns the command with its captures replaced by the matches of a pattern.

        A directory name that contains a `*` still matches only itself.
        """
        names = tuple(escape_pattern(value) for value in values)
        return replace(
            self,
            argv=tuple(fill_captures(word, values) for word in self.argv),
            folder=None if self.folder is None else fill_captures(self.folder, values),
            inputs=tuple(fill_captures(glob, names) for glob in self.inputs),
            outputs=tuple(fill_captures(glob, names) for glob in self.outputs),
        )

    def at(self, path: str) -> BeforePlan:
        """Returns the command for the stack in a directory, with its working directory and inputs filled in."""
        folder = path if self.folder is None else self.folder
        return replace(self, folder=folder, inputs=self.inputs or (escape_pattern(folder),))

    def sees(self, path: str) -> bool:
        """Returns whether a path is among the inputs."""
        return any(matches(glob, path) for glob in self.inputs)

    def may_write(self, path: str) -> bool:
        """Returns whether a path is among the outputs."""
        return any(matches(glob, path) for glob in self.outputs)

    @property
    def output_folders(self) -> tuple[str, ...]:
        """The directories of the outputs, up to the first part with a pattern; without the root."""
        folders = (find_common_folder(glob) for glob in self.outputs)
        return tuple(dict.fromkeys(folder for folder in folders if folder))
