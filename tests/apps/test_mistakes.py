"""Mistakes of a new user: each is answered with what happened, where, why and what to do, and changes nothing."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.cli import LADDER, Done, World, root, three_environments, world
from support.git import commit, git

pytestmark = pytest.mark.slow

ENVIRONMENTS = "version: 1\nenvironments:\n"
CONFLICT = "<<<<<<< HEAD\n{0}=======\n{0}>>>>>>> feature\n"
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()


@dataclass(frozen=True)
class Mistake:
    """A wrong command, and the answer to it. `files` are pushed, `edits` are only in the working tree."""

    name: str
    command: tuple[str, ...]
    says: tuple[str, ...]
    hint: str
    place: str = ""
    code: int = 2
    files: Mapping[str, str | None] = field(default_factory=dict)
    edits: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    inside: Callable[[World], AbstractContextManager[None]] | None = None


@contextmanager
def other_remote(shop: World, address: str) -> Iterator[None]:
    """The remote of the clone has another address."""
    git(shop.work, "remote", "set-url", "origin", address)
    try:
        yield
    finally:
        git(shop.work, "remote", "set-url", "origin", shop.remote)


def yaml(name: str, text: str, place: str, says: tuple[str, ...], hint: str) -> Mistake:
    """A fault of terrace.yaml on the protected branch."""
    return Mistake(name, ("deploy", "dev"), says, hint, f"terrace.yaml:{place}", files={"terrace.yaml": text})


NOTHING_DEPLOYED = [
    Mistake("an environment typo", ("deploy", "prd"), ("there is no environment 'prd'",), "did you mean 'prod'?"),
    Mistake("an environment typo in show", ("show", "prd"), ("there is no deployment 'prd'",), "did you mean 'prod'?"),
    Mistake("an environment typo in plan", ("plan", "prd"), ("no stack or environment",), "did you mean 'prod'?"),
    yaml("a typo in a key", f"{ENVIRONMENTS}  dev: {{aftr: x}}\n", "3:9", ("`aftr` is not a key",), "mean `after`?"),
    yaml("an open bracket", f"{ENVIRONMENTS}  dev: {{\n  prod: {{}}\n", "3:8", ("invalid YAML",), "close the bracket"),
    yaml("a tab", f"{ENVIRONMENTS}\tdev: {{}}\n", "3:1", ("invalid YAML",), "indent with spaces"),
    yaml("a repeated key", f"{ENVIRONMENTS}  dev: {{}}\n  dev: {{}}\n", "4:3", ("'dev' is repeated",), "keep one"),
    yaml("no version", "environments: {dev: {}}\n", "1:1", ("`version` is missing",), "add `version: ...`, `1`"),
    yaml("a list", "- a\n", "1:1", ("expected a mapping", "found a list"), "without dashes: `version: ...`"),
    yaml("conflict markers", CONFLICT.format(LADDER), "1:1", ("merge conflict markers",), "until no `<<<<<<<`"),
    yaml("an unknown `after`", f"{ENVIRONMENTS}  dev: {{}}\n  prod: {{after: dav}}\n", "4:17", ("'dav'",), "'dev'?"),
    yaml(
        "a cycle",
        f"{ENVIRONMENTS}  dev: {{after: prod}}\n  prod: {{after: dev}}\n",
        "3:16",
        ("`after` forms a cycle: dev → prod → dev",),
        "remove one of these `after`, such as `after: prod` of dev",
    ),
    Mistake(
        "no backup key",
        ("deploy", "dev"),
        ("TERRACE_BACKUP_KEY is not set",),
        "openssl rand -base64 32",
        variables={"TERRACE_BACKUP_KEY": ""},
    ),
    Mistake(
        "a bad backup key",
        ("deploy", "dev"),
        ("TERRACE_BACKUP_KEY is not base64",),
        "to the key that was used before",
        variables={"TERRACE_BACKUP_KEY": "no key"},
    ),
    Mistake("nothing waits", ("approve", "dev", "--yes"), ("no deployment is pending",), "`terrace deploy dev`"),
    Mistake("nothing is open", ("resume", "dev"), ("there is no open deployment",), "`terrace deploy dev`", code=0),
    Mistake("no such folder", ("-C", "/nonexistent", "status"), ("/nonexistent does not exist",), "terrace -C DIR"),
    Mistake("a file as the folder", ("-C", "/etc/passwd", "status"), ("is a file",), "terrace -C DIR"),
    Mistake(
        "a changed file",
        ("deploy", "dev"),
        ("uncommitted changes (environments/dev/main.tf)",),
        "commit and merge them",
        edits={"environments/dev/main.tf": root("other")},
    ),
    Mistake(
        "a file that is not in Git",
        ("deploy", "dev"),
        ("environments/dev/new.tf",),
        "commit",
        edits={"environments/dev/new.tf": "locals {}\n"},
    ),
    Mistake(
        "a file in a stack that no expression names",
        ("deploy", "dev"),
        ("environments/dev/notes.txt",),
        "commit",
        edits={"environments/dev/notes.txt": "notes\n"},
    ),
    Mistake(
        "configuration outside of every stack",
        ("deploy", "dev"),
        ("uncommitted changes (other.tf)",),
        "commit",
        edits={"other.tf": "locals {}\n"},
    ),
    Mistake("a ref typo", ("deploy", "dev", "--ref", "mian"), ("there is no commit 'mian'",), "did you mean 'main'?"),
    Mistake("a wrong hash", ("deploy", "dev", "--ref", "deadbeef"), ("no commit 'deadbeef'",), "git log --oneline"),
    Mistake(
        "past the promotion order",
        ("promote", "prod"),
        ("no deployment to staging has succeeded",),
        "`terrace deploy staging`",
    ),
    Mistake(
        "nothing to roll back to",
        ("rollback", "prod", "--reason", "x", "--yes"),
        ("nothing was ever deployed to prod",),
        "`terrace status`",
    ),
    Mistake("a rollback without a reason", ("rollback", "prod", "--yes"), ("needs a reason",), "--reason WHY"),
    Mistake(
        "destroy with nothing there",
        ("destroy", "prod", "--reason", "x", "--yes"),
        ("nothing is deployed in prod",),
        "`terrace status`",
    ),
    Mistake("a command of CI", ("chatops",), ("not a GitHub Actions run",), "terrace init github"),
    Mistake("publish outside of CI", ("check", "--publish"), ("not a GitHub Actions run",), "TERRACE_PAGE=DIR"),
    Mistake("serve without a secret", ("serve",), ("TERRACE_WEBHOOK_SECRET is not set",), "openssl rand -hex 32"),
    Mistake("an unknown rule", ("explain", "formt"), ("deployment or rule 'formt'",), "did you mean 'format'?"),
    Mistake("an environment typo in explain", ("explain", "prdo"), ("no environment, deployment",), "mean 'prod'?"),
    Mistake("an unknown tool", ("tools", "install", "opaa"), ("there is no tool 'opaa'",), "did you mean 'opa'?"),
    Mistake(
        "an unusable HOME",
        ("deploy", "dev"),
        ("Not a directory",),
        "export TERRACE_HOME=DIR",
        variables={"TERRACE_HOME": "/etc/passwd"},
    ),
    Mistake(
        "an unusable HOME in plan",
        ("check",),
        ("/proc/none",),
        "export TERRACE_HOME=DIR",
        variables={"TERRACE_HOME": "/proc/none"},
    ),
    Mistake(
        "an unknown host of the remote",
        ("deploy", "dev"),
        ("the remote 'origin' cannot be read: its server was not found",),
        "`git remote -v`",
        inside=lambda shop: other_remote(shop, "https://nowhere.invalid/x.git"),
    ),
    Mistake(
        "a remote that is gone",
        ("deploy", "dev"),
        ("there is no repository at its address",),
        "git remote set-url",
        inside=lambda shop: other_remote(shop, "/nowhere.git"),
    ),
]


@pytest.fixture(scope="module")
def once() -> list[World]:
    """The world of most tests: no mistake changes it, so that it is made once."""
    return []


def listing(shop: World) -> dict[str, str]:
    """Everything in the repository, its remote and the data folder that a mistake could change."""
    refs = {"refs": git(shop.remote, "for-each-ref"), "tags": git(shop.work, "for-each-ref", "refs/tags")}
    files = [p for p in shop.work.rglob("*") if p.is_file() and ".git" not in p.relative_to(shop.work).parts]
    data = Path(shop.variables["TERRACE_HOME"]) / "data"
    files += [p for p in data.rglob("*") if p.is_file() and p.name != "ledger-git.json"]
    return refs | {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture
def shop(once: list[World], tmp_path_factory: pytest.TempPathFactory) -> World:
    """A repository in which nothing was deployed yet."""
    if not once:
        once.append(at_home(tmp_path_factory.mktemp("shop")))
    return once[0]


def at_home(folder: Path) -> World:
    """A world with folders of Terrace of its own, whichever test uses it."""
    made = world(folder / "shop", three_environments())
    made.variables["TERRACE_HOME"] = str(made.work.with_name("home"))
    return made


def answered(done: Done, mistake: Mistake) -> None:
    """The answer has the exit code, what happened, where, and what to do."""
    told = done.out + done.err
    assert done.code == mistake.code, told
    assert "Traceback" not in told
    assert "\\n" not in told, "line breaks are line breaks"
    for words in (*mistake.says, mistake.place, mistake.hint):
        assert words in told, told
    hints = [line for line in done.err.splitlines() if "hint: " in line]
    assert any(mistake.hint in line for line in hints), told


@pytest.mark.parametrize("mistake", NOTHING_DEPLOYED, ids=lambda mistake: mistake.name)
def test_a_user_error_is_explained_and_changes_nothing(shop: World, mistake: Mistake) -> None:
    base = git(shop.work, "rev-parse", "HEAD")
    try:
        if mistake.files:
            shop.push(mistake.files)
        for path, text in mistake.edits.items():
            (shop.work / path).write_text(text)
        before = listing(shop)
        with mistake.inside(shop) if mistake.inside is not None else nullcontext():
            done = shop.run(*mistake.command, **mistake.variables)
        assert listing(shop) == before
    finally:
        git(shop.work, "reset", "--quiet", "--hard", base)
        git(shop.work, "clean", "--quiet", "--force")
        if mistake.files:
            git(shop.work, "push", "--quiet", "--force", "origin", "main")
    answered(done, mistake)


def test_folders_without_a_usable_repository(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    plain = World(tmp_path / "plain")
    answered(plain.run("status"), Mistake("", (), ("is not in a Git repository",), "git init"))
    subprocess.run(["git", "init", "--quiet", tmp_path / "unborn"], check=True)
    unborn = World(tmp_path / "unborn")
    answered(unborn.run("deploy", "dev"), Mistake("", (), ("has no commit yet",), "git commit"))
    commit(unborn.work, {"README.md": "hello\n"})
    answered(unborn.run("deploy", "dev"), Mistake("", (), ("there is no environment 'dev'",), ""))


def test_decisions_with_a_wrong_key_or_hash_are_answered_and_not_recorded(tmp_path: Path) -> None:
    shop = at_home(tmp_path)
    shop.ok("deploy", "dev")
    assert git(shop.work, "tag", "--list", "deployed/*").count("\n") == 0, "one tag"
    (shop.work / "scratch").mkdir()
    for name in ("notes.txt", "scratch/notes.txt"):
        (shop.work / name).write_text("no stack reads this\n")
    again = shop.ok("deploy", "dev")
    assert "no changes" in again.out and "deployed/" not in again.out
    assert git(shop.work, "tag", "--list", "deployed/*").count("\n") == 0, "nothing changed, so there is no other tag"
    shop.run("promote", "staging")
    keys = shop.key("bob").parent
    (keys / "junk").write_text("no key\n")
    (keys / "junk").chmod(0o600)
    (keys / "open").write_bytes(shop.key("bob").read_bytes())
    (keys / "open").chmod(0o644)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", keys / "locked"], check=True)
    wrong = [
        ("bbo", f"there is no key file {keys / 'bbo'}", f"did you mean {keys / 'bob'}?"),
        (".", f"the key {keys} is a folder", "--key"),
        ("junk", f"{keys / 'junk'} is not an SSH key", "--key ~/.ssh/id_ed25519"),
        ("open", f"the key {keys / 'open'} can be read by other users", "chmod 600"),
        ("locked", f"the key {keys / 'locked'} has a passphrase, and there is no terminal", "ssh-add"),
    ]
    before = listing(shop)
    for name, says, hint in wrong:
        done = shop.run("approve", "staging", "--as", "bob", "--key", str(keys / name), "--yes")
        answered(done, Mistake(name, (), (says,), hint))
    other = shop.run("approve", "staging", "f" * 32, "--as", "bob", "--key", str(shop.key("bob")), "--yes")
    answered(other, Mistake("", (), ("the pending plans in staging are",), "terrace show staging"))
    handle = shop.status()["staging"]["handle"]
    for text, problem in (("deadbeef", "not"), ("f" * 33, "not"), (handle[:8], "only the beginning of")):
        short = shop.run("approve", "staging", text, "--as", "bob", "--key", str(shop.key("bob")), "--yes")
        says = f"{text} is {problem} the hash of the pending plans in staging ({handle[:8]}…)"
        answered(short, Mistake("", (), (says,), "copy the hash from `terrace show staging`"))
        assert "earlier version" not in short.err
    assert f"terrace approve staging {handle}" in shop.ok("show", "staging").out.replace("\n", " ")
    silent = shop.run("approve", "staging", "--as", "bob", "--key", str(shop.key("bob")))
    answered(silent, Mistake("", (), ("no terminal",), "--yes"))
    assert listing(shop) == before

    assert shop.approve("staging", "bob").code == 0
    before = listing(shop)
    foreign = shop.run("resume", "staging", TERRACE_BACKUP_KEY=OTHER_KEY)
    answered(foreign, Mistake("", (), ("the key in this environment is",), "to the previous key"))
    assert shop.run("doctor", TERRACE_BACKUP_KEY=OTHER_KEY).out.rstrip().splitlines()[-1].startswith("  1. ledger key")
    assert listing(shop) == before, "the approval is not void"
    back = shop.run("rollback", "dev", "--reason", "x", "--yes")
    answered(back, Mistake("", (), ("dev has no earlier good release to roll back to",), "terrace deploy dev"))
    assert shop.ok("resume", "staging", "--json").json["result"] == "succeeded", "the approval counts"


def test_a_rejection_without_a_reason_is_answered_with_an_example(shop: World) -> None:
    for command in (("reject", "prod"), ("reject", "--withdraw", "prod")):
        done = shop.run(*command)
        assert (done.code, 'terrace reject prod -m "not before the sale"' in done.err) == (2, True), done.err


def test_merge_conflicts_and_syntax_errors_are_one_finding(shop: World) -> None:
    path = "environments/dev/main.tf"
    try:
        (shop.work / path).write_text(CONFLICT.format(root("dev")))
        found = shop.run("check", "--json").json["findings"]
        (conflict,) = (one for one in found if one.get("file") == path and one["status"] == "unknown")
        assert (conflict["rule"], conflict["line"]) == ("plan", 1)
        assert "merge conflict markers" in conflict["message"] and "until no `<<<<<<<`" in conflict["fix"]
        (shop.work / path).write_text(f'{root("dev")}\nresource "terraform_data" "x" {{\n  input = \n')
        found = shop.run("check", "--json").json["findings"]
        (syntax,) = (one for one in found if one.get("file") == path and one["status"] == "unknown")
        assert syntax["rule"] == "plan" and "Invalid expression" in syntax["message"]
        assert f"{path}:" in syntax["fix"] and "terrace plan dev" in syntax["fix"]
    finally:
        git(shop.work, "checkout", "--quiet", ".")
