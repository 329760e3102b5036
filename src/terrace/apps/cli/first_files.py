"""`init`: terrace.yaml for a repository that exists, or a first repository in an empty folder. It changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from terrace.adapters.files import check_way, write_new
from terrace.adapters.git.command import git
from terrace.adapters.opa.engine import INSTALL
from terrace.adapters.opa.pack import upgrade_of
from terrace.adapters.process import run
from terrace.apps.cli.proposed_config import confirm_proposal, entry_lines, environment_lines, show_proposal
from terrace.apps.output.console import note, show, show_lines
from terrace.apps.wiring.home import Home
from terrace.apps.wiring.working_tree import working_tree
from terrace.checks.all import SCANNERS
from terrace.checks.policy.shipped import FOLDER, is_rule
from terrace.errors import BadInput, NotReady, TerraceError
from terrace.stacks.proposals import Proposal, ProposedEntry, ProposedEnvironment, propose

CONFIG_FILE = "terrace.yaml"
FIRST = Proposal((ProposedEnvironment("dev", None, False, False, "the first repository has it"),))
"""What a folder that holds nothing gets."""

_FIRST: Mapping[str, str] = {
    "environments/dev/main.tf": """\
module "greeting" {
  source = "../../modules/greeting"
  name   = "dev"
}

output "greeting" {
  value = module.greeting.text
}
""",
    "modules/greeting/main.tf": """\
# A first module. It needs no cloud: `terraform_data` is built into Terraform.

variable "name" {
  type        = string
  description = "Whom to greet."
}

resource "terraform_data" "greeting" {
  input = "Hello, ${var.name}."
}

output "text" {
  value = terraform_data.greeting.output
}
""",
    ".gitignore": """\
.terraform/
*.tfstate
*.tfstate.*
*.tfplan
crash.log
""",
}


@dataclass(frozen=True, slots=True)
class Start:
    """What `init` makes in a folder: files and policies by name, a Git repository, or not; and what to do after it."""

    root: Path
    files: Mapping[str, str]
    policies: Mapping[str, str]
    repository: bool
    next: tuple[str, ...]


def write_first_files(folder: str, *, dry_run: bool, yes: bool = True, show_only: bool = False) -> int:
    """Write what is missing; a file that exists is left as it is. With `dry_run` only tell which files, with
    `show_only` print terrace.yaml as it would be. Without `yes` ask on the terminal, where there is one.

    Exit 1 where a repository holds nothing that a stack could be made of: nothing is written then.
    """
    root = _root(Path(folder).absolute())
    if not root.is_dir():
        raise BadInput(f"there is no folder {root}", hint="make it first")
    if os.path.lexists(root / CONFIG_FILE) and not show_only:
        show(f"{CONFIG_FILE} exists already: nothing was written (policies: terrace policy update)")
        return 0
    try:
        proposal = FIRST if _is_new(root) else propose(*working_tree(root))
        if proposal is not FIRST:
            show_proposal(proposal)
        if not proposal.environments:
            note(f"no root module was found that a stack could be made of: no {CONFIG_FILE} is proposed")
            note("hint: a stack is a folder with *.tf files, for example environments/dev/main.tf")
            return 1
        if show_only:
            show_lines(_configuration(root, proposal).rstrip("\n"))
            return 0
        if not (yes or dry_run) and sys.stdin.isatty():
            show_lines(_configuration(root, proposal))
            taken = confirm_proposal(proposal)
            if taken is None:
                note("nothing was written")
                return 1
            proposal = taken
        start = _start(root, proposal)
        if not dry_run:
            _make(start)
    except OSError as error:
        message = f"{error.filename or root} cannot be read or written: {error.strerror}"
        raise TerraceError(message, hint="nothing was left behind") from error
    except NotReady as error:
        raise TerraceError(error.message, place=error.place, hint="nothing was left behind") from error
    _tell(start, dry_run=dry_run)
    return 0


def _is_new(root: Path) -> bool:
    """Whether a folder holds nothing yet but what a forge puts into a new repository."""
    return all(
        path.name in (".git", ".gitignore", ".gitattributes") or path.stem.upper() in ("README", "LICENSE", "LICENCE")
        for path in root.iterdir()
    )


def _root(folder: Path) -> Path:
    """The root of the repository around a folder, or the folder itself."""
    done = git(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(done.out.rstrip(b"\n"))) if done.code == 0 else folder


# --- what to make ------------------------------------------------------------------------------------------------


def _start(root: Path, proposal: Proposal) -> Start:
    repository = (root / ".git").exists()
    first = {name: text for name, text in _FIRST.items() if not os.path.lexists(root / name)}
    new = proposal is FIRST
    files = {**(first if new else {}), CONFIG_FILE: _configuration(root, proposal)}
    policies = {f"{FOLDER}/{name}": text for name, text in upgrade_of(root).files.items()}
    commit = f"git add {'--all' if new else f'{CONFIG_FILE} {FOLDER}'} && git commit -m 'Add Terrace'"
    steps = (
        *(() if repository or new else ("git init -b main",)),
        f"{commit}   # it counts from the protected branch on",
        "export TERRACE_BACKUP_KEY=$(openssl rand -base64 32)   # keep it: it opens the backups of states",
        "terrace doctor",
        *(() if new else ("terrace adopt --print   # once it is merged: takes over what Terraform deployed already",)),
        f"terrace deploy {proposal.environments[0].name}",
        "terrace init github   # workflows, approvals and checks there; or: terrace init gitlab",
    )
    return Start(root, files, policies, repository=new and not repository, next=steps)


def _configuration(root: Path, proposal: Proposal) -> str:
    """The text of terrace.yaml for a proposal."""
    found_here = tools_here()
    opa = "opa" in found_here
    if not opa:
        note(f"note: OPA was not found, which runs the policies; until it is there they are advisory: {INSTALL}")
    scanners = tuple(name for name in SCANNERS if name in found_here)
    return terrace_yaml(proposal.environments, proposal.entries) + _checks(root, scanners, opa=opa)


def tools_here() -> frozenset[str]:
    """OPA and the scanners, as far as this machine has them."""
    from terrace.adapters.tools.box import Toolbox
    from terrace.adapters.tools.known import tool

    box = Toolbox(Home.tools())
    return frozenset(name for name in ("opa", *SCANNERS) if box.find(tool(name)) is not None)


def terrace_yaml(environments: tuple[ProposedEnvironment, ...], entries: tuple[ProposedEntry, ...] = ()) -> str:
    """A terrace.yaml for these environments and stacks that teaches the rest in comments."""
    lines = [
        "# What each key means: docs/reference/terrace-yaml.md; for editors: terrace config schema",
        "version: 1",
        "environments:",
        *environment_lines(environments),
        *entry_lines(entries),
    ]
    more = _MORE if entries else _MORE.replace("# backups:", f"{_ELSEWHERE}\n# backups:")
    return "\n".join(lines) + more


_ELSEWHERE = "# stacks: [{path: infra/network, environment: prod}]   # what lies outside environments/"


_MORE = """

# teams: {owners: [ann, bob]}
# people: {ann: {emails: [ann@example.com]}}   # nobody approves commits of their own
# SSH keys of those who approve, one `NAME KEY` a line: .terrace/allowed_signers
# backups: {url: "s3://bucket/states"}   # copies of states, sealed with TERRACE_BACKUP_KEY
"""


def _checks(root: Path, scanners: tuple[str, ...], *, opa: bool) -> str:
    """What terrace.yaml says of what judges. Files of others beside ours are not made to judge unasked, be they rules
    or data: a folder `policies` may be about something else, such as policies of IAM.

    `scanners` are those that were found: they may look too.
    """
    home = Path(FOLDER).parent
    beside = (path for path in (root / home).rglob("*") if not path.is_relative_to(root / FOLDER))
    others = any(path.suffix in (".rego", ".json", ".yaml", ".yml") for path in beside)
    lines = [
        "",
        f"# What judges every plan; settings of the rules that come with Terrace: {FOLDER}/settings.yaml",
        f"policies: [{FOLDER if others else home}]",
    ]
    if not opa:
        lines.append("# OPA, which runs the policies, was not found: once it is, take `policy` out of `checks`.")
    if scanners:
        lines.append("# Scanners that were found: `required` lets what they find hold a change.")
    weights = ", ".join(f"{name}: advisory" for name in (*(() if opa else ("policy",)), *scanners))
    lines.append(f"checks: {{{weights}}}" if weights else _SCANNERS)
    return "\n".join(lines) + "\n"


_SCANNERS = "# checks: {checkov: required}   # scanners that look too: `terrace tools install`"


# --- making it ---------------------------------------------------------------------------------------------------


def _make(start: Start) -> None:
    """All of it or nothing: what was made is taken away again when the rest cannot be."""
    made: list[Path] = []
    try:
        if start.repository:
            _make_repository(start.root, made)
        for name, text in {**start.files, **start.policies}.items():
            check_way(start.root, name)
            _make_folders((start.root / name).parent, made)
            write_new(start.root, name, text.encode())
            made.append(start.root / name)
    except BaseException:
        for path in reversed(made):
            _take_away(path)
        raise


def _make_repository(root: Path, made: list[Path]) -> None:
    made.append(root / ".git")
    done = run(["git", "init", "--quiet", "--initial-branch=main", root])
    if done.code != 0:
        raise TerraceError(f"git init failed: {done.message}", hint="nothing was left behind")


def _make_folders(folder: Path, made: list[Path]) -> None:
    if not folder.is_dir():
        _make_folders(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _take_away(path: Path) -> None:
    if path.is_dir() and path.name == ".git":
        shutil.rmtree(path)
    elif path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _tell(start: Start, *, dry_run: bool) -> None:
    if start.repository:
        show("would make a Git repository" if dry_run else "made a Git repository")
    for name in sorted(start.files):
        show(f"{'would write' if dry_run else 'wrote'} {name}")
    rules = len([name for name in start.policies if is_rule(name)])
    if rules:
        show(f"{'would write' if dry_run else 'wrote'} {FOLDER}: {rules} policies with their tests")
    if not dry_run:
        show("")
        show("next:")
        for step in start.next:
            show(f"  {step}")
