"""One call of OPA for one plan, with all packages at once: no network, no environment, a time limit."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from terrace.adapters.confined import LimitExceeded, Limits, confined
from terrace.adapters.process import Finished, run
from terrace.checks.policy.catalogue import PolicyRule, catalogue
from terrace.checks.policy.reach import Reads
from terrace.checks.policy.rego import Breakage
from terrace.errors import BadInput, NotReady

INSTALL = (
    "terrace tools install opa   (with Go on PATH; as: go install github.com/open-policy-agent/opa@v1.22.2),"
    " or put OPA 1.0 or newer on PATH"
)

_NETWORK = "policies do not reach the network"
_CHANCE = "the same plan is to get the same verdict"
FORBIDDEN: Mapping[str, str] = {
    "http.send": _NETWORK,
    "net.lookup_ip_addr": _NETWORK,
    "opa.runtime": "policies do not see the environment of whoever runs them",
    "time.now_ns": f"{_CHANCE} whenever it is asked for",
    "rand.intn": _CHANCE,
    "uuid.rfc4122": _CHANCE,
}
"""Builtins that reach out of a policy, or make its verdict a matter of time or chance, and why they are not there. A
policy that names one does not compile."""

_OWN = "it is a function of conftest's own, and OPA has none like it"
CONFTESTS: Mapping[str, str] = {
    "parse_config": _OWN,
    "parse_config_file": _OWN,
    "parse_combined_config_files": _OWN,
}
"""Functions that only conftest has."""

SECONDS = 60
"""How long all policies may take for one plan."""

MEMORY = 6 << 30
"""How much memory OPA may ask for for one plan: one of 100 MB needs about half of it."""

OUTPUT = 64 << 20
"""How much policies may say of one plan."""

_NO_TESTS = ("--ignore", "*_test.rego")
_OLD = "--v0-compatible"


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run: the data document, or why there is none. `old`: the folders that are of Rego v0.

    `value` is what the query gave, if it was for something else than all data.
    """

    data: Mapping[str, Any]
    breakages: tuple[Breakage, ...] = ()
    old: tuple[str, ...] = ()
    value: Any = None


@dataclass(frozen=True, slots=True)
class Tested:
    """What `opa test` told: every test as OPA tells it, and what the tests run of every file; `old`: as of Ran."""

    cases: tuple[Mapping[str, Any], ...]
    coverage: Mapping[str, Mapping[str, Any]]
    old: tuple[str, ...] = ()


class Opa:
    """Runs the policies of a folder. `environ` only says where the program is."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        seconds: float = SECONDS,
        memory: int = MEMORY,
        output: int = OUTPUT,
    ) -> None:
        self._path = environ.get("PATH", os.defpath)
        self._seconds = seconds
        self._memory = memory
        self._limits = Limits(seconds + 10, output, memory)

    @cached_property
    def program(self) -> str:
        """Where OPA is. Raises NotReady when there is none, or one that is too old."""
        found = shutil.which("opa", path=self._path)
        if found is None:
            raise NotReady("opa was not found, and policies are written for it", hint=INSTALL)
        said = run([found, "version"], env={}, timeout=30).out.decode("utf-8", "replace")
        version = re.search(r"Version:\s*(\d+)\.", said)
        if version is None or int(version[1]) < 1:
            raise NotReady(f"{found} is no OPA 1.0 or newer", hint=INSTALL)
        return found

    @cached_property
    def _capabilities(self) -> str:
        """What policies may use: all that this OPA can do, without what reaches out."""
        told = json.loads(run([self.program, "capabilities", "--current"], env={}, timeout=30).out)
        told["builtins"] = [builtin for builtin in told["builtins"] if builtin["name"] not in FORBIDDEN]
        told["allow_net"] = []
        return json.dumps(told)

    def evaluate(self, root: Path, folders: Sequence[str], given: Mapping[str, Any] | bytes) -> Ran:
        """All packages of these folders below `root` over one input; their data is found as from each folder.

        Folders of Rego v0 and of v1 may stand side by side; those of one version see each other's packages. Policies
        that do not compile, or take more than they may, are breakages.
        """
        document = given if isinstance(given, bytes) else msgspec.json.encode(given)
        ran = self._evaluated(root, folders, document)
        if not any(one.code.startswith("rego_") for one in ran.breakages):
            return ran
        # Written for Rego v0, as most of what there is: other keywords, other meanings.
        old = [one for one in folders if self._is_old(root, one)] or list(folders)
        second = self._evaluated(root, _with_data(root, old, folders), document, _OLD)
        if len(old) == len(folders):
            return ran if second.breakages else replace(second, old=tuple(old))
        first = self._evaluated(root, [one for one in folders if one not in old], document)
        return Ran(_merged(first.data, second.data), first.breakages + second.breakages, tuple(old))

    def _is_old(self, root: Path, folder: str) -> bool:
        """Whether what stands there can be read as Rego v0 only."""
        return not self._reads(root, folder) and self._reads(root, folder, _OLD)

    def _reads(self, root: Path, folder: str, *more: str) -> bool:
        argv = [self.program, "check", "--format", "json", *_NO_TESTS, *more, folder]
        told = _json(run(argv, cwd=root, env={}, timeout=60).err) or {}
        errors = told.get("errors") or () if isinstance(told, dict) else ()
        return not any(error.get("code") == "rego_parse_error" for error in errors)

    def _evaluated(self, root: Path, folders: Sequence[str], document: bytes, *more: str) -> Ran:
        try:
            return self._asked("data", root, folders, document, self._seconds, more)
        except LimitExceeded as error:
            culprit = self._culprit(error.what, root, folders, document, more)
            return Ran({}, (Breakage(self._words(error), culprit),))

    def _words(self, error: LimitExceeded) -> str:
        """What policies took too much of, whichever limit they met first."""
        if error.what == "time":
            return "they took too long"
        if error.what == "output":
            return f"they say more than {self._limits.output >> 20} MB"
        return f"they need more than {self._memory >> 20} MB of memory"

    def _asked(
        self, query: str, root: Path, folders: Sequence[str], document: bytes, seconds: float, more: Sequence[str]
    ) -> Ran:
        with self._capable() as capabilities:
            argv = [
                *(self.program, "eval", "--format", "json", "--stdin-input", *_NO_TESTS),
                *(part for folder in folders for part in ("--data", str(root / folder))),
                *("--capabilities", capabilities, "--timeout", f"{seconds:g}s", *more, query),
            ]
            limits = replace(self._limits, seconds=seconds + 10)
            try:
                done = confined(argv, cwd=root, env=_frugal(self._memory), limits=limits, stdin=document)
            except LimitExceeded:
                raise
            except NotReady as error:
                return Ran({}, (Breakage(error.message),))
        ran = _read(done, root)
        if any(one.code == "eval_cancel_error" for one in ran.breakages):
            raise LimitExceeded("they took too long", "time")
        return ran

    def _culprit(
        self, what: str, root: Path, folders: Sequence[str], document: bytes, more: Sequence[str]
    ) -> str | None:
        """The file of the first package that reaches the same limit alone, or else any. All that asks takes one run."""
        packages = dict(self._packages(root, folders, more))
        apart = max(0.2, self._seconds / max(1, len(packages)))
        other = None
        for package, path in packages.items():
            try:
                self._asked(package, root, folders, document, apart, more)
            except LimitExceeded as error:
                if error.what == what:
                    return path
                other = other or path
        return other

    def packages(self, root: Path, folders: Sequence[str]) -> Mapping[str, str]:
        """The packages below these folders that are no tests, as `data.NAME`, each with its first file."""
        return {
            package: path
            for folder in folders
            for package, path in self._packages(root, [folder], (_OLD,) if self._is_old(root, folder) else ())
        }

    def reads(self, root: Path, folders: Sequence[str]) -> Reads | None:
        """What the rules of these folders need; None when OPA does not compile them."""
        with tempfile.TemporaryDirectory(prefix="terrace-opa-") as place:
            bundle = Path(place)
            # A bundle takes policies of either version, and no file beside them for data.
            version = 0 if all(self._is_old(root, one) for one in folders) else 1
            (bundle / ".manifest").write_text(json.dumps({"rego_version": version}))
            for number, path in enumerate(_policies(root, folders)):
                shutil.copyfile(path, bundle / f"{number}.rego")
            argv = [self.program, "deps", "--format", "json", "--bundle", place, "data"]
            told = _json(run(argv, cwd=root, env={}, timeout=60).out)
        if not isinstance(told, dict):
            return None
        return Reads(_refs(told.get("base")), _refs(told.get("virtual")))

    def ask(self, query: str, root: Path, folders: Sequence[str], given: Mapping[str, Any]) -> Any:
        """The value of one query of Rego v1 over an input. Raises LimitExceeded, and BadInput when it cannot be run."""
        old = [_OLD] if folders and all(self._is_old(root, one) for one in folders) else []
        ran = self._asked(query, root, folders, msgspec.json.encode(given), self._seconds, old)
        if ran.breakages:
            first = ran.breakages[0]
            raise BadInput(f"{first.path}:{first.line}: {first.message}" if first.path else first.message)
        return ran.value

    def _packages(self, root: Path, folders: Sequence[str], more: Sequence[str]) -> Iterator[tuple[str, str]]:
        """The packages of these folders, each with its first file."""
        for folder in folders:
            told = _json(
                run([self.program, "inspect", "--format", "json", *more, folder], cwd=root, env={}, timeout=60).out
            )
            found = told.get("namespaces") or {} if isinstance(told, dict) else {}
            for package, files in sorted(found.items()):
                mine = [file for file in files if file.endswith(".rego") and not file.endswith("_test.rego")]
                if mine:
                    yield package, mine[0]

    @contextmanager
    def _capable(self) -> Iterator[str]:
        """The path of what policies may use."""
        with tempfile.TemporaryDirectory(prefix="terrace-opa-") as place:
            capabilities = Path(place) / "capabilities.json"
            capabilities.write_text(self._capabilities)
            yield str(capabilities)

    def catalogue(self, root: Path, folders: Sequence[str]) -> tuple[PolicyRule, ...]:
        """The rules that the policies of these folders below `root` describe; what OPA cannot read describes none."""
        found: list[PolicyRule] = []
        for folder in folders:
            done = run(
                [self.program, "inspect", "--annotations", "--format", "json", folder], cwd=root, env={}, timeout=60
            )
            told = _json(done.out)
            found += catalogue(told.get("annotations") or () if isinstance(told, dict) else ())
        return tuple(found)

    def test(self, root: Path, folders: Sequence[str]) -> Tested:
        """The tests of these folders below `root`, with what policies may use, and which lines they run.

        Folders of Rego v0 are tested apart. Coverage is told when all tests pass.
        """
        old = [one for one in folders if self._is_old(root, one)]
        groups = [
            ([one for one in folders if one not in old], ()),
            (_with_data(root, old, folders) if old else [], (_OLD,)),
        ]
        told = [self._tested(root, group, more) for group, more in groups if group]
        files = {name: file for one in told for name, file in one.coverage.items()}
        return Tested(tuple(case for one in told for case in one.cases), files, tuple(old))

    def _tested(self, root: Path, folders: Sequence[str], more: Sequence[str]) -> Tested:
        with self._capable() as capabilities:
            argv = [self.program, "test", "--capabilities", capabilities, *more, "--format", "json"]
            done = run([*argv, *folders], cwd=root, env={}, timeout=10 * self._seconds)
            cases = _json(done.out) if done.out.strip() else []
            if not isinstance(cases, list) or done.code not in (0, 2):
                said = done.message or done.out.decode("utf-8", "replace").strip()
                hint = "the message names the file and the line"
                raise BadInput(f"the tests could not be run: {_explained(said[:2000])}", hint=hint)
            if not cases or any(case.get("fail") or case.get("error") for case in cases):
                return Tested(tuple(cases), {})
            report = _json(run([*argv, "--coverage", *folders], cwd=root, env={}, timeout=10 * self._seconds).out)
        return Tested(tuple(cases), report.get("files") or {} if isinstance(report, dict) else {})


def _policies(root: Path, folders: Sequence[str]) -> Iterator[Path]:
    for folder in folders:
        yield from (p for p in sorted((root / folder).rglob("*.rego")) if not p.name.endswith("_test.rego"))


def _refs(told: Any) -> frozenset[tuple[str, ...]]:
    """Paths as far as every step is a text that is written out."""
    found = set()
    for steps in told or ():
        written = itertools.takewhile(lambda step: step["type"] == "string", steps[1:])
        found.add((str(steps[0]["value"]), *(step["value"] for step in written)))
    return frozenset(found)


def _json(said: bytes) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return None


def _read(done: Finished, folder: Path) -> Ran:
    told = _json(done.out)
    if not isinstance(told, dict):
        return Ran({}, (Breakage(done.message[:500] or f"opa ended with {done.code} and said nothing"),))
    errors = told.get("errors")
    if errors:
        return Ran({}, tuple(_breakage(error, folder) for error in errors))
    results = told.get("result") or []
    value = results[0]["expressions"][0]["value"] if results else {}
    return Ran(value if isinstance(value, dict) else {}, value=value)


def _frugal(memory: int) -> dict[str, str]:
    """How Go is to use its memory: generously at first, for it lives a second, and carefully near the limit."""
    return {"GOGC": "400", "GOMEMLIMIT": str(memory // 2)}


def _with_data(root: Path, some: Sequence[str], folders: Sequence[str]) -> list[str]:
    """Some of the folders, and those that hold nothing but data."""
    return [one for one in folders if one in some or not any((root / one).rglob("*.rego"))]


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both documents in one. Where both have a set of messages there are all of them."""
    merged = dict(one)
    for name, value in other.items():
        there = merged.get(name)
        if isinstance(there, dict) and isinstance(value, dict):
            merged[name] = _merged(there, value)
        elif isinstance(there, list) and isinstance(value, list):
            merged[name] = there + [item for item in value if item not in there]
        else:
            merged[name] = value
    return merged


def _breakage(error: Mapping[str, Any], folder: Path) -> Breakage:
    place = error.get("location") or {}
    path = place.get("file")
    if path is not None and Path(path).is_relative_to(folder):
        path = str(Path(path).relative_to(folder))
    message = _explained(str(error.get("message", "opa gave no reason")))
    return Breakage(message, path, int(place.get("row", 0)), str(error.get("code", "")))


def _explained(message: str) -> str:
    """What OPA says, with the reason why a function is not there."""
    for name, why in {**FORBIDDEN, **CONFTESTS}.items():
        message = re.sub(rf"undefined function {re.escape(name)}(?![\w.])", f"{name} is not there: {why}", message)
    return message
