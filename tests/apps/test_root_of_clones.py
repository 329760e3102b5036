"""The root of trust of real clones: hostile branches, checkouts of CI, forks, repositories without a remote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import KEY
from support.git import clone, commit, git, repository
from terrace.apps.cli.diagnosis import diagnose
from terrace.apps.wiring.project import Project
from terrace.errors import BadInput, NotReady

pytestmark = pytest.mark.slow

GATED = {"terrace.yaml": "version: 1\nenvironments: {prod: {approvals: 2}}\n", "environments/prod/main.tf": ""}
OPEN = {"terrace.yaml": "version: 1\nenvironments: {prod: {}}\n"}
NAMES = ("main", "master", "develop", "HEAD", "refs/heads/trunk", "origin/trunk")


def hosted(folder: Path, branch: str, name: str = "team", files: dict[str, str] = GATED) -> Path:
    """A working clone whose remote protects `branch`, which holds gates."""
    work = repository(folder / name, files)
    git(work, "branch", "--move", branch)
    git(folder, "init", "--quiet", "--bare", f"--initial-branch={branch}", f"{name}.git")
    git(work, "remote", "add", "origin", folder / f"{name}.git")
    git(work, "push", "--quiet", "origin", branch)
    return work


def push_hostile(work: Path, name: str) -> str:
    """A contributor's branch of that name, whose terrace.yaml has no gates."""
    git(work, "switch", "--quiet", "--create", "hostile-work")
    made = commit(work, OPEN)
    git(work, "push", "--quiet", "origin", f"HEAD:refs/heads/{name}")
    git(work, "switch", "--quiet", "-")
    git(work, "branch", "--quiet", "-D", "hostile-work")
    return made


def checked_out_by_ci(work: Path, folder: Path, ref: str) -> Path:
    """What actions/checkout makes: one ref, shallow, HEAD detached, no recorded HEAD of the remote."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", f"file://{git(work, 'remote', 'get-url', 'origin')}")
    git(folder, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{ref}:refs/remotes/pull/1/merge")
    git(folder, "checkout", "--quiet", "--force", "refs/remotes/pull/1/merge")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_contributor_who_creates_a_branch_of_a_usual_name_does_not_become_the_root(tmp_path: Path, name: str) -> None:
    work = hosted(tmp_path, "trunk")
    tip = git(work, "rev-parse", "trunk")
    hostile = push_hostile(work, name)
    ci = checked_out_by_ci(work, tmp_path / "ci", f"refs/heads/{name}")
    git(ci, "branch", "main", hostile)
    git(ci, "branch", "origin/trunk", hostile)
    git(ci, "tag", "trunk", hostile)
    git(ci, "tag", "origin/trunk", hostile)
    project = Project(ci)
    assert project.trust.commit == tip != hostile
    assert project.trust.config.branch == "trunk"
    assert project.trust.config.environments[0].approvals.count == 2


@pytest.mark.parametrize("branch", ["master", "trunk"])
def test_a_checkout_of_ci_without_a_network_is_refused(tmp_path: Path, branch: str) -> None:
    work = hosted(tmp_path, branch)
    push_hostile(work, "main")
    ci = checked_out_by_ci(work, tmp_path / "ci", "refs/heads/main")
    git(ci, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(ci, "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match=r"ambiguous|unknown") as refused:
        _ = Project(ci, fetch=False).trust
    assert "git remote set-head origin --auto" in (refused.value.hint or "")
    with pytest.raises(NotReady, match="cannot be read"):
        _ = Project(ci).trust


def test_a_pinned_branch_needs_no_question_and_is_the_only_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = hosted(tmp_path, "trunk")
    tip, hostile = git(work, "rev-parse", "trunk"), push_hostile(work, "main")
    ci = checked_out_by_ci(work, tmp_path / "ci", "refs/heads/main")
    git(tmp_path / "team.git", "symbolic-ref", "HEAD", "refs/heads/main")
    monkeypatch.setenv("TERRACE_BRANCH", "trunk")
    assert Project(ci).trust.commit == tip != hostile
    monkeypatch.setenv("TERRACE_BRANCH", "refs/heads/trunk")
    with pytest.raises(BadInput, match="not a branch name"):
        _ = Project(ci).trust


def test_a_default_branch_that_moved_is_not_taken_over_by_itself(tmp_path: Path) -> None:
    work = hosted(tmp_path, "trunk")
    push_hostile(work, "main")
    other = clone(work, tmp_path / "other")
    assert Project(other).trust.config.branch == "trunk"
    git(tmp_path / "team.git", "symbolic-ref", "HEAD", "refs/heads/main")
    with pytest.raises(BadInput, match=r"ambiguous|unknown") as refused:
        _ = Project(other).trust
    assert refused.value.hint is not None
    git(other, "remote", "set-head", "origin", "--auto")
    assert Project(other).trust.config.branch == "main"


def test_the_recorded_default_branch_is_used_without_a_network(tmp_path: Path) -> None:
    work = hosted(tmp_path, "trunk")
    tip = git(work, "rev-parse", "trunk")
    assert Project(work).trust.commit == tip
    git(work, "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    project = Project(work, fetch=False)
    assert project.trust.commit == tip
    assert project.root_place.branch.how == "this clone has recorded it as the HEAD of origin"


def test_a_remote_without_a_branch_at_its_head_is_refused(tmp_path: Path) -> None:
    work = hosted(tmp_path, "trunk")
    push_hostile(work, "main")
    git(tmp_path / "team.git", "symbolic-ref", "HEAD", "refs/heads/gone")
    with pytest.raises(BadInput, match="does not name an existing branch"):
        _ = Project(work).trust
    git(work, "config", "terrace.branch", "trunk")
    assert Project(work).trust.config.branch == "trunk"


def test_a_protected_branch_that_was_deleted_is_not_replaced_by_another(tmp_path: Path) -> None:
    work = hosted(tmp_path, "trunk", files={**GATED, "terrace.yaml": f"{GATED['terrace.yaml']}branch: release\n"})
    with pytest.raises(BadInput, match="release"):
        _ = Project(work).trust
    hostile = push_hostile(work, "release")
    # It follows trunk, where only those who may merge name the branch; the branch itself is theirs to protect.
    assert Project(work).trust.commit == hostile
    git(work, "switch", "--quiet", "--create", "release", hostile)
    commit(work, {"terrace.yaml": f"{OPEN['terrace.yaml']}branch: third\n"})
    git(work, "push", "--quiet", "origin", "release")
    with pytest.raises(BadInput, match="names third"):
        _ = Project(work).trust


def forked(tmp_path: Path, *, named: str) -> Path:
    """A clone of a fork, whose terrace.yaml names a remote, with the team's repository as `upstream`."""
    team = hosted(tmp_path, "trunk", files={**GATED, "terrace.yaml": f"{GATED['terrace.yaml']}remote: upstream\n"})
    fork = hosted(tmp_path, "main", "fork", {**OPEN, "terrace.yaml": f"{OPEN['terrace.yaml']}{named}"})
    git(fork, "remote", "add", "upstream", git(team, "remote", "get-url", "origin"))
    return fork


def test_the_remote_of_terrace_yaml_holds_the_root_and_the_ledger_instead_of_a_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork = forked(tmp_path, named="remote: upstream\n")
    monkeypatch.setenv("TERRACE_BACKUP_KEY", KEY)
    project = Project(fork)
    assert project.trust.commit == git(tmp_path / "team", "rev-parse", "trunk")
    assert project.repository.remote == "upstream"
    project.open_ledger()
    project.repository.tag("deployed/prod/1", project.trust.commit, "deployed")
    for folder, there in ((tmp_path / "team.git", True), (tmp_path / "fork.git", False)):
        refs = git(folder, "for-each-ref", "--format=%(refname)")
        assert ("refs/heads/terrace/ledger" in refs) is there
        assert ("refs/tags/deployed/prod/1" in refs) is there


def test_a_clone_without_the_remote_of_terrace_yaml_is_refused(tmp_path: Path) -> None:
    fork = forked(tmp_path, named="remote: upstream\n")
    git(fork, "remote", "rename", "upstream", "company")
    with pytest.raises(BadInput, match="names the remote 'upstream', and this repository has the remotes company") as r:
        _ = Project(fork).trust
    assert r.value.exit_code == 2
    git(fork, "config", "terrace.remote", "company")
    assert Project(fork).trust.commit == git(tmp_path / "team", "rev-parse", "trunk")


def test_remotes_that_name_each_other_are_refused(tmp_path: Path) -> None:
    fork = forked(tmp_path, named="remote: upstream\n")
    team = tmp_path / "team"
    commit(team, {"terrace.yaml": f"{GATED['terrace.yaml']}remote: origin\n"})
    git(team, "push", "--quiet", "origin", "trunk")
    with pytest.raises(BadInput, match=r"ambiguous|unknown"):
        _ = Project(fork).trust


def test_a_repository_with_a_remote_never_falls_back_to_its_local_branches(tmp_path: Path) -> None:
    work = hosted(tmp_path, "trunk")
    tip = git(work, "rev-parse", "trunk")
    commit(work, OPEN)
    git(work, "branch", "main")
    git(work, "remote", "rename", "origin", "company")
    project = Project(work)
    assert (project.trust.commit, project.repository.remote) == (tip, "company")


def test_a_repository_without_a_remote_is_refused_where_main_and_master_differ(tmp_path: Path) -> None:
    work = repository(tmp_path / "alone", GATED)
    assert Project(work).trust.config.branch == "main"
    git(work, "switch", "--quiet", "--create", "master")
    assert Project(work).trust.config.branch == "main"
    commit(work, OPEN)
    with pytest.raises(BadInput, match="main and master, and they differ"):
        _ = Project(work).trust
    git(work, "config", "terrace.branch", "main")
    assert Project(work).trust.config.environments[0].approvals.count == 2


def test_doctor_shows_where_the_rules_come_from_and_what_decided_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fork = forked(tmp_path, named="remote: upstream\n")
    diagnose(str(fork), as_json=True)
    rows = {row["what"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    tip = git(tmp_path / "team", "rev-parse", "trunk")[:7]
    assert rows["trust root"]["found"] == f"upstream/trunk at {tip} ({tmp_path / 'team.git'})"
    assert rows["trusted remote"]["found"] == "upstream: terrace.yaml at origin/main names it"
    assert rows["protected branch"]["found"] == "trunk: the HEAD of upstream names it"
    assert rows["signers"]["found"] == f"no keys: .terrace/allowed_signers does not exist at {tip}"
    monkeypatch.setenv("TERRACE_BRANCH", "main")
    monkeypatch.setenv("TERRACE_REMOTE", "origin")
    diagnose(str(fork), as_json=True)
    rows = {row["what"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["trusted remote"]["found"] == "origin: TERRACE_REMOTE names it; terrace.yaml names upstream"
    assert rows["protected branch"]["found"] == "main: TERRACE_BRANCH names it"
