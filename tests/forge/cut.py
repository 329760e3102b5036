"""Cuts GitHub's published description of its API down to what Terrace uses: `python cut.py PACKAGE_FOLDER`.

The folder is that of the npm package `@octokit/openapi` (MIT), unpacked. The result, `description.json`, holds the
operations and webhooks named below and every schema that they reach, without prose and examples; it says which
version it was cut from.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "description.json"

_OPERATIONS = """
    apps/get-authenticated apps/get-repo-installation apps/create-installation-access-token
    users/get-authenticated rate-limit/get meta/get
    repos/get repos/get-collaborator-permission-level repos/get-commit repos/compare-commits-with-basehead
    repos/list-pull-requests-associated-with-commit repos/get-branch repos/get-content
    repos/create-dispatch-event repos/get-repo-rulesets repos/create-repo-ruleset repos/get-branch-rules
    teams/get-membership-for-user-in-org teams/list-members-in-org
    pulls/get pulls/list pulls/list-commits pulls/list-files pulls/list-reviews pulls/get-review
    issues/list-for-repo issues/create issues/get issues/update issues/list-comments issues/create-comment
    issues/get-comment issues/update-comment issues/delete-comment issues/add-labels issues/remove-label
    issues/list-labels-for-repo issues/create-label issues/list-events
    reactions/create-for-issue-comment
    checks/create checks/update checks/get checks/list-for-ref checks/list-annotations
    repos/create-commit-status repos/get-combined-status-for-ref
    repos/create-deployment repos/list-deployments repos/get-deployment repos/create-deployment-status
    repos/list-deployment-statuses
    repos/get-all-environments repos/get-environment repos/list-deployment-branch-policies
    actions/get-workflow-run actions/list-workflow-runs-for-repo actions/get-pending-deployments-for-run
    actions/review-pending-deployments-for-run actions/get-reviews-for-run actions/review-custom-gates-for-run
    actions/create-workflow-dispatch actions/re-run-workflow
    code-scanning/upload-sarif code-scanning/get-sarif
    git/get-ref git/create-ref git/update-ref git/create-tag
    repos/create-release repos/list-releases repos/get-release-by-tag repos/get-latest-release
"""

_WEBHOOKS = """
    ping push issue-comment-created issue-comment-edited issues-opened issues-edited issues-closed
    pull-request-opened pull-request-synchronize pull-request-reopened pull-request-closed pull-request-edited
    pull-request-review-submitted pull-request-review-dismissed check-run-rerequested check-run-requested-action
    deployment-protection-rule-requested deployment-review-approved deployment-review-rejected
    workflow-run-completed merge-group-checks-requested installation-created installation-deleted
"""

OPERATIONS = frozenset(_OPERATIONS.split())
WEBHOOKS = frozenset(_WEBHOOKS.split())

_PROSE = frozenset({"description", "example", "examples", "x-github", "externalDocs", "summary", "tags", "title"})


def cut(whole: dict[str, Any]) -> dict[str, Any]:
    """The description with nothing but OPERATIONS, WEBHOOKS and what they refer to. Raises KeyError for one unknown."""
    paths: dict[str, Any] = {}
    left = set(OPERATIONS)
    for path, item in whole["paths"].items():
        mine = {verb: op for verb, op in item.items() if isinstance(op, dict) and op.get("operationId") in OPERATIONS}
        if mine:
            paths[path] = mine
            left -= {op["operationId"] for op in mine.values()}
    if left:
        raise KeyError(f"no such operation: {', '.join(sorted(left))}")
    webhooks = {name: whole["x-webhooks"][name] for name in sorted(WEBHOOKS)}
    kept = {"paths": bare(paths), "x-webhooks": bare(webhooks)}
    kept["components"] = _reached(whole["components"], kept)
    return {"openapi": whole["openapi"], "info": {"version": whole["info"]["version"]}, **kept}


def bare(value: Any, *, names: bool = False) -> Any:
    """A piece of the description without prose. Where the keys are `names` of somebody's properties, all stay."""
    if isinstance(value, list):
        return [bare(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: bare(inner, names=key in ("properties", "schemas", "parameters") and not names)
        for key, inner in value.items()
        if names or key not in _PROSE
    }


def _reached(components: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    left = list(_references(kept))
    while left:
        kind, name = left.pop()
        if name in found.get(kind, {}):
            continue
        piece = bare(components[kind][name])
        found.setdefault(kind, {})[name] = piece
        left += _references(piece)
    return {kind: dict(sorted(pieces.items())) for kind, pieces in sorted(found.items())}


def _references(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, dict):
        where = value.get("$ref")
        if isinstance(where, str):
            _, _, kind, name = where.split("/", 3)
            yield kind, name
        for inner in value.values():
            yield from _references(inner)


def main() -> None:
    """Write TARGET."""
    folder = Path(sys.argv[1])
    whole = json.loads((folder / "generated/api.github.com.json").read_text("utf-8"))
    made = cut(whole)
    made["info"]["package"] = "@octokit/openapi " + json.loads((folder / "package.json").read_text("utf-8"))["version"]
    TARGET.write_text(json.dumps(made, sort_keys=True, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
