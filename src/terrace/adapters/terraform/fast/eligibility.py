"""Decides whether a stack is planned with the fast lane: where everything about it is proven."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from terrace.adapters.cache_file import write_cache
from terrace.adapters.terraform.data_folder import DataFolder
from terrace.adapters.terraform.fast.lane import REATTACH, Lane, LaneDied, LaneRequest, LaneUse
from terrace.adapters.terraform.fast.memory import Memory, Surprise, name_of
from terrace.adapters.terraform.fast.package import NotInstalled, NotProven, Package, package_of
from terrace.hcl.lock_file import read_lock_file
from terrace.plans.ports import Site

PLAIN: Mapping[str, str] = {}
"""Additional variables of Terraform without the fast lane: none."""

PLAINLY = frozenset({REATTACH, "TF_LOG", "TF_LOG_PROVIDER"})
"""Variables with which a stack does not use the fast lane: it already has such servers, or requests logs of
providers."""

NOWHERE = {
    "Protocol": "grpc",
    "ProtocolVersion": 5,
    "Pid": 1,
    "Test": True,
    "Addr": {"Network": "unix", "String": "/nowhere/no-provider-is-needed"},
}
"""The socket of a provider that does not exist."""


class LaneDecisions:
    """Decides for every stack, and records unexpected events. `cache` can be deleted at any time."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "fast"
        self.schemas = self._folder / "schemas"
        """The folder of cached provider schemas."""
        self._lane = Lane(self.schemas)
        self._lost = ""
        self.memory = Memory(self._folder)

    def placeholder_variables(self, folder: DataFolder, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Returns variables for a command that uses no provider, such as `state pull`. Terraform hashes the programs of
        all providers before any command (0.5 s for AWS), except those with a given socket. Should the command use one
        after all, it fails without effects.
        """
        if REATTACH in environment:
            return PLAIN
        return {REATTACH: json.dumps({locked.address: NOWHERE for locked in read_lock_file(folder.lock_file)})}

    def prepare(
        self, site: Site, folder: DataFolder, environment: Mapping[str, str], state: Callable[[], bytes | None]
    ) -> LaneRequest | None:
        """Returns what the lane serves to a stack; None where the stack does not use it. `state` returns its state,
        None where it cannot be read; it is called until its types are known.
        """
        providers = read_lock_file(folder.lock_file)
        if not providers or self._lost or not PLAINLY.isdisjoint(environment):
            return None
        self._lane.start()
        packages: list[Package] = []
        for locked in providers:
            try:
                packages.append(package_of(folder.path, locked, self._folder / "seals"))
            except NotInstalled:
                return None
            except (NotProven, OSError) as error:
                # Terraform starts it itself, or rejects it.
                self.note(site, f"{locked.address}: {error}")
        if not packages or self.memory.exclusion(site.stack.key, name_of(packages)) is not None:
            return None
        types = known_types(folder)
        content = state() if types is None else None
        if content is not None:
            types = types_in(content)
            keep_types(folder, types)
        return LaneRequest(packages, words(site.folder, folder.path) | (types or frozenset()))

    @contextlib.contextmanager
    def ride(self, site: Site, load: LaneRequest, environment: Mapping[str, str]) -> Iterator[LaneUse]:
        """Uses the lane. Raises LaneDied where its process has exited."""
        try:
            with self._lane.ride(site.folder, environment, load) as ride:
                yield ride
        except LaneDied as error:
            self._lost = str(error)
            raise
        for sentence in (*(f"{address}: {why}" for address, why in ride.aside.items()), *ride.surprises):
            self.note(site, sentence)

    def note(self, site: Site, why: str) -> None:
        """Records that a part of a stack was planned without the lane, which is tried again next time."""
        self.memory.add(Surprise(time.time(), site.stack.key, why))

    def learn(self, folder: DataFolder, document: bytes) -> None:
        """Records the types of a stack, from its plan as JSON."""
        earlier, used = known_types(folder) or frozenset(), types_in(document)
        if not used <= earlier:
            keep_types(folder, earlier | used)

    def record_surprise(self, site: Site, load: LaneRequest, why: str, document: bytes) -> None:
        """Records that a plan succeeded without the lane after it failed with it, and the types that were missing."""
        types = tuple(sorted(types_in(document) - load.words))
        shunned = "" if types or self._lost else name_of(load.packages)
        self.memory.add(Surprise(time.time(), site.stack.key, why, types, shunned))


def known_types(folder: DataFolder) -> frozenset[str] | None:
    """Returns all recorded types of this stack; None without a record."""
    try:
        return frozenset(str(name) for name in json.loads((folder.path / "terrace-types").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def keep_types(folder: DataFolder, types: frozenset[str]) -> None:
    """Records the types."""
    write_cache(folder.path / "terrace-types", json.dumps(sorted(types)).encode())


_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_-]*")
_TYPE = re.compile(rb'"mode"\s*:\s*"(?:managed|data)"\s*,\s*"type"\s*:\s*"([A-Za-z0-9_-]+)"')
SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")


def words(root: Path, data: Path) -> frozenset[str]:
    """Returns all words in the stack's files and in the modules that `init` recorded in its data folder."""
    words_found: set[bytes] = set()
    for folder in _modules(root, data):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.endswith(SUFFIXES):
                words_found.update(_WORD.findall(path.read_bytes()))
    return frozenset(word.decode() for word in words_found)


def _modules(root: Path, data: Path) -> Iterator[Path]:
    yield root
    manifest = data / "modules" / "modules.json"
    if not manifest.is_file():
        return
    for module in json.loads(manifest.read_bytes()).get("Modules", ()):
        yield root / module["Dir"]


def types_in(document: bytes) -> frozenset[str]:
    """Returns the resource types in a state, or in a plan as JSON. Nothing else is kept, since it contains secrets."""
    return frozenset(name.decode() for name in _TYPE.findall(document))
