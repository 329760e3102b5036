"""`terrace policy`: for those who write policies."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from terrace.adapters.files import write_new
from terrace.adapters.opa.engine import Tested
from terrace.adapters.opa.folders import Laid, laid_out, on_disk
from terrace.adapters.opa.pack import upgrade_of, write
from terrace.adapters.opa.trial import Trial, tried
from terrace.apps.cli.console import emit, note, show, show_lines
from terrace.apps.cli.watching import Silent
from terrace.apps.wiring.project import Project, opa
from terrace.checks.policy.shipped import FOLDER
from terrace.checks.policy.starter import starter
from terrace.checks.policy.view import HIDDEN, view
from terrace.checks.secrets.masking import concealed_value, hiding_of
from terrace.config.model import Config, PlainPolicies
from terrace.config.naming import unknown_name_error
from terrace.errors import BadInput, NotReady
from terrace.pipelines.planning import plan_in
from terrace.plans.digest import DigestKey
from terrace.plans.document_kinds import as_utf8
from terrace.plans.model import MASKED, Plan
from terrace.plans.read import read_plan
from terrace.plans.show_document import shown
from terrace.stacks.model import Stack

Shape = Literal["view", "plan"]

_PAUSE = 0.5
_NONE = "terrace.yaml: policies: [FOLDER]; `terrace init` writes policies to begin with"


def test(folder: str, *, coverage: bool, as_json: bool) -> int:
    """Run the tests of the policies that terrace.yaml of the working tree names; exit 1 when one fails."""
    root, config = _tree(folder)
    folders = _folders(root, config)
    tested, broken = [], []
    with laid_out(on_disk(root, config.judging), folders, config.shown, config.view_data) as laid:
        for group in _groups(laid, folders):
            try:
                tested.append(opa().test(laid.root(group[0]), group))
            except NotReady:
                raise
            except BadInput as error:
                broken.append(error)
    cases = [case for one in tested for case in one.cases]
    if broken and not cases:
        raise broken[0]
    if not cases:
        raise BadInput(
            "the policies have no tests",
            hint="tests are rules test_SOMETHING in files *_test.rego; `terrace policy new NAME` writes some",
        )
    if as_json:
        emit(_report(_joined(tested)) | {"broken": [one.message for one in broken]})
    else:
        for line in _lines(_joined(tested), coverage=coverage):
            show(line)
    for one in broken:
        note(f"error: {one.message}")
    return 2 if broken else 1 if any(_failed(case) for case in cases) else 0


def _groups(laid: Laid, folders: list[str]) -> list[list[str]]:
    """The folders that are tested together, as they are run: those for the plain plan each alone, with its data."""
    usual = [one for one in folders if one not in laid.shown]
    plain = [[one, *laid.beside(one)] for one in folders if one in laid.shown]
    return [*([usual] if usual else []), *plain]


def _joined(tested: list[Tested]) -> Tested:
    files = {name: file for one in tested for name, file in one.coverage.items()}
    return Tested(tuple(c for one in tested for c in one.cases), files, tuple(f for one in tested for f in one.old))


def watch(folder: str, *, coverage: bool) -> int:
    """Test, and test again whenever a file of the policies changes, until ^C; the exit code is the last run's."""
    root, config = _tree(folder)
    folders = _folders(root, config)
    code, seen = 0, None
    try:
        while True:
            there = _times(root, folders)
            if there != seen:
                seen = there
                code = _once(lambda: test(folder, coverage=coverage, as_json=False))
                show("waiting for a change; ^C ends")
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return code


def given(folder: str, what: str, shape: Shape) -> int:
    """Print what policies are given of a stack, or of a plan in a file. Nothing sensitive is in it, and no secret."""
    plan = _plan(folder, what)
    emit(_without_masks(concealed_value(_given(plan, shape), "", hiding_of({"": plan})), shape))
    return 0


def _without_masks(value: Any, shape: Shape) -> Any:
    """JSON data: hidden values as policies are given those that Terraform marks."""
    if value is MASKED:
        return dict(HIDDEN) if shape == "view" else "(sensitive)"
    if isinstance(value, dict):
        return {name: _without_masks(inner, shape) for name, inner in value.items()}
    return [_without_masks(inner, shape) for inner in value] if isinstance(value, list) else value


def new(folder: str, name: str) -> int:
    """Write a rule and its tests into the first folder of policies of the working tree."""
    root, config = _tree(folder)
    mine = [one for one in config.policies if one not in config.shown and one != FOLDER]
    if not mine:
        raise BadInput("terrace.yaml names no folder of policies of your own", hint=_NONE)
    files = {f"{mine[0]}/{path}": text for path, text in starter(name).items()}
    there = [path for path in files if os.path.lexists(root / path)]
    if there:
        raise BadInput(f"{there[0]} is there already", hint="choose another name, or take it away first")
    for path, text in files.items():
        write_new(root, path, text.encode(), make_folders=True)
        show(path)
    show("next: terrace policy test")
    return 0


def attempt(folder: str, rule: str, what: str, *, as_json: bool) -> int:
    """Run one rule on one plan, and tell what it said and which values that hangs on."""
    root, config = _tree(folder)
    plan = _plan(folder, what)
    folders = _folders(root, config)
    with laid_out(on_disk(root, config.judging), folders, config.shown, config.view_data) as laid:
        trial = tried(opa(), laid, folders, rule, lambda shape: _given(plan, shape), hiding_of({"": plan}))
    if as_json:
        emit({**_told(trial), "lacks": list(plan.lacks)})
        return 0
    for message in trial.messages:
        unknown = " (cannot tell)" if message.unknown else ""
        show(f"{message.rule}: {message.text}{unknown}")
        if message.address:
            show(f"  {message.address}")
        for path, value in message.hangs_on:
            show(f"    {path} = {value}")
        for path in message.absent:
            show(f"    {path} is not there")
        if not message.hangs_on and not message.absent:
            show("    no single value of the resource decides it")
    if not trial.messages:
        show(f"{trial.package} says nothing of {what}: {trial.resources} resources")
    return 0


def update(folder: str, *, dry_run: bool) -> int:
    """Bring the policies that Terrace wrote to this version's; a file that somebody changed is told and left."""
    project = Project(Path(folder), fetch=False)
    root = project.repository.root
    todo = upgrade_of(root)
    if not dry_run:
        write(root, todo)
    for names, word in ((todo.new, "new"), (todo.old, "upgraded"), (todo.changed, "left, for it was changed")):
        for name in names:
            show(f"{FOLDER}/{name}: {word}")
    if not todo.files:
        show("nothing to upgrade")
    elif dry_run:
        show("nothing was written: this was a dry run")
    named = project.config_at(project.repository.snapshot()).policies
    if not any(one == FOLDER or FOLDER.startswith(f"{one}/") for one in named):
        note(f"note: nothing judges by them yet: terrace.yaml: policies: [{FOLDER}]")
    return 0


def _tree(folder: str) -> tuple[Path, Config]:
    project = Project(Path(folder), fetch=False)
    return project.repository.root, project.config_at(project.repository.snapshot())


def _folders(root: Path, config: Config) -> list[str]:
    there = [one for one in config.policies if (root / one).is_dir()]
    if not there:
        raise BadInput("there are no policies", hint=_NONE)
    return there


def _once(run: Callable[[], int]) -> int:
    try:
        return run()
    except BadInput as error:
        show_lines(f"error: {error.message}")
        if error.hint:
            show(f"hint: {error.hint}")
        return 2


def _times(root: Path, folders: list[str]) -> frozenset[tuple[str, int]]:
    return frozenset(_stamps(root, folders))


def _stamps(root: Path, folders: list[str]) -> Iterator[tuple[str, int]]:
    for folder in folders:
        for path in (root / folder).rglob("*"):
            try:
                yield str(path), path.stat().st_mtime_ns
            except OSError:
                # Gone between the two looks: the next one tells.
                continue


def _failed(case: Mapping[str, Any]) -> bool:
    return bool(case.get("fail") or case.get("error"))


def _place(case: Mapping[str, Any]) -> str:
    place = case.get("location") or {}
    return f"{place.get('file', '?')}:{place.get('row', 0)}"


def _lines(tested: Tested, *, coverage: bool) -> Iterator[str]:
    failed = [case for case in tested.cases if _failed(case)]
    for case in failed:
        yield f"FAIL {case['name']} ({_place(case)})"
        if error := case.get("error"):
            yield f"  {error.get('message', error) if isinstance(error, dict) else error}"
        for line in _printed(case):
            yield f"  {line}"
    for folder in tested.old:
        yield f"{folder} is written for Rego v0"
    if coverage and failed:
        yield "coverage is told when all tests pass"
    elif coverage:
        for path, reached, missed in _covered(tested):
            lines = f"; not reached: {', '.join(missed)}" if missed else ""
            yield f"{reached:5.1f} % {path}{lines}"
    yield f"PASS: {len(tested.cases) - len(failed)}/{len(tested.cases)}"


def _printed(case: Mapping[str, Any]) -> list[str]:
    import base64

    return base64.b64decode(case.get("output") or "").decode("utf-8", "replace").splitlines()


def _covered(tested: Tested) -> Iterator[tuple[str, float, list[str]]]:
    for path, file in sorted(tested.coverage.items()):
        if not path.endswith("_test.rego"):
            missed = [(one["start"]["row"], one["end"]["row"]) for one in file.get("not_covered") or ()]
            spans = dict.fromkeys(str(start) if start == end else f"{start}-{end}" for start, end in missed)
            yield path, float(file.get("coverage", 0)), list(spans)


def _report(tested: Tested) -> dict[str, Any]:
    return {
        "schema": "terrace/policy-test@1",
        "tests": [
            {"name": case["name"], "package": case.get("package", ""), "place": _place(case)}
            | {"passed": not _failed(case), "printed": _printed(case)}
            for case in tested.cases
        ],
        "coverage": [{"path": path, "percent": reached, "missed": lines} for path, reached, lines in _covered(tested)],
        "rego_v0": list(tested.old),
    }


def _told(trial: Trial) -> dict[str, Any]:
    return {
        "schema": "terrace/policy-try@1",
        "package": trial.package,
        "resources": trial.resources,
        "messages": [
            {"rule": one.rule, "message": one.text, "status": "unknown" if one.unknown else "fail"}
            | {"address": one.address, "hangs_on": [{"path": p, "value": v} for p, v in one.hangs_on]}
            | {"absent": list(one.absent)}
            for one in trial.messages
        ],
    }


def _given(plan: Plan, shape: Shape) -> dict[str, Any]:
    if shape == "view":
        return view(plan)
    whole: dict[str, Any] = msgspec.json.decode(plan.shown)
    return whole


def _plan(folder: str, what: str) -> Plan:
    if what.endswith(".json") or Path(what).is_file():
        return _read(Path(what))
    project = Project(Path(folder))
    inventory = project.survey(project.repository.snapshot())
    stacks = {stack.key: stack for stack in inventory.stacks}
    if what not in stacks:
        raise unknown_name_error("stack", what, stacks)
    crew = project.read_only_context(Silent())
    crew = replace(crew, config=replace(crew.config, shown={"": PlainPolicies()}))
    with crew.repository.checkout(inventory.commit, "policy") as root:
        return plan_in(crew, inventory, stacks[what], root)


def _read(path: Path) -> Plan:
    with _reading(path):
        document = as_utf8(path.read_bytes())
    stack = Stack.conventional("file", str(path.parent))
    key = DigestKey("none", secrets.token_bytes(32))
    try:
        plan = read_plan(document, stack=stack, commit="", key=key, root="", lock=b"")
        read = replace(plan, shown=shown(document))
    except BadInput as error:
        # The file is the place, whatever of it cannot be read.
        raise BadInput(f"{path}: {error.message}", hint=error.hint) from error
    for what in read.lacks:
        note(f"note: {path}: {what}")
    return read


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "terraform show -json PLAN > plan.json makes such a file; or name a stack"
        raise BadInput(f"{path}: {error.strerror}", hint=hint) from error
