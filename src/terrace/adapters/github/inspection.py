"""What GitHub itself guards, and what it leaves to Terrace: environments, the ledger's branch, the required check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from terrace.adapters.github.client import GitHub


@dataclass(frozen=True, slots=True)
class Guard:
    """One thing that GitHub could guard. `found` is what it does; `how` is what to do about it, "" where it is well."""

    what: str
    found: str
    how: str = ""


class Inspection:
    """One repository, looked at. Raises NotReady where it cannot be, or where the token may not look."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    def guards(self, environments: Sequence[str], branch: str, ledger: str, check: str) -> Iterator[Guard]:
        """What guards the environments that ask people, the protected branch and the ledger's."""
        page = self._github.place.page
        for name in environments:
            yield self._environment(name, page)
        yield self._required(branch, check, page)
        yield self._ledger(ledger, page)

    def _environment(self, name: str, page: str) -> Guard:
        what = f"environment {name}"
        told = self._github.find(f"environments/{quote(name, safe='')}")
        where = f"{page}/settings/environments"
        if told is None:
            return Guard(what, "GitHub has none of that name: its secrets are anybody's", f"make it: {where}")
        rules = {rule["type"]: rule for rule in told.get("protection_rules") or ()}
        reviewers = rules.get("required_reviewers")
        if reviewers is None:
            how = f"{where} (a private repository has reviewers on GitHub Enterprise only)"
            return Guard(what, "no required reviewers: what Terrace asks is the only gate", how)
        number = len(reviewers.get("reviewers") or ())
        found = f"{number} required {'reviewer' if number == 1 else 'reviewers'}"
        if not reviewers.get("prevent_self_review"):
            return Guard(what, f"{found}, who may answer for what they started", f"prevent self-review: {where}")
        return Guard(what, found)

    def _required(self, branch: str, check: str, page: str) -> Guard:
        what = f"branch {branch}"
        asked = [
            one["context"]
            for rule in self._rules(branch)
            if rule["type"] == "required_status_checks"
            for one in (rule.get("parameters") or {}).get("required_status_checks", ())
        ]
        if check in asked:
            return Guard(what, f"requires the check {check}")
        found = f"no ruleset requires the check {check} (an old branch protection may, and cannot be seen)"
        return Guard(what, found, f"{page}/settings/rules")

    def _ledger(self, ledger: str, page: str) -> Guard:
        what = f"branch {ledger}"
        kinds = {rule["type"] for rule in self._rules(ledger)}
        lacking = [kind for kind in ("deletion", "non_fast_forward", "update") if kind not in kinds]
        if not lacking:
            return Guard(what, "only its writer may push, and nobody may rewrite or delete it")
        words = {"deletion": "delete", "non_fast_forward": "rewrite", "update": "write"}
        found = f"whoever may push may {', '.join(words[kind] for kind in lacking)} it"
        return Guard(what, found, f"import .github/terrace/ruleset-ledger*.json: {page}/settings/rules")

    def _rules(self, branch: str) -> list[Any]:
        return list(self._github.each(f"rules/branches/{quote(branch, safe='')}"))
