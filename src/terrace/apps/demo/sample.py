"""The sample repository of the demo, with a bare remote and the keys of its people, and the changes of the story."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.process import Finished, run
from terrace.errors import TerraceError

PEOPLE = ("alice", "bob", "carol", "dave")
BUCKET = "terrace-demo-states"
CHANGED = "modules/labels/main.tf"
STACKS = ("environments/dev", "environments/staging", "environments/prod/network", "environments/prod/app")

_SAMPLE = Path(__file__).parent / "sample"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of the demo: a clone to work in, its bare remote, and the keys of the people."""

    folder: Path

    @property
    def clone(self) -> Path:
        return self.folder / "infrastructure"

    @property
    def remote(self) -> Path:
        return self.folder / "remote.git"

    def key(self, person: str) -> Path:
        """Returns the path of a person's private SSH key."""
        return self.folder / "keys" / person


def lay(folder: Path, binary: str = "auto") -> Layout:
    """Creates the repository in a new or empty folder: committed by alice, pushed to its remote. `binary` is the
    Terraform in its terrace.yaml.
    """
    layout = Layout(folder)
    (folder / "keys").mkdir(parents=True, mode=0o700)
    for person in PEOPLE:
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(layout.key(person)))
    _run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(layout.remote))
    shutil.copytree(_SAMPLE, layout.clone)
    if binary != "auto":
        with (layout.clone / "terrace.yaml").open("a") as file:
            file.write(f"\nterraform: {{binary: {json.dumps(binary)}}}\n")
    signers = "".join(f"{who} {Path(f'{layout.key(who)}.pub').read_text()}" for who in PEOPLE)
    (layout.clone / ".terrace").mkdir()
    (layout.clone / ".terrace" / "allowed_signers").write_text(signers)
    git(layout, "init", "--quiet", "--initial-branch=main")
    for name, value in (
        ("user.name", "alice"),
        ("user.email", "alice@shop.example"),
        ("commit.gpgsign", "false"),
        ("gpg.format", "ssh"),
        ("user.signingkey", str(layout.key("alice"))),
    ):
        git(layout, "config", name, value)
    git(layout, "remote", "add", "origin", str(layout.remote))
    git(layout, "add", "--all")
    git(layout, "commit", "--quiet", "-m", "feat: add the infrastructure of the shop")
    git(layout, "push", "--quiet", "--set-upstream", "origin", "main")
    return layout


def apply_plainly(layout: Layout, terraform: Sequence[str], environment: Mapping[str, str]) -> None:
    """Makes the resources of every stack with Terraform alone, as a team does that does not use Terrace yet.

    `terraform` precedes the arguments of each command. Raises TerraceError where a command fails.
    """
    with tempfile.TemporaryDirectory(dir=layout.folder) as copy:
        shutil.copytree(layout.clone, copy, dirs_exist_ok=True)
        # Terraform does not lock the provider cache that the stacks may share.
        for stack in STACKS:
            _run(*terraform, f"-chdir={copy}/{stack}", "init", "-input=false", environment=environment)
        apply = ("apply", "-input=false", "-auto-approve")
        with ThreadPoolExecutor(max_workers=len(STACKS)) as pool:
            list(pool.map(lambda s: _run(*terraform, f"-chdir={copy}/{s}", *apply, environment=environment), STACKS))


def change_module(layout: Layout) -> None:
    """Commits Alice's change on a branch: every label gets the cost center."""
    component = "    Component   = var.component\n"
    changed = f'{component}    CostCentre  = "shop"\n'
    _change(layout, "cost-centre", CHANGED, component, changed, "feat: label everything with its cost center")


def break_production(layout: Layout) -> None:
    """Commits a change that passes every check and breaks production."""
    path = "environments/prod/app/main.tf"
    _change(layout, "fewer-replicas", path, "replicas    = 3", "replicas    = 0", "feat: use fewer replicas at night")


def merge(layout: Layout, branch: str) -> None:
    """Merges a branch as a forge would, and pushes."""
    git(layout, "switch", "--quiet", "main")
    git(layout, "merge", "--quiet", "--no-ff", "-m", f"Merge branch '{branch}'", branch)
    git(layout, "push", "--quiet", "origin", "main")


def prepared_revert(layout: Layout) -> str:
    """Returns the branch on which Terrace prepared a revert."""
    done = git(layout, "for-each-ref", "--format=%(refname:short)", "refs/heads/terrace/revert-*")
    return os.fsdecode(done.out).strip()


def _change(layout: Layout, branch: str, name: str, before: str, after: str, message: str) -> None:
    git(layout, "switch", "--quiet", "--create", branch)
    path = layout.clone / name
    text = path.read_text()
    assert before in text, "the sample has this line"
    path.write_text(text.replace(before, after))
    git(layout, "commit", "--quiet", "--all", "-m", message)


def git(layout: Layout, *args: str) -> Finished:
    """Runs git in the clone. Raises TerraceError where it fails."""
    return _run("git", "-C", str(layout.clone), *args)


def _run(*argv: str, environment: Mapping[str, str] | None = None) -> Finished:
    done = run(argv, env={**(environment or os.environ), "GIT_TERMINAL_PROMPT": "0"})
    if done.code != 0:
        raise TerraceError(f"{' '.join(argv)} failed: {done.message}")
    return done
