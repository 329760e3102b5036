"""Whatever is wrong is told with a hint and the right exit code, and nothing is left behind."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from support.cli import LADDER, MODULE, Done, World, root, three_environments, world
from support.git import commit, git

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> World:
    return world(tmp_path, three_environments())


def told(done: Done, code: int, *words: str, hint: str = "hint: ") -> None:
    """It ended with that code, said these words, gave a hint, and showed no traceback."""
    said = done.out + done.err
    assert done.code == code, said
    assert "Traceback" not in said
    assert hint in said, said
    for word in words:
        assert word in said, said


def events(shop: World) -> int:
    found: int = shop.ok("ledger", "verify", "--json").json["events"]
    return found


def test_broken_yaml(shop: World) -> None:
    shop.push({"terrace.yaml": "version: 1\nenvironments:\n  dev: {aftr: x}\n  prod: {soak: soon}\n"})
    done = shop.run("deploy", "dev")
    told(done, 2, "terrace.yaml:3:9: `aftr` is not a key", "did you mean `after`?", "terrace.yaml:4:16", hint="(hint: ")
    assert shop.run("config", "check").code == 2
    checked = shop.run("config", "check", "--json")
    assert [p["line"] for p in checked.json["problems"]] == [3, 4]


def test_broken_yaml_in_the_working_tree_does_not_stop_its_repair(shop: World) -> None:
    shop.push({"terrace.yaml": "version: 1\nenvironments: {dev: {aftr: x}}\n"})
    (shop.work / "terrace.yaml").write_text(three_environments()["terrace.yaml"])
    told(shop.run("check"), 2, "terrace.yaml:2:22")


@pytest.mark.parametrize("command", [("deploy", "porduction"), ("promote", "stagin"), ("approve", "prdo", "--yes")])
def test_an_unknown_environment_is_told_with_the_nearest_right_one(shop: World, command: tuple[str, ...]) -> None:
    told(shop.run(*command), 2, "there is no environment", "did you mean" if command[1] != "porduction" else "prod")


def test_after_in_a_circle(shop: World) -> None:
    shop.push({"terrace.yaml": "version: 1\nenvironments: {a: {after: b}, b: {after: a}}\n"})
    told(shop.run("deploy", "a"), 2, "`after` forms a cycle", hint="hint: remove one")
    assert "`after` forms a cycle" in shop.ok("status").out, "what is deployed can be looked at"


def test_a_stack_without_configuration(shop: World) -> None:
    shop.push({"terrace.yaml": "version: 1\nenvironments: {dev: {}, staging: {}, prod: {}, qa: {}}\n"})
    told(shop.run("deploy", "qa"), 2, "qa has no stacks")
    assert events(shop) <= 1, "at most the ledger was opened"


def test_not_a_repository(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    told(World(tmp_path / "plain").run("status"), 2, "is not in a Git repository")


def test_a_repository_without_commits(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path / "empty"], check=True)
    told(World(tmp_path / "empty").run("status"), 2)


def test_a_shallow_clone_proves_no_branch(shop: World, tmp_path: Path) -> None:
    old = git(shop.work, "rev-parse", "HEAD")
    for number in range(3):
        shop.push({"README.md": str(number)})
    shallow = tmp_path / "shallow"
    git(shop.work, "clone", "--quiet", "--depth=1", f"file://{shop.remote}", shallow)
    other = World(shallow)
    told(other.run("deploy", "dev", "--ref", old), 2, "there is no commit", "git fetch --unshallow")
    other.ok("deploy", "dev")


def test_a_dirty_tree_is_not_deployed_and_can_be_checked(shop: World) -> None:
    (shop.work / "environments/dev/new.tf").write_text('resource "terraform_data" "new" {}\n')
    told(shop.run("deploy", "dev"), 2, "uncommitted changes", "environments/dev/new.tf")
    checked = shop.ok("check", "--json").json
    assert [s["stack"] for s in shop.ok("impact", "--json").json["stacks"]] == ["dev"]
    assert [(p["stack"], p["create"]) for p in checked["plans"]] == [("dev", 2)]
    assert git(shop.work, "status", "--porcelain") == "?? environments/dev/new.tf"


@pytest.mark.parametrize(
    "ref", ["nowhere", "--upload-pack=touch x", "$(touch x)", "a b", "main\nother", "HEAD; touch x", "@{-9}", "", "'"]
)
def test_unknown_and_hostile_refs(shop: World, ref: str) -> None:
    told(shop.run("deploy", "dev", "--ref", ref), 2)
    assert not (shop.work / "x").exists()


def test_hostile_file_names_are_shown_and_do_nothing(shop: World) -> None:
    names = ["a b.tf", "quo'te\".tf", "$(touch x).tf", "--option.tf", "new\nline.tf", "tab\t.tf"]
    for name in names:
        (shop.work / "environments/dev" / name).write_text(f'resource "terraform_data" "r{names.index(name)}" {{}}\n')
    raw = os.fsencode(shop.work / "environments/dev") + b"/\xff\xfe.tf"
    Path(os.fsdecode(raw)).write_text('resource "terraform_data" "raw" {}\n')
    done = shop.run("check")
    assert done.code == 0, done.out + done.err
    assert "8 to create" in done.out
    assert not (shop.work / "x").exists()
    for style in ("markdown", "json"):
        shop.ok("check", "--format", style)
    found = json.loads(shop.ok("impact", "--json", "--why").out)
    assert len(found["stacks"][0]["reasons"]) == 7
    assert "\n" not in shop.ok("impact", "--why").out.split("new")[1].split("line")[0]


def test_a_missing_and_a_too_old_terraform(shop: World, tmp_path: Path) -> None:
    git_only = tmp_path / "bin"
    git_only.mkdir()
    for tool in ("git", "ssh-keygen", "sh"):
        found = subprocess.run(["which", tool], capture_output=True, text=True, check=True).stdout.strip()
        (git_only / tool).symlink_to(found)
    files = three_environments()
    shop.push({"terrace.yaml": files["terrace.yaml"] + "terraform: {binary: terraform}\n"})
    told(shop.run("deploy", "dev", PATH=str(git_only)), 2, "'terraform' was not found", "pip install")
    shop.push({"terrace.yaml": files["terrace.yaml"] + "terraform: {version: '>= 99.1'}\n"})
    told(shop.run("deploy", "dev"), 2, "does not match the version '>= 99.1' in terrace.yaml")
    assert events(shop) <= 1


def test_a_provider_that_is_not_found(shop: World, tmp_path: Path) -> None:
    provider = (
        'terraform {\n  required_providers {\n    nope = {\n      source = "localhost:1/nobody/nope"\n    }\n  }\n}\n'
        'resource "nope_thing" "x" {}\n'
    )
    shop.push({"environments/dev/nope.tf": provider})
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed")
    assert "nobody/nope" in done.json["reasons"][0] or "provider" in done.json["reasons"][0]
    assert "check the provider's source" in done.json["steps"][-1]["hint"]


def test_a_plan_error_names_its_line_and_hides_no_other_stack(shop: World) -> None:
    (shop.work / "environments/staging/bad.tf").write_text('output "bad" {\n  value = var.missing\n}\n')
    (shop.work / "environments/dev/good.tf").write_text('resource "terraform_data" "good" {}\n')
    done = shop.run("check", "--json")
    assert done.code == 1
    (finding,) = (found for found in done.json["findings"] if found["rule"] == "plan")
    assert (finding["status"], finding["file"], finding["line"]) == ("unknown", "environments/staging/bad.tf", 2)
    assert [p["stack"] for p in done.json["plans"]] == ["dev"]
    assert done.json["unknown"][0]["what"] == "staging"


def test_a_state_locked_by_somebody_else_is_left_to_them(shop: World) -> None:
    shop.ok("deploy", "dev")
    home = Path(os.environ["TERRACE_HOME"])
    (state,) = home.glob("data/*/states/dev/dev/terraform.tfstate")
    holder = subprocess.Popen(
        [
            "python3",
            "-c",
            "import fcntl,sys,time\nf=open(sys.argv[1],'r+')\nfcntl.lockf(f,fcntl.LOCK_EX)\n"
            "print('held',flush=True)\ntime.sleep(60)",
            state,
        ],
        stdout=subprocess.PIPE,
    )
    info = {
        "ID": "11111111-2222",
        "Operation": "OperationTypeApply",
        "Who": "eve@laptop",
        "Version": "1.11.4",
        "Created": "2026-01-05T12:00:00Z",
        "Path": str(state),
    }
    (state.parent / ".terraform.tfstate.lock.info").write_text(json.dumps(info))
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        rules = {"terrace.yaml": LADDER + "terraform: {lock_wait: 2s}\n"}
        shop.push({**rules, "modules/thing/main.tf": MODULE.replace("-1", "-2")})
        done = shop.run("deploy", "dev", "--json")
    finally:
        holder.kill()
        holder.communicate()
    assert (done.code, done.json["result"]) == (1, "failed")
    assert "locked by eve@laptop since 2026-01-05 12:00:00" in done.json["reasons"][0]
    assert "never breaks" in done.json["steps"][-1]["hint"]
    assert shop.ok("deploy", "dev", "--json").json["result"] == "succeeded"


def test_a_wrong_or_missing_backup_key_stops_before_anything_is_written(shop: World) -> None:
    told(shop.run("deploy", "dev", TERRACE_BACKUP_KEY=""), 2, "TERRACE_BACKUP_KEY is not set", "openssl rand")
    short = base64.b64encode(b"short").decode()
    told(shop.run("deploy", "dev", TERRACE_BACKUP_KEY=short), 2, "has 5 bytes")
    assert events(shop) == 0


def test_a_remote_that_refuses_the_ledger(shop: World) -> None:
    hook = shop.remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'ask the platform team' >&2\nexit 1\n")
    hook.chmod(0o755)
    told(shop.run("deploy", "dev"), 2, "ask the platform team", "terrace/ledger")
    assert not list(Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/dev/terraform.tfstate"))


def test_no_network_to_the_remote(shop: World) -> None:
    git(shop.work, "remote", "set-url", "origin", "https://user:token-123456@127.0.0.1:1/x.git")
    done = shop.run("deploy", "dev")
    told(done, 2, "cannot be read", "check the network")
    assert "token-123456" not in done.out + done.err


def test_cloud_blocks_terragrunt_and_states_in_git_are_refused(shop: World) -> None:
    shop.push({"environments/dev/cloud.tf": "terraform {\n  cloud {}\n}\n"})
    told(shop.run("deploy", "dev"), 2, "environments/dev/cloud.tf:2", "`cloud` block")
    shop.push({"environments/dev/cloud.tf": None, "environments/dev/terraform.tfstate": "{}"})
    done = shop.run("deploy", "dev", "--json")
    assert (done.code, done.json["result"]) == (1, "failed")
    assert "does not use a state in Git" in done.json["reasons"][0]


def test_commands_and_options_that_are_misspelt(shop: World) -> None:
    told(shop.run("deplyo", "dev"), 2, "Did you mean one of:", "'deploy'", hint="Usage:")
    told(shop.run("deploy"), 2, "Missing argument 'ENV'", hint="Usage:")
    told(shop.run("deploy", "dev", "--reff", "x"), 2, "--ref", hint="Usage:")
    told(shop.run("show", "nothing"), 2, "there is no deployment 'nothing'")
    told(shop.run("plan", "de"), 2, "there is no stack or environment 'de'", "did you mean 'dev'?")
    told(shop.run("approve", "dev", "--yes"), 2, "no deployment is pending in dev")


def test_an_approval_without_a_terminal_needs_yes(shop: World) -> None:
    shop.ok("deploy", "dev")
    shop.run("promote", "staging")
    told(shop.run("approve", "staging"), 2, "no terminal", "--yes")
    told(shop.run("approve", "staging", "--as", "bob", "--key", "/nowhere", "--yes"), 2, "there is no key")
    assert shop.status()["staging"]["state"] == "waiting"


def test_errors_are_json_too(shop: World) -> None:
    done = shop.run("deploy", "nowhere", "--json")
    assert done.code == 2
    assert done.json["schema"] == "terrace/error@1"
    assert done.json["hint"]


def test_help_is_instant_and_has_examples(shop: World) -> None:
    began = time.monotonic()
    done = shop.ok("--help")
    assert time.monotonic() - began < 2
    assert "deploy" in done.out
    for command in ("check", "impact", "plan", "deploy", "promote", "approve", "reject", "resume", "hold", "unhold"):
        assert "Example" in shop.ok(command, "--help").out
    for shell in ("bash", "zsh", "fish"):
        assert "_TERRACE_COMPLETE" in shop.ok("completion", shell).out


def test_doctor_and_init(tmp_path: Path, shop: World) -> None:
    doctor = shop.ok("doctor", "--json").json
    assert doctor["ok"]
    missing = shop.run("doctor", TERRACE_BACKUP_KEY="")
    assert (missing.code, "openssl rand" in missing.out) == (1, True)

    empty = tmp_path / "new"
    empty.mkdir()
    new = World(empty)
    assert "would write terrace.yaml" in new.ok("init", "--dry-run").out
    assert list(empty.iterdir()) == []
    new.ok("init")
    commit(empty, {})
    new.ok("config", "check")
    new.ok("deploy", "dev")
    assert "no files were written" in new.ok("init").out

    existing = tmp_path / "existing"
    existing.mkdir()
    for name in ("dev", "prod"):
        (existing / "environments" / name).mkdir(parents=True)
        (existing / "environments" / name / "main.tf").write_text(root(name))
    before = {p: p.read_bytes() for p in existing.rglob("*") if p.is_file()}
    World(existing).ok("init")
    after = {p: p.read_bytes() for p in existing.rglob("*") if p.is_file()}
    assert {p: after[p] for p in before} == before
    assert {p.name for p in after.keys() - before.keys()} == {"terrace.yaml", "terrace.schema.json"}
    assert "after: dev" in (existing / "terrace.yaml").read_text()


def test_a_ledger_is_not_written_through_a_link_nor_outside_of_the_repository(shop: World, tmp_path: Path) -> None:
    ladder = three_environments()["terrace.yaml"]
    shop.push({"terrace.yaml": ladder + "ledger: sqlite:../../x.db\n"})
    told(shop.run("deploy", "dev"), 2, "inside the repository", hint="")
    (tmp_path / "elsewhere").mkdir()
    (shop.work / "kept").symlink_to(tmp_path / "elsewhere")
    for setting, shown in (("ledger: sqlite:kept/x.db", "kept/x.db"), ("backups: {url: kept}", "kept")):
        shop.push({"terrace.yaml": ladder + setting + "\n"})
        told(shop.run("deploy", "dev"), 2, shown, "a symbolic link is on the way to it")
    assert list((tmp_path / "elsewhere").iterdir()) == []
