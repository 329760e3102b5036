"""One call of OPA for one plan, with all packages at once: no network, no environment, a time limit."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from terrace.adapters.process import Finished, run
from terrace.assess.policy.catalogue import PolicyRule, catalogue
from terrace.assess.policy.rego import Breakage
from terrace.errors import NotReady

INSTALL = (
    "terrace tools install opa   (with Go on PATH; as: go install github.com/open-policy-agent/opa@v1.22.2),"
    " or put OPA 1.0 or newer on PATH"
)

FORBIDDEN = frozenset({"http.send", "net.lookup_ip_addr", "opa.runtime"})
"""Builtins that reach out of a policy: the network, and the environment of whoever runs it. A policy that names one
does not compile."""

SECONDS = 60
"""How long all policies may take for one plan."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run: the data document, or why there is none. `old`: the policies are of Rego v0."""

    data: Mapping[str, Any]
    breakages: tuple[Breakage, ...] = ()
    old: bool = False


class Opa:
    """Runs the policies of a folder. `environ` only says where the program is."""

    def __init__(self, environ: Mapping[str, str] = os.environ, seconds: float = SECONDS) -> None:
        self._path = environ.get("PATH", os.defpath)
        self._seconds = seconds

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

    def evaluate(self, root: Path, folders: Sequence[str], given: Mapping[str, Any]) -> Ran:
        """All packages of these folders below `root` over one input; their data is found as from each folder.

        Policies that do not compile, or take too long, are breakages.
        """
        ran = self._evaluated(root, folders, given, ())
        if ran.breakages:
            # Written for Rego v0, as most of what there is: other keywords, other meanings.
            again = self._evaluated(root, folders, given, ("--v0-compatible",))
            if not again.breakages:
                return Ran(again.data, old=True)
        return ran

    def _evaluated(self, root: Path, folders: Sequence[str], given: Mapping[str, Any], more: tuple[str, ...]) -> Ran:
        with tempfile.TemporaryDirectory(prefix="terrace-opa-") as place:
            capabilities = Path(place) / "capabilities.json"
            capabilities.write_text(self._capabilities)
            argv = [
                *(self.program, "eval", "--format", "json", "--stdin-input"),
                *(part for folder in folders for part in ("--data", str(root / folder))),
                *("--ignore", "*_test.rego", "--capabilities", str(capabilities)),
                *("--timeout", f"{self._seconds:g}s", *more, "data"),
            ]
            try:
                done = run(argv, env={}, stdin=json.dumps(given).encode(), timeout=self._seconds + 10)
            except NotReady as error:
                return Ran({}, (Breakage(error.message),))
        return _read(done, root)

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

    def test(self, root: Path, folders: Sequence[str], *, coverage: bool) -> Finished:
        """`opa test` over these folders below `root`, in its own words."""
        more = ("--coverage", "--format", "json") if coverage else ("--verbose",)
        return run([self.program, "test", *more, *folders], cwd=root, env={}, timeout=10 * self._seconds)


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
    return Ran(value if isinstance(value, dict) else {})


def _breakage(error: Mapping[str, Any], folder: Path) -> Breakage:
    place = error.get("location") or {}
    path = place.get("file")
    if path is not None and Path(path).is_relative_to(folder):
        path = str(Path(path).relative_to(folder))
    message = str(error.get("message", "opa gave no reason"))
    if error.get("code") == "eval_cancel_error":
        message = "they took too long"
    return Breakage(message, path, int(place.get("row", 0)))
