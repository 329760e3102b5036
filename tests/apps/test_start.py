"""The first minutes: `init`, `doctor`, `config` and `completion`, before anything was deployed."""

from __future__ import annotations

import base64
import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.configuration import load
from support.git import commit, git, repository, with_remote
from support.in_process import run_command
from support.trees import DictTree
from terrace.apps.cli.diagnosis import diagnose
from terrace.apps.cli.first_files import write_first_files
from terrace.apps.cli.proposed_config import terrace_yaml
from terrace.checks.all import CHECKS
from terrace.config.environment_names import order_names
from terrace.config.naming import NAME
from terrace.config.problems import BadConfig
from terrace.config.schema import json_schema
from terrace.errors import BadInput, NotReady
from terrace.hcl.facts_store import NoStore
from terrace.stacks.proposals import propose

pytestmark = pytest.mark.slow

Captured = pytest.CaptureFixture[str]

KEY = base64.b64encode(bytes(32)).decode()


def tree(folder: Path) -> set[str]:
    """Every file and folder but Git's own."""
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if ".git" not in p.relative_to(folder).parts}


def stacks(folder: Path, *names: str) -> Path:
    """A folder with environments of the convention."""
    for name in names:
        (folder / "environments" / name).mkdir(parents=True)
        (folder / "environments" / name / "main.tf").write_text('resource "terraform_data" "it" {}\n')
    return folder


# --- init --------------------------------------------------------------------------------------------------------


def test_an_empty_folder_becomes_a_repository_that_can_be_planned(tmp_path: Path, capsys: Captured) -> None:
    assert write_first_files(str(tmp_path), dry_run=False) == 0
    files = {".gitignore", ".github/CODEOWNERS", ".github/dependabot.yml", ".terrace/allowed_signers", "terrace.yaml"}
    files |= {f"environments/{name}/terraform.tfvars" for name in ("dev", "staging", "prod")}
    files |= {
        f"modules/{name}/{file}" for name in ("naming", "service") for file in ("README.md", f"tests/{name}.tftest.hcl")
    }
    assert files <= tree(tmp_path)
    assert git(tmp_path, "symbolic-ref", "HEAD") == "refs/heads/main"
    said = capsys.readouterr().out
    assert all(f"wrote {name}" in said for name in files)
    assert "terrace deploy dev" in said
    subprocess.run(["terraform", "fmt", "-check", "-recursive", tmp_path], check=True, capture_output=True)
    assert os.access(tmp_path / "scripts/smoke.sh", os.X_OK)
    (dev, staging, prod) = load((tmp_path / "terrace.yaml").read_bytes()).environments
    assert (dev.approvals.count, staging.approvals.count) == (0, 1)
    assert (staging.after, prod.after, prod.approvals.roles) == ("dev", "staging", {"platform": 1, "security": 1})
    for name in ("README.md", "dependabot.yml", "smoke.sh", "main.tf", "terraform.tf", "terraform.tfvars"):
        for path in tmp_path.rglob(name):
            assert path.read_text().lstrip().startswith(("#", "output", "terraform {")), f"{path} has its purpose first"


def test_a_whole_repository_is_not_mixed_with_the_configuration_that_is_there(tmp_path: Path) -> None:
    stacks(tmp_path, "dev")
    before = tree(tmp_path)
    with pytest.raises(BadInput, match="environments exists"):
        write_first_files(str(tmp_path), dry_run=False, whole=True)
    assert tree(tmp_path) == before
    docs = repository(tmp_path / "other", {"docs/a.md": "a\n"})
    assert write_first_files(str(docs), dry_run=False, whole=True) == 0
    assert (docs / "environments/prod/main.tf").is_file()


def test_what_is_written_is_right_and_says_what_holds_without_it(tmp_path: Path) -> None:
    """The first terrace.yaml must neither loosen nor tighten anything: it makes the defaults visible."""
    stacks(tmp_path, "prod", "dev", "staging")
    write_first_files(str(tmp_path), dry_run=False)
    written = load((tmp_path / "terrace.yaml").read_bytes())
    assert written.environments == load(b"", discovered=("dev", "prod", "staging")).environments


@given(st.lists(st.from_regex(NAME, fullmatch=True) | st.sampled_from(["null", "1e3", "007", "On", "1.5"]), min_size=1))
def test_whatever_environments_are_called_the_file_reads_them_back(names: list[str]) -> None:
    """YAML takes some names for numbers, flags or nothing unless they are quoted."""
    tree = DictTree({f"environments/{name}/main.tf": "" for name in names})
    ordered = order_names(set(names))
    written = terrace_yaml(propose(tree, NoStore()).environments)
    assert load(written.encode()).environments == load(b"", discovered=ordered).environments


def test_an_existing_repository_gets_two_files_and_keeps_the_rest(tmp_path: Path, capsys: Captured) -> None:
    folder = repository(tmp_path / "work", {"environments/live/main.tf": "\n", "environments/a.md": "", "a.txt": "a"})
    before = tree(folder)
    write_first_files(str(folder / "environments"), dry_run=False)
    assert tree(folder) - before == {".terrace", ".terrace/terrace.schema.json", "terrace.yaml"}
    assert [e.name for e in load((folder / "terrace.yaml").read_bytes()).environments] == ["live"]
    said = capsys.readouterr().out
    assert "git add .terrace/terrace.schema.json terrace.yaml &&" in said, "files of others are never added"
    assert "terrace deploy live" in said


@pytest.mark.parametrize("name", ["deny.rego", "scp.json", "iam/roles.yaml"])
def test_a_folder_of_policies_of_something_else_judges_nothing_unasked(tmp_path: Path, name: str) -> None:
    folder = repository(tmp_path / "work", {"environments/live/main.tf": "\n", f"policies/{name}": "{}"})
    write_first_files(str(folder), dry_run=False)
    assert load((folder / "terrace.yaml").read_bytes()).policies == ()


def test_the_variables_of_the_providers_and_the_branch_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "shop")
    monkeypatch.setenv("HCLOUD_TOKEN", "none of its providers reads it")
    files = {
        "environments/dev/main.tf": 'module "it" {\n  source = "../../modules/it"\n}\n',
        "modules/it/main.tf": 'resource "aws_s3_bucket" "it" {}\n',
        "environments/prod/main.tf": 'resource "azurerm_resource_group" "it" {}\n',
    }
    folder = repository(tmp_path / "work", files)
    git(folder, "branch", "--move", "trunk")
    write_first_files(str(folder), dry_run=False)
    text = (folder / "terrace.yaml").read_text()
    written = load(text.encode())
    assert [(one.name, one.env) for one in written.environments] == [("dev", ("AWS_PROFILE",)), ("prod", ())]
    assert "# env: [ARM_SUBSCRIPTION_ID, ARM_TENANT_ID]" in text
    assert written.branch == "trunk"
    schema = text.partition("$schema=")[2].partition("\n")[0]
    assert json.loads((folder / schema).read_text()) == json_schema(CHECKS)


def test_no_environment_is_invented_for_a_folder_whose_names_tell_none(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "main.tf").write_text("\n")
    write_first_files(str(tmp_path), dry_run=False)
    assert (
        "environment default: the repository has no names of environments, and this one can be production"
        in capsys.readouterr().err
    )
    (only,) = load((tmp_path / "terrace.yaml").read_bytes()).environments
    assert (only.name, only.approvals.count, only.protected) == ("default", 1, True)
    assert not (tmp_path / ".git").exists(), "a folder that holds something is not made a repository"


def test_a_proposal_can_be_looked_at_beside_a_file(tmp_path: Path, capsys: Captured) -> None:
    """As a team does whose repository has grown since."""
    for name in ("dev", "prod"):
        (tmp_path / "live" / name).mkdir(parents=True)
        (tmp_path / "live" / name / "main.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    (tmp_path / "terrace.yaml").write_text("version: 1\n")
    before = tree(tmp_path)
    assert write_first_files(str(tmp_path), dry_run=False, show_only=True) == 0
    written = load(capsys.readouterr().out.encode())
    assert [(one.path, one.environment) for one in written.stack_patterns] == [("live/*", "{1}")]
    assert tree(tmp_path) == before
    assert (tmp_path / "terrace.yaml").read_text() == "version: 1\n"


def test_nothing_is_written_where_there_is_nothing_to_make_stacks_of(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "app.js").write_text("\n")
    before = tree(tmp_path)
    assert write_first_files(str(tmp_path), dry_run=False) == 1
    assert tree(tmp_path) == before
    said = capsys.readouterr().err
    assert "no root modules were found" in said
    assert "hint: " in said


def test_a_repository_as_a_forge_makes_it_is_a_new_one(tmp_path: Path) -> None:
    folder = repository(tmp_path / "work", {"README.md": "a\n", "LICENSE": "b\n", ".gitignore": "*.log\n"})
    assert write_first_files(str(folder), dry_run=False) == 0
    assert (folder / "environments/dev/main.tf").is_file()
    assert (folder / ".gitignore").read_text() == "*.log\n", "nothing that exists is changed"


@pytest.mark.parametrize("existing", ["mine\n", None])
def test_a_terrace_yaml_is_never_overwritten(tmp_path: Path, capsys: Captured, existing: str | None) -> None:
    """Not even a link that leads nowhere: whoever made it meant something."""
    if existing is None:
        (tmp_path / "terrace.yaml").symlink_to("elsewhere/terrace.yaml")
    else:
        (tmp_path / "terrace.yaml").write_text(existing)
    before = tree(tmp_path)
    assert write_first_files(str(tmp_path), dry_run=False) == 0
    assert "no files were written" in capsys.readouterr().out
    assert tree(tmp_path) == before
    assert existing is None or (tmp_path / "terrace.yaml").read_text() == existing


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: Captured) -> None:
    write_first_files(str(tmp_path), dry_run=True)
    assert list(tmp_path.iterdir()) == []
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "would create a Git repository"
    assert "would write terrace.yaml" in said


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no folder"):
        write_first_files(str(tmp_path / "nowhere"), dry_run=False)


@pytest.mark.parametrize("bytes_", [50, 300])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, bytes_: int) -> None:
    """With 50 bytes `git init` fails, with 300 a file of ours does after others were written."""
    target, template = tmp_path / "target", tmp_path / "template"
    target.mkdir()
    template.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-B", "-m", "terrace", "-C", target, "init"],
        env={**os.environ, "GIT_TEMPLATE_DIR": str(template)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_)),
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "all new files were removed again" in done.stderr
    assert list(target.iterdir()) == []


def test_a_git_file_that_leads_nowhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    write_first_files(str(tmp_path), dry_run=False)
    assert (tmp_path / ".git").read_text() == "gitdir: /nowhere\n", "what was there is as it was"


# --- the process -------------------------------------------------------------------------------------------------


def test_a_command_searches_for_cycles_of_objects_rarely() -> None:
    """Otherwise the searches take a third of the time where there are 10,000 stacks."""
    shown = "import atexit, gc, sys; atexit.register(lambda: print(gc.get_threshold()[0]))\n"
    script = f"{shown}sys.argv = ['terrace', '--version']\n"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script + "from terrace.apps.cli.main import main; main()"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "100000"


# --- config ------------------------------------------------------------------------------------------------------


def test_the_schema_is_printed_as_json(capsys: Captured) -> None:
    assert run_command("config", "schema") == 0
    assert json.loads(capsys.readouterr().out) == json_schema(CHECKS)


def test_a_valid_terrace_yaml_is_summarized(tmp_path: Path, capsys: Captured) -> None:
    prod = "{after: dev, approvals: {count: 2, roles: {sec: 1}}}"
    text = f"version: 1\nenvironments: {{dev: {{deploy: automatic}}, prod: {prod}}}\nteams: {{sec: [bob]}}\n"
    (tmp_path / "terrace.yaml").write_text(text)
    (tmp_path / "deep/er").mkdir(parents=True)
    assert run_command("-C", tmp_path / "deep/er", "config", "check") == 0
    assert capsys.readouterr().out.splitlines() == [
        "terrace.yaml is valid",
        "  dev: automatic, no approvals, no stacks",
        "  prod after dev: manual, approved by 2 people, 1 x sec, no stacks",
    ]


def test_what_could_not_work_later_is_told_at_once_with_its_lines(tmp_path: Path, capsys: Captured) -> None:
    block = 'terraform {\n  backend "s3" {\n    bucket = "b"\n    key = "k"\n    region = "r"\n  }\n}\n'
    stacks(tmp_path, "dev", "prod")
    for name in ("a", "b", "c", "d"):
        (tmp_path / name / "net").mkdir(parents=True)
        (tmp_path / name / "net/main.tf").write_text(block if name in "cd" else "\n")
    lines = [
        "version: 1",
        "environments: {dev: {}, prod: {}}",
        "stacks:",
        "  - {path: a/net, environment: dev}",
        "  - {path: b/net, environment: dev}",
        "  - {path: gone, environment: dev}",
        "  - {path: environments/dev, environment: dev, var_files: [dev.tfvars]}",
        "  - {path: c/net, environment: dev, name: c}",
        "  - {path: d/net, environment: prod}",
        '  - {path: "x/*", environment: "{1}"}',
        "",
    ]
    (tmp_path / "terrace.yaml").write_text("\n".join(lines))
    assert run_command("-C", tmp_path, "config", "check", "--json") == 2
    told = json.loads(capsys.readouterr().out)
    assert [(one["file"], one["line"], one["message"]) for one in told["problems"]] == [
        ("c/net/main.tf", 2, "dev/c and prod/net have the same state: s3 bucket b, key k"),
        ("terrace.yaml", 5, "a/net and b/net have the same stack name, dev/net"),
        ("terrace.yaml", 6, "the stack gone has no configuration"),
        ("terrace.yaml", 7, "dev: the variable file dev.tfvars does not exist"),
        ("terrace.yaml", 10, "no folder with configuration matches x/*"),
    ]
    assert all(one["hint"] for one in told["problems"])


def test_refused_stacks_and_root_modules_in_no_stack_are_told_of_a_right_file(tmp_path: Path, capsys: Captured) -> None:
    stacks(tmp_path, "dev", "prod")
    (tmp_path / "environments/prod/main.tf").write_text("terraform {\n  cloud {}\n}\n")
    (tmp_path / "bootstrap").mkdir()
    (tmp_path / "bootstrap/main.tf").write_text('provider "aws" {\n  region = "x"\n}\n')
    (tmp_path / "terrace.yaml").write_text("version: 1\n")
    assert run_command("-C", tmp_path, "config", "check") == 0
    said = capsys.readouterr()
    assert "  dev: manual, no approvals, 1 stack" in said.out
    assert "refused: prod (environments/prod/main.tf:2)" in said.out
    assert "1 folder with a backend or a provider is not part of any stack: bootstrap" in said.err
    run_command("-C", tmp_path, "config", "check", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["stacks"], told["in_no_stack"], told["refused"][0]["stack"]) == (2, ["bootstrap"], "prod")


def test_a_file_without_environments_is_summed_up_with_those_of_the_folders(tmp_path: Path, capsys: Captured) -> None:
    stacks(tmp_path, "dev", "prod")
    (tmp_path / "terrace.yaml").write_text("version: 1\n")
    run_command("-C", tmp_path, "config", "check")
    assert "  prod after dev: manual, approved by 1 person" in capsys.readouterr().out


def test_a_wrong_file_is_told_for_people_and_for_machines(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "terrace.yaml").write_text("version: 1\nbrnch: x\nsigners: /x\n")
    with pytest.raises(BadConfig) as caught:
        run_command("-C", tmp_path, "config", "check")
    assert caught.value.exit_code == 2
    assert "terrace.yaml:2:1" in str(caught.value)
    assert run_command("-C", tmp_path, "config", "check", "--json") == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["ok"]) == ("terrace/config-check@1", False)
    assert told["problems"][0] == {
        "file": "terrace.yaml",
        "line": 2,
        "column": 1,
        "message": "`brnch` is not a key of terrace.yaml",
        "hint": "did you mean `branch`?",
    }
    assert (told["problems"][1]["line"], told["problems"][1]["column"]) == (3, 10)


def test_the_search_for_terrace_yaml_ends_at_the_root_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "terrace.yaml").write_text("version: 1\n")
    (tmp_path / "inner/.git").mkdir(parents=True)
    with pytest.raises(NotReady, match=r"there is no terrace\.yaml here"):
        run_command("-C", tmp_path / "inner", "config", "check")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_program(capsys: Captured, shell: str) -> None:
    assert run_command("completion", shell) == 0
    said = capsys.readouterr().out
    assert "_TERRACE_COMPLETE" in said
    assert "terrace" in said


def test_completion_for_an_unknown_shell_is_told(capsys: Captured) -> None:
    with pytest.raises(click.BadParameter, match="'tcsh' is not one of 'bash', 'zsh', 'fish'"):
        run_command("completion", "tcsh")


# --- doctor ------------------------------------------------------------------------------------------------------


def examined(folder: Path, capsys: Captured) -> tuple[int, dict[str, Any]]:
    """The exit code of `doctor --json`, and its rows by name."""
    capsys.readouterr()
    code = diagnose(str(folder), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "terrace/doctor@1"
    assert told["ok"] == (code == 0)
    return code, {row["what"]: row for row in told["rows"]}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a remote, in which nothing is missing."""
    monkeypatch.setenv("TERRACE_BACKUP_KEY", KEY)
    return with_remote(tmp_path / "work", {"terrace.yaml": "version: 1\n", "environments/dev/main.tf": "\n"})


def test_doctor_passes_on_a_complete_machine(work: Path, capsys: Captured) -> None:
    code, rows = examined(work, capsys)
    assert code == 0, rows
    for what in ("python", "git", "repository", "trust root", "terrace.yaml", "terraform", "ledger", "backup key"):
        assert rows[what]["state"] == "ok", rows[what]
    assert rows["data"]["state"] == "ok"
    assert stat.S_IMODE(Path(rows["data"]["found"]).stat().st_mode) == 0o700
    assert git(work, "status", "--porcelain") == "", "looking changes nothing"


def test_every_problem_of_doctor_has_a_hint(work: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_BACKUP_KEY", base64.b64encode(b"short").decode())
    text = """\
version: 1
environments:
  dev:
    approvals: 1
    env: [CLOUD_PROFILE]
    credentials: {plan: {A: env:PLAN_KEY}, apply: {A: env:APPLY_KEY}}
terraform: {version: ">= 99"}
"""
    commit(work, {"terrace.yaml": text})
    git(work, "push", "--quiet", "origin", "main")
    code, rows = examined(work, capsys)
    assert code == 1
    missing = {what for what, row in rows.items() if row["state"] == "missing"}
    assert missing == {"terraform", "backup key", "ledger", "signers"}, "the key of the ledger is derived from that key"
    assert "has 5 bytes" in rows["backup key"]["found"]
    credentials = rows["credentials of dev"]
    assert (credentials["state"], credentials["found"]) == ("optional", "APPLY_KEY, CLOUD_PROFILE, PLAN_KEY not set")
    assert all(row["how"] for row in rows.values() if row["state"] != "ok"), rows


def test_a_variable_that_is_set_and_does_not_reach_the_provider_is_missing(
    work: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "shop")
    _, rows = examined(work, capsys)
    assert "variables of dev" not in rows, "no provider of dev reads it"
    (work / "environments/dev/main.tf").write_text('resource "aws_s3_bucket" "it" {}\n')
    code, rows = examined(work, capsys)
    assert (code, rows["variables of dev"]["state"]) == (1, "missing")
    assert "`env: [AWS_PROFILE]`" in rows["variables of dev"]["how"]
    (work / "terrace.yaml").write_text("version: 1\nenvironments: {dev: {env: [AWS_PROFILE]}}\n")
    _, rows = examined(work, capsys)
    assert "variables of dev" not in rows


def test_named_provider_mirrors_are_checked(
    work: Path, own_world: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERRACE_PROVIDER_MIRRORS", "")
    assert "provider mirrors" not in examined(work, capsys)[1]
    mirror, absent = tmp_path / "mirror", tmp_path / "absent"
    (mirror / "registry.terraform.io").mkdir(parents=True)
    monkeypatch.setenv("TERRACE_PROVIDER_MIRRORS", str(mirror))
    code, rows = examined(work, capsys)
    assert (code, rows["provider mirrors"]["state"], rows["provider mirrors"]["found"]) == (0, "ok", str(mirror))
    monkeypatch.setenv("TERRACE_PROVIDER_MIRRORS", os.pathsep.join([str(mirror), str(absent)]))
    code, rows = examined(work, capsys)
    assert (code, rows["provider mirrors"]["state"]) == (1, "missing")
    assert rows["provider mirrors"]["found"] == f"{absent} does not exist"
    assert "terraform providers mirror" in rows["provider mirrors"]["how"]
    (own_world / ".terraformrc").write_text("")
    code, rows = examined(work, capsys)
    assert (code, rows["provider mirrors"]["state"]) == (0, "optional"), "the file replaces the mirrors"
    assert "has no effect" in rows["provider mirrors"]["found"]


def test_a_folder_open_to_others_is_told(work: Path, capsys: Captured) -> None:
    _, rows = examined(work, capsys)
    folder = Path(rows["data"]["found"])
    folder.chmod(0o755)
    _, rows = examined(work, capsys)
    assert (rows["data"]["state"], rows["data"]["how"]) == ("optional", f"chmod 700 {folder}")


def test_outside_of_a_repository_the_machine_is_looked_at_all_the_same(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, rows = examined(tmp_path, capsys)
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"
    assert code == 1
    assert rows["repository"]["state"] == "missing"
    assert rows["terraform"]["state"] == "ok"
    assert rows["backup key"]["state"] == "missing"


def test_a_wrong_file_here_and_on_the_branch_are_told_apart(work: Path, capsys: Captured) -> None:
    (work / "terrace.yaml").write_text("version: 1\nx: 1\ny: 2\n")
    code, rows = examined(work, capsys)
    assert (code, rows["terrace.yaml"]["state"], rows["terrace.yaml"]["found"]) == (0, "optional", "2 problems")
    commit(work, {})
    git(work, "push", "--quiet", "origin", "main")
    code, rows = examined(work, capsys)
    assert (code, rows["trust root"]["state"]) == (1, "missing")
    assert rows["terraform"]["state"] == "ok", "the rest is looked at all the same"


def test_stacks_that_could_not_be_planned_are_told(work: Path, capsys: Captured) -> None:
    _, rows = examined(work, capsys)
    assert rows["stacks"]["found"] == "1 stack of 1 environment"
    (work / "environments/dev/main.tf").write_text('terraform {\n  required_version = "~> 0.12.0"\n}\n')
    (work / "lost").mkdir()
    (work / "lost/main.tf").write_text('provider "aws" {\n  region = "x"\n}\n')
    code, rows = examined(work, capsys)
    assert (code, rows["root modules"]["state"]) == (1, "optional")
    assert "not part of any stack: lost" in rows["root modules"]["found"]
    assert "environments/dev/main.tf of dev requires ~> 0.12.0, but terraform is" in rows["required_version"]["found"]
    entries = "stacks: [{path: lost, environment: dev}, {path: gone/lost, environment: dev}]\n"
    (work / "terrace.yaml").write_text(f"version: 1\nenvironments: {{dev: {{}}}}\n{entries}")
    code, rows = examined(work, capsys)
    assert (code, rows["stacks"]["state"], rows["stacks"]["how"]) == (1, "missing", "terrace config check")


def test_a_repository_without_a_stack_is_not_well(tmp_path: Path, capsys: Captured) -> None:
    work = with_remote(tmp_path / "work", {"infra/main.tf": 'terraform {\n  backend "s3" {}\n}\n'})
    code, rows = examined(work, capsys)
    assert (code, rows["stacks"]["state"], rows["stacks"]["how"]) == (1, "missing", "terrace init --print")
    assert "not part of any stack: infra" in rows["root modules"]["found"]


def test_problems_of_the_file_on_the_protected_branch_are_told_as_its(work: Path, capsys: Captured) -> None:
    commit(work, {"terrace.yaml": "version: 1\nx: 1\ny: 2\n"})
    git(work, "push", "--quiet", "origin", "main")
    (work / "terrace.yaml").write_text("version: 1\n")
    _, rows = examined(work, capsys)
    assert rows["terrace.yaml"]["state"] == "ok"
    assert "origin/main:terrace.yaml:2:1: `x` is not a key" in rows["trust root"]["found"]
    assert "the file on the protected branch" in rows["trust root"]["how"]


def test_an_old_version_of_git_is_reported(
    work: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    old = tmp_path / "bin/git"
    old.parent.mkdir()
    old.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "git version 2.29.3" || exec {real} "$@"\n')
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    code, rows = examined(work, capsys)
    assert (code, rows["git"]["state"], rows["git"]["how"]) == (1, "missing", "install git 2.30 or newer")


@pytest.mark.parametrize(
    ("script", "said"),
    [("echo 'ask your admin'", "it prints 'ask your admin'"), ("exit 3", "it prints 'nothing, with exit code 3'")],
)
def test_what_a_wrapper_says_in_the_place_of_terraform_is_told(
    work: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    wrapper = tmp_path / "bin/terraform"
    wrapper.parent.mkdir()
    wrapper.write_text(f"#!/bin/sh\n{script}\n")
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    _, rows = examined(work, capsys)
    assert rows["terraform"]["state"] == "missing"
    assert said in rows["terraform"]["found"]


def test_the_table_for_people_says_the_same(work: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERRACE_BACKUP_KEY")
    assert diagnose(str(work), as_json=False) == 1
    said = capsys.readouterr().out
    assert "missing" in said
    assert "→ export TERRACE_BACKUP_KEY" in said
