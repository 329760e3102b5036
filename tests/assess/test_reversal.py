"""Objections to a rollback: one example for each effect of an old configuration on live resources."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.plans import change, plan_of
from terrace.assess.model import Objection, Weight
from terrace.assess.reversal import Undone, destruction, reversal
from terrace.clouds.all import CLOUDS
from terrace.clouds.stateful import is_stateful
from terrace.plans.model import Action, OutputChange, ResourceChange

NOTHING = Undone(created=())


def against(one: ResourceChange, undone: Undone = NOTHING) -> tuple[str, Weight] | None:
    found = reversal(plan_of([one]), undone)
    return (found[0].rule, found[0].weight) if found else None


@pytest.mark.parametrize(
    ("one", "rule", "weight"),
    [
        (change("aws_dynamodb_table.t", Action.DELETE), "stateful", Weight.NAME),
        (change("aws_dynamodb_table.t", Action.REPLACE), "stateful", Weight.NAME),
        (change("aws_dynamodb_table.t", Action.DELETE, deposed="abc"), "stateful", Weight.NAME),
        (change("terraform_data.x", Action.DELETE), "delete", Weight.SAY),
        (change("terraform_data.x", Action.DELETE, deposed="abc"), "delete", Weight.SAY),
        (change("terraform_data.x", Action.REPLACE), "replace", Weight.SAY),
        (change("terraform_data.x", Action.CREATE), "create", Weight.SAY),
        (change("aws_dynamodb_table.t", Action.CREATE), "create", Weight.SAY),
        (change("terraform_data.x", Action.FORGET), "forget", Weight.SAY),
        (change("terraform_data.x", Action.UNKNOWN), "unknown", Weight.NAME),
        (change("terraform_data.x", Action.NO_OP, importing=True), "import", Weight.SAY),
    ],
)
def test_each_has_its_objection(one: ResourceChange, rule: str, weight: Weight) -> None:
    assert against(one) == (rule, weight)


@pytest.mark.parametrize(
    "one",
    [
        change("aws_dynamodb_table.t", Action.UPDATE),
        change("terraform_data.x", Action.UPDATE),
        change("terraform_data.x", Action.NO_OP, previous_address="terraform_data.y"),
    ],
)
def test_updates_in_place_and_moves_are_safe(one: ResourceChange) -> None:
    assert against(one) is None


def test_what_the_undone_releases_made_may_go_unless_it_holds_something() -> None:
    made = Undone(created=("terraform_data.x", "aws_s3_bucket.b"))
    assert against(change("terraform_data.x", Action.DELETE), made) is None
    assert against(change("aws_s3_bucket.b", Action.DELETE), made) == ("stateful", Weight.NAME)
    assert against(change("terraform_data.x", Action.DELETE, deposed="abc"), made) == ("delete", Weight.SAY)


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("aws_sqs_queue.q", "aws_sqs_queue.q"),
        ("aws_sqs_queue.q", "aws_sqs_queue.q[0]"),
        ("aws_sqs_queue.q", 'aws_sqs_queue.q["a.b]"]'),
        ("aws_sqs_queue.q", 'module.m["x.y"].aws_sqs_queue.q["a\\"]"]'),
        ("module.m", "module.m.aws_sqs_queue.q"),
        ("module.m", 'module.outer.module.m[1].module.inner.aws_sqs_queue.q["k"]'),
    ],
)
def test_what_was_let_go_is_never_made_a_second_time_unasked(place: str, address: str) -> None:
    one = ResourceChange(address, "aws_sqs_queue", "q", Action.CREATE)
    assert against(one, Undone(created=(), let_go=(place,))) == ("let-go", Weight.NAME)


@pytest.mark.parametrize(
    "address", ["aws_sqs_queue.queue", "module.q.my_aws_sqs_queue.q", 'module.a["aws_sqs_queue.q"].x.y']
)
def test_another_object_whose_name_looks_alike_was_not_let_go(address: str) -> None:
    one = ResourceChange(address, "terraform_data", "y", Action.CREATE)
    assert against(one, Undone(created=(), let_go=("aws_sqs_queue.q",))) == ("create", Weight.SAY)


def test_a_changed_output_that_others_read_is_an_objection() -> None:
    outputs = [
        OutputChange("same", Action.NO_OP),
        OutputChange("new", Action.CREATE),
        OutputChange("changed", Action.UPDATE),
        OutputChange("gone", Action.DELETE),
    ]
    plan = plan_of(outputs=outputs)
    assert reversal(plan, NOTHING) == ()
    found = reversal(plan, Undone(created=(), readers=("prod/app", "prod/db")))
    assert [(o.address, o.why) for o in found] == [
        ("output.changed", "changes, and prod/app, prod/db read it"),
        ("output.gone", "is removed, and prod/app, prod/db read it"),
    ]


def test_other_providers_speak_only_where_something_is_done() -> None:
    other = Undone(created=(), providers="are other versions")
    assert reversal(plan_of(), other) == ()
    (found,) = reversal(plan_of([change("terraform_data.x", Action.UPDATE)]), other)
    assert found == Objection("provider", "dev", "providers", "are other versions", Weight.SAY)


def test_a_destruction_lists_the_lost_data_and_needs_no_name() -> None:
    plan = plan_of([change("aws_s3_bucket.b", Action.DELETE), change("terraform_data.x", Action.DELETE)])
    (found,) = destruction(plan)
    assert (found.address, found.weight) == ("aws_s3_bucket.b", Weight.SAY)


STATEFUL = [pattern for cloud in CLOUDS.values() for pattern in cloud.stateful_types]
types = st.sampled_from([pattern.replace("*", "x") for pattern in STATEFUL])


@given(types, st.sampled_from([Action.DELETE, Action.REPLACE]), st.booleans())
def test_no_data_is_lost_without_the_address_by_name(type_: str, action: Action, made: bool) -> None:
    address = f"{type_}.it"
    undone = Undone(created=(address,) if made else (), let_go=(address,))
    assert against(change(address, action), undone) == ("stateful", Weight.NAME)


@pytest.mark.parametrize(
    "type_",
    ["aws_db_instance", "aws_rds_cluster", "aws_dynamodb_global_table", "aws_s3_bucket", "azurerm_storage_account",
     "google_sql_database_instance", "kubernetes_persistent_volume_claim_v1", "aws_kms_replica_key", "aws_mq_broker",
     "aws_iam_access_key", "aws_instance", "azurerm_linux_virtual_machine", "google_compute_instance",
     "aws_eks_cluster", "google_container_cluster", "github_repository"],
)  # fmt: skip
def test_types_with_data_are_stateful(type_: str) -> None:
    assert is_stateful(type_)


@pytest.mark.parametrize(
    "type_", ["aws_security_group", "aws_iam_role", "aws_s3_bucket_policy", "terraform_data", "aws_lambda_function"]
)
def test_types_without_data_are_not_stateful(type_: str) -> None:
    assert not is_stateful(type_)
