"""Thirty secrets are planted, everything is run, and everything that was written or shown is searched for them.

ALLOWED names every place in which one may be, with the reason. Anything else is a leak.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.cli import World, world
from support.git import commit, git
from support.processes import descendants
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")]


def planted(name: str) -> str:
    """A value that stands nowhere unless somebody wrote it there."""
    return "x" + hashlib.sha256(f"planted {name}".encode()).hexdigest()[:30]


def key(name: str) -> str:
    return base64.b64encode(hashlib.sha256(f"planted {name}".encode()).digest()).decode()


TERRACE = {
    "TERRACE_BACKUP_KEY": key("backup"),
    "TERRACE_DIGEST_KEY": key("digest"),
    "TERRACE_BACKUP_IDENTITY": planted("identity"),
    "TERRACE_WEBHOOK_SECRET": planted("webhook"),
    "TERRACE_FUTURE_KEY": planted("future"),
}
FORGE = {name: planted(name) for name in ("GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN")}
RUN = {name: planted(name) for name in ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN", "NPM_TOKEN")}
CLOUD = {
    name: planted(name)
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "ARM_CLIENT_SECRET", "GOOGLE_CREDENTIALS")
}
OTHERS = {
    name: planted(name)
    for name in ("MY_PASSWORD", "DATABASE_URL", "UNREMARKABLE", "TF_VAR_not_named", "SSH_KEY_PASSPHRASE", "VAULT_TOKEN")
}
PROD = {name: planted(name) for name in ("PROD_PLAN", "PROD_APPLY")}
PLAN, APPLY = {"DEV_PLAN": planted("plan")}, {"DEV_APPLY": planted("apply")}
TERRAFORM = {"TF_VAR_db_password": planted("variable"), "TF_TOKEN_registry_example_com": planted("registry")}
COMPUTED = {
    "in the state": hashlib.md5(b"planted resource").hexdigest(),
    "in an output": hashlib.md5(b"planted output").hexdigest(),
}
REMOTE = {"in the address of the remote": planted("remote"), "in a header of Git": planted("header")}

SECRETS = {**TERRACE, **FORGE, **RUN, **CLOUD, **OTHERS, **PROD, **PLAN, **APPLY, **TERRAFORM, **COMPUTED, **REMOTE}

ALLOWED: Mapping[tuple[str, str], tuple[frozenset[str], str]] = {
    ("state", "file"): (
        frozenset({*TERRAFORM, *COMPUTED}),
        "a Terraform state holds sensitive values in clear; this one lies in Terrace's data folder, for the user alone",
    ),
    (".git/config", "file"): (frozenset(REMOTE), "the user's own configuration of the remote"),
    ("terraform", "environ"): (
        frozenset({*PLAN, *APPLY, *TERRAFORM}),
        "Terraform is given the credentials of the environment and the purpose at hand; so is what a provisioner runs",
    ),
    ("runner", "environ"): (
        frozenset({*APPLY, *TERRAFORM}),
        "what Terraform gets goes through the runner; for a moment, until it has hidden it",
    ),
    ("git", "environ"): (
        frozenset({*FORGE, "in a header of Git"}),
        "a Git that talks to a remote, and the other end of it on this machine, may need the token of the forge; "
        "GIT_CONFIG_* are Git's own",
    ),
}

CONFIG = """\
version: 1
environments:
  dev:
    credentials:
      plan: {CLOUD_SECRET: "env:DEV_PLAN"}
      apply: {CLOUD_SECRET: "env:DEV_APPLY"}
    env: [TF_VAR_db_password]
  prod:
    after: dev
    credentials: {plan: {CLOUD_SECRET: "env:PROD_PLAN"}, apply: {CLOUD_SECRET: "env:PROD_APPLY"}}
checks: {docs: "off"}
people:
  ann: {emails: [ann@example.com]}
"""

MAIN = """\
variable "db_password" {
  type      = string
  sensitive = true
  default   = ""
}

resource "terraform_data" "it" {
  input = {
    given    = var.db_password
    computed = sensitive(md5("planted resource"))
    number   = NUMBER
  }

  provisioner "local-exec" {
    command     = "sleep 0.2; SCRIPT"
    environment = { PASSWORD = var.db_password }
  }
}

output "secret" {
  value     = md5("planted output")
  sensitive = true
}
"""


def configuration(number: int, script: str = "true") -> dict[str, str | None]:
    text = MAIN.replace("NUMBER", str(number)).replace("SCRIPT", script)
    # A new object each time: what is in it, its provisioner does again.
    text = text.replace("  provisioner", f"  triggers_replace = [{number}]\n\n  provisioner")
    return {"environments/dev/main.tf": text}


@dataclass
class Watch:
    """Looks at every process below this one, again and again, for secrets in what the system shows of it."""

    found: set[tuple[str, str, str]] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            living = descendants(os.getpid())
            parents = {one.parent for one in living}
            # Parents come first: a program that is none of Terrace's is what its parent is.
            known: dict[int, str] = {}
            for one in living:
                with contextlib.suppress(OSError):
                    argv = Path(f"/proc/{one.pid}/cmdline").read_bytes()
                    known[one.pid] = part_of(argv, known.get(one.parent, "other"))
                    self._examine(one.pid, argv, known[one.pid], is_parent=one.pid in parents)
            time.sleep(0.01)

    def _examine(self, pid: int, argv: bytes, part: str, *, is_parent: bool) -> None:
        self.parts.add(part)
        for name in secrets_in(argv):
            self.found.add((part, "argv", name))
        # Whoever started Terrace gave it these variables, and they are shown until it hides them: before it has
        # started any program.
        if part == "terrace" and not is_parent:
            return
        shown = secrets_in(Path(f"/proc/{pid}/environ").read_bytes())
        # A process that has become another program meanwhile is looked at again, as what it is now.
        if Path(f"/proc/{pid}/cmdline").read_bytes() == argv:
            self.found |= {(part, "environ", name) for name in shown}


def part_of(argv: bytes, parent: str) -> str:
    """What a process is to Terrace, by its command line, else by what started it."""
    words = [os.fsdecode(word) for word in argv.split(b"\0")]
    for module, part in MODULES.items():
        if module in words:
            return part
    name = words[0].rpartition("/")[2]
    return name if name in ("terraform", "git", "ssh-keygen") and parent in ("terrace", "runner") else parent


MODULES = {
    "terrace.adapters.runner.child": "runner",
    "terrace.adapters.terraform.fast.serve": "lane",
    "terrace": "terrace",
}


def secrets_in(content: bytes) -> set[str]:
    """The names of the secrets that stand in this, as they are or in base64."""
    return {name for name, forms in FORMS.items() if any(form in content for form in forms)}


def forms_of(value: str) -> tuple[bytes, ...]:
    """A secret as it is, and the part of its base64 that does not depend on what stands before it."""
    raw = value.encode()
    shifted = (base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3))
    return (raw, *shifted)


FORMS = {name: forms_of(value) for name, value in SECRETS.items()}


# --- what is searched --------------------------------------------------------------------------------------------


def files_with_secrets(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Every file below a folder that holds one, as (what it is, "file", secret)."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            for name in secrets_in(path.read_bytes()):
                yield kind_of(path), "file", name


def kind_of(path: Path) -> str:
    if path.name.startswith("terraform.tfstate") and "states" in path.parts:
        return "state"
    return ".git/config" if path.match(".git/config") else str(path)


def objects_of(repository: Path) -> bytes:
    """Everything that a repository has, in clear: the ledger is there too."""
    argv = ["git", "-C", str(repository), "cat-file", "--batch", "--batch-all-objects"]
    return subprocess.run(argv, capture_output=True, check=True).stdout


@pytest.fixture
def shop(tmp_path: Path) -> World:
    files = {"terrace.yaml": CONFIG, "environments/prod/main.tf": 'resource "terraform_data" "it" {}\n'}
    first = {path: text for path, text in configuration(1).items() if text is not None}
    made = world(tmp_path / "place", {**files, **first})
    # The address of the remote bears a token, and leads to the folder beside.
    address = f"https://ann:{REMOTE['in the address of the remote']}@forge.invalid/shop.git"
    git(made.work, "config", f"url.{made.remote}.insteadOf", address)
    git(made.work, "remote", "set-url", "origin", address)
    git(made.work, "config", "http.https://forge.invalid/.extraHeader", REMOTE["in a header of Git"])
    (tmp_path / "tmp").mkdir()
    given = {name: value for name, value in SECRETS.items() if name.isidentifier()}
    header = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.https://other.invalid/.extraHeader",
        "GIT_CONFIG_VALUE_0": REMOTE["in a header of Git"],
    }
    made.variables |= {**given, **header, "TMPDIR": str(tmp_path / "tmp")}
    made.forks = False
    return made


def play(shop: World, tmp_path: Path) -> list[tuple[str, bytes]]:
    """Everything that Terrace does, well and badly; what each command said."""
    said: list[tuple[str, bytes]] = []

    def run(*arguments: str, code: int | None = 0) -> None:
        done = shop.run(*arguments)
        said.append((" ".join(arguments), f"{done.out}{done.err}".encode()))
        assert code is None or done.code == code, (arguments, done)

    run("check")
    run("doctor", code=None)
    run("plan", "dev")
    run("deploy", "dev")
    shop.push(configuration(2))
    run("check", "--base", "HEAD~1", "--json")
    # What the generated workflows upload as artifacts, by the commands of those workflows.
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    reports = ("--report", f"junit={uploads}/check.xml", "--report", f"sarif={uploads}/check.sarif")
    run("check", "--base", "HEAD~1", *reports, code=None)
    commit(shop.work, configuration(9), "feat: a change that is not merged")
    run("plan", "--touched", "dev", "--seal", f"{uploads}/dev.plans")
    git(shop.work, "reset", "--quiet", "--hard", "HEAD~1")
    run("report", "compliance", "--format", "html", "--output", f"{uploads}/compliance.html", code=None)
    run("deploy", "dev", "--json")
    run("state", "backup")
    run("drift", "dev", code=None)
    run("rollback", "dev", "--reason", "it is sick", "--yes")
    run("unhold", "dev", "--reason", "it is well")
    shop.push(configuration(3, "exit 7"))
    run("deploy", "dev", code=1)
    mark = tmp_path / "begun"
    shop.push(configuration(4, f"touch {mark}; sleep 60"))
    with shop.start("deploy", "dev") as child:
        until(mark.exists)
        for one in (*descendants(child.pid),):
            one.kill()
        child.kill()
        out, err = child.communicate(timeout=30)
        said.append(("deploy, killed", f"{out}{err}".encode()))
    more = ("status", "history --json", "show dev --log", "explain dev", "ledger verify", "deploy prod")
    for command in ("resume dev --yes", *more):
        run(*command.split(), code=None)
    with shop.start("serve", "--port", "0") as child:
        time.sleep(2)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=30)
        said.append(("serve", f"{out}{err}".encode()))
    run("worker", "--once", code=None)
    return said


def test_no_secret_is_written_or_shown_where_it_is_not_allowed(shop: World, tmp_path: Path) -> None:
    assert len(SECRETS) >= 30
    memory = Path("/dev/shm")
    before = set(memory.iterdir()) if memory.is_dir() else set()
    watch = Watch()
    with watch.watching():
        said = play(shop, tmp_path)
    found = set(watch.found)
    for command, text in said:
        found |= {(command, "stream", name) for name in secrets_in(text)}
    for folder in (shop.work.parent, Path(os.environ["TERRACE_HOME"]), tmp_path / "tmp", Path(os.environ["HOME"])):
        found |= set(files_with_secrets(folder))
    for repository in (shop.work, shop.remote):
        found |= {(str(repository), "object", name) for name in secrets_in(objects_of(repository))}
    for left in (set(memory.iterdir()) - before) if memory.is_dir() else ():
        found |= set(files_with_secrets(left))
    uploaded = tmp_path / "uploads"
    made = {path.name for path in uploaded.iterdir() if path.is_dir() or path.stat().st_size}
    assert made == {"check.xml", "check.sarif", "dev.plans", "compliance.html"}
    assert list(files_with_secrets(uploaded)) == [], "artifacts are read by all who read the project"
    leaks = sorted(
        (where, how, name)
        for where, how, name in found
        if name not in ALLOWED.get((where, how), (frozenset[str](), ""))[0]
    )
    assert leaks == [], "\n".join(map(str, leaks))
    # It was looked at, and with eyes that see.
    assert {"terrace", "runner", "terraform", "git"} <= watch.parts
    assert {("terraform", "environ", "DEV_PLAN"), ("terraform", "environ", "DEV_APPLY")} <= found
    assert ("state", "file", "in the state") in found
