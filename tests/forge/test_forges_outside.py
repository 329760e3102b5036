"""No forge by its name where it is decided what happens: the rooms of the domain and the pipelines know none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/terrace"
ROOMS = (
    "config",
    "clouds",
    "hcl",
    "stacks",
    "plans",
    "assess",
    "waivers",
    "checks",
    "gates",
    "rollout",
    "ledger",
    "states",
    "drift",
    "forge",
    "compliance",
    "report",
    "pipelines",
)

WHY = {
    "checks/pinned.py": "how the address of a module in Git is told from another one",
    "checks/outside_files.py": "how a source of a module that is no folder looks",
    "checks/policy/opa.py": "where the source of a tool is",
    "checks/scanners/gitleaks.py": "where the source of a tool is",
    "checks/scanners/tflint.py": "where the source of a tool is",
    "checks/scanners/trivy.py": "where the source of a tool is",
    "checks/scanners/trufflehog.py": "where the source of a tool is",
    "checks/secrets/kinds.py": "whose tokens are found in a change",
    "checks/rule_files.py": "which files of a repository a forge acts on",
    "clouds/all.py": "the trust of a cloud in runs of a forge",
    "clouds/cloud.py": "the trust of a cloud in runs of a forge",
    "clouds/others/cloud.py": "the credentials of a Terraform provider",
    "clouds/others/types.py": "a type of resource of a Terraform provider",
    "forge/plain_lines.py": "which lines of a comment a forge shows as they are",
    "gates/approvals/people.py": "addresses that a forge gives to people who hide theirs",
    "report/json/all.py": "the outputs of the commands that set up a forge",
    "report/json/setup.py": "the outputs of the commands that set up a forge",
    "report/markdown/comment.py": "the longest comment that every forge takes is the shortest of their limits",
    "report/markdown/escape.py": "what a forge makes of text that is not quoted",
    "report/sarif.py": "the limits of whoever reads most files of that form",
    "stacks/inert.py": "which files of a repository no Terraform reads",
    "config/keys/forge.py": "for people: how the root of an API looks",
    "config/keys/terrace_yaml.py": "for people: what the key is about",
}
"""Files that name one all the same, and what for. None of them acts on it."""


def lines() -> Iterator[tuple[str, str]]:
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            for line in path.read_text("utf-8").splitlines():
                if re.search(r"github|gitlab", line, re.IGNORECASE):
                    yield str(path.relative_to(SOURCE)), line


def test_only_where_there_is_a_reason_a_forge_is_named() -> None:
    assert {path for path, _ in lines()} == set(WHY)


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_an_adapter_of_one_forge_knows_no_other(forge: str) -> None:
    other = {"github": "gitlab", "gitlab": "github"}[forge]
    for path in (SOURCE / "adapters" / forge).glob("*.py"):
        assert other not in path.read_text("utf-8").lower(), path.name
