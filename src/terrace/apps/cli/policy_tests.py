"""`policy test`: runs the tests of the policies of the working tree."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrace.adapters.opa.engine import Tested
from terrace.adapters.opa.folders import LaidOutFolders, laid_out, on_disk
from terrace.adapters.opa.policies import pack_files, policy_folders
from terrace.apps.output.console import emit, note, show, show_lines
from terrace.apps.wiring.project import Project, opa
from terrace.checks.policy.shipped import PINNED_FOLDER
from terrace.config.model import Config
from terrace.errors import BadInput, NotReady

if TYPE_CHECKING:
    from terrace.report.json.setup import PolicyTestJson

_PAUSE = 0.5
NO_FOLDER = "add `policies: [policies]` to terrace.yaml; to edit the rules of the policy pack: terrace policy eject"


def run_tests(folder: str, *, coverage: bool, as_json: bool) -> int:
    """Run the tests of the policies that terrace.yaml of the working tree names; exit 1 when one fails."""
    root, config = read_config(folder)
    folders = own_folders(root, config)
    tested, broken = [], []
    with laid_out_policies(root, config) as laid:
        # Own rules can import the library of the pinned pack, whose own tests are those of Terrace.
        pinned = [pinned_folder for pinned_folder in policy_folders(config) if pinned_folder not in config.policies]
        for group in _groups(laid, folders, pinned):
            try:
                tested.append(opa().test(laid.root(group[0]), group))
            except NotReady:
                raise
            except BadInput as error:
                broken.append(error)
    cases = [case for group in tested for case in group.cases]
    if broken and not cases:
        raise broken[0]
    if not cases:
        raise BadInput(
            "the policies have no tests",
            hint="tests are rules test_NAME in files *_test.rego; `terrace policy new NAME` writes examples",
        )
    if as_json:
        emit(_report_json(_join(tested), [error.message for error in broken]))
    else:
        for line in _lines(_join(tested), coverage=coverage):
            show(line)
    for failed in broken:
        note(f"error: {failed.message}")
    return 2 if broken else 1 if any(_has_failed(case) for case in cases) else 0


def _groups(laid: LaidOutFolders, folders: list[str], pinned: list[str]) -> list[list[str]]:
    """The folders that are tested together, as they are run: those for the plain plan each alone, with its data."""
    usual = [folder for folder in folders if folder not in laid.shown]
    plain = [[folder, *laid.data_folders(folder)] for folder in folders if folder in laid.shown]
    return [*([[*usual, *pinned]] if usual else []), *plain]


def _join(tested: list[Tested]) -> Tested:
    files = {
        name: file
        for group in tested
        for name, file in group.coverage.items()
        if not name.startswith(f"{PINNED_FOLDER}/")
    }
    return Tested(
        tuple(c for group in tested for c in group.cases), files, tuple(f for group in tested for f in group.old)
    )


def watch_tests(folder: str, *, coverage: bool) -> int:
    """Test, and test again whenever a file of the policies changes, until ^C; the exit code is the last run's."""
    root, config = read_config(folder)
    folders = own_folders(root, config)
    code, previous = 0, None
    try:
        while True:
            times = _times(root, folders)
            if times != previous:
                previous = times
                code = _run_once(lambda: run_tests(folder, coverage=coverage, as_json=False))
                show("waiting for a change; stop with ^C")
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return code


def read_config(folder: str) -> tuple[Path, Config]:
    """Returns the root of the repository and the configuration of its working tree."""
    project = Project(Path(folder), fetch=False)
    return project.repository.root, project.config_at(project.repository.snapshot())


def own_folders(root: Path, config: Config) -> list[str]:
    """Returns the folders of policies of the repository that exist. Raises BadInput where there is none."""
    existing = [folder for folder in config.policies if (root / folder).is_dir()]
    if not existing:
        raise BadInput("the repository has no policies of its own", hint=NO_FOLDER)
    return existing


@contextmanager
def laid_out_policies(root: Path, config: Config) -> Iterator[LaidOutFolders]:
    """Lays out the policies of the working tree with the pinned policy pack, for as long as the context lasts."""
    files = {**on_disk(root, config.policy_sources), **pack_files(config)}
    with laid_out(files, policy_folders(config), config.shown, config.view_data) as laid:
        yield laid


def _run_once(run: Callable[[], int]) -> int:
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
                # The file was deleted in the meantime. The next listing shows it.
                continue


def _has_failed(case: Mapping[str, Any]) -> bool:
    return bool(case.get("fail") or case.get("error"))


def _place(case: Mapping[str, Any]) -> str:
    place = case.get("location") or {}
    return f"{place.get('file', '?')}:{place.get('row', 0)}"


def _lines(tested: Tested, *, coverage: bool) -> Iterator[str]:
    failed = [case for case in tested.cases if _has_failed(case)]
    for case in failed:
        yield f"FAIL {case['name']} ({_place(case)})"
        if error := case.get("error"):
            yield f"  {error.get('message', error) if isinstance(error, dict) else error}"
        for line in _printed_lines(case):
            yield f"  {line}"
    for folder in tested.old:
        yield f"{folder} is written for Rego v0"
    if coverage and failed:
        yield "coverage is shown when all tests pass"
    elif coverage:
        for path, reached, missed in _coverage(tested):
            lines = f"; not covered: {', '.join(missed)}" if missed else ""
            yield f"{reached:5.1f} % {path}{lines}"
    yield f"PASS: {len(tested.cases) - len(failed)}/{len(tested.cases)}"


def _printed_lines(case: Mapping[str, Any]) -> list[str]:
    import base64

    return base64.b64decode(case.get("output") or "").decode("utf-8", "replace").splitlines()


def _coverage(tested: Tested) -> Iterator[tuple[str, float, list[str]]]:
    for path, file in sorted(tested.coverage.items()):
        if not path.endswith("_test.rego"):
            missed = [(span["start"]["row"], span["end"]["row"]) for span in file.get("not_covered") or ()]
            spans = dict.fromkeys(str(start) if start == end else f"{start}-{end}" for start, end in missed)
            yield path, float(file.get("coverage", 0)), list(spans)


def _report_json(tested: Tested, broken: Iterable[str]) -> PolicyTestJson:
    from terrace.report.json.setup import CoveredFile, PolicyTest, PolicyTestJson

    return PolicyTestJson(
        tests=tuple(
            PolicyTest(
                name=case["name"],
                package=case.get("package", ""),
                place=_place(case),
                passed=not _has_failed(case),
                printed=tuple(_printed_lines(case)),
            )
            for case in tested.cases
        ),
        coverage=tuple(
            CoveredFile(path=path, percent=reached, missed=tuple(lines)) for path, reached, lines in _coverage(tested)
        ),
        rego_v0=tuple(tested.old),
        broken=tuple(broken),
    )
