"""Runs OPA once per plan with all packages: without network and environment, with a time limit."""

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

from terrace.adapters.confined import LimitExceeded, Limits, run_confined
from terrace.adapters.process import Finished, run
from terrace.checks.policy.catalogue import PolicyRule, catalogue
from terrace.checks.policy.reach import Reads
from terrace.checks.policy.rego import PolicyError
from terrace.errors import BadInput, NotReady

INSTALL = (
    "terrace tools install opa   (needs Go on PATH; runs: go install github.com/open-policy-agent/opa@v1.22.2), "
    "or put OPA 1.0 or newer on PATH"
)

_NETWORK = "policies have no network access"
_CHANCE = "the same plan must always get the same verdict"
FORBIDDEN: Mapping[str, str] = {
    "http.send": _NETWORK,
    "net.lookup_ip_addr": _NETWORK,
    "opa.runtime": "policies cannot read the environment of the machine that runs them",
    "time.now_ns": f"{_CHANCE} in every result",
    "rand.intn": _CHANCE,
    "uuid.rfc4122": _CHANCE,
}
"""Builtins that have access beyond the policy, or that make its verdict depend on time or chance, and why they are
disabled. A policy that uses one does not compile."""

_OWN = "it is a function of conftest, which OPA does not have"
CONFTESTS: Mapping[str, str] = {
    "parse_config": _OWN,
    "parse_config_file": _OWN,
    "parse_combined_config_files": _OWN,
}
"""Functions that only conftest provides."""

SECONDS = 60
"""Time limit of all policies for one plan, in seconds."""

MEMORY = 6 << 30
"""Memory limit of OPA for one plan, in bytes: a plan of 100 MB needs about half of it."""

OUTPUT = 64 << 20
"""Output limit of all policies for one plan, in bytes."""

_NO_TESTS = ("--ignore", "*_test.rego")
_OLD = "--v0-compatible"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The result of a run: the data document, or why there is none. `old` are the folders in Rego v0. `value` is the
    result of a query for something other than all data.
    """

    data: Mapping[str, Any]
    breakages: tuple[PolicyError, ...] = ()
    old: tuple[str, ...] = ()
    value: Any = None


@dataclass(frozen=True, slots=True)
class Tested:
    """The result of `opa test`: every test, and the coverage of every file; `old` are the folders in Rego v0."""

    cases: tuple[Mapping[str, Any], ...]
    coverage: Mapping[str, Mapping[str, Any]]
    old: tuple[str, ...] = ()


class Opa:
    """Runs the policies of a folder. `environ` is used only to find the program."""

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
        """Returns the path of OPA. Raises NotReady where there is none, or its version is too old."""
        program = shutil.which("opa", path=self._path)
        if program is None:
            raise NotReady("the policies need OPA, but opa was not found", hint=INSTALL)
        output = run([program, "version"], env={}, timeout=30).out.decode("utf-8", "replace")
        version = re.search(r"Version:\s*(\d+)\.", output)
        if version is None or int(version[1]) < 1:
            raise NotReady(f"{program} is not OPA 1.0 or newer", hint=INSTALL)
        return program

    @cached_property
    def _capabilities(self) -> str:
        """Returns the capabilities of policies: all of this OPA, without access beyond the policy."""
        capabilities = json.loads(run([self.program, "capabilities", "--current"], env={}, timeout=30).out)
        capabilities["builtins"] = [builtin for builtin in capabilities["builtins"] if builtin["name"] not in FORBIDDEN]
        capabilities["allow_net"] = []
        return json.dumps(capabilities)

    def evaluate(self, root: Path, folders: Sequence[str], policy_input: Mapping[str, Any] | bytes) -> Evaluated:
        """Evaluates all packages of these folders below `root` for one input; data has its path relative to its folder.
        Folders can have different versions of Rego; those of the same version can use each other's packages. Policies
        that do not compile or exceed a limit are breakages.
        """
        document = policy_input if isinstance(policy_input, bytes) else msgspec.json.encode(policy_input)
        ran = self._evaluate(root, folders, document)
        if not any(breakage.code.startswith("rego_") for breakage in ran.breakages):
            return ran
        # Written for Rego v0, like most existing policies: keywords and semantics differ.
        old = [folder for folder in folders if self._is_old(root, folder)] or list(folders)
        second = self._evaluate(root, _with_data(root, old, folders), document, _OLD)
        if len(old) == len(folders):
            return ran if second.breakages else replace(second, old=tuple(old))
        first = self._evaluate(root, [folder for folder in folders if folder not in old], document)
        return Evaluated(_merge(first.data, second.data), first.breakages + second.breakages, tuple(old))

    def _is_old(self, root: Path, folder: str) -> bool:
        """Returns whether the folders can only be parsed as Rego v0."""
        return not self._reads(root, folder) and self._reads(root, folder, _OLD)

    def _reads(self, root: Path, folder: str, *more: str) -> bool:
        argv = [self.program, "check", "--format", "json", *_NO_TESTS, *more, folder]
        result = _json(run(argv, cwd=root, env={}, timeout=60).err) or {}
        errors = result.get("errors") or () if isinstance(result, dict) else ()
        return not any(error.get("code") == "rego_parse_error" for error in errors)

    def _evaluate(self, root: Path, folders: Sequence[str], document: bytes, *more: str) -> Evaluated:
        try:
            return self._query("data", root, folders, document, self._seconds, more)
        except LimitExceeded as error:
            culprit = self._culprit(error.what, root, folders, document, more)
            return Evaluated({}, (PolicyError(self._limit_message(error), culprit),))

    def _limit_message(self, error: LimitExceeded) -> str:
        """Returns the limit that policies exceeded first."""
        if error.what == "time":
            return "they exceeded the time limit"
        if error.what == "output":
            return f"they printed more than {self._limits.output >> 20} MB"
        return f"they need more than {self._memory >> 20} MB of memory"

    def _query(
        self, query: str, root: Path, folders: Sequence[str], document: bytes, seconds: float, more: Sequence[str]
    ) -> Evaluated:
        with self._capabilities_file() as capabilities:
            argv = [
                *(self.program, "eval", "--format", "json", "--stdin-input", *_NO_TESTS),
                *(part for folder in folders for part in ("--data", str(root / folder))),
                *("--capabilities", capabilities, "--timeout", f"{seconds:g}s", *more, query),
            ]
            limits = replace(self._limits, seconds=seconds + 10)
            try:
                done = run_confined(argv, cwd=root, env=_frugal(self._memory), limits=limits, stdin=document)
            except LimitExceeded:
                raise
            except NotReady as error:
                return Evaluated({}, (PolicyError(error.message),))
        ran = _read(done, root)
        if any(breakage.code == "eval_cancel_error" for breakage in ran.breakages):
            raise LimitExceeded("they exceeded the time limit", "time")
        return ran

    def _culprit(
        self, limit: str, root: Path, folders: Sequence[str], document: bytes, more: Sequence[str]
    ) -> str | None:
        """Returns the file of the first package that exceeds the same limit alone, or any limit. Takes at most the time
        of one run."""
        packages = dict(self._packages(root, folders, more))
        apart = max(0.2, self._seconds / max(1, len(packages)))
        other = None
        for package, path in packages.items():
            try:
                self._query(package, root, folders, document, apart, more)
            except LimitExceeded as error:
                if error.what == limit:
                    return path
                other = other or path
        return other

    def packages(self, root: Path, folders: Sequence[str]) -> Mapping[str, str]:
        """Returns the packages below these folders without tests, as `data.NAME`, each with its first file."""
        return {
            package: path
            for folder in folders
            for package, path in self._packages(root, [folder], (_OLD,) if self._is_old(root, folder) else ())
        }

    def reads(self, root: Path, folders: Sequence[str]) -> Reads | None:
        """Returns what the rules of these folders read; None where they do not compile."""
        with tempfile.TemporaryDirectory(prefix="terrace-opa-") as place:
            bundle = Path(place)
            # A bundle accepts policies of both versions, without data files.
            version = 0 if all(self._is_old(root, folder) for folder in folders) else 1
            (bundle / ".manifest").write_text(json.dumps({"rego_version": version}))
            for number, path in enumerate(_policies(root, folders)):
                shutil.copyfile(path, bundle / f"{number}.rego")
            argv = [self.program, "deps", "--format", "json", "--bundle", place, "data"]
            result = _json(run(argv, cwd=root, env={}, timeout=60).out)
        if not isinstance(result, dict):
            return None
        return Reads(_refs(result.get("base")), _refs(result.get("virtual")))

    def ask(self, query: str, root: Path, folders: Sequence[str], document: Mapping[str, Any]) -> Any:
        """Returns the value of one query in Rego v1 for an input. Raises LimitExceeded, and BadInput where it cannot be
        run."""
        old = [_OLD] if folders and all(self._is_old(root, folder) for folder in folders) else []
        ran = self._query(query, root, folders, msgspec.json.encode(document), self._seconds, old)
        if ran.breakages:
            first = ran.breakages[0]
            raise BadInput(f"{first.path}:{first.line}: {first.message}" if first.path else first.message)
        return ran.value

    def _packages(self, root: Path, folders: Sequence[str], more: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Returns the packages of these folders, each with its first file."""
        for folder in folders:
            result = _json(
                run([self.program, "inspect", "--format", "json", *more, folder], cwd=root, env={}, timeout=60).out
            )
            namespaces = result.get("namespaces") or {} if isinstance(result, dict) else {}
            for package, files in sorted(namespaces.items()):
                sources = [file for file in files if file.endswith(".rego") and not file.endswith("_test.rego")]
                if sources:
                    yield package, sources[0]

    @contextmanager
    def _capabilities_file(self) -> Iterator[str]:
        """Returns the path of the capabilities of policies."""
        with tempfile.TemporaryDirectory(prefix="terrace-opa-") as place:
            capabilities = Path(place) / "capabilities.json"
            capabilities.write_text(self._capabilities)
            yield str(capabilities)

    def catalogue(self, root: Path, folders: Sequence[str]) -> tuple[PolicyRule, ...]:
        """Returns the rules that the policies of these folders below `root` document; files that OPA cannot parse have
        none."""
        rules: list[PolicyRule] = []
        for folder in folders:
            done = run(
                [self.program, "inspect", "--annotations", "--format", "json", folder], cwd=root, env={}, timeout=60
            )
            result = _json(done.out)
            rules += catalogue(result.get("annotations") or () if isinstance(result, dict) else ())
        return tuple(rules)

    def test(self, root: Path, folders: Sequence[str]) -> Tested:
        """Runs the tests of these folders below `root`, with the capabilities of policies; returns the results and the
        coverage. Folders in Rego v0 are tested separately. Coverage is reported only where all tests pass.
        """
        old = [folder for folder in folders if self._is_old(root, folder)]
        groups = [
            ([folder for folder in folders if folder not in old], ()),
            (_with_data(root, old, folders) if old else [], (_OLD,)),
        ]
        results = [self._test(root, group, more) for group, more in groups if group]
        files = {name: file for result in results for name, file in result.coverage.items()}
        return Tested(tuple(case for result in results for case in result.cases), files, tuple(old))

    def _test(self, root: Path, folders: Sequence[str], more: Sequence[str]) -> Tested:
        with self._capabilities_file() as capabilities:
            argv = [self.program, "test", "--capabilities", capabilities, *more, "--format", "json"]
            done = run([*argv, *folders], cwd=root, env={}, timeout=10 * self._seconds)
            cases = _json(done.out) if done.out.strip() else []
            if not isinstance(cases, list) or done.code not in (0, 2):
                message = done.message or done.out.decode("utf-8", "replace").strip()
                hint = "fix the file and line in the message"
                raise BadInput(f"the tests could not be run: {_explain(message[:2000])}", hint=hint)
            if not cases or any(case.get("fail") or case.get("error") for case in cases):
                return Tested(tuple(cases), {})
            report = _json(run([*argv, "--coverage", *folders], cwd=root, env={}, timeout=10 * self._seconds).out)
        return Tested(tuple(cases), report.get("files") or {} if isinstance(report, dict) else {})


def _policies(root: Path, folders: Sequence[str]) -> Iterator[Path]:
    for folder in folders:
        yield from (p for p in sorted((root / folder).rglob("*.rego")) if not p.name.endswith("_test.rego"))


def _refs(items: Any) -> frozenset[tuple[str, ...]]:
    """Returns the paths up to the first step that is not a literal."""
    refs = set()
    for steps in items or ():
        written = itertools.takewhile(lambda step: step["type"] == "string", steps[1:])
        refs.add((str(steps[0]["value"]), *(step["value"] for step in written)))
    return frozenset(refs)


def _json(output: bytes) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return None


def _read(done: Finished, folder: Path) -> Evaluated:
    result = _json(done.out)
    if not isinstance(result, dict):
        return Evaluated({}, (PolicyError(done.message[:500] or f"opa exited with {done.code} and printed nothing"),))
    errors = result.get("errors")
    if errors:
        return Evaluated({}, tuple(_breakage(error, folder) for error in errors))
    results = result.get("result") or []
    value = results[0]["expressions"][0]["value"] if results else {}
    return Evaluated(value if isinstance(value, dict) else {}, value=value)


def _frugal(memory: int) -> dict[str, str]:
    """Returns Go's memory settings: generous at first, since OPA runs for a second, and careful near the limit."""
    return {"GOGC": "400", "GOMEMLIMIT": str(memory // 2)}


def _with_data(root: Path, some: Sequence[str], folders: Sequence[str]) -> list[str]:
    """Returns some of the folders, and those that contain only data."""
    return [folder for folder in folders if folder in some or not any((root / folder).rglob("*.rego"))]


def _merge(data: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Merges both documents. Sets of messages in both are united."""
    merged = dict(data)
    for name, value in other.items():
        known = merged.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            merged[name] = _merge(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            merged[name] = known + [item for item in value if item not in known]
        else:
            merged[name] = value
    return merged


def _breakage(error: Mapping[str, Any], folder: Path) -> PolicyError:
    place = error.get("location") or {}
    path = place.get("file")
    if path is not None and Path(path).is_relative_to(folder):
        path = str(Path(path).relative_to(folder))
    message = _explain(str(error.get("message", "opa gave no reason")))
    return PolicyError(message, path, int(place.get("row", 0)), str(error.get("code", "")))


def _explain(message: str) -> str:
    """Returns OPA's message, with the reason for a disabled function."""
    for name, why in {**FORBIDDEN, **CONFTESTS}.items():
        message = re.sub(rf"undefined function {re.escape(name)}(?![\w.])", f"{name} is disabled: {why}", message)
    return message
