"""Scanners in a check: what they are given, that they are told once, that none passes in silence, and the cache."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.cli import LADDER, World, three_environments, world
from support.cli import MODULE as MODULE_TEXT
from support.configuration import load
from support.git import commit, git
from support.in_process import run_command
from support.scanning import Bench, failed_check, of_checkov
from support.tools import program
from support.waiting import until
from terrace.adapters.scanners.checks import Scanners
from terrace.adapters.tools.find_tool import Toolbox
from terrace.adapters.tools.known import tool
from terrace.apps.cli.diagnosis import diagnose
from terrace.apps.cli.first_files import write_first_files
from terrace.apps.wiring.checking import check_adapters
from terrace.apps.wiring.home import Home
from terrace.apps.wiring.project import Project, opa
from terrace.assess.model import Finding, Status
from terrace.checks.all import CHECKS
from terrace.checks.base import CheckContext
from terrace.checks.scanners.all import SCANNERS
from terrace.checks.trust_root import check_scanner_settings
from terrace.errors import NotReady, TerraceError
from terrace.stacks.impact import change_set_between

pytestmark = pytest.mark.slow

REQUIRED = "checks: {checkov: required}\n"
MODULE = "modules/thing/main.tf"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "bench")


class Case:
    """A repository with a change of its module, and the scanners of a bench looking at it."""

    def __init__(self, folder: Path, bench: Bench, files: dict[str, str], change: dict[str, str]) -> None:
        self.world = world(folder / "world", {**three_environments(), **files})
        git(self.world.work, "switch", "--quiet", "--create", "change")
        commit(self.world.work, change, "feat: change it")
        self.seconds = 60.0
        self.path = f"{bench.folder}:{os.environ['PATH']}"

    def __call__(self, name: str) -> tuple[Finding, ...]:
        project = Project(self.world.work)
        box = Toolbox(project.home.data / "tools", {"PATH": self.path})
        kept = project.home.cache / "scans"
        scanners = Scanners(box, project.repository, project.repository.root, project.trust.commit, kept, self.seconds)
        base, head = project.survey(project.trust.commit), project.survey(project.repository.snapshot())
        trees = project.repository.tree(base.commit), project.repository.tree(head.commit)
        change = change_set_between(base, head, *trees)
        adapters = replace(check_adapters(project, project.policies()), scanners=scanners)
        context = CheckContext(change, self.world.work, project.trust.config, head.config, head, adapters)
        self.reconfigured = check_scanner_settings(context)
        return CHECKS[name].run(context)


Make = Callable[..., Case]


@pytest.fixture
def case(tmp_path: Path, bench: Bench) -> Make:
    def make(files: dict[str, str] | None = None, **change: str) -> Case:
        module = three_environments()[MODULE]
        changed = {MODULE: f"{module}# more\n"} | change
        return Case(tmp_path, bench, files or {}, changed)

    return make


def test_a_scanner_gets_copies_no_credentials_and_no_way_out(
    case: Make, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put("checkov", of_checkov(failed_check("CKV_AWS_24", MODULE, 5)))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    (found,) = case({"terrace.yaml": LADDER + REQUIRED})("checkov")
    assert (found.rule, found.path, found.line) == ("checkov.CKV_AWS_24", MODULE, 5)
    (call,) = bench.calls("checkov")
    env, files = call["env"], call["files"]
    assert isinstance(env, dict)
    assert isinstance(files, dict)
    assert "hunter2" not in str(env)
    assert env["HOME"] != os.environ["HOME"]
    assert env["HTTPS_PROXY"] == "http://127.0.0.1:9"
    assert {MODULE, "environments/dev/main.tf"} <= files.keys()
    assert "terrace.yaml" not in files
    assert call["modes"] == ["0o600"]
    assert not Path(str(env["HOME"])).exists()


def test_scanner_results_are_cached_and_a_damaged_entry_is_ignored(case: Make, bench: Bench) -> None:
    bench.put("checkov", of_checkov(failed_check("CKV_AWS_24", MODULE, 5)))
    look = case()
    first = look("checkov")
    assert look("checkov") == first
    assert len(bench.calls("checkov")) == 1
    (kept,) = Path(os.environ["TERRACE_HOME"]).glob("cache/*/scans/checkov-*")
    kept.write_bytes(kept.read_bytes()[:-5])
    assert look("checkov") == first
    assert len(bench.calls("checkov")) == 2
    # Another program may see other things.
    bench.put("checkov", of_checkov(), version="1.2.4")
    assert look("checkov") == ()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("print('Segmentation fault')", "cannot be read"),
        ("pass", "cannot be read"),
        ("print('{}')", "is not a report"),
        ("print((here / 'checkov.says').read_text()); sys.exit(7)", "exited with 7"),
        ("os.kill(os.getpid(), 9)", "exited with -9"),
        ("sys.stderr.write('no rules found'); sys.exit(2)", "no rules found"),
    ],
)
def test_a_scanner_that_fails_has_an_unknown_result(case: Make, bench: Bench, body: str, why: str) -> None:
    bench.put("checkov", of_checkov(), body=body)
    look = case()
    with pytest.raises(TerraceError, match=why):
        look("checkov")
    # And nothing of it is remembered.
    bench.put("checkov", of_checkov())
    assert look("checkov") == ()


def test_a_scanner_that_hangs_is_stopped_and_has_an_unknown_result(case: Make, bench: Bench) -> None:
    bench.put("checkov", of_checkov(), body="time.sleep(60)")
    look = case()
    look.seconds = 1
    with pytest.raises(NotReady, match="did not finish within 1 s"):
        look("checkov")


def test_what_is_missing_is_said_once_unless_somebody_asked_for_it(case: Make) -> None:
    look = case({"terrace.yaml": LADDER + "checks: {checkov: required, trivy: off}\n"})
    look.path = "/nowhere"
    (found,) = look("scanners")
    assert (found.status, found.blocks) == (Status.UNKNOWN, False)
    assert "tflint, gitleaks, trufflehog" in found.message
    assert look("tflint") == ()
    with pytest.raises(NotReady, match="checkov was not found") as told:
        look("checkov")
    assert told.value.hint == "terrace tools install checkov"


def test_a_version_that_is_known_to_be_malicious_is_not_run(case: Make, bench: Bench) -> None:
    bench.put("trivy", {"SchemaVersion": 2}, version="Version: 0.69.5")
    with pytest.raises(NotReady, match="malicious"):
        case()("trivy")
    assert bench.calls("trivy") == []


def test_the_configuration_of_the_trust_root_is_honoured_and_the_candidates_is_a_finding(
    case: Make, bench: Bench
) -> None:
    body = "p = sys.argv[sys.argv.index('--config-file') + 1]; (here / 'config').write_text(open(p).read())\n"
    says = "print((here / 'checkov.says').read_text())"
    bench.put("checkov", of_checkov(), body=body + says)
    look = case(
        {".checkov.yaml": "skip-check: [CKV_AWS_1]\nexternal-checks-dir: [x]\n"},
        **{".checkov.yaml": "skip-check: [CKV_AWS_2]\n", "environments/dev/.checkov.yaml": "skip-check: [CKV_AWS_3]\n"},
    )
    (ignored,) = look("checkov")
    assert (bench.folder / "config").read_text() == '{"skip-check": ["CKV_AWS_1"]}'
    assert "external-checks-dir" in ignored.message
    assert ignored.advisory
    assert not any("checkov.yaml" in name for call in bench.calls("checkov") for name in str(call["files"]).split())
    (finding,) = look.reconfigured
    assert (finding.rule, finding.path, finding.blocks) == ("trust-root", ".checkov.yaml", True)


def test_a_skip_comment_of_the_change_is_unmade_and_one_that_was_there_is_not(case: Make, bench: Bench) -> None:
    bench.put("checkov", of_checkov())
    module = three_environments()[MODULE]
    old = f"{module}#checkov:skip=CKV_AWS_1:old\n"
    case({MODULE: old}, **{MODULE: f"{old}#checkov:skip=CKV_AWS_2:new\n"})("checkov")
    (call,) = bench.calls("checkov")
    given = str(call["files"])
    assert "#checkov:skip=CKV_AWS_1:old" in given
    assert "#checkov_skip=CKV_AWS_2:new" in given


def test_what_trivy_passes_over_in_silence_is_unknown(case: Make, bench: Bench) -> None:
    bench.put("trivy", {"SchemaVersion": 2})
    (found,) = case(**{"environments/dev/broken.tf": 'resource "a" "b" {\n'})("trivy")
    assert (found.status, found.path) == (Status.UNKNOWN, "environments/dev/broken.tf")


def test_links_lead_nowhere_outside(case: Make, bench: Bench, tmp_path: Path) -> None:
    bench.put("tflint", {"issues": [], "errors": []})
    look = case()
    secret = tmp_path / "secret.tf"
    secret.write_text("hunter2")
    (look.world.work / "environments/dev/link.tf").symlink_to(secret)
    (look.world.work / "environments/dev/inside.tf").symlink_to("../../modules/thing/main.tf")
    assert look("tflint") == ()
    files = bench.calls("tflint")[0]["files"]
    assert isinstance(files, dict)
    assert "hunter2" not in str(files)
    assert files["environments/dev/inside.tf"] == files[MODULE]


def test_secrets_are_looked_for_in_what_commits_add_at_their_lines(case: Make, bench: Bench) -> None:
    leak = {"RuleID": "x", "File": MODULE, "StartLine": 14, "Secret": "hunter2"}
    bench.put("gitleaks", [leak])
    look = case()
    commit(look.world.work, {MODULE: "# all else is gone\n"}, "fix: remove it")
    found = look("gitleaks")
    assert {(f.path, f.line, f.family) for f in found} == {(MODULE, 14, "leaked-secret")}
    first, second = (call["files"] for call in bench.calls("gitleaks"))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    added = [line for line in first[MODULE].split("\n") if line]
    assert added == ["# more"]
    assert first[MODULE].split("\n").index("# more") + 1 == three_environments()[MODULE].count("\n") + 1
    assert second[MODULE] == "# all else is gone\n"
    (kept,) = Path(os.environ["TERRACE_HOME"]).glob("cache/*/scans/gitleaks-*")
    assert b"hunter2" not in kept.read_bytes()


def test_a_change_brings_no_configuration_of_the_search_for_secrets(case: Make, bench: Bench) -> None:
    leak = {"RuleID": "x", "File": ".gitleaksignore.as-text", "StartLine": 1}
    bench.put("gitleaks", [leak])
    (found,) = case(**{".gitleaksignore": "modules/thing/main.tf:x:14\n", "a/.gitleaks.toml": "x = 1\n"})("gitleaks")
    assert (found.path, found.line) == (".gitleaksignore", 1)
    (call,) = bench.calls("gitleaks")
    files = call["files"]
    assert isinstance(files, dict)
    assert sorted(files) == [".gitleaksignore.as-text", "a/.gitleaks.toml.as-text", MODULE]


@pytest.fixture
def place(tmp_path: Path, bench: Bench) -> World:
    """A repository in which checkov is required, on the bench."""
    made = world(tmp_path / "world", {**three_environments(), "terrace.yaml": LADDER + REQUIRED})
    made.variables["PATH"] = f"{bench.folder}:{os.environ['PATH']}"
    module = made.work / MODULE
    module.write_text(module.read_text().replace("-1", "-2"))
    return made


def test_a_check_has_plans_looked_at_too_and_each_fact_is_told_once(place: World, bench: Bench) -> None:
    address = "module.thing.terraform_data.it"
    plan: dict[str, object] = {"file_abs_path": "ROOT/plan-0.json", "resource_address": address}
    both = "('-plan' if 'terraform_plan' in sys.argv else '')"
    body = f"print((here / ('checkov' + {both} + '.says')).read_text().replace('ROOT', os.getcwd()))"
    bench.put("checkov", of_checkov(failed_check("CKV_AWS_24", MODULE, 5)), body=body)
    (bench.folder / "checkov-plan.says").write_text(json.dumps(of_checkov(failed_check("CKV_AWS_24", "x") | plan)))
    done = place.run("check", "--json")
    found = [f for f in done.json["findings"] if f["tool"] == "checkov"]
    assert (done.code, [f.get("address") for f in found]) == (1, [address])
    assert (found[0]["file"], found[0]["line"]) == (MODULE, 5)
    _, plans = bench.calls("checkov")
    given = plans["files"]
    assert isinstance(given, dict)
    assert sorted(given) == ["plan-0.json", "plan-1.json", "plan-2.json"]
    assert plans["modes"] == ["0o600"]
    again = place.run("check", "--json")
    assert again.json["findings"] == done.json["findings"]
    assert len(bench.calls("checkov")) == 2


def test_skip_comments_of_the_protected_branch_count_for_what_is_found_in_plans(tmp_path: Path, bench: Bench) -> None:
    block = 'resource "terraform_data" "it" {\n'
    module = MODULE_TEXT.replace(block, f"#checkov:skip=CKV_AWS_26:above\n{block}  #checkov:skip=CKV_AWS_24:known\n")
    files = three_environments()
    call = files["environments/dev/main.tf"].replace(
        'module "thing" {', 'module "thing" {\n  # checkov:skip=CKV_AWS_27,CKV_AWS_28:of the call'
    )
    files |= {"terrace.yaml": LADDER + REQUIRED, MODULE: module, "environments/dev/main.tf": call}
    made = world(tmp_path / "world", files)
    made.variables["PATH"] = f"{bench.folder}:{os.environ['PATH']}"
    changed = module.replace("-1", "-2").replace(block, f"{block}  #checkov:skip=CKV_AWS_25:new\n")
    (made.work / MODULE).write_text(changed)
    address = "module.thing.terraform_data.it"
    rules = ("CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_26", "CKV_AWS_27", "CKV_AWS_28", "CKV_AWS_2")
    plans = [
        failed_check(rule, "x") | {"file_abs_path": f"ROOT/plan-{number}.json", "resource_address": address}
        for rule in rules
        for number in (0, 1)
    ]
    both = "('-plan' if 'terraform_plan' in sys.argv else '')"
    body = f"print((here / ('checkov' + {both} + '.says')).read_text().replace('ROOT', os.getcwd()))"
    bench.put("checkov", of_checkov(), body=body)
    (bench.folder / "checkov-plan.says").write_text(json.dumps(of_checkov(*plans)))
    found = [f for f in made.run("check", "--json").json["findings"] if f["tool"] == "checkov"]
    waived = {(f["stack"], f["rule"]) for f in found if f["status"] == "waived"}
    other = ({f["stack"] for f in found} - {"dev"}).pop()
    assert waived == {
        ("dev", "checkov.CKV_AWS_24"),
        ("dev", "checkov.CKV_AWS_27"),
        ("dev", "checkov.CKV_AWS_28"),
        (other, "checkov.CKV_AWS_24"),
    }
    assert {("dev", "checkov.CKV_AWS_26"), ("dev", "checkov.CKV_AWS_2")} <= {
        (f["stack"], f["rule"]) for f in found if f["status"] == "fail"
    }
    (known,) = [f for f in found if (f["stack"], f["rule"]) == ("dev", "checkov.CKV_AWS_24")]
    assert known["message"].endswith("a comment of the protected branch skips it: known")


def test_a_line_that_the_protected_branch_lets_gitleaks_pass_may_move(case: Make, bench: Bench) -> None:
    bench.put("gitleaks", [])
    line = '# key = "hunter2"  # gitleaks:allow\n'
    moved = f"# first\n# second\n{line}"
    case({MODULE: f"{line}# first\n# second\n"}, **{MODULE: moved + '# other = "x"  # gitleaks:allow\n'})("gitleaks")
    (call,) = bench.calls("gitleaks")
    given = str(call["files"])
    assert 'hunter2\\"  # gitleaks:allow' in given or 'hunter2"  # gitleaks:allow' in given
    assert 'other = "x"  # gitleaks_allow' in given


def test_an_interrupted_check_waits_for_no_scanner(place: World, bench: Bench) -> None:
    bench.put("checkov", body="time.sleep(60)")
    with place.start("check") as child:
        until(lambda: bool(bench.calls("checkov")))
        os.kill(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=20)
    assert child.returncode == 130, err


def test_a_required_scanner_that_is_not_there_holds_the_change(place: World, bench: Bench) -> None:
    (bench.folder / "checkov").unlink(missing_ok=True)
    done = place.run("check", "--json")
    found = [f for f in done.json["findings"] if f["rule"] == "checkov"]
    assert done.code == 1
    assert {f["status"] for f in found} == {"unknown"}
    assert {f["fix"] for f in found} == {"terrace tools install checkov"}


def test_init_writes_what_fits_the_machine_and_doctor_says_what_is_there(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{bench.folder}:{os.environ['PATH']}")
    folder = tmp_path / "fresh"
    folder.mkdir()
    bench.put("checkov")
    bench.put("gitleaks")
    assert write_first_files(str(folder), dry_run=False) == 0
    text = (folder / "terrace.yaml").read_bytes()
    config = load(text, "terrace.yaml")
    assert [name for name in SCANNERS if name in config.checks] == ["checkov", "gitleaks"]
    assert config.level("checkov") == "advisory"
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "feat: start")
    capsys.readouterr()
    diagnose(str(folder), as_json=True)
    (row,) = [row for row in json.loads(capsys.readouterr().out)["rows"] if row["what"] == "tools"]
    assert row["state"] == "optional"
    assert "checkov, gitleaks; not found" in row["found"]


def test_tools_are_listed_with_what_is_not_looked_at_without_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(bench.folder))
    bench.put("checkov", version="3.2.1")
    bench.put("trivy", version="Version: 0.69.4")
    assert run_command("tools", "list", "--json") == 0
    told = {row["name"]: row for row in json.loads(capsys.readouterr().out)["tools"]}
    assert (told["checkov"]["state"], told["checkov"]["version"], told["checkov"]["where"]) == (
        "ready",
        "3.2.1",
        "path",
    )
    assert told["trivy"]["state"] == "refused"
    assert told["opa"]["state"] == "missing"
    assert run_command("tools", "list") == 0
    shown = capsys.readouterr().out
    assert "terrace tools install opa" in shown
    assert "with `policies` in terrace.yaml, no change passes" in shown


def test_opa_is_found_where_terrace_installed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    folder = Toolbox(Home.tools()).place(tool("opa")) / "bin"
    folder.mkdir(parents=True)
    (folder / "opa").symlink_to(program("opa"))
    assert opa().program == str(folder / "opa")


def test_no_two_files_of_a_layer_are_called_alike() -> None:
    from terrace.adapters.scanners.checks import _unique_name

    paths = [".gitleaks.toml", ".gitleaks.toml.as-text", ".gitleaks.toml.as-text.as-text", "a/.gitleaks.toml", "b.tf"]
    names = [_unique_name(path) for path in paths]
    assert len(set(names)) == len(paths)
    assert ".gitleaks.toml" not in names
