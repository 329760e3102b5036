"""After an apply of unknown outcome: what was made and not recorded is imported, and nothing is made twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.backends import BACKENDS, S3, Backend, Http, s3
from support.git import commit, git
from support.marks import SQLITE, Strike, Workplace, workplace

pytestmark = pytest.mark.slow

STACK = """\
resource "terraform_data" "first" {{
  provisioner "local-exec" {{
    command = "exec {mark} first-x"
  }}
}}

resource "terraform_data" "second" {{
  depends_on = [terraform_data.first]
  provisioner "local-exec" {{
    command = "exec {mark} second-x strike"
  }}
}}
"""


def killed_in_the_middle(place: Workplace) -> None:
    """The first resource is made, the second is being made, and everybody dies."""
    place.order(Strike("all", "within"))
    actor = place.stage.start("deploy", "dev", "--json")
    place.name_terrace(actor.pid)
    actor.ended()
    assert place.obeyed
    resumed = place.stage.run("resume", "dev", "--json")
    assert (resumed.code, resumed.json["result"]) == (1, "unknown"), resumed.out + resumed.err


def laid(folder: Path, backend: Backend) -> Workplace:
    folder.mkdir()
    made = workplace(folder, backend, SQLITE)
    text = backend.block(made.key) + STACK.format(mark=folder / "mark")
    commit(made.work, {"environments/dev/main.tf": text}, "two objects")
    git(made.work, "push", "--quiet", "origin", "main")
    return made


@pytest.fixture(params=["s3", "http", "pg"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workplace]:
    with BACKENDS[request.param]() as backend:
        yield laid(tmp_path / "place", backend)


def test_what_was_made_is_imported_and_what_was_in_the_making_is_asked_for(place: Workplace) -> None:
    killed_in_the_middle(place)
    assert place.made("x") == {"first": 1, "second": 1}
    looked = place.stage.run("resume", "dev", "--json")
    assert (looked.code, looked.json["result"]) == (1, "unknown"), looked.out + looked.err
    (remains,) = looked.json["remains"]
    assert remains["dead"]
    assert [one["address"] for one in remains["imports"]] == ["terraform_data.first"]
    assert remains["open"] == ["terraform_data.second"]
    settle = ["--absent", "terraform_data.second", "--yes"]
    if isinstance(place.backend, S3):
        assert remains["lock"]["ours"], "the dead apply left it"
    if isinstance(place.backend, Http):
        refused = place.stage.run("resume", "dev", *settle, "--json")
        assert "does not show its owner" in refused.json["reasons"][0]
        settle += ["--unlock", remains["lock"]["id"]]
    if isinstance(place.backend, S3 | Http):
        assert place.backend.locked(place.key), "and nothing was done about it yet"

    done = place.stage.run("resume", "dev", *settle, "--json")
    assert (done.code, done.json["result"]) == (0, "succeeded"), done.out + done.err
    assert place.made("x") == {"first": 1, "second": 2}, "the second was made again by somebody's word only"
    assert not place.backend.locked(place.key)
    planned = place.stage.run("deploy", "dev", "--json")
    assert [step["name"] for step in planned.json["steps"]] == ["plan", "smoke"], "everything is recorded"


def test_a_replacement_that_the_state_does_not_know_of_is_imported_and_not_made_again(tmp_path: Path) -> None:
    """The HTTP backend keeps the state of before: both objects of it are gone, and the first is there anew."""
    with BACKENDS["http"]() as backend:
        folder = tmp_path / "place"
        folder.mkdir()
        place = workplace(folder, backend, SQLITE)
        place.release("x")
        place.stage.ok("deploy", "dev")
        place.release("y")
        killed_in_the_middle(place)
        (remains,) = place.stage.run("resume", "dev", "--json").json["remains"]
        assert remains["forgets"] == ["terraform_data.first"]
        assert [one["address"] for one in remains["imports"]] == ["terraform_data.first"]
        assert remains["open"] == ["terraform_data.second"]
        settle = ["--absent", "terraform_data.second", "--unlock", remains["lock"]["id"], "--yes", "--json"]
        blocked = place.stage.run("resume", "dev", *settle).json
        # terraform_data loses its triggers when it is imported, so that a plan would make it a second time.
        assert blocked["result"] == "blocked"
        assert "terraform_data.first was imported, and would be recreated" in blocked["reasons"][0]
        assert place.made("y") == {"first": 1, "second": 1}
        done = place.stage.run("resume", "dev", "--again", "terraform_data.first", *settle)
        assert (done.code, done.json["result"]) == (0, "succeeded"), done.out + done.err
        assert place.made("y") == {"first": 2, "second": 2}, "by somebody's word"


def test_a_lock_of_somebody_else_stops_it_and_stays(tmp_path: Path) -> None:
    with s3() as bucket:
        assert isinstance(bucket, S3)
        place = laid(tmp_path / "place", bucket)
        killed_in_the_middle(place)
        bucket.unlock(place.key)
        _lock_of_eve(place, bucket)


def _lock_of_eve(place: Workplace, bucket: S3) -> None:
    theirs = {
        "ID": "11111111-2222-3333-4444-555555555555",
        "Operation": "OperationTypeApply",
        "Who": "eve@elsewhere",
        "Version": "1.11.4",
        "Created": "2026-01-05T12:00:00.000000000Z",
    }
    bucket.lock(place.key, theirs)
    refused = place.stage.run("resume", "dev", "--absent", "terraform_data.second", "--yes", "--json")
    assert refused.code == 1
    assert any("locked by eve@elsewhere" in reason for reason in refused.json["reasons"])
    assert place.backend.locked(place.key)
    assert place.made("x") == {"first": 1, "second": 1}
