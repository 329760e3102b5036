"""Named files in a folder or in any object store (`s3://`, `gs://`, `az://`). Written once, never over."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from terrace.errors import BadInput, NotReady, TerraceError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_SCHEMES = ("s3://", "s3a://", "gs://", "az://", "azure://", "abfs://", "memory://")


class Artefacts:
    """A store of artefacts at a URL or in a folder of this machine; the folder is private."""

    def __init__(self, place: str | Path) -> None:
        self._place = place

    @cached_property
    def _store(self) -> ObjectStore:
        from obstore.store import LocalStore, from_url

        text = str(self._place)
        if text.startswith(_SCHEMES):
            try:
                return from_url(text)
            except Exception as error:
                raise BadInput(f"the store {text!r} cannot be used: {error}", hint="see backups.url") from error
        folder = Path(text.removeprefix("file://"))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        return LocalStore(folder)

    def put(self, name: str, content: bytes) -> None:
        """Store it, whole or not at all. Raises TerraceError when that name is taken, NotReady when out of reach."""
        import obstore
        from obstore.exceptions import AlreadyExistsError, BaseError

        try:
            obstore.put(self._store, name, content, mode="create")
        except AlreadyExistsError as error:
            raise TerraceError(f"the artefact {name} exists already and is not written over") from error
        except (BaseError, OSError) as error:
            raise self._unreachable(error) from error

    def get(self, name: str) -> bytes:
        """Its content. Raises BadInput when there is none of that name."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError as error:
            raise BadInput(f"there is no artefact {name}") from error
        except (BaseError, OSError) as error:
            raise self._unreachable(error) from error

    def names(self, prefix: str) -> tuple[str, ...]:
        """Every name that begins with this folder, sorted."""
        import obstore
        from obstore.exceptions import BaseError

        try:
            return tuple(sorted(item["path"] for page in obstore.list(self._store, prefix) for item in page))
        except FileNotFoundError:
            return ()
        except (BaseError, OSError) as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: BaseException) -> NotReady:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return NotReady(
            f"the store {self._place} cannot be used: {first[:300]}", hint="check backups.url and access to it"
        )
