"""Secrets in real repositories: in files, in commits that a later one mends, in messages; what a baseline accepts."""

from __future__ import annotations

import json
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from support.git import commit, git, repository, with_remote
from support.in_process import run_command
from support.planted import secrets
from terrace.adapters.git.patches import patches_between
from terrace.adapters.git.repository import GitRepository
from terrace.assess.model import Finding, Status
from terrace.checks.secrets.search import SecretSearch

TODAY = date(2026, 1, 1)
TEXT = secrets(7)["password"][2]
SECRET = TEXT.split('"')[1]


def searched(work: Path, trusted: str = "HEAD") -> SecretSearch:
    repository = GitRepository(work, cache=work / "cache")
    return SecretSearch(repository, partial(patches_between, repository.root), git(work, "rev-parse", trusted), TODAY)


def changed(work: Path, base: str) -> tuple[Finding, ...]:
    return searched(work, base).change(base, git(work, "rev-parse", "HEAD"))


def test_a_secret_is_found_at_its_line_and_not_shown(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "# one\n"})
    base = git(work, "rev-parse", "HEAD")
    commit(work, {"a.tf": f"# one\n# two\n{TEXT}\n"})
    (found,) = changed(work, base)
    assert (found.path, found.line, found.status) == ("a.tf", 3, Status.FAIL)
    assert SECRET not in repr(found)


def test_a_secret_that_a_later_commit_removes_is_found(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": "# one\n"})
    base = git(work, "rev-parse", "HEAD")
    commit(work, {"a.tf": f"{TEXT}\n"})
    commit(work, {"a.tf": "# mended\n"})
    (found,) = changed(work, base)
    assert "a later commit removes it" in found.message


def test_a_commit_that_a_shallow_clone_lacks_is_not_taken_for_one_without_secrets(tmp_path: Path) -> None:
    work = with_remote(tmp_path / "work", {"a.tf": "# one\n"})
    base = git(work, "rev-parse", "HEAD")
    git(work, "tag", "base")
    commit(work, {"a.tf": f"{TEXT}\n"})
    commit(work, {"a.tf": "# mended\n"})
    git(work, "push", "--quiet", "origin", "main", "base")
    url = git(work, "remote", "get-url", "origin")
    git(work, "clone", "--quiet", "--depth=1", f"file://{url}", tmp_path / "ci")
    git(tmp_path / "ci", "fetch", "--quiet", "--depth=1", "origin", "tag", "base")
    (found,) = changed(tmp_path / "ci", base)
    assert (found.status, found.fix) == (Status.UNKNOWN, "git fetch --unshallow")
    git(tmp_path / "ci", "fetch", "--quiet", "--unshallow")
    (found,) = changed(tmp_path / "ci", base)
    assert "a later commit removes it" in found.message


def test_what_was_there_before_is_not_told_again(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": f"{TEXT}\n# one\n"})
    base = git(work, "rev-parse", "HEAD")
    commit(work, {"a.tf": f"{TEXT}\n# two\n"})
    assert changed(work, base) == ()
    assert len(searched(work).files(git(work, "rev-parse", "HEAD"))) == 1


@pytest.mark.parametrize("name", ["a b.tf", "über.tf", 'quo"te.tf', "tab\there.tf"])
def test_any_name_of_a_file_is_told_as_it_is(tmp_path: Path, name: str) -> None:
    work = repository(tmp_path / "work", {"x": "y\n", ".gitattributes": "* -diff\n"})
    base = git(work, "rev-parse", "HEAD")
    commit(work, {name: f"{TEXT}\n"})
    assert [found.path for found in changed(work, base)] == [name]


def test_utf_16_and_messages_hide_nothing(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"x": "y\n"})
    base = git(work, "rev-parse", "HEAD")
    (work / "a.tfvars").write_bytes(f"{TEXT}\n".encode("utf-16"))
    commit(work, {}, "use " + secrets(7)["github token"][2])
    assert {found.path for found in changed(work, base)} == {"a.tfvars", None}


def test_the_first_commit_and_other_branches_are_history(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": f"{TEXT}\n"})
    commit(work, {"a.tf": None})
    git(work, "checkout", "--quiet", "-b", "other")
    commit(work, {"b.tf": f"{secrets(8)['password'][2]}\n"})
    git(work, "checkout", "--quiet", "main")
    found = searched(work).history(git(work, "rev-parse", "HEAD"))
    assert {f.path for f in found} == {"a.tf", "b.tf"}


def test_the_baseline_of_the_trust_root_accepts_until_its_day(tmp_path: Path) -> None:
    work = repository(tmp_path / "work", {"a.tf": f"{TEXT}\n"})
    (found,) = searched(work).files(git(work, "rev-parse", "HEAD"))
    fingerprint = found.message[-21:-1]
    base = git(work, "rev-parse", "HEAD")
    for until, status in (("2026-01-01", Status.WAIVED), ("2025-12-31", Status.FAIL)):
        entry = f"{{fingerprint: '{fingerprint}', owner: ann, reason: rotated, until: {until}}}"
        commit(work, {".terrace/secrets.yaml": f"version: 1\naccepted:\n  - {entry}\n"})
        (again,) = searched(work).files(git(work, "rev-parse", "HEAD"))
        assert again.status is status
    (more,) = changed(work, base)
    assert "accepts a secret" in more.message
    assert (more.path, more.line) == (".terrace/secrets.yaml", 3)


def test_scan_tells_and_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = repository(tmp_path / "work", {"a.tf": f"{TEXT}\n"})
    assert run_command("-C", work, "scan", "secrets", "--history", "--json") == 1
    said = capsys.readouterr().out
    assert SECRET not in said
    assert [f["file"] for f in json.loads(said)["findings"]] == ["a.tf"]
