"""Named files in a private folder or in an object store (`s3://`, `gs://`, `az://`). They are never overwritten."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from terrace.adapters.object_store import open_store
from terrace.errors import BadInput, NotReady, TerraceError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_SCHEMES = ("s3", "s3a", "gs", "az", "azure", "abfs", "memory")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_UNFINISHED = ".unfinished-"


class Artifacts:
    """A store of artifacts at a URL or in a folder on this machine that only this user can read."""

    def __init__(self, place: str | Path) -> None:
        self._place = str(place)

    def put(self, name: str, content: bytes) -> None:
        """Stores an artifact durably and atomically. Storing the same content again is not an error. Raises
        TerraceError where the name has other content, NotReady where the store cannot be reached.
        """
        name = _check_name(name)
        with self._report_unreachable():
            try:
                return self._store.create(name, content)
            except FileExistsError as error:
                # The response to a successful request may have been lost, and the client sent it again.
                if self._store.read(name) == content:
                    return None
                raise TerraceError(
                    f"the artifact {name} already exists with other content; it is not overwritten"
                ) from error

    def get(self, name: str) -> bytes:
        """Returns the content. Raises BadInput where there is no such artifact, NotReady where the store cannot be
        reached."""
        name = _check_name(name)
        with self._report_unreachable():
            try:
                return self._store.read(name)
            except FileNotFoundError as error:
                raise BadInput(f"there is no artifact {name} in {self._place}") from error

    def head(self, name: str, length: int) -> bytes:
        """Returns up to that many bytes from the start of the content. Raises as `get` does."""
        name = _check_name(name)
        with self._report_unreachable():
            try:
                return self._store.read(name, length)
            except FileNotFoundError as error:
                raise BadInput(f"there is no artifact {name} in {self._place}") from error

    def remove(self, name: str) -> None:
        """Removes an artifact permanently; a missing one is not an error. Raises NotReady where the store cannot be
        reached."""
        name = _check_name(name)
        with self._report_unreachable(), contextlib.suppress(FileNotFoundError):
            self._store.remove(name)

    def names(self, prefix: str) -> tuple[str, ...]:
        """Returns all names in this folder and below, sorted."""
        with self._report_unreachable():
            return tuple(sorted(self._store.names(_check_name(prefix))))

    @cached_property
    def _store(self) -> _Store:
        scheme, separator, rest = self._place.partition("://")
        if not separator:
            return _Folder(Path(self._place))
        if scheme == "file":
            return _Folder(Path(rest))
        if scheme not in _SCHEMES:
            raise BadInput(
                f"{scheme}:// is not a supported store for backups",
                hint="set backups.url to a folder, or to a URL that starts with one of: "
                f"{', '.join(f'{s}://' for s in _SCHEMES)}",
            )
        return _Bucket(self._place)

    @contextlib.contextmanager
    def _report_unreachable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = str(error).strip().split("\n")[0][:300] or type(error).__name__
            raise NotReady(
                f"the store {self._place} cannot be used: {message}", hint="check backups.url and your access to it"
            ) from error


class _Store(Protocol):
    """Stores bytes by name. `create` raises FileExistsError for an existing name, the others FileNotFoundError for a
    missing one; all raise OSError where the store cannot be reached."""

    def create(self, name: str, content: bytes) -> None: ...

    def read(self, name: str, length: int | None = None) -> bytes: ...

    def remove(self, name: str) -> None: ...

    def names(self, prefix: str) -> list[str]: ...


class _Folder:
    """A folder on this machine. A file survives a crash of the machine once `create` has returned."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser()

    def create(self, name: str, content: bytes) -> None:
        target = self._folder / name
        _make_private(target.parent)
        descriptor, unfinished = tempfile.mkstemp(prefix=_UNFINISHED, dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # A link, unlike a rename, fails where the name exists.
            os.link(unfinished, target)
        finally:
            Path(unfinished).unlink()
        _settle(target.parent)

    def read(self, name: str, length: int | None = None) -> bytes:
        with (self._folder / name).open("rb") as file:
            return file.read(-1 if length is None else length)

    def remove(self, name: str) -> None:
        target = self._folder / name
        target.unlink()
        _settle(target.parent)

    def names(self, prefix: str) -> list[str]:
        paths = (path for path in (self._folder / prefix).rglob("*") if path.is_file())
        return [path.relative_to(self._folder).as_posix() for path in paths if not path.name.startswith(_UNFINISHED)]


class _Bucket:
    """An object store."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _store(self) -> ObjectStore:
        try:
            return open_store(self._url)
        except OSError as error:
            message = str(error).split("\n")[0]
            raise BadInput(
                f"the store {self._url} cannot be used: {message}", hint="check backups.url in terrace.yaml"
            ) from error

    def create(self, name: str, content: bytes) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError

        try:
            obstore.put(self._store, name, content, mode="create")
        except AlreadyExistsError as error:
            raise FileExistsError(name) from error
        except BaseError as error:
            raise OSError(str(error)) from error

    def read(self, name: str, length: int | None = None) -> bytes:
        import obstore
        from obstore.exceptions import BaseError

        try:
            if length is None:
                return bytes(obstore.get(self._store, name).bytes())
            return bytes(obstore.get(self._store, name, options={"range": (0, length)}).bytes())
        except BaseError as error:
            raise OSError(str(error)) from error

    def remove(self, name: str) -> None:
        import obstore
        from obstore.exceptions import BaseError

        try:
            obstore.delete(self._store, name)
        except BaseError as error:
            raise OSError(str(error)) from error

    def names(self, prefix: str) -> list[str]:
        import obstore
        from obstore.exceptions import BaseError

        try:
            return [item["path"] for page in obstore.list(self._store, prefix) for item in page]
        except BaseError as error:
            raise OSError(str(error)) from error


def _check_name(name: str) -> str:
    """Returns a valid name. Names also come from the ledger: they must never lead out of the store."""
    if not all(_PART.fullmatch(part) for part in name.split("/")):
        raise BadInput(f"{name!r} is not a valid artifact name")
    return name


def _make_private(folder: Path) -> None:
    """Creates a folder that only this user can enter, and its missing parents."""
    if folder.is_dir():
        return
    if folder.parent != folder:
        _make_private(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _settle(folder.parent)


def _settle(folder: Path) -> None:
    """Makes the names in a folder survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
