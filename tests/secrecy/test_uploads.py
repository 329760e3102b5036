"""What generated workflows upload is known, one by one: `test_planted_secrets` looks into each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FILES = Path(__file__).parents[2] / "src/terrace/apps/workflows/files"

UPLOADS = {
    (
        "actions/terrace-plan.yml",
        "${{ runner.temp }}/${{ inputs.environment }}.plans",
    ): "plans, sealed with the digest key",
    ("workflows/compliance-report.yml", "${{ runner.temp }}/compliance.html"): "names, no values",
    ("workflows/01-security-scan.yml", "${{ steps.look.outputs.sarif }}"): "findings, which mask what they found",
    ("gitlab/pipeline.yml", "check.xml"): "findings, which mask what they found",
}

_SENDS = re.compile(r"upload-|actions/cache|artifacts:|cache:|upload_")
_PATH = re.compile(r"^\s*(?:path|sarif_file|junit|paths|dotenv|key):\s*(\S.*)?$", re.M)


def test_everything_that_a_generated_workflow_uploads_is_listed() -> None:
    """A new upload is looked into by the test of planted secrets before it is listed here."""
    found = set()
    for path in sorted(FILES.rglob("*.yml")):
        text = path.read_text()
        for place in _SENDS.finditer(text):
            line = text[text.rfind("\n", 0, place.start()) + 1 : place.start()]
            if line.lstrip().startswith("#"):
                continue
            after = _PATH.search(text, place.start())
            assert after is not None and after[1], f"{path}: what is uploaded is not in one line"
            found.add((path.relative_to(FILES).as_posix(), after[1].strip()))
    assert found == UPLOADS.keys()


@pytest.mark.parametrize("name", ["upload-artifact", "cache"])
def test_no_generated_workflow_keeps_folders_of_terraform_or_of_terrace(name: str) -> None:
    for path in FILES.rglob("*.yml"):
        for line in path.read_text().splitlines():
            if re.match(r"\s*(path|paths):", line):
                assert not re.search(r"\.terraform|TERRACE_HOME|tfstate|tfplan|\.cache|/dev/shm", line), (path, name)
