"""What a configuration sets, and what its expressions come from, decided from the JSON of a plan and its files."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from terrace.adapters.terraform.saved_plan import sources_of
from terrace.plans.digest import DigestKey
from terrace.plans.model import UNKNOWN, Plan
from terrace.plans.read import read_plan
from terrace.plans.schemas import Unsettable
from terrace.plans.sources import UNREADABLE, Sources, read_sources
from terrace.stacks.model import Stack

QUEUE = "aws_sqs_queue.it"
REFERENCE = {"references": ["aws_kms_key.k.arn", "aws_kms_key.k"]}


def resource(address: str, **expressions: Any) -> dict[str, Any]:
    return {"address": address, "expressions": expressions}


def change(address: str, after: Any = None, unknown: Any = None, actions: tuple[str, ...] = ("create",)) -> Any:
    block = address.split(".")
    type_, name = block[-2:]
    mode = "data" if "data" in block else "managed"
    inside = {"actions": list(actions), "after": after or {}, "after_unknown": unknown or {}}
    module = ".".join(block[:2]) if block[0] == "module" else ""
    return {
        "address": address,
        "type": type_,
        "name": name.partition("[")[0],
        "mode": mode,
        "module_address": module,
        "change": inside,
    }


def plan(
    *resources: Mapping[str, Any],
    changes: list[Any],
    source: str | None = "",
    sources: Sources | None = None,
    unsettable: Unsettable | None = None,
    **root: Any,
) -> Plan:
    """A plan of these blocks. `source` is the text of its one file."""
    document = {
        "format_version": "1.2",
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": list(resources), **root}},
    }
    read = sources if source is None else read_sources({"": [("main.tf", source.encode())]})
    return read_plan(
        json.dumps(document).encode(),
        stack=Stack.conventional("prod", "environments/prod"),
        commit="c",
        key=DigestKey("k", b"k" * 32),
        root="/",
        lock=b"",
        sources=read,
        unsettable=unsettable,
    )


def unset(found: Plan, address: str = QUEUE) -> set[str]:
    (one,) = (c for c in found.changes if c.address == address)
    return {".".join(map(str, path)) for path in one.unset}


def queue(policy: Any, source: str = "", **root: Any) -> bool:
    """Whether the policy of a queue, unknown in the plan, is unset."""
    expressions = {} if policy is None else {"policy": policy}
    created = [change(QUEUE, unknown={"policy": True}), change("aws_kms_key.k")]
    blocks = [resource(QUEUE, **expressions), resource("aws_kms_key.k")]
    return unset(plan(*blocks, changes=created, source=source, **root)) == {"policy"}


def test_an_attribute_that_no_expression_sets_is_unset() -> None:
    assert queue(None)


def test_an_attribute_that_is_null_or_a_null_variable_is_unset() -> None:
    assert queue({"constant_value": None})
    assert queue({"references": ["var.policy"]})


def test_an_attribute_that_refers_to_something_new_is_set() -> None:
    assert not queue(REFERENCE)
    assert not queue({"references": ["var.policy", "aws_kms_key.k.arn", "aws_kms_key.k"]})


def test_a_reference_to_a_resource_without_instances_is_known() -> None:
    blocks = [resource(QUEUE, policy=REFERENCE), resource("aws_kms_key.k")]
    assert unset(plan(*blocks, changes=[change(QUEUE, unknown={"policy": True})])) == {"policy"}


@pytest.mark.parametrize("function", ["timestamp()", "uuid()", 'bcrypt("a")'])
def test_a_function_that_no_plan_evaluates_sets_an_attribute(function: str) -> None:
    source = f'resource "aws_sqs_queue" "it" {{ policy = {function} == "" ? var.policy : "open" }}'
    assert not queue({"references": ["var.policy"]}, source)
    assert not queue({}, source)


def test_without_the_files_a_function_of_nothing_counts_as_set() -> None:
    blocks = [resource(QUEUE, policy={})]
    assert unset(plan(*blocks, changes=[change(QUEUE, unknown={"policy": True})], source=None)) == set()


def test_locals_are_followed() -> None:
    local = {"references": ["local.policy"]}
    assert queue(local, "locals { policy = var.given }")
    assert not queue(local, "locals { policy = aws_kms_key.k.arn }")
    assert not queue(local, "locals {\n policy = local.other\n other = [for k in [1] : aws_kms_key . k . arn][0]\n}")
    assert not queue(local, 'locals { policy = timestamp() == "" ? null : "open" }')
    assert not queue(local, ""), "a local that was not found may be anything"


def test_locals_that_refer_to_themselves_are_no_end() -> None:
    assert not queue({"references": ["local.a"]}, "locals {\n a = local.b\n b = local.a\n}")


def test_a_dynamic_block_over_something_new_sets_its_attribute() -> None:
    text = 'resource "aws_security_group" "it" { dynamic "ingress" { for_each = %s\n content { from_port = 22 } } }'
    group = "aws_security_group.it"
    blocks = [resource(group), resource("aws_kms_key.k")]
    changes = [change(group, unknown={"ingress": True, "egress": True}), change("aws_kms_key.k")]
    assert unset(plan(*blocks, changes=changes, source=text % "var.rules"), group) == {"ingress", "egress"}
    assert unset(plan(*blocks, changes=changes, source=text % "[aws_kms_key.k.arn]"), group) == {"egress"}
    assert unset(plan(*blocks, changes=changes, source=text % "range(length(timestamp()))"), group) == {"egress"}


def test_a_file_that_cannot_be_read_makes_nothing_unset() -> None:
    created = [change(QUEUE, unknown={"policy": True})]
    assert unset(plan(resource(QUEUE), changes=created, source="resource {{{")) == set()
    assert unset(plan(resource(QUEUE), changes=created, source=None, sources=UNREADABLE)) == set()
    for content in (b'{"resource": {', b'[{"resource": {}}, 1]'):
        sources = read_sources({"": [("main.tf.json", content)]})
        assert unset(plan(resource(QUEUE), changes=created, source=None, sources=sources)) == set()


def test_within_blocks_each_attribute_is_judged_by_itself() -> None:
    disk = [{"size": {"constant_value": 8}, "key": REFERENCE}]
    blocks = [resource("aws_instance.it", root_block_device=disk), resource("aws_kms_key.k")]
    unknown = {"root_block_device": [{"encrypted": True, "key": True}], "metadata_options": True}
    changes = [change("aws_instance.it", {"root_block_device": [{"size": 8}]}, unknown), change("aws_kms_key.k")]
    found = unset(plan(*blocks, changes=changes), "aws_instance.it")
    assert found == {"root_block_device.0.encrypted", "metadata_options"}


def module(argument: Any, expression: Any, **more: Any) -> dict[str, Any]:
    return {
        "module_calls": {
            "m": {
                "expressions": {"policy": argument},
                "module": {"resources": [{**resource("aws_sqs_queue.it", policy=expression), **more}], "outputs": {}},
            }
        }
    }


def test_arguments_of_modules_are_followed() -> None:
    inner = "module.m.aws_sqs_queue.it"
    changes = [change(inner, unknown={"policy": True}), change("aws_kms_key.k")]
    for argument, is_unset in ((REFERENCE, False), ({"constant_value": None}, True), (None, True)):
        calls = module(argument, {"references": ["var.policy"]})
        source = read_sources({"": [("main.tf", b"")], "m": [("main.tf", b"")]})
        found = plan(resource("aws_kms_key.k"), changes=changes, source=None, sources=source, **calls)
        assert (unset(found, inner) == {"policy"}) is is_unset
    assert found.origins == {}


def test_links_follow_locals_arguments_and_outputs() -> None:
    inner = {
        "resources": [resource("aws_s3_bucket.this")],
        "outputs": {"id": {"expression": {"references": ["aws_s3_bucket.this.id", "aws_s3_bucket.this"]}}},
    }
    other = {"resources": [resource("aws_s3_bucket_versioning.v", bucket={"references": ["var.name"]})]}
    calls = {
        "bucket": {"module": inner},
        "versions": {"module": other, "expressions": {"name": {"references": ["local.name"]}}},
    }
    source = {"": [("a.tf", b"locals { name = module.bucket.id }")], "bucket": [], "versions": []}
    found = plan(changes=[], source=None, sources=read_sources(source), module_calls=calls)
    assert ("module.versions.aws_s3_bucket_versioning.v", "module.bucket.aws_s3_bucket.this") in found.links


DOCUMENT = "data.aws_iam_policy_document.it"
POLICY = "aws_iam_role_policy.it"


def documents_in_json(files: Mapping[str, Any]) -> Mapping[str, Any]:
    return documents(json.dumps(files), name="main.tf.json")


def documents(text: str, after: Any = None, principals: Any = None, name: str = "main.tf") -> Mapping[str, Any]:
    blocks = [
        resource(POLICY, policy={"references": [f"{DOCUMENT}.json", DOCUMENT]}),
        resource(DOCUMENT),
        resource("aws_s3_bucket.b"),
    ]
    statement = {"actions": ["s3:GetObject"], "resources": [None], "principals": []}
    read = change(
        DOCUMENT,
        {"statement": [after or statement]},
        {"json": True, "statement": [{"resources": [True], "principals": principals or []}]},
    )
    read["change"]["actions"] = ["read"]
    changes = [read, change(POLICY, unknown={"policy": True}), change("aws_s3_bucket.b")]
    sources = read_sources({"": [(name, text.encode())]})
    (found,) = (c for c in plan(*blocks, changes=changes, source=None, sources=sources).changes if c.address == POLICY)
    return found.documents


LINE = 'resource "aws_iam_role_policy" "it" { policy = %s }\n'


def test_a_policy_document_is_read_as_far_as_it_is_known() -> None:
    found = documents(LINE % f"{DOCUMENT}.json")["policy"]
    assert found == {"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [UNKNOWN]}]}


def test_of_a_condition_that_is_known_the_unknown_branch_was_chosen() -> None:
    assert documents(LINE % f"var.a ? {DOCUMENT}.json : var.b") == documents(LINE % f"{DOCUMENT}.json")


OTHER = "data.aws_iam_policy_document.other"


def merged(source: str, other: Any = None, **lists: Any) -> list[Any]:
    """The statements of a policy that is made of `statement` blocks and other documents."""
    names = ("it", "other")
    blocks = [resource(f"data.aws_iam_policy_document.{name}") for name in names]
    blocks += [resource(POLICY, policy={"references": [f"{DOCUMENT}.json", DOCUMENT]}), resource("aws_s3_bucket.b")]
    own = {"sid": "own", "actions": ["s3:GetObject"]}
    values = {
        DOCUMENT: {"statement": [own], **lists},
        OTHER: {"statement": [other or {"sid": "other", "actions": ["*"]}]},
    }
    unknown = {name: [one is None for one in value] for name, value in lists.items()}
    changes = [change(one, value, {"json": True, **unknown}, ("read",)) for one, value in values.items()]
    changes += [change(POLICY, unknown={"policy": True}), change("aws_s3_bucket.b")]
    text = LINE % f"{DOCUMENT}.json" + f'data "aws_iam_policy_document" "it" {{\n{source}\n}}\n'
    (found,) = (c for c in plan(*blocks, changes=changes, source=text).changes if c.address == POLICY)
    return [one if one is UNKNOWN else one.get("Sid", one) for one in found.documents["policy"]["Statement"]]


def test_a_policy_document_has_the_statements_of_its_source_documents() -> None:
    assert merged(f"source_policy_documents = [{OTHER}.json]", source_policy_documents=[None]) == ["other", "own"]
    assert merged(f"override_policy_documents = [{OTHER}.json]", override_policy_documents=[None]) == ["own", "other"]
    both = '{"Statement": {"Sid": "given"}}'
    lists = f"source_policy_documents = [var.given, {OTHER}.json]"
    assert merged(lists, source_policy_documents=[both, None]) == ["given", "other", "own"]


def test_a_statement_takes_the_place_of_one_with_its_sid() -> None:
    same = {"sid": "own", "actions": ["*"]}
    assert merged(f"source_policy_documents = [{OTHER}.json]", same, source_policy_documents=[None]) == ["own"]
    assert merged(f"override_policy_documents = [{OTHER}.json]", same, override_policy_documents=[None]) == ["own"]


@pytest.mark.parametrize(
    "given",
    ["[aws_s3_bucket.b.policy]", "var.documents", f"[{DOCUMENT}.json]", f"[for d in {OTHER} : d.json]"],
)
def test_a_source_document_that_is_not_read_is_an_unknown_statement(given: str) -> None:
    assert UNKNOWN in merged(f"source_policy_documents = {given}", source_policy_documents=[None])
    assert "own" in merged(f"source_policy_documents = {given}", source_policy_documents=[None])


def test_a_source_document_that_is_no_json_is_an_unknown_statement() -> None:
    assert merged("", source_policy_documents=["{", "", "[]"]) == [UNKNOWN, UNKNOWN, "own"]


def test_what_refers_to_something_new_is_no_unknown_pattern() -> None:
    data = 'data "aws_iam_policy_document" "it" { statement { resources = ["${aws_s3_bucket.b.arn}/*"] } }'
    found = documents(LINE % f"{DOCUMENT}.json" + data)["policy"]
    assert found["Statement"][0]["Resource"] == [{"reference": "aws_s3_bucket.b.arn"}]


@pytest.mark.parametrize(
    "expression",
    [
        f'replace({DOCUMENT}.json, "s3:GetObject", "*")',
        f'timestamp() == "" ? {DOCUMENT}.json : var.b',
        f"{DOCUMENT}.id",
    ],
)
def test_what_only_mentions_a_policy_document_is_not_taken_for_it(expression: str) -> None:
    assert documents(LINE % expression) == {}


def test_an_object_that_is_encoded_is_read_from_the_configuration() -> None:
    text = 'jsonencode({ Statement = [{ Effect = "Allow", Action = var.a, "Resource" = aws_s3_bucket.b.arn }] })'
    (statement,) = documents(LINE % text)["policy"]["Statement"]
    assert statement == {"Effect": "Allow", "Action": UNKNOWN, "Resource": {"reference": "aws_s3_bucket.b.arn"}}


STATEMENT = {"Effect": "Allow", "Action": "s3:*", "Resource": {"reference": "aws_s3_bucket.b.arn"}}


@pytest.mark.parametrize(
    "policy",
    [
        '${jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:*", Resource = aws_s3_bucket.b.arn }] })}',
        '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "${aws_s3_bucket.b.arn}"}]}',
        "${local.text}",
    ],
)
def test_a_document_of_json_syntax_is_read_from_the_configuration(policy: str) -> None:
    text = f"${{jsonencode({json.dumps({'Statement': [{**STATEMENT, 'Resource': 'RESOURCE'}]})})}}"
    text = text.replace('"RESOURCE"', "aws_s3_bucket.b.arn")
    files = {
        "resource": {"aws_iam_role_policy": {"it": [{"policy": policy}]}},
        "locals": {"text": text},
    }
    assert documents_in_json(files)["policy"] == {"Statement": [STATEMENT]}


def test_a_policy_document_of_json_syntax_has_its_statements() -> None:
    statement = {"resources": ["${aws_s3_bucket.b.arn}"], "principals": [{"type": "AWS", "identifiers": ["*"]}]}
    files = {
        "resource": {"aws_iam_role_policy": {"it": {"policy": f"${{{DOCUMENT}.json}}"}}},
        "data": {"aws_iam_policy_document": {"it": {"statement": statement}}},
    }
    expected = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [{"reference": "aws_s3_bucket.b.arn"}]}
    assert documents_in_json(files)["policy"] == {"Statement": [expected]}
    impure = {"data": {"aws_iam_policy_document": {"it": {"dynamic": {"statement": {}}, "sid": "${uuid()}"}}}}
    unread = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [UNKNOWN]}
    assert documents_in_json({**files, **impure})["policy"] == {"Statement": [unread]}


def test_a_dynamic_block_of_json_syntax_over_something_new_sets_its_attribute() -> None:
    group = "aws_security_group.it"
    blocks = [resource(group), resource("aws_kms_key.k")]
    changes = [change(group, unknown={"ingress": True, "egress": True}), change("aws_kms_key.k")]
    for value, names in (
        ("${var.rules}", {"ingress", "egress"}),
        (["${aws_kms_key.k.arn}"], {"egress"}),
        ("${range(length(timestamp()))}", {"egress"}),
    ):
        inner = {"for_each": value, "content": {"from_port": 22}}
        text = json.dumps({"resource": {"aws_security_group": {"it": {"dynamic": {"ingress": inner}}}}})
        sources = read_sources({"": [("main.tf.json", text.encode())]})
        assert unset(plan(*blocks, changes=changes, source=None, sources=sources), group) == names


def test_an_object_whose_keys_are_computed_is_not_read() -> None:
    text = "jsonencode({ Statement = [{ (var.a) = 1 }] })"
    assert documents(LINE % text)["policy"] == {"Statement": [UNKNOWN]}
    assert documents(LINE % "jsonencode(merge({ Statement = [] }, var.a))") == {}


def test_a_text_is_read_only_where_nothing_can_change_its_structure() -> None:
    text = '<<EOF\n{"Statement": [{"Effect": "Allow", "Resource": "${%s}"}]}\nEOF\n'
    found = documents(LINE.replace("}", "\n}") % (text % "aws_s3_bucket.b.arn"))["policy"]
    assert found["Statement"][0]["Resource"] == {"reference": "aws_s3_bucket.b.arn"}
    assert documents(LINE.replace("}", "\n}") % (text % "terraform_data.b.output")) == {}


def test_a_saved_plan_that_is_cut_has_no_files_and_an_encrypted_one_those_of_its_checkout(tmp_path: Path) -> None:
    saved, folder, data = tmp_path / "plan", tmp_path / "stack", tmp_path / "data"

    def sources() -> Sources:
        return sources_of(saved, folder, data)

    saved.write_bytes(b'{"meta": {}, "encrypted_data": "x"}')
    assert sources() == UNREADABLE, "there is no checkout"
    (folder / "sub").mkdir(parents=True)
    (folder / "main.tf").write_text("locals { a = aws_x.never.id }")
    (folder / "main.tofu").write_text("locals { a = aws_x.b.id }")
    (folder / "sub/main.tf").write_text("locals { c = aws_x.d.id }")
    assert sources().modules.keys() == {""}
    (data / "modules").mkdir(parents=True)
    listed = {"Modules": [{"Key": "", "Dir": "."}, {"Key": "m", "Dir": "sub"}]}
    (data / "modules/modules.json").write_text(json.dumps(listed))
    assert sources().modules[""].locals["a"].references == ("aws_x.b.id",)
    assert sources().modules["m"].locals["c"].references == ("aws_x.d.id",)
    os.mkfifo(folder / "pipe.tf")
    assert sources() == UNREADABLE, "a pipe is not waited for"
    for content in (b'{"meta": {}}', b"[]", b"cut"):
        saved.write_bytes(content)
        assert sources() == UNREADABLE
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("tfplan", b"x")
    assert sources() == UNREADABLE
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("tfconfig/modules.json", '[{"Key": "", "Dir": "."}]')
        archive.writestr("tfconfig/m-/main.tf", "locals { a = aws_x.b.id }")
    assert sources().modules[""].locals["a"].references == ("aws_x.b.id",)


def test_principals_that_refer_to_something_new_are_read_from_the_configuration() -> None:
    data = (
        'data "aws_iam_policy_document" "it" { statement {\n principals {\n type = "AWS"\n'
        " identifiers = [aws_s3_bucket.b.arn]\n }\n } }"
    )
    told = {"actions": ["s3:GetObject"], "principals": [{"type": "AWS", "identifiers": [None]}]}
    found = documents(LINE % f"{DOCUMENT}.json" + data, after=told, principals=[{"identifiers": [True]}])["policy"]
    assert found["Statement"][0]["Principal"] == {"AWS": [{"reference": "aws_s3_bucket.b.arn"}]}
    bare = documents(LINE % f"{DOCUMENT}.json", after=told, principals=[{"identifiers": [True]}])["policy"]
    assert bare["Statement"][0]["Principal"] == {"AWS": [UNKNOWN]}


def test_what_a_value_is_is_told_only_where_nothing_changes_it() -> None:
    def taken(text: str) -> Mapping[str, str]:
        created = [change(QUEUE, unknown={"policy": True}), change("aws_kms_key.k")]
        blocks = [resource(QUEUE, policy=REFERENCE), resource("aws_kms_key.k")]
        source = f'resource "aws_sqs_queue" "it" {{ policy = {text} }}'
        return plan(*blocks, changes=created, source=source).changes[0].taken

    assert taken("aws_kms_key.k.arn") == {"policy": "aws_kms_key.k"}
    assert taken('"${aws_kms_key.k.arn}"') == {"policy": "aws_kms_key.k"}
    assert taken('timestamp() == "" ? aws_kms_key.k.arn : "open"') == {}
    assert taken('"${aws_kms_key.k.arn}-b"') == {}


def test_a_module_for_which_one_instance_computes_an_argument_sets_it() -> None:
    inner = "module.m.aws_sqs_queue.it"
    for text, is_unset in (("policy = null", True), ("policy = timestamp()", False)):
        source = read_sources({"": [("a.tf", f'module "m" {{\n {text}\n}}'.encode())], "m": [("a.tf", b"")]})
        calls = module({}, {"references": ["var.policy"]})
        found = plan(changes=[change(inner, unknown={"policy": True})], source=None, sources=source, **calls)
        assert (unset(found, inner) == {"policy"}) is is_unset


def test_a_list_that_a_loop_makes_of_an_impure_function_is_set() -> None:
    group = "aws_security_group.it"
    source = 'resource "aws_security_group" "it" {\n ingress = [for x in split(",", timestamp()) : { port = 22 }]\n}'
    blocks = [resource(group, ingress={})]
    assert unset(plan(*blocks, changes=[change(group, unknown={"ingress": True})], source=source), group) == set()


# --- what only the provider sets ---------------------------------------------------------------------------------


def test_what_only_the_provider_sets_is_unknown_and_not_unset() -> None:
    unknown = {"url": True, "policy": True, "disk": [{"volume": True, "size": True}], "parts": [{"a": {"b": True}}]}
    after = {"disk": [{}], "parts": [{"a": {}}]}
    known = {("", "aws_sqs_queue"): frozenset({"url", "disk.volume", "parts.a"})}
    known |= {("other", "aws_sqs_queue"): frozenset({"policy"})}
    found = plan(resource(QUEUE), changes=[change(QUEUE, after, unknown)], unsettable=known)
    assert unset(found) == {"policy", "disk.0.size"}
    assert unset(plan(resource(QUEUE), changes=[change(QUEUE, after, unknown)])) >= {"url", "disk.0.volume"}


@pytest.mark.parametrize("name", ["id", "arn", "self_link"])
def test_an_identity_is_unknown_whatever_is_known_of_the_schema(name: str) -> None:
    assert unset(plan(resource(QUEUE), changes=[change(QUEUE, {}, {name: True, "policy": True})])) == {"policy"}
    inside = {"disk": [{name: True}]}
    assert unset(plan(resource(QUEUE), changes=[change(QUEUE, {"disk": [{}]}, inside)])) == {f"disk.0.{name}"}


def test_the_output_of_terraform_data_is_made_by_the_apply() -> None:
    made = change("terraform_data.a", {}, {"id": True, "output": True, "input": True})
    made["provider_name"] = "terraform.io/builtin/terraform"
    assert unset(plan(resource("terraform_data.a"), changes=[made]), "terraform_data.a") == {"input"}


def test_a_data_source_that_is_read_later_has_nothing_that_is_unset() -> None:
    later = change("data.aws_subnet.a", {}, {"cidr_block": True, "id": True}, ("read",))
    assert unset(plan(resource("data.aws_subnet.a"), changes=[later]), "data.aws_subnet.a") == set()
