"""What Terraform does when an old configuration meets a newer state, and what Terrace makes of it. All measured."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.attempts import begin
from support.sites import site_of, terraform_in
from terrace.adapters.runner.applier import LocalApplier
from terrace.adapters.terraform.client import LocalTerraform
from terrace.assess.model import Weight
from terrace.assess.reversal import Undone, reversal
from terrace.errors import StateLock, TerraformFailed
from terrace.plans.digest import DigestKey
from terrace.plans.model import Action, Plan
from terrace.plans.ports import Goal, Site
from terrace.plans.read import read_plan
from terrace.stacks.additions import FILE, Additions, Import, Move
from terrace.states.state_file import with_serial

pytestmark = pytest.mark.slow

KEPT = 'resource "terraform_data" "kept" {}\n'
GUARDED = KEPT + 'resource "terraform_data" "guarded" {\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n'


@pytest.fixture
def terraform(tmp_path: Path) -> LocalTerraform:
    return terraform_in(tmp_path / "terrace")


def planned(terraform: LocalTerraform, site: Site, goal: Goal = Goal.CONVERGED) -> Plan:
    made = terraform.plan(site, goal=goal)
    key = DigestKey("k", b"x" * 32)
    found = read_plan(made.document, stack=site.stack, commit="c", key=key, root=str(site.root), lock=made.lock)
    made.discard()
    return found


def applied(terraform: LocalTerraform, site: Site, folder: Path, attempt: str = "one") -> None:
    applier = LocalApplier(folder / "runs", terraform)
    outcome = applier.wait(begin(applier, attempt, site, terraform.plan(site)))
    assert outcome is not None
    assert outcome.code == 0, outcome.summary


def actions(plan: Plan) -> dict[str, Action]:
    return {c.address: c.action for c in plan.effective}


def test_an_old_configuration_destroys_what_the_newer_one_guarded(terraform: LocalTerraform, tmp_path: Path) -> None:
    """The guard leaves with the code: nothing but an objection stands in the way."""
    applied(terraform, site_of(tmp_path, GUARDED), tmp_path)
    plan = planned(terraform, site_of(tmp_path, KEPT))
    assert actions(plan) == {"terraform_data.guarded": Action.DELETE}
    assert [o.rule for o in reversal(plan, Undone(created=()))] == ["delete"]
    assert reversal(plan, Undone(created=("terraform_data.guarded",))) == (), "it holds nothing"


def test_an_inverse_move_changes_nothing_where_else_it_is_made_anew(terraform: LocalTerraform, tmp_path: Path) -> None:
    old = 'resource "terraform_data" "a" {}\n'
    new = 'resource "terraform_data" "b" {}\nmoved {\n  from = terraform_data.a\n  to = terraform_data.b\n}\n'
    applied(terraform, site_of(tmp_path, old), tmp_path, "one")
    applied(terraform, site_of(tmp_path, new), tmp_path, "two")
    site = site_of(tmp_path, old)
    assert actions(planned(terraform, site)) == {
        "terraform_data.a": Action.CREATE,
        "terraform_data.b": Action.DELETE,
    }
    back = Additions((Move(site.stack.path, "terraform_data.b", "terraform_data.a"),))
    (text,) = back.files({}, {site.stack.path}).values()
    (site.folder / FILE).write_text(text)
    plan = planned(terraform, site)
    assert actions(plan) == {"terraform_data.a": Action.NO_OP}, "a move and nothing else"
    assert reversal(plan, Undone(created=())) == ()


def test_two_moves_to_one_place_are_refused_and_a_chain_is_taken(terraform: LocalTerraform, tmp_path: Path) -> None:
    applied(terraform, site_of(tmp_path, 'resource "terraform_data" "c" {}\n'), tmp_path)
    old = 'resource "terraform_data" "b" {}\nmoved {\n  from = terraform_data.a\n  to   = terraform_data.b\n}\n'
    site = site_of(tmp_path, old)
    (site.folder / FILE).write_text("moved {\n  from = terraform_data.c\n  to = terraform_data.b\n}\n")
    with pytest.raises(TerraformFailed, match="Ambiguous move"):
        planned(terraform, site)
    (site.folder / FILE).write_text("moved {\n  from = terraform_data.c\n  to = terraform_data.a\n}\n")
    assert actions(planned(terraform, site)) == {"terraform_data.b": Action.NO_OP}


def test_what_was_let_go_would_be_made_a_second_time(terraform: LocalTerraform, tmp_path: Path) -> None:
    old = KEPT + 'resource "terraform_data" "free" {\n  count = 1\n}\n'
    applied(terraform, site_of(tmp_path, old), tmp_path, "one")
    new = KEPT + "removed {\n  from = terraform_data.free\n  lifecycle {\n    destroy = false\n  }\n}\n"
    forward = planned(terraform, site_of(tmp_path, new))
    assert actions(forward) == {"terraform_data.free[0]": Action.FORGET}
    applied(terraform, site_of(tmp_path, new), tmp_path, "two")
    plan = planned(terraform, site_of(tmp_path, old))
    assert actions(plan) == {"terraform_data.free[0]": Action.CREATE}
    (found,) = reversal(plan, Undone(created=(), let_go=("terraform_data.free",)))
    assert (found.rule, found.weight) == ("let-go", Weight.NAME)


def test_a_state_of_a_newer_schema_is_refused_in_known_words(terraform: LocalTerraform, tmp_path: Path) -> None:
    """`pipelines.undoing.newer_lock_file` goes by these very words."""
    site = site_of(tmp_path, KEPT)
    applied(terraform, site, tmp_path)
    state = json.loads(terraform.pull_state(site).content)
    state["resources"][0]["instances"][0]["schema_version"] = 99
    terraform.push_state(site, with_serial(json.dumps(state).encode(), state["serial"] + 1))
    with pytest.raises(TerraformFailed) as caught:
        terraform.plan(site)
    assert any("newer provider version" in f"{d.summary} {d.detail}" for d in caught.value.diagnostics)


def test_a_saved_plan_is_stale_once_the_state_moved(terraform: LocalTerraform, tmp_path: Path) -> None:
    site = site_of(tmp_path, KEPT)
    applier = LocalApplier(tmp_path / "runs", terraform)
    first, second = terraform.plan(site), terraform.plan(site)
    begun = [begin(applier, attempt, site, made) for attempt, made in (("one", first), ("two", second))]
    outcomes = [applier.wait(attempt) for attempt in begun]
    assert sorted(o.code for o in outcomes if o is not None) == [0, 1]
    assert any("stale" in o.summary.lower() or "lock" in o.summary.lower() for o in outcomes if o is not None)
    third = terraform.plan(site_of(tmp_path, GUARDED))
    applied(terraform, site_of(tmp_path, GUARDED), tmp_path, "three")
    four = begin(applier, "four", site, third)
    last = applier.wait(four)
    assert last is not None
    assert last.code == 1
    assert "stale" in last.summary.lower()


def test_a_destruction_is_planned_towards_nothing(terraform: LocalTerraform, tmp_path: Path) -> None:
    site = site_of(tmp_path, KEPT)
    applied(terraform, site, tmp_path)
    assert actions(planned(terraform, site, Goal.DESTROYED)) == {"terraform_data.kept": Action.DELETE}
    guarded = site_of(tmp_path, GUARDED)
    applied(terraform, guarded, tmp_path, "two")
    with pytest.raises(TerraformFailed, match="cannot be destroyed"):
        terraform.plan(guarded, goal=Goal.DESTROYED)


# --- locks -------------------------------------------------------------------------------------------------------

HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_of_somebody_else_is_told_and_stays(terraform: LocalTerraform, tmp_path: Path) -> None:
    site = site_of(tmp_path, KEPT)
    applied(terraform, site, tmp_path)
    assert terraform.lock_of(site) is None
    (state,) = (tmp_path / "terrace/states").rglob("terraform.tfstate")
    info = {"ID": "1-2-3", "Operation": "OperationTypeApply", "Who": "eve@elsewhere", "Created": "2026-01-05T12:00:00Z"}
    written = state.with_name(".terraform.tfstate.lock.info")
    written.write_text(json.dumps(info))
    assert terraform.lock_of(site) is None, "a note that was left lying is no lock"
    written.write_text(json.dumps(info))
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        lock = terraform.lock_of(site)
        assert lock == StateLock("1-2-3", "eve@elsewhere", "Apply", "2026-01-05 12:00:00 +0000 UTC")
        with pytest.raises(TerraformFailed):
            terraform.unlock(site, lock)
        assert terraform.lock_of(site) == lock
        assert holder.stdin is not None
        holder.stdin.close()
    assert terraform.lock_of(site) is None


def test_asking_for_the_lock_changes_nothing_and_needs_no_state(terraform: LocalTerraform, tmp_path: Path) -> None:
    site = site_of(tmp_path, KEPT)
    assert terraform.lock_of(site) is None
    assert terraform.pull_state(site).content == b""
    applied(terraform, site, tmp_path)
    before = terraform.pull_state(site)
    assert terraform.lock_of(site) is None
    assert terraform.pull_state(site) == before


# --- imports -----------------------------------------------------------------------------------------------------

HOSTILE = [
    "${x}", "$${x}", "$$${x}", "%{if}", "%%{x", 'a"b', "a\nb\r\t", "back\\slash", "\b\f\x01\x7f", "é☃😀", "$", "%",
    "$$", "${", "\\${x}", "a\u2028b", "$%{x", "%${x", "$${", '"\n}\nresource "terraform_data" "evil" {}\n',
]  # fmt: skip


# HCL writes each string in its composed form, and knows no NUL.
ids = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(
    lambda text: unicodedata.normalize("NFC", text)
)


@settings(max_examples=3)
@given(st.lists(ids, max_size=20))
def test_terraform_reads_every_id_as_it_is(tmp_path_factory: pytest.TempPathFactory, more: list[str]) -> None:
    folder = tmp_path_factory.mktemp("ids")
    texts = [*HOSTILE, *more]
    quoted = []
    for id_ in texts:
        (text,) = Additions(imports=(Import("dev", "a.b", id_),)).files({"dev": "x"}, {"x"}).values()
        quoted.append(text.split("id = ", 1)[1].rsplit("\n}", 1)[0])
    outputs = "".join(f'output "o{i}" {{\n  value = {text}\n}}\n' for i, text in enumerate(quoted))
    made = terraform_in(folder / "terrace").plan(site_of(folder, outputs))
    values = json.loads(made.document)["planned_values"]["outputs"]
    made.discard()
    assert [values[f"o{i}"]["value"] for i in range(len(texts))] == texts
