"""Plans as real Terraform makes them: what is read, what is masked, and when two are the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import pytest

from support.attempts import begin
from support.sites import site_of, terraform_in
from terrace.adapters.runner.applier import LocalApplier
from terrace.errors import Diagnostic, TerraceError
from terrace.plans.digest import DigestKey
from terrace.plans.model import MASKED, UNKNOWN, Action, Plan, ResourceChange
from terrace.plans.read import read_plan
from terrace.plans.reproducibility import find_differences
from terrace.stacks.model import Stack

KEY = DigestKey("k", b"k" * 32)
STACK = Stack.conventional("dev", "environments/dev")

BEFORE = """
variable "password" {
  sensitive = true
  default   = "hunter2-hunter2"
}

variable "label" {
  default = "one"
}

resource "terraform_data" "secret" {
  input = { user = "ann", password = var.password }
}

resource "terraform_data" "many" {
  for_each = toset(["a", "b c"])
  input    = "${each.key} ${var.label}"
}

resource "terraform_data" "old_name" {
  input = "moved"
}

resource "terraform_data" "gone" {
  input = "deleted"
}

resource "terraform_data" "replaced" {
  triggers_replace = [var.label]
}

output "secret" {
  value     = terraform_data.secret.output
  sensitive = true
}

output "label" {
  value = var.label
}
"""

AFTER = (
    BEFORE.replace('"one"', '"two"')
    .replace('resource "terraform_data" "gone" {\n  input = "deleted"\n}\n', "")
    .replace('"old_name"', '"new_name"')
    + """
moved {
  from = terraform_data.old_name
  to   = terraform_data.new_name
}

resource "terraform_data" "fresh" {
  input      = terraform_data.secret.id
  depends_on = [terraform_data.many]
}

check "label" {
  assert {
    condition     = var.label == "one"
    error_message = "the label is ${var.label}"
  }
}
"""
)


class Plans:
    """A stack whose first configuration is applied; plans of others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._terraform = terraform_in(folder / "terrace")
        site = site_of(folder, BEFORE)
        applier = LocalApplier(folder / "runs", self._terraform)
        attempt = begin(applier, "first", site, self._terraform.plan(site))
        outcome = applier.wait(attempt)
        assert outcome is not None
        assert outcome.code == 0

    @lru_cache(maxsize=32)  # noqa: B019  (lives as long as the module's fixture)
    def document(self, text: str, again: int = 0) -> bytes:
        made = self._terraform.plan(site_of(self._folder, text))
        made.discard()
        return made.document

    def plan(self, text: str, again: int = 0, lock: bytes = b"", key: DigestKey = KEY) -> Plan:
        return read(self.document(text, again), str(self._folder), lock, key)


def read(document: bytes, root: str = "", lock: bytes = b"", key: DigestKey = KEY) -> Plan:
    return read_plan(document, stack=STACK, commit="c" * 40, key=key, root=root, lock=lock)


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    return Plans(tmp_path_factory.mktemp("plans"))


def by_address(plan: Plan) -> Mapping[str, ResourceChange]:
    return {change.address: change for change in plan.changes}


def test_every_object_is_there_with_its_full_address_and_what_happens_to_it(plans: Plans) -> None:
    plan = plans.plan(AFTER)
    found = by_address(plan)
    assert {address: change.action for address, change in found.items()} == {
        "terraform_data.fresh": Action.CREATE,
        "terraform_data.gone": Action.DELETE,
        'terraform_data.many["a"]': Action.UPDATE,
        'terraform_data.many["b c"]': Action.UPDATE,
        "terraform_data.new_name": Action.NO_OP,
        "terraform_data.replaced": Action.REPLACE,
        "terraform_data.secret": Action.NO_OP,
    }
    assert found['terraform_data.many["b c"]'].index == "b c"
    assert found["terraform_data.new_name"].previous_address == "terraform_data.old_name"
    assert found["terraform_data.replaced"].replace_paths == (("triggers_replace",),)
    assert found["terraform_data.replaced"].reason == "replace_because_cannot_update"
    assert found["terraform_data.gone"].reason == "delete_because_no_resource_config"
    assert found["terraform_data.fresh"].after["output"] is UNKNOWN
    assert ("output",) in found["terraform_data.fresh"].unknown
    assert not plan.is_empty
    assert {c.address for c in plan.effective} == set(found) - {"terraform_data.secret"}
    assert (plan.complete, plan.errored) == (True, False)


def test_checks_outputs_and_links(plans: Plans) -> None:
    plan = plans.plan(AFTER)
    (check,) = plan.checks
    assert (check.address, check.status, check.problems) == ("check.label", "fail", ("the label is two",))
    outputs = {output.name: output for output in plan.outputs}
    assert (outputs["label"].action, outputs["label"].before, outputs["label"].after) == (Action.UPDATE, "one", "two")
    assert outputs["secret"].sensitive
    assert ("terraform_data.fresh", "terraform_data.secret") in plan.links
    assert ("terraform_data.fresh", "terraform_data.many") in plan.links


def test_no_sensitive_value_can_be_reached(plans: Plans) -> None:
    for text in (BEFORE, AFTER, BEFORE.replace("hunter2-hunter2", "hunter2-hunter3")):
        plan = plans.plan(text)
        assert "hunter2" not in repr(plan)
        assert by_address(plan)["terraform_data.secret"].after["input"] == {"user": "ann", "password": MASKED}


def test_a_plan_that_does_nothing_is_empty(plans: Plans) -> None:
    assert plans.plan(BEFORE).is_empty


def test_the_digest_is_the_same_whenever_the_plan_is_made(plans: Plans) -> None:
    assert plans.plan(AFTER).digest == plans.plan(AFTER, again=1).digest
    formatted = AFTER.replace("\n", "\n\n# only a comment\n", 1)
    assert plans.plan(formatted).digest == plans.plan(AFTER).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hunter2-hunter2", "hunter2-hunter3"),
        ('"two"', '"three"'),
        ('"b c"', '"d"'),
        ("input      = terraform_data.secret.id", 'input      = "x"'),
        ("moved {", "removed {\n  from = terraform_data.gone\n  lifecycle {\n    destroy = false\n  }\n}\nmoved {"),
    ],
)
def test_any_real_difference_changes_the_digest(plans: Plans, old: str, new: str) -> None:
    assert old in AFTER
    other = plans.plan(AFTER.replace(old, new))
    assert other.digest != plans.plan(AFTER).digest
    assert find_differences(plans.plan(AFTER), other)


def test_the_lock_file_and_the_key_are_part_of_the_digest(plans: Plans) -> None:
    digest = plans.plan(AFTER).digest
    assert plans.plan(AFTER, lock=b"other").digest.value != digest.value
    assert plans.plan(AFTER, key=DigestKey("k", b"j" * 32)).digest.value != digest.value


def test_what_differs_is_named_and_a_secret_only_by_that_it_differs(plans: Plans) -> None:
    one = plans.plan(AFTER)
    assert find_differences(one, plans.plan(AFTER.replace('"b c"', '"b d"'))) != ()
    secret = plans.plan(AFTER.replace("hunter2-hunter2", "hunter2-hunter3"))
    assert "hunter" not in " ".join(find_differences(one, secret))


def test_the_path_of_the_checkout_is_no_part_of_it(tmp_path: Path) -> None:
    text = 'resource "terraform_data" "x" {\n  input = abspath(path.root)\n}\n'
    digests = set()
    for name in ("one", "two"):
        folder = tmp_path / name
        made = terraform_in(folder / "terrace").plan(site_of(folder, text))
        made.discard()
        plan = read(made.document, str(folder))
        digests.add(plan.digest)
        assert by_address(plan)["terraform_data.x"].after["input"] == "<root>/environments/dev"
    assert len(digests) == 1


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"format_version": "2.0"}', b'{"format_version": 1}', b"\xff", b"null"]
)
def test_what_is_no_plan_is_refused(document: bytes) -> None:
    with pytest.raises(TerraceError):
        read(document)


def test_an_errored_or_deferred_plan_is_not_complete() -> None:
    def of(rest: str) -> Plan:
        return read(f'{{"format_version": "1.2", "planned_values": {{}}{rest}}}'.encode())

    assert not of(', "errored": true').complete
    assert of(', "errored": true').errored
    assert not of(', "complete": false').complete
    assert not of(', "complete": true, "deferred_changes": [{}]').complete
    assert of("").complete


def test_a_planned_secret_is_told_from_the_one_that_is_there_by_its_mark() -> None:
    def planned(value: str, **unknown: bool) -> ResourceChange:
        change = {
            "actions": ["update"],
            "before": {"password": "old", "tags": None, "etag": "1"},
            "after": {"password": value, "tags": None},
            "after_unknown": {"etag": True, **unknown},
            "before_sensitive": {"password": True},
            "after_sensitive": {"password": True},
        }
        resource = {"address": "t.a", "type": "t", "name": "a", "mode": "managed", "change": change}
        document = {"format_version": "1.2", "complete": True, "errored": False, "resource_changes": [resource]}
        return read(json.dumps(document).encode()).changes[0]

    other, same = planned("new"), planned("old")
    assert other.before_marks["password"] != other.after_marks["password"]
    assert (other.changed_secrets, same.changed_secrets) == ((("password",),), ())
    assert same.before_marks == same.after_marks, "what is known only after apply differs by its value, and no mark"


@pytest.mark.parametrize(
    "warning",
    ["Resource targeting is in effect", "Value for undeclared variable"],
)
def test_a_plan_with_targets_is_not_complete_though_opentofu_does_not_say_so_in_it(warning: str) -> None:
    document = json.dumps({"format_version": "1.2", "errored": False, "resource_changes": []}).encode()
    told = (Diagnostic("warning", warning),)
    plan = read_plan(document, stack=STACK, commit="c", key=KEY, root="", lock=b"", diagnostics=told)
    assert plan.complete is ("undeclared" in warning)
