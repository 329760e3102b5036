"""Reads and writes the generated files in the user's working tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from terrace.adapters.files import remove, write_whole
from terrace.apps.workflows.record import LOCK, Record, decode, encode_record
from terrace.apps.workflows.upgrading import Upgrade
from terrace.errors import BadInput, NotReady

_ONE_OF_A_KIND = ("CODEOWNERS", "pull_request_template.md")
_AGAIN = "then run again: terrace init github --upgrade"


def read_lock_file(root: Path) -> Record | None:
    """Returns the lock file; None where there is none, so that nothing was generated yet."""
    text = _text(root, LOCK)
    return None if text is None else decode(text)


def read_existing(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Returns the existing ones of these files. Raises BadInput for one that cannot be read or whose path contains a
    link."""
    texts = {path: _text(root, path) for path in paths}
    return {path: text for path, text in texts.items() if text is not None}


def find_namesakes(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Returns those of these files that exist in another location that GitHub reads: generated -> existing. GitHub uses
    the first that it finds: writing the generated one would silently disable the existing one.
    """
    single = [path for path in paths if path.rpartition("/")[2] in _ONE_OF_A_KIND]
    namesakes = {path: next(_namesakes(root, path), "") for path in single}
    return {path: other for path, other in namesakes.items() if other}


def _namesakes(root: Path, path: str) -> Iterator[str]:
    name = path.rpartition("/")[2].lower()
    for folder in ("", ".github/", "docs/"):
        near = (root / folder).iterdir() if (root / folder).is_dir() else ()
        yield from (
            f"{folder}{near_path.name}"
            for near_path in near
            if near_path.name.lower() == name and f"{folder}{near_path.name}" != path
        )


def perform(root: Path, todo: Upgrade) -> None:
    """Writes the changes. Each file is replaced atomically, the lock file last, so that the next run completes an
    interrupted one."""
    for path in todo.gone:
        remove(root, path)
    for path, text in {**todo.writes, LOCK: encode_record(todo.record)}.items():
        _write(root, path, text)


def _text(root: Path, path: str) -> str | None:
    place = _place(root, path)
    try:
        return place.read_bytes().decode("utf-8", "replace") if place.exists() else None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", hint="fix it, or move it away") from error


def _place(root: Path, path: str) -> Path:
    """Returns the path of a file. Links on the way are not followed, since they can lead anywhere."""
    place = root
    for part in Path(path).parts:
        place = place / part
        if place.is_symlink():
            raise BadInput(
                f"{place.relative_to(root)} is a link", hint="replace it by a folder or file of the repository"
            )
    return place


def _write(root: Path, path: str, text: str) -> None:
    try:
        write_whole(root, path, text.encode(), make_folders=True)
    except NotReady as error:
        raise NotReady(error.message, place=error.place, hint=_AGAIN) from error
