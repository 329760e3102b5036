"""Which way a stack is planned: through the fast lane where everything about it is proven, else the plain way."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from terrace.adapters.terraform.data_folder import DataFolder
from terrace.adapters.terraform.fast.kept import keep
from terrace.adapters.terraform.fast.lane import REATTACH, Lane, LaneDied, Load, Ride
from terrace.adapters.terraform.fast.memory import Memory, Surprise, named
from terrace.adapters.terraform.fast.package import NotInstalled, NotProven, Package, package_of
from terrace.hcl.lock_file import read_lock_file
from terrace.plans.terraform import Site

PLAIN: Mapping[str, str] = {}
"""What Terraform's environment gets on the plain way: nothing more."""

PLAINLY = frozenset({REATTACH, "TF_LOG", "TF_LOG_PROVIDER"})
"""Variables of a stack that keep it out of the lane: it has such servers already, or wants its providers' logs."""

NOWHERE = {
    "Protocol": "grpc",
    "ProtocolVersion": 5,
    "Pid": 1,
    "Test": True,
    "Addr": {"Network": "unix", "String": "/nowhere/no-provider-is-needed"},
}
"""A provider that cannot be reached."""


class Ways:
    """Chooses for every stack, and remembers what went otherwise than it should. `cache` may be thrown away."""

    def __init__(self, cache: Path) -> None:
        self._folder = cache / "fast"
        self.schemas = self._folder / "schemas"
        """Where the lane keeps providers' schemas."""
        self._lane = Lane(self.schemas)
        self._lost = ""
        self.memory = Memory(self._folder)

    def unasked(self, folder: DataFolder, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Variables for a command that asks no provider anything, such as `state pull`.

        Terraform hashes every provider's program before any command (0.5 s for AWS); not those that it is told to
        find elsewhere. Were one asked after all, the command would end with an error and nothing done.
        """
        if REATTACH in environment:
            return PLAIN
        return {REATTACH: json.dumps({locked.address: NOWHERE for locked in read_lock_file(folder.lock_file)})}

    def prepare(
        self, site: Site, folder: DataFolder, environment: Mapping[str, str], state: Callable[[], bytes | None]
    ) -> Load | None:
        """What the lane would serve to a stack; None when it is to take the plain way.

        `state` fetches its state, None where that cannot be: it is asked for until its types are known.
        """
        wanted = read_lock_file(folder.lock_file)
        if not wanted or self._lost or not PLAINLY.isdisjoint(environment):
            return None
        self._lane.start()
        packages: list[Package] = []
        for locked in wanted:
            try:
                packages.append(package_of(folder.path, locked, self._folder / "seals"))
            except NotInstalled:
                return None
            except (NotProven, OSError) as error:
                # It is Terraform's to start, and to refuse.
                self.note(site, f"{locked.address}: {error}")
        if not packages or self.memory.shuns(site.stack.key, named(packages)) is not None:
            return None
        known = known_types(folder)
        content = state() if known is None else None
        if content is not None:
            known = types_in(content)
            keep_types(folder, known)
        return Load(packages, words(site.folder, folder.path) | (known or frozenset()))

    @contextlib.contextmanager
    def ride(self, site: Site, load: Load, environment: Mapping[str, str]) -> Iterator[Ride]:
        """Through the lane. Raises LaneDied when there is none any more."""
        try:
            with self._lane.ride(site.folder, environment, load) as ride:
                yield ride
        except LaneDied as error:
            self._lost = str(error)
            raise
        for told in (*(f"{address}: {why}" for address, why in ride.aside.items()), *ride.surprises):
            self.note(site, told)

    def note(self, site: Site, why: str) -> None:
        """Remember that something of a stack went the plain way; the next time it may try the lane again."""
        self.memory.add(Surprise(time.time(), site.stack.key, why))

    def learn(self, folder: DataFolder, document: bytes) -> None:
        """Keep which types a stack has, from its plan as JSON."""
        known, found = known_types(folder) or frozenset(), types_in(document)
        if not found <= known:
            keep_types(folder, known | found)

    def surprised(self, site: Site, load: Load, why: str, document: bytes) -> None:
        """The plain way went well where the lane did not: remember that, and which types nobody had named."""
        types = tuple(sorted(types_in(document) - load.words))
        shunned = "" if types or self._lost else named(load.packages)
        self.memory.add(Surprise(time.time(), site.stack.key, why, types, shunned))


def known_types(folder: DataFolder) -> frozenset[str] | None:
    """The types that this stack was ever seen to have; None when nobody looked."""
    try:
        return frozenset(str(name) for name in json.loads((folder.path / "terrace-types").read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def keep_types(folder: DataFolder, types: frozenset[str]) -> None:
    """Keep them for next time."""
    keep(folder.path / "terrace-types", json.dumps(sorted(types)).encode())


_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_-]*")
_TYPE = re.compile(rb'"mode"\s*:\s*"(?:managed|data)"\s*,\s*"type"\s*:\s*"([A-Za-z0-9_-]+)"')
SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")


def words(root: Path, data: Path) -> frozenset[str]:
    """Every word of the stack's own files and of the modules that `init` noted in its data folder."""
    found: set[bytes] = set()
    for folder in _modules(root, data):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.endswith(SUFFIXES):
                found.update(_WORD.findall(path.read_bytes()))
    return frozenset(word.decode() for word in found)


def _modules(root: Path, data: Path) -> Iterator[Path]:
    yield root
    manifest = data / "modules" / "modules.json"
    if not manifest.is_file():
        return
    for module in json.loads(manifest.read_bytes()).get("Modules", ()):
        yield root / module["Dir"]


def types_in(document: bytes) -> frozenset[str]:
    """Every type that a state, or a plan as JSON, holds objects of. Nothing else of it is kept: it holds secrets."""
    return frozenset(name.decode() for name in _TYPE.findall(document))
