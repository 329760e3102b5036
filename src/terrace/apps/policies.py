"""The check `policy`: the Rego policies of the trust root judge every plan; the candidate's own are run and shown."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from terrace.adapters.opa.engine import Opa, Ran
from terrace.assess.check import Examined
from terrace.assess.model import Finding, Severity, Status
from terrace.assess.policy.catalogue import PolicyRule
from terrace.assess.policy.coverage import PROVIDERS, uncovered
from terrace.assess.policy.rego import broken, findings
from terrace.assess.view import view
from terrace.plans.model import Plan
from terrace.stacks.config import Config, PlainPolicies
from terrace.stacks.tree import Tree, read_many

KINDS = (".rego", ".json", ".yaml", ".yml")
"""Policies, and the data that they use."""

AT_ONCE = 2

Shown = Mapping[str, PlainPolicies]
"""The folders that were written for `terraform show -json`."""


class Policies:
    """`trusted` is the tree whose policies judge."""

    def __init__(self, opa: Opa, trusted: Tree) -> None:
        self._opa = opa
        self._trusted = trusted

    def examine(self, examined: Examined, plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
        """What they say of these plans. A folder that is named and holds no policy is a finding of its own."""
        folders = examined.trusted.policies
        found = self.judged(examined.trusted, plans)
        if any(change.type.startswith(PROVIDERS) for plan in plans.values() for change in plan.changes):
            found += uncovered(self.rules(folders), plans)
        proposed = _on_disk(examined.root, examined.proposed.judging)
        if proposed == _files(self._trusted, examined.trusted.judging):
            return found
        known = {(f.rule, f.stack, f.address, f.message) for f in found}
        fresh = (
            f
            for f in self._said(proposed, examined.proposed.policies, examined.proposed.shown, plans)
            if (f.rule, f.stack, f.address, f.message) not in known
        )
        told = (
            replace(f, advisory=True, message=f"{f.message} (by the policies that this change proposes)") for f in fresh
        )
        return (*found, *told)

    def judged(self, rules: Config, plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
        """What the policies of the trust root that `rules` names say of plans."""
        files = _files(self._trusted, rules.judging)
        data = tuple(folder for one in rules.shown.values() for folder in one.data)
        said = self._said(files, rules.policies, rules.shown, plans)
        return _absent(rules.policies, files) + _without_data(data, files) + said

    def rules(self, folders: tuple[str, ...]) -> tuple[PolicyRule, ...]:
        """What the policies that judge say of themselves."""
        files = _files(self._trusted, folders)
        if not any(name.endswith(".rego") for name in files):
            return ()
        with _laid_out(files) as root:
            return self._opa.catalogue(root, [one for one in folders if (root / one).is_dir()])

    def _said(
        self, files: Mapping[str, bytes], folders: tuple[str, ...], shown: Shown, plans: Mapping[str, Plan]
    ) -> tuple[Finding, ...]:
        if not any(name.endswith(".rego") for name in files) or not plans:
            return ()
        _ = self._opa.program
        there = [one for one in folders if any(name.startswith(f"{one}/") for name in files)]
        with _laid_out(files) as root, ThreadPoolExecutor(AT_ONCE) as pool:
            said = pool.map(lambda plan: self._one(root, there, shown, plan), plans.values())
            return tuple(dict.fromkeys(one for found in said for one in found))

    def _one(self, root: Path, folders: Sequence[str], shown: Shown, plan: Plan) -> tuple[Finding, ...]:
        found: list[Finding] = []
        if usual := [one for one in folders if one not in shown]:
            found += _told(self._opa.evaluate(root, usual, view(plan)), plan, ())
        for folder in (one for one in folders if one in shown):
            # Each alone, as conftest runs them: packages of the same name elsewhere are none of theirs.
            data = [one for one in shown[folder].data if (root / one).is_dir()]
            if plan.shown:
                found += _told(self._opa.evaluate(root, [folder, *data], plan.shown), plan, shown[folder].namespaces)
            else:
                found.append(_not_given(folder, plan))
        return tuple(found)


def _unknown(message: str, folder: str, fix: str, stack: str | None = None) -> Finding:
    """Something of the policies could not be asked."""
    return Finding("policy", Severity.HIGH, Status.UNKNOWN, "opa", message, stack=stack, path=folder, fix=fix)


def _without_data(folders: tuple[str, ...], files: Mapping[str, bytes]) -> tuple[Finding, ...]:
    said = "holds no data on the protected branch: policies that use it are silent"
    fix = "merge the data first, or take the folder out of `data` in terrace.yaml"
    return tuple(
        _unknown(f"{folder} {said}", folder, fix)
        for folder in folders
        if not any(name.startswith(f"{folder}/") for name in files)
    )


def _told(ran: Ran, plan: Plan, namespaces: tuple[str, ...]) -> tuple[Finding, ...]:
    broke = tuple(broken(one, plan.stack.key) for one in ran.breakages)
    said = findings(ran.data, plan.stack.key, namespaces)
    return (*broke, *said, *(_old(folder) for folder in ran.old))


def _old(folder: str) -> Finding:
    return Finding(
        rule="policy",
        severity=Severity.INFO,
        status=Status.FAIL,
        tool="opa",
        message=f"{folder} is written for Rego v0; it is understood as such",
        path=folder,
        fix="opa fmt --write --v0-v1 brings it to Rego v1, when you like",
        advisory=True,
    )


def _not_given(folder: str, plan: Plan) -> Finding:
    said = f"{folder} wants the plain plan, and that is kept only once the protected branch says so"
    return _unknown(said, folder, "merge `input: plan` of terrace.yaml first", plan.stack.key)


def _files(tree: Tree, folders: tuple[str, ...]) -> Mapping[str, bytes]:
    """The policies of a tree and their data, by path."""
    wanted = [
        path for path in tree.entries if path.endswith(KINDS) and any(path.startswith(f"{one}/") for one in folders)
    ]
    return read_many(tree, wanted)


def _on_disk(root: Path, folders: tuple[str, ...]) -> Mapping[str, bytes]:
    found = {}
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            # What leads out of the repository is none of its policies.
            if path.name.endswith(KINDS) and path.is_file() and path.resolve().is_relative_to(root.resolve()):
                found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _absent(folders: tuple[str, ...], files: Mapping[str, bytes]) -> tuple[Finding, ...]:
    said = "holds no policy on the protected branch: nothing of it was checked"
    fix = "merge the policies first, or take the folder out of `policies` in terrace.yaml"
    return tuple(
        _unknown(f"{folder} {said}", folder, fix)
        for folder in folders
        if not any(name.startswith(f"{folder}/") and name.endswith(".rego") for name in files)
    )


@contextmanager
def _laid_out(files: Mapping[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="terrace-policies-") as place:
        for name, content in files.items():
            path = Path(place) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield Path(place)
