"""What holds of every generated workflow, and what nothing that runs workflows here enforces: permissions, the gates of
environments, queues, forks, pins; and that every step is one command which exists."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest

from github_files.tree import Step, files, jobs, read, steps, workflows
from terrace.apps.cli.main import cli
from terrace.apps.workflows.permissions import ACTIONS, COMMANDS, REASONS, combine_permissions

PR = ".github/workflows/00-pr-validation.yml"
APPLY = ".github/workflows/reusable-apply.yml"
PLAN = ".github/workflows/reusable-plan.yml"

FROM_OUTSIDE = re.compile(r"\$\{\{[^}]*\b(github\.event|github\.head_ref|inputs|needs|matrix|steps)\b")


def environment_of(job: Any) -> str:
    """The environment that a job stands in, "" for none."""
    told = job.get("environment", "")
    return str(told["name"] if isinstance(told, dict) else told)


def applies(job: Any) -> bool:
    """Whether a job stands in an environment of the ladder itself, where roles may change things."""
    name = environment_of(job)
    return bool(name) and name != "terrace" and not name.endswith(("-plan", "-watch"))


# --- permissions and pins ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", workflows())
def test_nothing_is_granted_but_job_by_job(path: str) -> None:
    assert read(path)["permissions"] == {}
    for job in read(path)["jobs"].values():
        assert isinstance(job["permissions"], dict)


def test_a_called_workflow_gets_all_that_it_asks_for() -> None:
    """GitHub does not start a run whose called workflow asks for more than the caller grants."""
    for path, name, job in jobs():
        called = str(job.get("uses", "")).removeprefix("./")
        for inner in read(called)["jobs"].values() if called else ():
            for scope, level in inner["permissions"].items():
                assert job["permissions"].get(scope) in (level, "write"), f"{path} {name}: {scope}"


def commands_of(job: Any) -> set[str]:
    """The entries of the table of permissions that the steps of a job stand for, those of its own actions included."""
    names: set[str] = set()
    for step in job.get("steps", ()):
        uses, run = str(step.get("uses", "")), str(step.get("run", ""))
        if uses.startswith("./"):
            names |= commands_of(read(f"{uses.removeprefix('./')}/action.yml")["runs"])
        elif (action := uses.partition("@")[0]) in ACTIONS:
            names.add(action)
        elif run.startswith("terrace "):
            words = shlex.split(run)[1:]
            fitting = [name for name in COMMANDS if _runs(words, name.split())]
            assert fitting, run
            names.add(max(fitting, key=lambda name: len(name.split())))
    return names


def _runs(words: list[str], name: list[str]) -> bool:
    return words[0] == name[0] and all(part in words for part in name)


def test_a_job_has_exactly_the_permissions_that_its_commands_need() -> None:
    """One that is missing fails the job where it matters: an issue about drift is not opened, for example."""
    seen = set()
    for path, name, job in jobs():
        if "steps" not in job or job["permissions"] == {}:
            continue
        commands = commands_of(job)
        seen |= commands
        assert job["permissions"] == {"contents": "read"} | combine_permissions(commands), (
            f"{path} {name}: {sorted(commands)}"
        )
    assert seen == {*COMMANDS, *ACTIONS}


def test_every_permission_has_its_reason() -> None:
    for path, name, job in jobs():
        for scope, level in job["permissions"].items():
            assert (scope, level) == ("contents", "read") or (scope, level) in REASONS, f"{path} {name}: {scope}"


def test_no_job_of_a_pull_request_may_push() -> None:
    for path, name, job in jobs():
        if "contents" in job["permissions"] and job["permissions"]["contents"] == "write":
            assert path != PR, name


@pytest.mark.parametrize("step", list(steps()), ids=str)
def test_actions_of_others_are_commits(step: Step) -> None:
    uses = str(step.told.get("uses", ""))
    if uses and not uses.startswith("./"):
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", uses)
        assert re.search(rf"uses: {re.escape(uses)} # v[\d.]+\n", files()[step.file])


def test_no_checkout_leaves_a_token_behind_and_all_have_the_history() -> None:
    found = [step for step in steps() if str(step.told.get("uses", "")).startswith("actions/checkout@")]
    assert len(found) > 10
    for step in found:
        assert step.told["with"] == {"fetch-depth": 0, "persist-credentials": False}, step


@pytest.mark.parametrize("path", workflows())
def test_a_workflow_that_runs_terrace_pins_where_the_rules_are_read(path: str) -> None:
    """A checkout of CI does not say which branch is protected, and one of a usual name can be created by others."""
    told = read(path)
    if any("steps" in job for job in told["jobs"].values()):
        assert (told["env"]["TERRACE_BRANCH"], told["env"]["TERRACE_REMOTE"]) == ("main", "origin")
    for job in told["jobs"].values():
        inner = [job.get("env", {}), *(step.get("env", {}) for step in job.get("steps", ()))]
        assert not any("TERRACE_BRANCH" in env or "TERRACE_REMOTE" in env for env in inner)


# --- what comes from outside -------------------------------------------------------------------------------------


def test_no_shell_line_holds_an_expression() -> None:
    for step in steps():
        assert "${{" not in str(step.told.get("run", "")), step


def test_whatever_comes_from_outside_is_quoted() -> None:
    for step in steps():
        run = str(step.told.get("run", ""))
        bare = re.sub(r'"[^"]*"', "", run.replace('${TO:+--to "$TO"}', ""))
        assert "$" not in bare, step


def test_no_workflow_runs_a_strangers_code_with_our_rights() -> None:
    for path in workflows():
        assert "pull_request_target" not in read(path)["on"], path
    for step in steps():
        assert "ref" not in step.told.get("with", {}), step


# --- pull requests -----------------------------------------------------------------------------------------------


def test_required_checks_are_never_filtered_away() -> None:
    told = read(PR)["on"]
    assert told["pull_request"] == {"branches": ["main"]}
    assert "merge_group" in told
    assert "paths" not in str(told)


def test_the_gate_always_runs_and_looks_at_every_job() -> None:
    every = read(PR)["jobs"]
    gate = every["gate"]
    assert gate["name"] == "Terrace gate"
    assert gate["if"] == "always()"
    assert set(gate["needs"]) == every.keys() - {"gate"}
    (step,) = gate["steps"]
    for name in gate["needs"]:
        assert f"needs.{name}.result" in step["if"]
    assert step["run"] == "exit 1"


def test_forks_are_planned_by_nobody_and_get_no_secret() -> None:
    every = read(PR)["jobs"]
    planned = every["changes"]["outputs"]["planned"]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in planned
    assert "dependabot" in planned
    assert every["plan"]["if"] == "needs.changes.outputs.planned == 'true'"
    for step in every["check"]["steps"]:
        if "secrets." in str(step):
            assert "needs.changes.outputs.planned == 'true'" in step["if"]
    (static,) = [step for step in every["check"]["steps"] if "--static" in str(step.get("run"))]
    assert static["if"] == "needs.changes.outputs.planned != 'true'"
    assert "secrets." not in str(static)


def test_a_pull_request_never_reaches_what_opens_states_or_writes_as_us() -> None:
    for path, name, job in jobs():
        by_pull_request = "pull_request" in read(path)["on"] and "event_name != 'pull_request'" not in str(job)
        if by_pull_request and "environments" not in str(job.get("needs", "")):
            assert "TERRACE_BACKUP_KEY" not in str(job), f"{path} {name}"
            assert "TERRACE_GITHUB_APP_KEY" not in str(job), f"{path} {name}"
            assert not applies(job), f"{path} {name}"


def test_what_writes_as_us_stands_in_an_environment_of_the_protected_branch() -> None:
    for path, name, job in jobs():
        keys = ("TERRACE_GITHUB_APP_KEY", "TERRACE_BACKUP_KEY")
        if "steps" in job and any(f"secrets.{key}" in str(job) for key in keys):
            home = environment_of(job)
            assert applies(job) or home.endswith("-watch") or home == "terrace", f"{path} {name}"


# --- environments ------------------------------------------------------------------------------------------------


def test_who_gets_a_clouds_credentials_stands_in_an_environment() -> None:
    for path, name, job in jobs():
        if job["permissions"].get("id-token") == "write" and "steps" in job:
            assert environment_of(job), f"{path} {name}"


def test_what_applies_stands_in_the_environment_itself() -> None:
    found = {(path, name) for path, name, job in jobs() if applies(job)}
    assert found == {(APPLY, "apply"), (".github/workflows/chatops.yml", "act")}
    applying = [s for s in steps() if re.match(r"terrace (resume|tick|chatops --act)\b", str(s.told.get("run", "")))]
    for step in applying:
        ahead = any(word in step.told["run"] for word in ("--no-apply", "--due", "--checks"))
        assert ahead or (step.file, step.job) in found, step


def test_environments_make_no_deployments_of_their_own() -> None:
    for path, name, job in jobs():
        if environment_of(job):
            assert job["environment"]["deployment"] is False, f"{path} {name}"


def test_whatever_changes_an_environment_queues_and_is_never_cut_off() -> None:
    found = [(path, name, job) for path, name, job in jobs() if applies(job) or (path, name) == (PLAN, "plan")]
    assert len(found) == 3
    for path, name, job in found:
        queue = job["concurrency"]
        assert queue["cancel-in-progress"] is False, f"{path} {name}"
        assert queue["queue"] == "max", f"{path} {name}"
        assert queue["group"] == f"terrace-{environment_of(job).removesuffix('-watch')}", f"{path} {name}"
        assert job["timeout-minutes"] in (60, 360)


def test_only_checks_may_be_cut_off() -> None:
    for path in workflows():
        told = read(path).get("concurrency")
        if told is not None and told["cancel-in-progress"]:
            assert path.rpartition("/")[2] in ("00-pr-validation.yml", "01-security-scan.yml")


def test_every_job_ends_some_time_on_a_machine_of_one_kind() -> None:
    for path, name, job in jobs():
        if "steps" in job:
            assert job["runs-on"] == "ubuntu-24.04", f"{path} {name}"
            assert 0 < job["timeout-minutes"] <= 360, f"{path} {name}"


def test_only_the_protected_branch_is_deployed() -> None:
    for path, name, job in jobs():
        if job.get("uses", "").endswith("reusable-plan.yml") and "schedule" not in read(path)["on"]:
            assert "github.ref_name == 'main'" in job["if"], f"{path} {name}"


def test_no_workflow_names_an_environment_but_the_one_that_deploys_into_it() -> None:
    for path in workflows():
        if "-deploy-" not in path:
            told = re.sub(r"workflows: \[.*\]|#.*", "", files()[path])
            assert not re.search(r"\b(dev|staging|prod)\b", told), path


# --- commands ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [step for step in steps() if "run" in step.told], ids=str)
def test_a_step_is_one_command_that_exists(step: Step) -> None:
    """What `terrace init github` calls is what this Terrace has."""
    run = str(step.told["run"])
    assert "\n" not in run.strip()
    assert not re.search(r"[;&|<>`]|\$\(", run)
    words = shlex.split(run.replace('${TO:+--to "$TO"}', "--to TO"))
    if words[0] != "terrace":
        assert run in ("exit 1", 'python -m pip install --quiet --disable-pip-version-check "terrace-gitops==1.2.3"')
        return
    command: click.Command = cli
    left = words[1:]
    while isinstance(command, click.Group):
        named = command.get_command(click.Context(command), left[0])
        assert named is not None, run
        command, left = named, left[1:]
    context = command.make_context(words[-1], list(left), resilient_parsing=False)
    assert context.params is not None


def test_every_output_that_is_read_is_written() -> None:
    for path, _, job in jobs():
        for step_id in re.findall(r"steps\.([\w-]+)\.", str(job)):
            assert step_id in {step.get("id") for step in job["steps"]}, f"{path} {step_id}"
