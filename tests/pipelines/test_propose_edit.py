"""The file and the edit that adopt the drift of a resource."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from support.plans import drifted_resource
from support.trees import DictTree, inventory
from terrace.drift.adopt import Wanted
from terrace.errors import BadInput
from terrace.pipelines.drift.adopt import Proposed, propose_edit
from terrace.plans.model import ResourceChange

FOLDER = "environments/dev"
BLOCK = 'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n'
MODULE = {
    f"{FOLDER}/main.tf": 'module "queues" {\n  source = "../../modules/queues"\n}\n',
    "modules/queues/main.tf": BLOCK,
}
WANTED = (Wanted("name", "jobs", "work", configurable=True),)


def propose(files: Mapping[str, str], drift: ResourceChange | None = None) -> Proposed:
    found = inventory(files)
    (stack,) = [stack for stack in found.stacks if stack.key == "dev"]
    change = drift or drifted_resource("aws_sqs_queue.jobs", {"name": "jobs"}, {"name": "work"})
    return propose_edit(found, DictTree(files), stack, change, WANTED)


def in_module(**more: object) -> ResourceChange:
    return drifted_resource("aws_sqs_queue.jobs", {"name": "jobs"}, {"name": "work"}, module="module.queues", **more)


def test_the_block_is_found_in_any_file_of_the_folder() -> None:
    files = {f"{FOLDER}/a.tf": "locals {}\n", f"{FOLDER}/main.tf": "# nothing here\n", f"{FOLDER}/queues.tf": BLOCK}
    proposed = propose(files)
    assert proposed.path == f"{FOLDER}/queues.tf"
    assert proposed.adoption.content.decode() == BLOCK.replace('name = "jobs"', 'name = "work"')


def test_a_block_in_json_syntax_is_named_with_its_file_and_not_edited() -> None:
    text = '{"resource": {"aws_sqs_queue": {"jobs": {"name": "jobs"}}}}'
    proposed = propose({f"{FOLDER}/main.tf": "locals {}\n", f"{FOLDER}/queues.tf.json": text})
    assert (proposed.path, proposed.adoption.written) == (f"{FOLDER}/queues.tf.json", ())
    (manual,) = proposed.adoption.left
    assert (manual.attribute, manual.old, manual.new) == ("name", '"jobs"', '"work"')
    assert "JSON syntax" in manual.why
    assert proposed.adoption.content.decode() == text


def test_the_block_in_a_file_of_opentofu_is_edited() -> None:
    proposed = propose({f"{FOLDER}/main.tf": "locals {}\n", f"{FOLDER}/queues.tofu": BLOCK})
    assert [written.attribute for written in proposed.adoption.written] == ["name"]


def test_a_block_that_is_in_no_file_is_refused_with_the_values_to_write() -> None:
    with pytest.raises(BadInput, match="is not in environments/dev") as refused:
        propose({f"{FOLDER}/main.tf": "locals {}\n"})
    assert 'name = "work"' in (refused.value.hint or "")


def test_the_block_of_a_module_that_is_called_once_is_edited() -> None:
    proposed = propose(MODULE, in_module())
    assert proposed.path == "modules/queues/main.tf"
    assert [one.attribute for one in proposed.adoption.written] == ["name"]


def test_a_module_that_another_stack_uses_too_is_not_edited() -> None:
    proposed = propose({**MODULE, "environments/prod/main.tf": MODULE[f"{FOLDER}/main.tf"]}, in_module())
    assert proposed.adoption.written == ()
    (left,) = proposed.adoption.left
    assert "is also used by prod" in left.why


def test_a_block_with_several_instances_is_not_edited() -> None:
    proposed = propose(MODULE, in_module(index="a"))
    assert proposed.adoption.written == ()
    assert "several instances" in proposed.adoption.left[0].why


def test_a_module_outside_the_repository_is_refused() -> None:
    files = {f"{FOLDER}/main.tf": 'module "queues" {\n  source = "acme/queues/aws"\n}\n'}
    with pytest.raises(BadInput, match="in a module outside this repository"):
        propose(files, in_module())
