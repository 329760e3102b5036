"""What the checkout has and the commit does not is told by every command that plans, and by doctor."""

from __future__ import annotations

from pathlib import Path

from support.cli import world

STACK = "environments/dev"


def test_check_plan_deploy_and_doctor_tell_an_ignored_file_of_variables(tmp_path: Path) -> None:
    text = 'variable "size" {\n  default = "one"\n}\n\nresource "terraform_data" "it" {\n  input = var.size\n}\n'
    rules = "version: 1\nenvironments: {dev: {}}\n"
    shop = world(tmp_path, {f"{STACK}/main.tf": text, ".gitignore": "*.tfvars\nnotes\n", "terrace.yaml": rules})
    file = f"{STACK}/terraform.tfvars"
    (shop.work / file).write_text('size = "two"\n')
    (shop.work / STACK / "notes").write_text("nothing reads this\n")
    told, add = f"{file} is in the checkout but not in the commit", f"git add --force {file}"

    deployed = shop.ok("deploy", "dev", "--json")
    assert told in deployed.err
    assert add in deployed.err
    shop.push({f"{STACK}/more.tf": 'output "more" {\n  value = 1\n}\n'})
    checked = shop.run("check", "--base", "HEAD~1", "--json").json
    assert [one["status"] for one in checked["findings"] if told in one["message"]] == ["unknown"]
    planned = shop.ok("plan", "dev", "--json")
    assert [one["path"] for one in planned.json["notices"]] == [file]
    assert told in planned.err
    rows = [row for row in shop.run("doctor", "--json").json["rows"] if row["what"] == "not in the commit"]
    assert [(told in row["found"], add in row["how"]) for row in rows] == [(True, True)]
    (shop.work / file).unlink()
    assert "not in the commit" not in shop.ok("plan", "dev").err
