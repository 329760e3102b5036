"""The check `policy`: the Rego policies of the trust root evaluate every plan; those of the change are also run, and
their results are shown."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from terrace.adapters.opa.engine import Evaluated, Opa
from terrace.adapters.opa.folders import LaidOutFolders, laid_out, on_disk
from terrace.adapters.opa.pack import hash_of_pack, pinned_files
from terrace.assess.model import Finding, Severity, Status
from terrace.checks.base import CheckContext
from terrace.checks.policy.catalogue import PolicyRule
from terrace.checks.policy.coverage import PROVIDERS, find_uncovered
from terrace.checks.policy.files import KINDS
from terrace.checks.policy.reach import (
    CONFTEST,
    FILE_NAME,
    VIEW_KEYS,
    Reads,
    dead_files,
    find_unreached,
    judges,
    keys_of,
)
from terrace.checks.policy.rego import evaluation_failure, findings
from terrace.checks.policy.shipped import PINNED_FOLDER, VERSION
from terrace.checks.policy.view import view
from terrace.config.model import Config
from terrace.hcl.tree import Tree, read_many
from terrace.plans.model import Plan

AT_ONCE = 2


class Policies:
    """`trusted` is the tree whose policies are enforced."""

    def __init__(self, opa: Opa, trusted: Tree) -> None:
        self._opa = opa
        self._trusted = trusted

    def evaluate_change(self, context: CheckContext) -> tuple[Finding, ...]:
        """Returns the findings of the policies of the trust root, and of those that the change proposes, in its plans.
        A folder in terrace.yaml without a policy is a finding of its own.
        """
        plans, trusted = context.plans, context.trusted
        results = self.evaluate(trusted, plans)
        if _is_installed(context.proposed):
            # The change accepts the rules of this Terrace, which were evaluated: it repairs what the finding reports.
            results = tuple(
                replace(finding, advisory=True) if finding.rule == _OTHER_PACK else finding for finding in results
            )
        if any(change.type.startswith(PROVIDERS) for plan in plans.values() for change in plan.changes):
            results += find_uncovered(self.rules(trusted), plans)
        proposed = {**on_disk(context.root, context.proposed.policy_sources), **pack_files(context.proposed)}
        same = context.proposed.view_data == trusted.view_data
        if same and proposed == self._files_of(trusted):
            return results
        known = {(f.rule, f.stack, f.address, f.message) for f in results}
        fresh = (
            f
            for f in self._evaluate_files(proposed, context.proposed, plans)
            if (f.rule, f.stack, f.address, f.message) not in known
        )
        announced = (
            replace(f, advisory=True, message=f"{f.message} (from the policies that this change proposes)")
            for f in fresh
        )
        return (*results, *announced)

    def evaluate(self, rules: Config, plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
        """Returns the findings of those policies of the trust root that `rules` names."""
        files = self._files_of(rules)
        named = [*(setting.data for setting in rules.shown.values()), *rules.view_data.values()]
        data = tuple(folder for folders in named for folder in folders)
        results = self._evaluate_files(files, rules, plans)
        return (*_other_pack(rules), *_absent(rules.policies, files), *_without_data(data, files), *results)

    def _files_of(self, rules: Config) -> Mapping[str, bytes]:
        """Returns the policies of the trust root that `rules` names, with the policy pack, by path."""
        return {**_files(self._trusted, rules.policy_sources), **pack_files(rules)}

    def rules(self, config: Config) -> tuple[PolicyRule, ...]:
        """Returns the documented rules of the enforced policies that `config` names."""
        folders = policy_folders(config)
        files = {**_files(self._trusted, config.policies), **pack_files(config)}
        if not any(name.endswith(".rego") for name in files):
            return ()
        # The documentation of rules needs no data.
        with laid_out(files, folders, {}, dict.fromkeys(folders, ())) as laid:
            return self._opa.catalogue(laid.view, [folder for folder in folders if (laid.view / folder).is_dir()])

    def _evaluate_files(
        self, files: Mapping[str, bytes], rules: Config, plans: Mapping[str, Plan]
    ) -> tuple[Finding, ...]:
        folders, shown = policy_folders(rules), rules.shown
        if not any(name.endswith(".rego") for name in files) or not plans:
            return ()
        _ = self._opa.program
        existing = [folder for folder in folders if any(name.startswith(f"{folder}/") for name in files)]
        with laid_out(files, folders, shown, rules.view_data) as laid, ThreadPoolExecutor(AT_ONCE) as pool:
            reads = {folder: self._opa.reads(laid.plain, [folder]) for folder in existing if folder in shown}
            judged = list(pool.map(lambda plan: self._evaluate_plan(laid, existing, reads, plan), plans.values()))
            results = [finding for plan_findings, _ in judged for finding in plan_findings]
            return tuple(dict.fromkeys((*results, *self._find_unreached(laid, existing, reads, judged[0][1]))))

    def _evaluate_plan(
        self, laid: LaidOutFolders, folders: Sequence[str], reads: Mapping[str, Reads | None], plan: Plan
    ) -> tuple[list[Finding], Mapping[str, Any]]:
        """Returns the findings for one plan, and the data document of every folder for the plain plan; "" is the key of
        the rest."""
        results: list[Finding] = []
        data: dict[str, Any] = {}
        if usual := [folder for folder in folders if folder not in laid.shown]:
            ran = self._opa.evaluate(laid.view, usual, view(plan))
            results += _findings(ran, plan, ())
            data[""] = ran.data if not ran.breakages else None
        for folder in (folder for folder in folders if folder in laid.shown):
            # Each separately, as conftest runs them: packages of the same name elsewhere are not merged.
            if plan.shown:
                beside = [*laid.data_folders(folder), *_file_of(laid, reads.get(folder), plan)]
                ran = self._opa.evaluate(laid.plain, [folder, *beside], plan.shown)
                results += _findings(ran, plan, laid.shown[folder].namespaces)
                data[folder] = ran.data if not ran.breakages else None
            else:
                results.append(_not_given(folder, plan))
        return [_place(finding, laid) for finding in results], data

    def _find_unreached(
        self, laid: LaidOutFolders, folders: Sequence[str], reads: Mapping[str, Reads | None], data: Mapping[str, Any]
    ) -> tuple[Finding, ...]:
        """Returns findings about policies that can never report anything."""
        results: list[Finding] = []
        for folder, folder_reads in reads.items():
            results += dead_files("plan", _texts(laid.plain, [folder]))
            if folder_reads is not None:
                results += find_unreached(folder, "plan", folder_reads, laid.shown[folder].namespaces, data.get(folder))
        if usual := [folder for folder in folders if folder not in laid.shown]:
            texts = _texts(laid.view, usual)
            results += _without_effect(usual, texts)
            results += dead_files("view", texts)
            # OPA is run only where the texts do not decide it: for the pack it takes half a second.
            plainly = any(judges(text) and keys_of(text) & VIEW_KEYS for text in texts.values())
            folder_reads = None if plainly else self._opa.reads(laid.view, usual)
            results += (
                find_unreached(", ".join(usual), "view", folder_reads, (), None) if folder_reads is not None else ()
            )
        return _without_parts(results)


def policy_folders(config: Config) -> tuple[str, ...]:
    """Returns the folders that OPA evaluates: those of the repository, and that of the pinned pack."""
    return (*config.policies, *((PINNED_FOLDER,) if config.policy_pack is not None else ()))


def pack_files(config: Config) -> Mapping[str, bytes]:
    """Returns the rules of the pinned pack with their settings, by path; none where none is pinned."""
    return pinned_files(config.policy_pack) if config.policy_pack is not None else {}


def _is_installed(config: Config) -> bool:
    """Returns whether a configuration pins the pack of this Terrace."""
    return config.policy_pack is not None and config.policy_pack.hash == hash_of_pack()


_OTHER_PACK = "policy-pack"


def _other_pack(rules: Config) -> tuple[Finding, ...]:
    """Returns a finding that blocks if another pack is pinned than the one of this Terrace."""
    pack = rules.policy_pack
    if pack is None or pack.hash == hash_of_pack():
        return ()
    return (
        Finding(
            _OTHER_PACK,
            Severity.HIGH,
            Status.UNKNOWN,
            "opa",
            f"terrace.yaml pins version {pack.version} of the policy pack ({pack.hash}), and this Terrace has version "
            f"{VERSION} ({hash_of_pack()}), whose rules can differ; to accept them, run `terrace policy update`",
            path="terrace.yaml",
            fix="merge what `terrace policy update` writes; to keep the pinned rules, run the version of Terrace that "
            "wrote the hash",
        ),
    )


def _unknown_finding(message: str, folder: str, fix: str, stack: str | None = None) -> Finding:
    """Returns a finding about policies that could not be evaluated."""
    return Finding("policy", Severity.HIGH, Status.UNKNOWN, "opa", message, stack=stack, path=folder, fix=fix)


def _without_data(folders: tuple[str, ...], files: Mapping[str, bytes]) -> tuple[Finding, ...]:
    message = "contains no data on the protected branch, so that policies that use it report nothing"
    fix = "merge the data first, or remove the folder from `data` in terrace.yaml"
    return tuple(
        _unknown_finding(f"{folder} {message}", folder, fix)
        for folder in folders
        if not any(name.startswith(f"{folder}/") for name in files)
    )


def _findings(ran: Evaluated, plan: Plan, namespaces: tuple[str, ...]) -> tuple[Finding, ...]:
    broke = tuple(evaluation_failure(breakage, plan.stack.key) for breakage in ran.breakages)
    reported = findings(ran.data, plan.stack.key, namespaces)
    return (*broke, *reported, *(_old(folder) for folder in ran.old))


def _old(folder: str) -> Finding:
    return Finding(
        rule="policy",
        severity=Severity.INFO,
        status=Status.FAIL,
        tool="opa",
        message=f"{folder} is written in Rego v0 and was evaluated as such",
        path=folder,
        fix="optional: `opa fmt --write --v0-v1` converts it to Rego v1",
        advisory=True,
    )


def _not_given(folder: str, plan: Plan) -> Finding:
    message = (
        f"{folder} needs the plain plan, which is available only after terrace.yaml on the protected branch requests it"
    )
    return _unknown_finding(message, folder, "merge `input: plan` in terrace.yaml first", plan.stack.key)


def _files(tree: Tree, folders: tuple[str, ...]) -> Mapping[str, bytes]:
    """Returns the policies of a tree and their data, by path."""
    paths = [
        path
        for path in tree.entries
        if path.endswith(KINDS) and any(path.startswith(f"{folder}/") for folder in folders)
    ]
    return read_many(tree, paths)


def _absent(folders: tuple[str, ...], files: Mapping[str, bytes]) -> tuple[Finding, ...]:
    message = "contains no policy on the protected branch, so that nothing was checked"
    fix = "merge the policies first, or remove the folder from `policies` in terrace.yaml"
    return tuple(
        _unknown_finding(f"{folder} {message}", folder, fix)
        for folder in folders
        if not any(name.startswith(f"{folder}/") and name.endswith(".rego") for name in files)
    )


def _file_of(laid: LaidOutFolders, reads: Reads | None, plan: Plan) -> list[str]:
    """Returns the data file with conftest's description of the tested file, where a policy reads it."""
    if reads is None or not any(ref[:2] == CONFTEST[:2] for ref in reads.base):
        return []
    path = laid.data / f"{hashlib.sha256(plan.stack.key.encode()).hexdigest()}.json"
    path.write_text(json.dumps({"conftest": {"file": {"name": FILE_NAME, "dir": f"{plan.stack.shown_path}/"}}}))
    return [str(path)]


def _place(finding: Finding, laid: LaidOutFolders) -> Finding:
    """Returns the finding with a path in the repository where OPA names a data file."""
    data = f"{laid.data}/"
    path = finding.path.removeprefix(data) if finding.path else finding.path
    return replace(finding, path=path, message=finding.message.replace(data, ""))


_PACKAGE = re.compile(r"^package\s+([\w.]+)", re.MULTILINE)


def _texts(root: Path, folders: Sequence[str]) -> Mapping[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text("utf-8", "replace")
        for folder in folders
        for path in sorted((root / folder).rglob("*.rego"))
        if not path.name.endswith("_test.rego")
    }


def _without_parts(results: Sequence[Finding]) -> tuple[Finding, ...]:
    """Returns the findings without those about single files of a folder that has the same finding."""
    whole = tuple(f"{finding.path}/" for finding in results if not finding.advisory)
    return tuple(
        finding for finding in results if not (finding.advisory and finding.path and finding.path.startswith(whole))
    )


def _without_effect(folders: Sequence[str], files: Mapping[str, str]) -> list[Finding]:
    """Returns findings about folders without an enforced rule that no other folder uses."""
    texts = {folder: "\n".join(t for path, t in files.items() if path.startswith(f"{folder}/")) for folder in folders}
    message = "has no rule `deny`, `violation` or `warn`, and no other folder uses it, so that it has no effect"
    return [
        _unknown_finding(
            f"{folder} {message}", folder, "rename its rules, or remove the folder from `policies` in terrace.yaml"
        )
        for folder, text in texts.items()
        if len(folders) > 1 and text and not judges(text) and not _is_used(folder, text, texts)
    ]


def _is_used(folder: str, text: str, texts: Mapping[str, str]) -> bool:
    packages = _PACKAGE.findall(text)
    return any(f"data.{package}" in other for name, other in texts.items() if name != folder for package in packages)
