"""The inputs of a command, in a folder of their own, and its outputs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.files import read_plain
from terrace.config.before_plan import BeforePlan
from terrace.errors import BadInput
from terrace.hcl.layout import Layout
from terrace.hcl.tree import Tree, read_many
from terrace.plans.before_plan_outputs import Prepared
from terrace.plans.ports import Site
from terrace.stacks.before_plan import reserved_reason
from terrace.words import join_some

OUTPUT_BYTES = 512 * 2**20
"""Maximum size of outputs in bytes."""

OUTPUT_FILES = 20_000
"""Maximum number of output files."""

INPUT_BYTES = 2**30
"""Maximum size of inputs in bytes."""

EPOCH = 315532800
"""1980-01-01, the earliest date in a zip file: the date of every input, and SOURCE_DATE_EPOCH."""

_DEEPEST = 200
_SHOWN = 5

Look = tuple[int, ...]
"""The attributes of a file that change with every modification."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file that a command can read, with Git's mode. `content` of a link is its target."""

    mode: str
    content: bytes

    @property
    def is_link(self) -> bool:
        return self.mode == "120000"

    @property
    def executable(self) -> bool:
        return self.mode == "100755"


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a command wrote: its path, and whether it is executable."""

    place: Path
    executable: bool


def inputs_of(tree: Tree, command: BeforePlan, outputs: Mapping[str, Input]) -> dict[str, Input]:
    """Returns the inputs of a command: files of the commit, and `outputs` of earlier commands. Raises BadInput
    where there are none, and where they are too large.
    """
    paths = [path for path in tree.entries if command.sees(path)]
    layout = Layout(tree)
    contents = read_many(tree, paths)
    inputs: dict[str, Input] = {}
    for path in paths:
        entry = tree.entries[path]
        # A link that leads out of the repository is dangling in a private checkout too.
        if not entry.is_link or layout.is_inside(path):
            inputs[path] = Input(entry.mode, contents[path])
    inputs |= {path: file for path, file in outputs.items() if command.sees(path)}
    named = ", ".join(name or "." for name in command.inputs)
    if not inputs:
        raise BadInput(
            f"its inputs contain no file of the commit: {named}",
            hint="paths in `inputs` are relative to the root of the repository",
        )
    size = sum(len(file.content) for file in inputs.values())
    if size > INPUT_BYTES:
        raise BadInput(
            f"its inputs have {size:,} bytes; the maximum is {INPUT_BYTES:,}: {named}",
            hint="list fewer files in `inputs`",
        )
    return inputs


def stage(tree: Path, files: Mapping[str, Input], folder: str, folders: Iterable[str] = ()) -> dict[str, Look]:
    """Writes the inputs into an empty folder, creates more `folders` there, and returns the attributes of the inputs.
    All have the same date, so that archives of them are reproducible. A folder is not created where an input is a file
    or a link of that name.
    """
    (tree / folder).mkdir(parents=True, exist_ok=True)
    for path, file in sorted(files.items(), key=lambda item: item[1].is_link):
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.is_link:
            place.symlink_to(os.fsdecode(file.content))
        else:
            place.write_bytes(file.content)
            place.chmod(0o755 if file.executable else 0o644)
        os.utime(place, (EPOCH, EPOCH), follow_symlinks=False)
    for path in folders:
        _make_folder(tree, path)
    for directory, _, _ in os.walk(tree, topdown=False):
        Path(directory).chmod(0o755)
        os.utime(directory, (EPOCH, EPOCH))
    return {path: look_of((tree / path).lstat()) for path in files}


def _make_folder(tree: Path, path: str) -> None:
    """Creates a folder with its parents. No link is followed."""
    place = tree
    for name in path.split("/"):
        place /= name
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            return
        place.mkdir(exist_ok=True)


def collect(
    tree: Path, files: Mapping[str, Input], staged: Mapping[str, Look], site: Site, command: BeforePlan
) -> dict[str, Written]:
    """Returns the files that a command wrote, by path. All its processes must have exited. Raises BadInput for outputs
    that are not allowed.
    """
    outputs: dict[str, Written] = {}
    outside: list[str] = []
    size = 0
    for path, location, about in _walk(tree):
        if path in files and (staged[path] == look_of(about) or _is_same(location, about, files[path])):
            continue
        if not command.may_write(path):
            outside.append(path)
            continue
        if not path.isprintable():
            raise BadInput(f"it wrote {path!r}, whose name is not valid UTF-8", hint="use names in UTF-8")
        check_output(site, command, path)
        if not stat.S_ISREG(about.st_mode):
            kind = "a link" if stat.S_ISLNK(about.st_mode) else "not a plain file"
            raise BadInput(f"it wrote {path!r}, which is {kind}", hint="write plain files only")
        size += about.st_size
        outputs[path] = Written(location, bool(about.st_mode & 0o100))
        if size > OUTPUT_BYTES or len(outputs) > OUTPUT_FILES:
            raise BadInput(
                f"its outputs have more than {OUTPUT_BYTES:,} bytes or {OUTPUT_FILES:,} files",
                hint="remove files that the plan does not need, or write them to $TMPDIR",
            )
    if outside:
        raise BadInput(
            f"it wrote {join_some([repr(path) for path in sorted(outside)], _SHOWN)}, which `outputs` does not list",
            hint="add it to `outputs`, or write it to $TMPDIR",
        )
    return outputs


def check_output(site: Site, command: BeforePlan, path: str) -> None:
    """Raises BadInput for a path that no command, or not this one, can write."""
    why = reserved_reason(path, (*site.stack.var_files, *site.stack.backend_files))
    if why is not None:
        raise BadInput(f"it wrote {path!r}: {why}", hint="commit that file, or write another one")
    if not command.may_write(path):
        raise BadInput(f"it wrote {path!r}, which `outputs` does not list", hint="add it to `outputs`")


def find_changed(root: Path, prepared: Sequence[Prepared]) -> str | None:
    """Returns the first file of a checkout that changed since a command wrote it, or None."""
    last = {file.path: file for command in prepared for file in command.files}
    for path, file in last.items():
        try:
            content = read_plain(root, path)
        except (OSError, BadInput):
            content = None
        if content is None or hashlib.sha256(content).hexdigest() != file.sha256:
            return path
    return None


def look_of(about: os.stat_result) -> Look:
    """Returns the attributes of a file that change with every modification."""
    # The change time of an inode cannot be set.
    return (about.st_dev, about.st_ino, about.st_mode, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def _walk(tree: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    """Yields all entries below a folder except folders. Raises BadInput where they are nested too deeply."""
    queue = [""]
    while queue:
        current = queue.pop()
        try:
            (tree / current).chmod(0o700)
            with os.scandir(tree / current) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            raise BadInput(f"it wrote the folder {current[:200]!r}, which cannot be read: {error.strerror}") from error
        for entry in entries:
            path = f"{current}/{entry.name}" if current else entry.name
            if entry.is_dir(follow_symlinks=False):
                if path.count("/") > _DEEPEST:
                    raise BadInput(f"it wrote folders that are nested too deeply: {path[:200]!r}")
                queue.append(path)
            else:
                yield path, Path(entry.path), entry.stat(follow_symlinks=False)


def _is_same(location: Path, about: os.stat_result, file: Input) -> bool:
    """Returns whether a file that was written again is unchanged."""
    if file.is_link:
        return stat.S_ISLNK(about.st_mode) and os.fsencode(location.readlink()) == file.content
    if not stat.S_ISREG(about.st_mode) or about.st_size != len(file.content):
        return False
    if bool(about.st_mode & 0o100) != file.executable:
        return False
    with contextlib.suppress(OSError):
        return location.read_bytes() == file.content
    return False
