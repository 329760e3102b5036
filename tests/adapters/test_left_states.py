"""What Terraform left in a checkout is looked for without trusting what lies there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from terrace.adapters.terraform.left_states import CheckoutStates
from terrace.errors import BadInput, NotReady
from terrace.stacks.model import Stack
from terrace.states.checkout_states import UncommittedBackend

STACK = Stack.conventional("dev", "environments/dev")
STATE = json.dumps(
    {
        "version": 4,
        "serial": 1,
        "lineage": "l1",
        "resources": [{"mode": "managed", "type": "terraform_data", "name": "it", "instances": [{"attributes": {}}]}],
    }
).encode()
EMPTY = json.dumps({"version": 4, "serial": 9, "lineage": "l1", "resources": [], "outputs": {}}).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work" / STACK.path
    made.mkdir(parents=True)
    return made


@pytest.fixture
def states(tmp_path: Path) -> CheckoutStates:
    return CheckoutStates(tmp_path / "work", tmp_path / "kept")


def test_states_of_the_folder_of_workspaces_and_of_named_paths_are_found_once(
    folder: Path, states: CheckoutStates, tmp_path: Path
) -> None:
    other = folder / "terraform.tfstate.d" / "qa" / "terraform.tfstate"
    other.parent.mkdir(parents=True)
    for path in (folder / "terraform.tfstate", other, tmp_path / "named"):
        path.write_bytes(STATE)
    found = states.find(STACK, ("terraform.tfstate", str(tmp_path / "named"), "../../nothing", "a\0b"))
    assert [Path(one.path).name for one in found] == ["terraform.tfstate", "terraform.tfstate", "named"]


def test_an_empty_state_is_none_and_a_damaged_one_is_told(folder: Path, states: CheckoutStates) -> None:
    file = folder / "terraform.tfstate"
    for nothing in (b"", b"\n", EMPTY):
        file.write_bytes(nothing)
        assert states.find(STACK, ()) == ()
    file.write_bytes(STATE[:50])
    assert "not a state" in states.find(STACK, ())[0].problem
    file.write_bytes(STATE.replace(b'"version": 4', b'"version": 3'))
    assert "format 3" in states.find(STACK, ())[0].problem


def test_pipes_and_devices_are_never_waited_for(folder: Path, states: CheckoutStates) -> None:
    os.mkfifo(folder / "terraform.tfstate")
    assert states.find(STACK, ("/dev/zero", "/dev/stdin")) == ()


def test_what_terrace_keeps_itself_was_not_left(folder: Path, states: CheckoutStates, tmp_path: Path) -> None:
    kept = tmp_path / "kept" / "dev" / "terraform.tfstate"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(STATE)
    assert states.find(STACK, (str(kept), f"{tmp_path}/there/../kept/dev/terraform.tfstate")) == ()


def test_a_recorded_local_path_is_looked_at_and_another_backend_is_told(folder: Path, states: CheckoutStates) -> None:
    record = folder / ".terraform" / "terraform.tfstate"
    record.parent.mkdir()
    (folder / "mine.tfstate").write_bytes(STATE)
    record.write_text(json.dumps({"backend": {"type": "local", "config": {"path": "mine.tfstate"}}}))
    assert [Path(one.path).name for one in states.find(STACK, ())] == ["mine.tfstate"]
    assert states.backend(STACK) is None
    record.write_text(json.dumps({"backend": {"type": "s3", "config": {"bucket": "b", "key": "k"}}}))
    recorded = states.backend(STACK)
    assert recorded is not None
    assert (recorded.type, recorded.config) == ("s3", {"bucket": "b", "key": "k"})
    for damaged in ("", "[]", '{"backend": 1}', "[" * 100000):
        record.write_text(damaged)
        assert states.backend(STACK) is None


def test_a_file_is_put_aside_only_as_it_was_moved(folder: Path, states: CheckoutStates) -> None:
    file = folder / "terraform.tfstate"
    file.write_bytes(STATE)
    (left,) = states.find(STACK, ())
    file.write_bytes(STATE + b"\n")
    with pytest.raises(NotReady, match="changed while"):
        states.put_aside(left)
    file.write_bytes(STATE)
    (folder / "terraform.tfstate.adopted").write_text("of an earlier one")
    assert states.put_aside(left) == str(folder / "terraform.tfstate.adopted1")
    assert not file.exists()
    with pytest.raises(BadInput, match="is not a state file"):
        states.read(str(file))


S3 = 'terraform {\n  backend "s3" {\n    bucket = "states"\n  }\n}\n'


def test_a_backend_block_in_a_file_that_the_commit_lacks_is_found_with_its_line(
    folder: Path, states: CheckoutStates
) -> None:
    (folder / "main.tf").write_text(S3)
    assert states.uncommitted_backend(STACK, {f"{STACK.path}/main.tf"}) is None
    assert states.uncommitted_backend(STACK, ()) == UncommittedBackend("s3", f"{STACK.path}/main.tf", 2)


@pytest.mark.parametrize(
    ("name", "text", "type_"),
    [
        ("backend.tf.json", '{"terraform": {"backend": {"gcs": {"bucket": "b"}}}}', "gcs"),
        ("z_override.tf", 'terraform {\n  cloud {\n    organization = "o"\n  }\n}\n', "cloud"),
        ("local.tf", 'terraform {\n  backend "local" {}\n}\n', None),
        (".hidden.tf", S3, None),
        ("notes.txt", S3, None),
    ],
)
def test_blocks_of_every_syntax_are_found_and_local_ones_are_none(
    folder: Path, states: CheckoutStates, name: str, text: str, type_: str | None
) -> None:
    (folder / name).write_text(text)
    found = states.uncommitted_backend(STACK, ())
    assert (found.type if found is not None else None) == type_


def test_links_to_a_backend_are_followed_and_pipes_and_folders_are_not_opened(
    folder: Path, states: CheckoutStates, tmp_path: Path
) -> None:
    os.mkfifo(folder / "a.tf")
    (folder / "b.tf").mkdir()
    (folder / "c.tf").symlink_to(tmp_path / "gone")
    assert states.uncommitted_backend(STACK, ()) is None
    (tmp_path / "shared").write_text(S3)
    (folder / "d.tf").symlink_to(tmp_path / "shared")
    assert states.uncommitted_backend(STACK, ()) == UncommittedBackend("s3", f"{STACK.path}/d.tf", 2)
    assert states.uncommitted_backend(Stack.conventional("qa", "environments/qa"), ()) is None


def test_a_record_that_is_a_pipe_is_not_waited_for(folder: Path, states: CheckoutStates) -> None:
    (folder / ".terraform").mkdir()
    os.mkfifo(folder / ".terraform/terraform.tfstate")
    os.mkfifo(folder / ".terraform/environment")
    assert states.backend(STACK) is None
    assert states.find(STACK, ()) == ()


def test_links_in_a_circle_are_no_state(folder: Path, states: CheckoutStates) -> None:
    (folder / "terraform.tfstate").symlink_to("other")
    (folder / "other").symlink_to("terraform.tfstate")
    (folder / ".terraform").symlink_to(".terraform")
    assert {one.problem[:18] for one in states.find(STACK, ("other",))} == {"it cannot be read:"}
    assert states.backend(STACK) is None
    assert f"{STACK.path}/.terraform" in states.sources(STACK, str(folder / "other"))


def test_all_that_decides_what_a_file_is_is_named(folder: Path, states: CheckoutStates, tmp_path: Path) -> None:
    elsewhere = tmp_path / "work" / "docs"
    elsewhere.mkdir()
    (elsewhere / "dev.json").write_bytes(STATE)
    (folder / "terraform.tfstate").symlink_to("../../docs/dev.json")
    (folder / ".terraform").symlink_to("../../docs")
    named = states.sources(STACK, str(folder / "terraform.tfstate"))
    assert {f"{STACK.path}/terraform.tfstate", "docs/dev.json", f"{STACK.path}/.terraform", STACK.path} <= set(named)
    assert "docs/terraform.tfstate" in named
