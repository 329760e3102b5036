"""Prepares private checkouts for plans: runs commands, caches their outputs, and copies these into the checkout.

Each cached result is a folder that is renamed into place when it is complete, with the hashes of its files under a
keyed hash. A truncated, changed or forged result is discarded, and the command runs again.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from terrace import typed_json
from terrace.adapters.before_plan.files import (
    EPOCH,
    OUTPUT_BYTES,
    Input,
    Look,
    Written,
    check_output,
    collect,
    inputs_of,
    look_of,
    stage,
)
from terrace.adapters.before_plan.programs import SearchPath, identity
from terrace.adapters.file_lock import WAIT_SECONDS, file_lock
from terrace.adapters.files import opened_parent, put, read_plain
from terrace.adapters.isolation.folders import demolish, run_folder
from terrace.adapters.isolation.run import Order, run_isolated
from terrace.checks.secrets.masking import HIDDEN, without_secrets
from terrace.config.before_plan import BeforePlan
from terrace.config.naming import quote_word
from terrace.errors import BadInput, NotReady, Place
from terrace.hcl.tree import Tree
from terrace.plans.before_plan_outputs import CommandFailed, Prepared, PreparedFile
from terrace.plans.ports import Site

KEPT_BYTES = 4 * 2**30
"""Maximum size of the cache in bytes; the least recently used results are removed first."""

RUN_BYTES = 8 * 2**30
"""Maximum number of bytes that a command writes while it runs."""

SHOWN_LINES = 20
"""Number of last lines of a failed command that are shown."""

INSIDE = "/repository"
"""The folders of a command."""

_HOME = "/home/terrace"
_SHOWN_BYTES = 4000
_LEAST_SECRET = 4
_VERSION = 1
_MANIFEST = "manifest.json"


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    path: str
    executable: bool
    sha256: str
    size: int


class _Result(msgspec.Struct, frozen=True):
    files: tuple[_Kept, ...]
    mac: str


@dataclass(frozen=True, slots=True)
class _Program:
    """The program: its path inside, its identity on this machine, and the additional folders that it reads."""

    path: str
    identity: str
    readable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Placed:
    """A file that a command wrote into a checkout, and the stack."""

    stack: str
    sha256: str
    look: Look


class Commands:
    """Prepares private checkouts. `cache` can be deleted at any time; `secret` authenticates its content, without one a
    random file there does. `environ` has the variables that commands can name, and PATH. Commands cannot read the
    folders `private`.
    """

    def __init__(
        self, cache: Path, secret: bytes | None, environ: Mapping[str, str], private: Sequence[Path] = ()
    ) -> None:
        self._folder = cache / "before-plan"
        self._given = secret
        self._environ = environ
        self._path = SearchPath(environ.get("PATH", os.defpath), (*private, cache))
        self._guard = threading.Lock()
        self._placed: dict[Path, _Placed] = {}

    def prepare(self, site: Site) -> tuple[Prepared, ...]:
        """Runs the commands of a site, or uses cached results, and copies the files into its checkout. Raises
        CommandFailed for problems that terrace.yaml or the commit can fix, NotReady for problems of this machine.
        """
        if not site.commands:
            return ()
        done: list[Prepared] = []
        outputs: dict[str, Input] = {}
        for command in site.commands:
            try:
                done.append(self._prepare(site, command, outputs))
            except BadInput as error:
                kind = NotReady if isinstance(error, NotReady) else CommandFailed
                place = Place("terrace.yaml", command.line) if command.line else error.place
                message = f"{site.stack.key} was not planned: its command `{command.shown}` failed: {error.message}"
                raise kind(message, hint=error.hint, place=place) from error
        return tuple(done)

    def _prepare(self, site: Site, command: BeforePlan, outputs: dict[str, Input]) -> Prepared:
        files = inputs_of(_tree(site), command, outputs)
        program = self._program(command, files)
        variables = {name: self._environ[name] for name in command.env if name in self._environ}
        request = [
            _VERSION,
            command.argv,
            command.folder,
            sorted(command.outputs),
            command.network,
            sorted(variables.items()),
            [[path, file.mode, hashlib.sha256(file.content).hexdigest()] for path, file in sorted(files.items())],
        ]
        source = self._mac(json.dumps(request).encode())
        key = self._mac(json.dumps([source, program.identity]).encode())
        lock = self._folder / f"{key[:2]}.lock"
        with file_lock(lock, "a `before_plan` command", command.timeout.total_seconds() + WAIT_SECONDS):
            stored = self._place_from_cache(key, site, command, outputs)
            if stored is None:
                self._run(key, site, command, files, program, variables)
                stored = self._place_from_cache(key, site, command, outputs)
        if stored is None:
            raise NotReady("its outputs cannot be stored", hint=f"check the free space in {self._folder}")
        return Prepared(command.shown, command.line, source, stored)

    def _mac(self, text: bytes) -> str:
        return hmac.new(self._secret, text, hashlib.sha256).hexdigest()

    @property
    def _secret(self) -> bytes:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._given is None:
            with file_lock(self._folder / "secret.lock", "the key of the cached outputs"):
                secret = read_plain(self._folder, "secret")
                if secret is None or len(secret) != hashlib.sha256().digest_size:
                    put(self._folder, "secret", os.urandom(hashlib.sha256().digest_size), mode=0o600)
                self._given = read_plain(self._folder, "secret") or b""
        return hmac.digest(self._given, b"terrace before plan", "sha256")

    # --- the program -------------------------------------------------------------------------------------------

    def _program(self, command: BeforePlan, files: Mapping[str, Input]) -> _Program:
        name = command.argv[0]
        if "/" not in name:
            program = self._path.find(name)
            if program is None:
                blocked = self._path.describe_unreadable(name)
                raise NotReady(
                    f"{name} was not found in the folders of PATH that commands can read: "
                    f"{', '.join(self._path.folders)}" + (f"; it cannot read {blocked}" if blocked else ""),
                    hint=f"install {name} system-wide: commands cannot read your home",
                )
            return _Program(program.path, identity(program.path), program.readable)
        path = os.path.normpath(f"{command.folder}/{name}" if command.folder else name)
        script = files.get(path)
        if script is None or script.is_link:
            raise BadInput(
                f"{path} is not in its inputs: {', '.join(name or '.' for name in command.inputs)}",
                hint="commit that file and add it to `inputs`",
            )
        if not script.executable:
            raise BadInput(f"{path} is not executable", hint=f"git update-index --chmod=+x {quote_word(path)}")
        interpreter, readable = self._interpreter(script.content)
        return _Program(f"{INSIDE}/{path}", interpreter, readable)

    def _interpreter(self, script: bytes) -> tuple[str, tuple[str, ...]]:
        """Returns the identity of the interpreter of a script ("" where it needs none or that is unknown), and the
        folders that the interpreter reads."""
        line = script[2:200].partition(b"\n")[0] if script.startswith(b"#!") else b""
        words = line.decode("utf-8", "replace").split()
        if len(words) > 1 and words[0].endswith("/env"):
            program = self._path.find(next((word for word in words[1:] if not word.startswith("-")), ""))
            return (identity(program.path), program.readable) if program else ("", ())
        return (identity(words[0]) if words else ""), ()

    # --- what is kept ------------------------------------------------------------------------------------------

    def _place_from_cache(
        self, key: str, site: Site, command: BeforePlan, outputs: dict[str, Input]
    ) -> tuple[PreparedFile, ...] | None:
        """Copies a cached result into the checkout. Returns None where there is none or it is damaged; a damaged one is
        removed. The files are added to `outputs`, so that later commands can read them.
        """
        folder = self._folder / "kept" / key
        try:
            result = typed_json.decode((folder / _MANIFEST).read_bytes(), _Result)
            if not hmac.compare_digest(result.mac, self._mac_of(key, result.files)):
                raise ValueError("another key")
            for number, output in enumerate(result.files):
                content = (folder / str(number)).read_bytes()
                if len(content) != output.size or hashlib.sha256(content).hexdigest() != output.sha256:
                    raise ValueError("another content")
                check_output(site, command, output.path)
                self._place(site, output, content)
                outputs[output.path] = Input("100755" if output.executable else "100644", content)
            os.utime(folder)
        except (OSError, ValueError, msgspec.MsgspecError):
            demolish(folder)
            return None
        return tuple(PreparedFile(file.path, file.executable, file.sha256) for file in result.files)

    def _mac_of(self, key: str, files: tuple[_Kept, ...]) -> str:
        return self._mac(b"result " + key.encode() + msgspec.json.encode(files))

    def _place(self, site: Site, output: _Kept, content: bytes) -> None:
        """Writes a file into the checkout, unless it is already like that."""
        committed = _tree(site).entries.get(output.path)
        if committed is not None:
            if committed.is_link or _tree(site).read(output.path) != content:
                raise BadInput(
                    f"it wrote {output.path!r}, which is in the commit with other content",
                    hint="remove that file from the commit, or commit the output of the command",
                )
            return
        place = site.root / output.path
        with self._guard:
            before = self._placed.get(place)
            if before is not None and before.look == _look(place):
                if before.sha256 == output.sha256:
                    return
                if before.stack != site.stack.key:
                    raise BadInput(
                        f"it wrote {output.path!r}, which a command for {before.stack} wrote with other content",
                        hint="let it write to a different path for each stack, such as a folder named `{1}`",
                    )
            try:
                with opened_parent(site.root, output.path, make=True):
                    put(site.root, output.path, content, mode=0o755 if output.executable else 0o644)
                self._placed[place] = _Placed(site.stack.key, output.sha256, look_of(place.lstat()))
            except OSError as error:
                raise BadInput(
                    f"it wrote {output.path!r}, which cannot be in the checkout: {error.strerror}"
                ) from error

    def _keep(self, key: str, run: Path, written: Mapping[str, Written]) -> None:
        """Stores a result atomically: if this process is killed, the result is complete or absent."""
        part = run / "part"
        part.mkdir(mode=0o700)
        files = []
        for number, (path, output) in enumerate(sorted(written.items())):
            descriptor = os.open(output.place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                content = file.read()
            (part / str(number)).write_bytes(content)
            files.append(_Kept(path, output.executable, hashlib.sha256(content).hexdigest(), len(content)))
        result = _Result(tuple(files), self._mac_of(key, tuple(files)))
        (part / _MANIFEST).write_bytes(msgspec.json.encode(result))
        archive = self._folder / "kept"
        archive.mkdir(exist_ok=True, mode=0o700)
        demolish(archive / key)
        part.rename(archive / key)
        self._make_room(key)

    def _make_room(self, key: str) -> None:
        """Removes the least recently used results. Losing them only costs time."""
        with contextlib.suppress(OSError):
            kept_folders = []
            for folder in (self._folder / "kept").iterdir():
                size = sum(file.stat().st_size for file in folder.iterdir())
                kept_folders.append((folder.stat().st_mtime, size, folder))
            total = sum(size for _, size, _ in kept_folders)
            for _, size, folder in sorted(kept_folders):
                if total <= KEPT_BYTES:
                    return
                if folder.name != key:
                    demolish(folder)
                    total -= size

    # --- running -----------------------------------------------------------------------------------------------

    def _run(
        self,
        key: str,
        site: Site,
        command: BeforePlan,
        files: Mapping[str, Input],
        program: _Program,
        variables: Mapping[str, str],
    ) -> None:
        with run_folder(self._folder / "runs") as run:
            tree, home, aside, shared = (run / name for name in ("repository", "home", "tmp", "shm"))
            for folder in (tree, home, aside, shared):
                folder.mkdir(mode=0o700)
            staged = stage(tree, files, command.folder or "", command.output_folders)
            order = Order(
                program=program.path,
                argv=command.argv,
                cwd=f"{INSIDE}/{command.folder}" if command.folder else INSIDE,
                env={
                    **variables,
                    "PATH": ":".join(self._path.folders),
                    "HOME": _HOME,
                    "TMPDIR": "/tmp",
                    "LANG": "C.UTF-8",
                    "TZ": "UTC",
                    "SOURCE_DATE_EPOCH": str(EPOCH),
                },
                folder=run,
                writable={tree: INSIDE, home: _HOME, aside: "/tmp", shared: "/dev/shm"},
                readable=(*self._path.readable, *program.readable, *_resolver(command)),
                network=command.network,
                seconds=command.timeout.total_seconds(),
                size=RUN_BYTES,
                limits={"RLIMIT_FSIZE": OUTPUT_BYTES},
            )
            ended = run_isolated(order)
            if ended.code != 0:
                how = f"exited with {ended.code}" if ended.code > 0 else f"was terminated by signal {-ended.code}"
                message = _last_words(ended.err.strip() or ended.out.strip(), variables.values())
                raise BadInput(
                    f"it {how}{message and ':'}{message}",
                    hint="it can read only its `inputs`: no home, no credentials and, unless `network: true`, no "
                    "network",
                )
            self._keep(key, run, collect(tree, files, staged, site, command))


def _tree(site: Site) -> Tree:
    assert site.tree is not None, "a site with commands has the tree of its commit"
    return site.tree


def _look(path: Path) -> Look | None:
    try:
        return look_of(path.lstat())
    except OSError:
        return None


def _last_words(output: bytes, secrets: Iterable[str]) -> str:
    """Returns the last lines of a command's output, without the values of its variables and anything that looks like a
    secret."""
    text = output[-16 * _SHOWN_BYTES :].decode("utf-8", "replace")
    for value in secrets:
        for part in (value, *value.splitlines()):
            text = text.replace(part, HIDDEN) if len(part) >= _LEAST_SECRET else text
    lines = without_secrets(text[-4 * _SHOWN_BYTES :]).strip().splitlines()[-SHOWN_LINES:]
    return "".join(f"\n    {line}" for line in lines)[-_SHOWN_BYTES:]


def _resolver(command: BeforePlan) -> tuple[str, ...]:
    """Returns the target of /etc/resolv.conf where that is a link to a file that commands cannot read."""
    real = Path("/etc/resolv.conf").resolve()
    hidden = not any(real.is_relative_to(folder) for folder in ("/etc", "/usr"))
    return (str(real),) if command.network and hidden and real.is_file() else ()
