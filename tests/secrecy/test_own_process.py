"""What another process of the same user, and of root, sees of a process of Terrace."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.syntax import trees

pytestmark = pytest.mark.slow

SECRETS = {
    "TERRACE_BACKUP_KEY": "planted-backup",
    "TERRACE_DIGEST_KEY": "planted-digest",
    "GITHUB_TOKEN": "planted-github",
    "CI_JOB_TOKEN": "planted-job",
    "PROD_SECRET_KEY": "planted-prod",
    "DB_PASSWORD": "planted-password",
    "UNREMARKABLE": "planted-otherwise",
}

ROOT = Path(__file__).parents[2] / "src/terrace"

SELF = """
import json, os, subprocess, sys
from terrace.adapters.environ import ENVIRON, for_children
from terrace.adapters.hardening import harden
harden()
from terrace.adapters.git.command import git_environment
from terrace.adapters.process import run
names = json.loads(sys.argv[1])
told = {
    "ours": {n: ENVIRON.get(n) for n in names},
    "os": [n for n in names if n in os.environ],
    "getenv": subprocess.run(["env"], capture_output=True, text=True).stdout,
    "child": run(["env"]).out.decode(),
    "git": sorted(git_environment()),
    "path": [os.environ["PATH"], ENVIRON["PATH"], for_children()["PATH"]],
}
print(json.dumps(told), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hardened() -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    """A process that hardened itself, and what it says of itself; it lives until the test is over."""
    with subprocess.Popen(
        [sys.executable, "-P", "-c", SELF, json.dumps(list(SECRETS))],
        env={**os.environ, **SECRETS},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        yield child, json.loads(child.stdout.readline())
        child.kill()


linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


@linux
def test_the_environment_of_terrace_is_not_in_proc_even_for_root(
    hardened: tuple[subprocess.Popen[str], dict[str, object]],
) -> None:
    child, _ = hardened
    try:
        shown = Path(f"/proc/{child.pid}/environ").read_bytes()
    except PermissionError:
        return
    assert not shown.strip(b"\0")


@linux
def test_terrace_is_not_dumpable_and_leaves_no_core(hardened: tuple[subprocess.Popen[str], dict[str, object]]) -> None:
    child, _ = hardened
    limits = Path(f"/proc/{child.pid}/limits").read_text()
    assert core_limits(limits) in (["1", "1"], ["0", "0"])
    # Who is not dumpable: its files below /proc belong to root.
    look = [sys.executable, "-P", "-c", f"import os; os.setuid(65534); print(open('/proc/{child.pid}/environ').read())"]
    if os.geteuid() == 0:
        assert subprocess.run(look, capture_output=True, check=False).returncode != 0


def core_limits(limits: str) -> list[str]:
    """The soft and the hard limit of core dumps, from /proc/PID/limits."""
    return next(line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core"))


@linux
@pytest.mark.parametrize("hard", ["unlimited", "0"])
def test_what_terrace_starts_leaves_no_core_to_a_program_that_collects_them(hard: str) -> None:
    """A program that collects core dumps gets those of dumpable processes even with a limit of 0, but not of 1."""
    begin = "from terrace.adapters.hardening import harden; import subprocess; harden()"
    ask = "subprocess.run(['sh', '-c', 'cat /proc/self/limits'], env={})"
    limited = f'ulimit -c {hard}; exec {sys.executable} -c "{begin}; {ask}"'
    done = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, check=True)
    assert core_limits(done.stdout) == (["0", "0"] if hard == "0" else ["1", "1"])


NOBODY = 65534
ANOTHER_PYTHON = "/usr/bin/python3"
"""One that other users may run too."""


@linux
@pytest.mark.skipif(os.geteuid() != 0 or not Path(ANOTHER_PYTHON).exists(), reason="only root can become another user")
@pytest.mark.parametrize("is_hardened", [True, False])
def test_another_process_of_the_same_user_reads_nothing_of_terrace(is_hardened: bool) -> None:
    """The user is nobody here; both processes are theirs. Without hardening everything can be read."""
    steps = "from terrace.adapters.hardening import harden; harden()" if is_hardened else "pass"
    begin = f"import sys; sys.path.insert(0, '.'); {steps}; print('ready', flush=True); sys.stdin.read()"

    def as_nobody(source: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [ANOTHER_PYTHON, "-c", source],
            cwd=place,
            env={"PATH": os.defpath, **SECRETS},
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    with tempfile.TemporaryDirectory(prefix="seen-by-others-") as shared:
        place = Path(shared)
        place.chmod(0o755)
        (place / "terrace/adapters").mkdir(parents=True)
        for name in ("environ.py", "hardening.py"):
            shutil.copy(ROOT / "adapters" / name, place / "terrace/adapters" / name)
        with as_nobody(begin) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            for name in ("environ", "mem", "maps", "auxv"):
                with as_nobody(f"open('/proc/{child.pid}/{name}', 'rb').close()") as other:
                    said = other.communicate()[1]
                assert ("PermissionError" in said) == is_hardened, name
            child.kill()


def test_secrets_are_read_by_terrace_and_inherited_by_nobody(
    hardened: tuple[subprocess.Popen[str], dict[str, object]],
) -> None:
    _, told = hardened
    assert told["ours"] == SECRETS
    assert told["os"] == ["UNREMARKABLE"]
    for shown in (told["getenv"], told["child"]):
        assert not [
            v for n, v in SECRETS.items() if v in str(shown) and (shown is told["child"] or n != "UNREMARKABLE")
        ]
    assert not set(SECRETS) & set(told["git"])  # type: ignore[call-overload]
    assert told["path"] == [os.environ["PATH"]] * 3


def test_a_variable_that_terrace_yaml_names_is_a_secret_whatever_it_is_called() -> None:
    from support.configuration import load
    from terrace.apps.wiring.keys import secret_variables

    text = """\
version: 1
environments:
  dev: {credentials: {plan: {A: "env:UNREMARKABLE", B: "plain"}, apply: {A: "env:ANOTHER"}}}
backups: {key: "env:SAFE"}
"""
    named = secret_variables(load(text.encode(), "terrace.yaml", discovered=()))
    assert {"UNREMARKABLE", "ANOTHER", "SAFE", "TERRACE_BACKUP_IDENTITY"} == named


def test_every_entry_of_terrace_hardens_itself_before_anything_else() -> None:
    """Python files that a process of ours begins in. A cloud of the demo and Terraform itself hold nothing of ours, and
    the isolation of a command only the variables that the command is given."""
    others = {"adapters/embedded_aws.py", "adapters/terraform/embedded.py", "adapters/isolation/child.py"}
    begins = {p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*.py") if '__name__ == "__main__"' in p.read_text()}
    assert begins == {
        "adapters/runner/child.py",
        "adapters/terraform/fast/serve.py",
        *others,
    }
    for name in sorted(begins - others):
        entry = (ROOT / name).read_text().partition('if __name__ == "__main__":\n')[2]
        assert entry.startswith("    harden()\n"), name
    main = (ROOT / "apps/cli/main.py").read_text().partition("def main() -> None:\n")[2]
    assert main.index("harden()") < main.index("run_command_line(cli)")


def test_no_program_is_started_with_everything_that_terrace_knows() -> None:
    """`Popen` without `env` passes on all variables; os.environ as a whole goes to nobody but Terrace itself."""
    found = []
    for path, tree in trees("subprocess"):
        for node in ast.walk(tree):
            starts = isinstance(node, ast.Call) and ast.unparse(node.func) in ("subprocess.Popen", "subprocess.run")
            if isinstance(node, ast.Call) and starts and "env" not in {keyword.arg for keyword in node.keywords}:
                found.append(f"{path}:{node.lineno}")
    assert found == []
