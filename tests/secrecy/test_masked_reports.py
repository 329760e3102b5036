"""Forty secrets are planted in plans, sources, outputs, diffs and module defaults; every report is searched."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.check_outcomes import rich_outcome
from support.cli import LADDER, three_environments, world
from support.plans import STACK
from support.tools import opa
from terrace.assess.model import Finding, Severity, Status
from terrace.checks.module_docs.page import page
from terrace.checks.policy.view import view
from terrace.checks.secrets.masking import mask_assessment
from terrace.checks.secrets.plan import find_exposed
from terrace.errors import Diagnostic
from terrace.hcl.interface import Interface, read_interface
from terrace.plans.digest import DigestKey
from terrace.plans.model import Plan
from terrace.plans.read import read_plan
from terrace.report.check_outcome import CheckOutcome
from terrace.report.formats import CHECK_FORMATS
from terrace.report.terminal.screen import plain_text

KEY = DigestKey("k", b"k" * 32)


def secret(name: str) -> str:
    """A value that is nowhere unless it was planted there."""
    return "Xq" + hashlib.sha256(f"masked {name}".encode()).hexdigest()[:22] + "!"


def change(address: str, before: Any, after: Any, marks: Any = None) -> dict[str, Any]:
    kind, _, name = address.partition(".")
    actions = ["create"] if before is None else ["update"]
    told = {"actions": actions, "before": before, "after": after, "after_unknown": {}, "after_sensitive": marks or {}}
    return {"address": address, "type": kind, "name": name, "mode": "managed", "change": told}


def plan_of(*changes: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any) -> Plan:
    document = {
        "format_version": "1.2",
        "resource_changes": list(changes),
        "output_changes": {
            name: {"actions": ["create"], "before": None, "after": value} for name, value in (outputs or {}).items()
        },
        **more,
    }
    return read_plan(json.dumps(document).encode(), stack=STACK, commit="c" * 40, key=KEY, root="", lock=b"")


SCRIPT = "#!/bin/sh\nexport DB_PASSWORD={}\nrun --now\n"
POOL = [{"name": "app", "environment": [{"name": "API_TOKEN", "value": secret("container")}]}]
MARKED = secret("marked by the provider")

PLAN = plan_of(
    change("aws_lambda_function.a", None, {"environment": [{"variables": {"API_TOKEN": secret("lambda")}}]}),
    change("aws_lambda_function.b", {"environment": [{"variables": {"API_TOKEN": secret("before")}}]},
           {"environment": [{"variables": {"API_TOKEN": secret("after")}}]}),
    change("aws_ecs_task_definition.a", None, {"container_definitions": json.dumps(POOL)}),
    change("aws_instance.a", None, {"user_data": SCRIPT.format(secret("script"))}),
    change("aws_instance.b", {"tags": {"a": "1"}}, {"tags": {"a": "2"},
           "user_data": base64.b64encode(SCRIPT.format(secret("base64")).encode()).decode()}),
    change("helm_release.a", None, {"set": [{"name": "auth.password", "value": secret("helm")}]}),
    change("module_env.a", {"env": []}, {"env": [{"name": "DB_PASSWORD", "value": secret("env list")}]}),
    change("azurerm_linux_web_app.a", None, {"app_settings": {"ApiKey": secret("app settings")}}),
    change("aws_db_instance.a", None, {"password": MARKED, "url": f"postgres://u:{secret('url')}@db/x"},
           {"password": True}),
    change("aws_lambda_function.copy", None, {"environment": [{"variables": {"DB_PASSWORD": MARKED}}]}),
    change("terraform_data.copy", {"input": "a"}, {"input": f"see {secret('lambda')} there"}),
    change("random_thing.map", None, {"passwords": {"dev": secret("map of passwords")}}),
    change("random_thing.list", None, {"api_keys": [secret("list of keys")]}),
    outputs={
        "db_password": secret("output"),
        "settings": {"client_secret": secret("output in a map")},
        "tokens": [secret("output in a list")],
        "dsn": f"Server=a;User Id=b;Password={secret('output dsn')};",
        "copy": secret("lambda"),
    },
)  # fmt: skip

DIFF = f"""--- old/main.tf
+++ new/main.tf
@@ -1,9 +1,9 @@
-password="{secret("diff removed")}"
+password = "{secret("diff added")}"
 variable "admin_password" {{
   validation {{
     condition = true
   }}
-  default="{secret("diff default removed")}"
+  default     = "{secret("diff default added")}"
 }}
 locals {{
-  api_keys = {{prod = "{secret("diff map")}"}}
+  tokens = ["{secret("diff list")}"]
+  db_password = sensitive(coalesce(var.x, "{secret("diff function")}"))
 }}
 resource "aws_ssm_parameter" "a" {{
-  value="{MARKED}"
+  value = "{MARKED}"
 }}
"""

VARIABLES = f"""--- terraform.tfvars
+++ terraform.tfvars
-db_password="{secret("tfvars removed")}"
+db_password = "{secret("tfvars added")}"
"""

README = f"""--- README.md (as it is)
+++ README.md (as it should be)
-| `db_password` | The password | `string` | `"{secret("readme removed")}"` | no |
+| `db_password` | The password | `string` | `"{secret("readme added")}"` | no |
+| `settings` | The settings | `any` | `{{ password = "{secret("readme object")}" }}` | no |
"""

SHELL = f"""@@ -1,2 +1,2 @@
-export DB_PASSWORD={secret("shell removed")}
+export DB_PASSWORD="{secret("shell added")}"
"""


def finding(rule: str, message: str, **more: Any) -> Finding:
    return Finding(rule, Severity.HIGH, Status.FAIL, "terrace", message, **more)


FOUND = (
    finding("format", "main.tf is not formatted", path="main.tf", detail=DIFF),
    finding("format", "terraform.tfvars is not formatted", path="terraform.tfvars", detail=VARIABLES),
    finding("docs", "the page is old", path="README.md", detail=README),
    finding("script", "it differs", path="run.sh", detail=SHELL),
    finding("policy", f'the variable API_TOKEN is "{secret("lambda")}"', stack=STACK.key, address="aws_instance.a"),
    finding("tflint", f'password = "{secret("message")}" is too long', path="main.tf", line=3,
            fix=f'replace `client_secret = "{secret("fix")}"`'),
    finding("plan", f"Invalid value: {MARKED} is no name", stack=STACK.key),
    replace(finding("x", "waived", path="main.tf"), status=Status.WAIVED,
            note=f'because password = "{secret("note")}" is old'),
)  # fmt: skip

MODULE = f'''
variable "db_password" {{
  validation {{
    condition     = length(var.db_password) > 8
    error_message = "It is too short."
  }}
  default = "{secret("module default")}"
}}

variable "settings" {{
  description = "Such as `password = \\"{secret("module description")}\\"`."
  type = object({{
    name     = string
    password = optional(string, "{secret("module type")}")
  }})
  default = {{
    name     = "app"
    password = "{secret("module object")}"
  }}
}}

variable "passwords" {{
  default = ["{secret("module list")}"]
}}

variable "env" {{
  default = [{{ name = "DB_PASSWORD", value = "{secret("module pair")}" }}]
}}

variable "script" {{
  default = <<-EOT
    export DB_PASSWORD={secret("module heredoc")}
  EOT
}}
'''

_NAMES = """
lambda, before, after, container, script, base64, helm, env list, app settings, marked by the provider, url,
map of passwords, list of keys, output, output in a map, output in a list, output dsn, diff removed, diff added,
diff default removed, diff default added, diff map, diff list, diff function, tfvars removed, tfvars added,
readme removed, readme added, readme object, shell removed, shell added, message, fix, note, unplanned, warning,
module default, module description, module type, module object, module list, module pair, module heredoc
"""
PLANTED = frozenset(" ".join(_NAMES.split()).split(", "))


def shown_in(text: str) -> set[str]:
    """The planted secrets that a report shows, as they are, escaped, or in base64."""
    found = set()
    for name in PLANTED:
        value = secret(name)
        forms = {value, value[:-1], base64.b64encode(SCRIPT.format(value).encode()).decode()}
        if any(form in text for form in forms):
            found.add(name)
    return found


WARNING = Diagnostic("warning", "Value for undeclared variable", f'client_secret = "{secret("warning")}" is not used')


def record() -> Any:
    one = rich_outcome()
    assessment = replace(
        one.assessment,
        plans={STACK.key: replace(PLAN, warnings=(WARNING,))},
        unplanned={"prod/app": f'Error: password = "{secret("unplanned")}" is wrong'},
        findings=(*FOUND, *find_exposed({STACK.key: PLAN})),
    )
    return replace(one, assessment=assessment)


def test_forty_secrets_are_planted() -> None:
    assert len(PLANTED) >= 40
    everything = repr(record()) + MODULE
    lost = {name for name in PLANTED - {"base64", "unplanned"} if secret(name)[:-1] not in everything}
    assert lost <= {"marked by the provider"}


@pytest.mark.parametrize("style", sorted(CHECK_FORMATS))
def test_no_report_shows_a_secret(style: str) -> None:
    one = record()

    def rendered(checked: CheckOutcome) -> str:
        report = CHECK_FORMATS[style](checked)
        return report if isinstance(report, str) else plain_text(report)

    assert shown_in(rendered(replace(one, assessment=mask_assessment(one.assessment)))) == set()
    assert shown_in(rendered(one)), "without the masking this report shows some: the test can fail"


def test_what_is_masked_still_says_what_changes() -> None:
    told = mask_assessment(record().assessment)
    assert "admin_password" in told.findings[0].detail
    assert 'password = "(sensitive)"' in told.findings[0].detail
    plan = told.plans[STACK.key]
    script = next(one for one in plan.changes if one.address == "aws_instance.a").after["user_data"]
    assert script == SCRIPT.format("(sensitive)")
    assert mask_assessment(told).findings == told.findings


def test_a_module_page_shows_no_default_that_is_a_secret() -> None:
    module = read_interface({"variables.tf": MODULE.encode()})
    assert isinstance(module, Interface)
    text = page(module)
    assert shown_in(text) == set()
    assert "(hidden: it looks like a secret)" in text
    assert "app" in text


def test_ordinary_texts_stay() -> None:
    plan = plan_of(
        change("aws_db_instance.a", None, {"engine": "postgres", "password": "postgres"}, {"password": True}),
        change("x.y", None, {"engine": "postgres14", "password_length": 16, "secret_name": "app/db"}),
    )
    found = finding("plan", "the engine postgres is old", stack=STACK.key)
    one = rich_outcome().assessment
    told = mask_assessment(replace(one, plans={STACK.key: plan}, findings=(found,)))
    assert told.findings == (found,)
    assert told.plans[STACK.key].changes[1].after["secret_name"] == "app/db"


# --- copies at places that Terraform does not mark -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "place"),
    [
        ({"environment": [{"variables": {"DB_PASSWORD": MARKED}}]}, "environment[0].variables.DB_PASSWORD"),
        ({"env": [{"name": "DB_PASSWORD", "value": MARKED}]}, "env[0].value"),
        ({"dsn": f"postgres://app:{MARKED[:-1]}@db/app"}, "dsn"),
        ({"user_data": SCRIPT.format(MARKED)}, "user_data"),
    ],
)
def test_a_secret_without_a_mark_is_a_finding_although_it_is_sensitive_elsewhere(after: Any, place: str) -> None:
    password = MARKED[:-1] if "dsn" in after else MARKED
    marked = change("aws_db_instance.a", None, {"password": password}, {"password": True})
    plan = plan_of(marked, change("x.y", None, after))
    (found,) = find_exposed({"dev": plan})
    assert (found.address, found.message.rpartition(" in ")[2]) == ("x.y", place)
    assert password not in repr(plan)
    resources = view(plan)["resources"]
    assert [bool(one["unmarked"]) for one in resources] == [False, True]
    assert password not in json.dumps(resources)


def test_a_copy_that_looks_like_no_secret_is_no_finding() -> None:
    parameter = change("aws_ssm_parameter.a", None, {"value": "eu-west-1"}, {"value": True})
    assert find_exposed({"dev": plan_of(parameter, change("x.y", None, {"region": "eu-west-1"}))}) == ()


def test_plans_of_old_terraform_say_nothing_of_marks_and_are_judged_all_the_same() -> None:
    old = {"address": "x.y", "type": "x", "name": "y"} | {
        "change": {"actions": ["create"], "before": None, "after": {"variables": {"secret_key": secret("lambda")}}}
    }
    document = {"format_version": "0.1", "resource_changes": [old]}
    plan = read_plan(json.dumps(document).encode(), stack=STACK, commit="c", key=KEY, root="", lock=b"")
    (found,) = find_exposed({"dev": plan})
    assert found.message == "x.y shows a secret in variables.secret_key"
    assert secret("lambda") not in repr(plan)


# --- the whole way -------------------------------------------------------------------------------------------------

TWOS = """package house

deny contains {"msg": sprintf("it has %v", [thing.after.input.DB_PASSWORD]), "resource": thing.address} if {
    some thing in input.resources
    thing.after.input.DB_PASSWORD != ""
}
"""


@pytest.mark.slow
def test_the_whole_check_and_a_tried_policy_show_no_secret(tmp_path: Path) -> None:
    files = {**three_environments(), "terrace.yaml": LADDER + "policies: [policies]\n", "policies/house.rego": TWOS}
    place = world(tmp_path, files)
    place.variables["PATH"] = f"{opa().parent}:{os.environ['PATH']}"
    module = place.work / "modules/thing/main.tf"
    text = module.read_text().replace('"${var.name}-1"', f'{{DB_PASSWORD="{secret("lambda")}", name = var.name}}')
    module.write_text(text)
    names = [name for name in CHECK_FORMATS if name != "terminal"]
    done = place.run("check", *(word for name in names for word in ("--report", f"{name}={tmp_path / name}")))
    assert done.code == 1, done
    said = {"terminal": done.out + done.err, **{name: (tmp_path / name).read_text() for name in names}}
    tried = place.ok("policy", "try", "house", "dev")
    said |= {"try": tried.out, "input": place.ok("policy", "input", "dev").out}
    assert {name: found for name, one in said.items() if (found := shown_in(one))} == {}
    assert "it has (sensitive)" in tried.out
    assert "DB_PASSWORD" in said["html"]
    assert {one["rule"] for one in json.loads(said["json"])["findings"]} >= {"plan-secrets", "secrets", "format"}
