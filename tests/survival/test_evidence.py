"""Every place that ends an apply as failed or as never started is in docs/survival.md, with the evidence it has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from terrace.errors import TerraceError
from terrace.ledger.authenticity import NO_KEY
from terrace.ledger.deployment import Holder, Step, StepRecord
from terrace.ledger.events.steps import Detail
from terrace.ledger.model import History
from terrace.pipelines.deploy.step_results import ApplyFailed, ApplySucceeded, ApplyUnknown
from terrace.pipelines.journal import Journal
from terrace.plans.ports import Evidence

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src/terrace"
PACKAGES = ("adapters/runner", "pipelines", "rollout", "ledger", "apps")
ENDS = ("ApplyFailed", "NotStarted")
FATE = {"NOT_STARTED": "PERMIT_WITHDRAWN"}


def places() -> Iterator[tuple[str, str, str]]:
    """File, function and evidence of every place in the code; "" where the evidence is handed on."""
    for package in PACKAGES:
        for path in sorted((SOURCE / package).rglob("*.py")):
            yield from _in(ast.parse(path.read_text()), path.relative_to(SOURCE).as_posix(), "")


def _in(node: ast.AST, file: str, function: str) -> Iterator[tuple[str, str, str]]:
    for child in ast.iter_child_nodes(node):
        name = function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            name = f"{function}.{child.name}".lstrip(".")
        if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name):
            if child.value.id == "Evidence":
                yield file, name, child.attr
            elif child.value.id == "Fate" and child.attr in FATE:
                yield file, name, FATE[child.attr]
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id in ENDS:
            given = ast.unparse(child)
            if "Evidence." not in given:
                yield file, name, ""
        yield from _in(child, file, name)


def rows() -> Iterator[tuple[str, str, str]]:
    """The same from the table of the page."""
    for line in (ROOT / "docs/survival.md").read_text().splitlines():
        found = re.match(r"\| `([\w/]+\.py)` `([\w.]+)` \| (?:`(\w+)`|[^|]+) \| [^|]{20,} \|$", line)
        if found is not None:
            yield found[1], found[2], found[3] or ""


def test_a_new_place_that_ends_an_apply_as_failed_is_in_the_table() -> None:
    assert sorted(places()) == sorted(rows())


def test_every_kind_of_evidence_is_demanded_somewhere() -> None:
    assert {evidence for _, _, evidence in rows() if evidence} == {one.name for one in Evidence}


def test_no_other_step_ends_an_apply() -> None:
    """What ends an apply is `ApplyOutcome.as_outcome`, and `StepOutcome` is created for it nowhere else."""
    text = (SOURCE / "pipelines/deploy/driver.py").read_text()
    assert "if record.step is Step.APPLY:\n        return apply_step.apply(run, record).as_outcome()\n" in text
    assert text.count("Step.APPLY") == 2, "and in what its intent says"
    for path in sorted((SOURCE / "pipelines").rglob("*.py")):
        assert not re.search(r"STEP_ENDED", path.read_text()) or path.name == "journal.py", path


def test_an_apply_that_failed_without_evidence_is_never_written_down() -> None:
    ended = ApplyFailed("it is refused", Evidence.TERRAFORM_FAILED).as_outcome()
    assert (ended.result, ended.detail) == ("failed", Detail(evidence="terraform_failed"))
    assert (ApplySucceeded("").as_outcome().result, ApplyUnknown("").as_outcome().result) == ("succeeded", "unknown")
    journal = Journal(None, History(key=NO_KEY), "d1", Holder("h", "b", 1, "ann"), "ann")  # type: ignore[arg-type]
    record = StepRecord(Step.APPLY, "dev", "a1", began_at=None, result="failed")  # type: ignore[arg-type]
    with pytest.raises(TerraceError, match="without evidence"):
        journal.end(record)
