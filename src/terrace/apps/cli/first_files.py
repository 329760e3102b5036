"""`init`: writes terrace.yaml for an existing repository, or a first repository in an empty folder."""

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
from terrace.checks.policy.shipped import FOLDER, is_rule
from terrace.checks.scanners.all import SCANNERS
from terrace.errors import BadInput, NotReady, TerraceError
from terrace.stacks.proposals import Proposal, ProposedEntry, ProposedEnvironment, propose

CONFIG_FILE = "terrace.yaml"
FIRST = Proposal((ProposedEnvironment("dev", None, False, False, "the first repository has this environment"),))
"""The proposal for an empty folder."""

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
    """The files, policies and commands for a new setup. `repository`: also create a Git repository."""

    root: Path
    files: Mapping[str, str]
    policies: Mapping[str, str]
    repository: bool
    next: tuple[str, ...]


def write_first_files(folder: str, *, dry_run: bool, yes: bool = True, show_only: bool = False) -> int:
    """Writes the missing files, and keeps existing ones. With `dry_run`, only lists the files; with `show_only`, only
    prints terrace.yaml. Without `yes`, asks on the terminal, if there is one.

    Exit 1 if the repository has no root module. No file is written then.
    """
    root = _root(Path(folder).absolute())
    if not root.is_dir():
        raise BadInput(f"there is no folder {root}", hint="create it first")
    if os.path.lexists(root / CONFIG_FILE) and not show_only:
        show(f"{CONFIG_FILE} exists, so no files were written (to update policies: terrace policy update)")
        return 0
    try:
        proposal = FIRST if _is_new(root) else propose(*working_tree(root))
        if proposal is not FIRST:
            show_proposal(proposal)
        if not proposal.environments:
            note(f"no root modules were found, so no {CONFIG_FILE} is proposed")
            note("hint: a stack is a folder with *.tf files, for example environments/dev/main.tf")
            return 1
        if show_only:
            show_lines(_configuration(root, proposal).rstrip("\n"))
            return 0
        if not (yes or dry_run) and sys.stdin.isatty():
            show_lines(_configuration(root, proposal))
            taken = confirm_proposal(proposal)
            if taken is None:
                note("No changes were made.")
                return 1
            proposal = taken
        start = _start(root, proposal)
        if not dry_run:
            _write(start)
    except OSError as error:
        message = f"{error.filename or root} cannot be read or written: {error.strerror}"
        raise TerraceError(message, hint="all new files were removed again") from error
    except NotReady as error:
        raise TerraceError(error.message, place=error.place, hint="all new files were removed again") from error
    _show(start, dry_run=dry_run)
    return 0


def _is_new(root: Path) -> bool:
    """Returns whether a folder is empty, except for the files of a new repository."""
    return all(
        path.name in (".git", ".gitignore", ".gitattributes") or path.stem.upper() in ("README", "LICENSE", "LICENCE")
        for path in root.iterdir()
    )


def _root(folder: Path) -> Path:
    """Returns the root of the repository around a folder, or the folder itself."""
    done = git(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(done.out.rstrip(b"\n"))) if done.code == 0 else folder


# --- proposed files ------------------------------------------------------------------------------------------------


def _start(root: Path, proposal: Proposal) -> Start:
    repository = (root / ".git").exists()
    first = {name: text for name, text in _FIRST.items() if not os.path.lexists(root / name)}
    new = proposal is FIRST
    files = {**(first if new else {}), CONFIG_FILE: _configuration(root, proposal)}
    policies = {f"{FOLDER}/{name}": text for name, text in upgrade_of(root).files.items()}
    commit = f"git add {'--all' if new else f'{CONFIG_FILE} {FOLDER}'} && git commit -m 'Add Terrace'"
    steps = (
        *(() if repository or new else ("git init -b main",)),
        f"{commit}   # takes effect on the protected branch",
        "export TERRACE_BACKUP_KEY=$(openssl rand -base64 32)   # store it safely: it decrypts the state backups",
        "terrace doctor",
        *(
            ()
            if new
            else ("terrace adopt --print   # after the merge: adopts the stacks that Terraform deployed before",)
        ),
        f"terrace deploy {proposal.environments[0].name}",
        "terrace init github   # workflows, approvals and checks; or: terrace init gitlab",
    )
    return Start(root, files, policies, repository=new and not repository, next=steps)


def _configuration(root: Path, proposal: Proposal) -> str:
    """Returns the text of terrace.yaml for a proposal."""
    installed = find_tools()
    opa = "opa" in installed
    if not opa:
        note(f"note: OPA, which runs the policies, is not installed. Until then, its check is advisory: {INSTALL}")
    scanners = tuple(name for name in SCANNERS if name in installed)
    return terrace_yaml(proposal.environments, proposal.entries) + _checks(root, scanners, opa=opa)


def find_tools() -> frozenset[str]:
    """Returns the names of OPA and the scanners that are installed on this machine."""
    from terrace.adapters.tools.find_tool import Toolbox
    from terrace.adapters.tools.known import tool

    box = Toolbox(Home.tools())
    return frozenset(name for name in ("opa", *SCANNERS) if box.find(tool(name)) is not None)


def terrace_yaml(environments: tuple[ProposedEnvironment, ...], entries: tuple[ProposedEntry, ...] = ()) -> str:
    """Returns a terrace.yaml for these environments and stacks, with examples of other keys in comments."""
    lines = [
        "# All keys: docs/reference/terrace-yaml.md; JSON Schema for editors: terrace config schema",
        "version: 1",
        "environments:",
        *environment_lines(environments),
        *entry_lines(entries),
    ]
    more = _MORE if entries else _MORE.replace("# backups:", f"{_ELSEWHERE}\n# backups:")
    return "\n".join(lines) + more


_ELSEWHERE = "# stacks: [{path: infra/network, environment: prod}]   # stacks outside environments/"


_MORE = """

# teams: {owners: [ann, bob]}
# people: {ann: {emails: [ann@example.com]}}   # authors cannot approve their own commits
# SSH keys of approvers, one `NAME KEY` a line: .terrace/allowed_signers
# backups: {url: "s3://bucket/states"}   # state backups, encrypted with TERRACE_BACKUP_KEY
"""


def _checks(root: Path, scanners: tuple[str, ...], *, opa: bool) -> str:
    """Returns the lines of terrace.yaml about policies and checks. `scanners` are the installed ones.

    Existing files in the folder `policies` are not used as policies: they may be something else, such as IAM policies.
    """
    home = Path(FOLDER).parent
    beside = (path for path in (root / home).rglob("*") if not path.is_relative_to(root / FOLDER))
    others = any(path.suffix in (".rego", ".json", ".yaml", ".yml") for path in beside)
    lines = [
        "",
        f"# Policies for every plan; settings of the shipped rules: {FOLDER}/settings.yaml",
        f"policies: [{FOLDER if others else home}]",
    ]
    if not opa:
        lines.append(
            "# OPA, which runs the policies, is not installed. After its installation, remove `policy` from `checks`."
        )
    if scanners:
        lines.append("# Installed scanners: with `required`, their findings block a change.")
    weights = ", ".join(f"{name}: advisory" for name in (*(() if opa else ("policy",)), *scanners))
    lines.append(f"checks: {{{weights}}}" if weights else _SCANNERS)
    return "\n".join(lines) + "\n"


_SCANNERS = "# checks: {checkov: required}   # more scanners: `terrace tools install`"


# --- writing the files ---------------------------------------------------------------------------------------------


def _write(start: Start) -> None:
    """Writes all files, or none: after an error, the new files are removed again."""
    created: list[Path] = []
    try:
        if start.repository:
            _create_repository(start.root, created)
        for name, text in {**start.files, **start.policies}.items():
            check_way(start.root, name)
            _create_folders((start.root / name).parent, created)
            write_new(start.root, name, text.encode())
            created.append(start.root / name)
    except BaseException:
        for path in reversed(created):
            _remove(path)
        raise


def _create_repository(root: Path, created: list[Path]) -> None:
    created.append(root / ".git")
    done = run(["git", "init", "--quiet", "--initial-branch=main", root])
    if done.code != 0:
        raise TerraceError(f"git init failed: {done.message}", hint="all new files were removed again")


def _create_folders(folder: Path, created: list[Path]) -> None:
    if not folder.is_dir():
        _create_folders(folder.parent, created)
        folder.mkdir()
        created.append(folder)


def _remove(path: Path) -> None:
    if path.is_dir() and path.name == ".git":
        shutil.rmtree(path)
    elif path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _show(start: Start, *, dry_run: bool) -> None:
    if start.repository:
        show("would create a Git repository" if dry_run else "created a Git repository")
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
