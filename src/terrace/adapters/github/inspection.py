"""The protection that GitHub itself provides for environments, the ledger's branch and the required check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from terrace.adapters.github.client import GitHub
from terrace.words import plural


@dataclass(frozen=True, slots=True)
class Guard:
    """One kind of protection. `status` is its current state; `how` is what to change, "" where nothing is missing."""

    what: str
    status: str
    how: str = ""


class Inspection:
    """Inspects one repository. Raises NotReady where GitHub cannot be reached or the token lacks a permission."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def guards(self, environments: Sequence[str], branch: str, ledger: str, check: str) -> Iterator[Guard]:
        """Returns the protection of environments that require approval, of the protected branch and of the ledger's
        branch."""
        page = self._github.place.page
        for name in environments:
            yield self._environment(name, page)
        yield self._required_check(branch, check, page)
        yield self._ledger(ledger, page)

    def _environment(self, name: str, page: str) -> Guard:
        subject = f"environment {name}"
        environment = self._github.find(f"environments/{quote(name, safe='')}")
        where = f"{page}/settings/environments"
        if environment is None:
            return Guard(
                subject,
                "GitHub has no environment of this name, so any workflow can read its secrets",
                f"create it: {where}",
            )
        rules = {rule["type"]: rule for rule in environment.get("protection_rules") or ()}
        reviewers = rules.get("required_reviewers")
        if reviewers is None:
            how = f"{where} (in private repositories, required reviewers need GitHub Enterprise)"
            return Guard(subject, "no required reviewers: Terrace's approvals are the only gate", how)
        number = len(reviewers.get("reviewers") or ())
        text = f"{plural(number, 'required reviewer')}"
        if not reviewers.get("prevent_self_review"):
            return Guard(subject, f"{text}, who can approve runs that they started", f"prevent self-review: {where}")
        return Guard(subject, text)

    def _required_check(self, branch: str, check: str, page: str) -> Guard:
        subject = f"branch {branch}"
        required = [
            required["context"]
            for rule in self._rules(branch)
            if rule["type"] == "required_status_checks"
            for required in (rule.get("parameters") or {}).get("required_status_checks", ())
        ]
        if check in required:
            return Guard(subject, f"requires the check {check}")
        text = f"no ruleset requires the check {check} (Terrace cannot read classic branch protection rules)"
        return Guard(subject, text, f"{page}/settings/rules")

    def _ledger(self, ledger: str, page: str) -> Guard:
        subject = f"branch {ledger}"
        kinds = {rule["type"] for rule in self._rules(ledger)}
        lacking = [kind for kind in ("deletion", "non_fast_forward", "update") if kind not in kinds]
        if not lacking:
            return Guard(subject, "only its writer can push, and no one can rewrite or delete it")
        words = {"deletion": "delete", "non_fast_forward": "rewrite", "update": "write"}
        text = f"anyone with push access can {', '.join(words[kind] for kind in lacking)} it"
        return Guard(subject, text, f"import .github/terrace/ruleset-ledger*.json: {page}/settings/rules")

    def _rules(self, branch: str) -> list[Any]:
        return list(self._github.each(f"rules/branches/{quote(branch, safe='')}"))
