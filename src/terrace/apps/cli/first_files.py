"""`init`: writes terrace.yaml for an existing repository, or a first repository in an empty folder."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from terrace.adapters.environ import ENVIRON
from terrace.adapters.files import check_way, write_new
from terrace.adapters.git.command import git
from terrace.adapters.opa.engine import INSTALL
from terrace.adapters.process import run
from terrace.apps.cli.proposed_config import (
    SCHEMA_FILE,
    SetupFacts,
    check_lines,
    confirm_proposal,
    header_lines,
    schema_text,
    show_proposal,
    terrace_yaml,
)
from terrace.apps.first_repository.layout import EXECUTABLE, FOLDERS, layout_environments, layout_files
from terrace.apps.output.console import answer, note, show, show_lines
from terrace.apps.wiring.home import Home
from terrace.apps.wiring.project import Project
from terrace.apps.wiring.working_tree import working_tree
from terrace.checks.all import CHECKS
from terrace.checks.scanners.all import SCANNERS
from terrace.config.load import load
from terrace.config.trust_root import BRANCH_NAME
from terrace.errors import BadInput, NotReady, TerraceError
from terrace.stacks.config_problems import examine
from terrace.stacks.discovery import environments
from terrace.stacks.proposals import Proposal, propose
from terrace.stacks.provider_variables import find_provider_variables

CONFIG_FILE = "terrace.yaml"


@dataclass(frozen=True, slots=True)
class Start:
    """The files and commands for a new setup. `repository`: also create a Git repository."""

    root: Path
    files: Mapping[str, str]
    repository: bool
    next: tuple[str, ...]


def write_first_files(
    folder: str, *, dry_run: bool, yes: bool = True, show_only: bool = False, whole: bool = False
) -> int:
    """Writes the missing files, and keeps existing ones. With `dry_run`, only lists the files; with `show_only`, only
    prints terrace.yaml. Without `yes`, asks on the terminal, if there is one. An empty folder, and any other with
    `whole`, gets a whole repository.

    Exit 1 if the repository has no root module, or if the proposal is declined. No file is written then.
    """
    root = _root(Path(folder).absolute())
    if not root.is_dir():
        raise BadInput(f"there is no folder {root}", hint="create it first")
    if os.path.lexists(root / CONFIG_FILE) and not show_only:
        show(f"{CONFIG_FILE} exists, so no files were written (to update the policy pack: terrace policy update)")
        return 0
    try:
        asks = not (yes or dry_run or show_only) and sys.stdin.isatty()
        start = _whole_repository(root) if whole or _is_new(root) else _existing_repository(root, asks=asks)
        if start is None:
            return 1
        if show_only:
            show_lines(start.files[CONFIG_FILE].rstrip("\n"))
            return 0
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


def _protected_branch(root: Path) -> str:
    """Returns the protected branch of a repository; "" if it is unknown, or if the folder is not a repository."""
    if not (root / ".git").exists():
        return ""
    try:
        return Project(root, fetch=False).root_place.branch.name
    except TerraceError as error:
        note(f"note: {error.message}, so `branch` is not written")
        if error.hint:
            note(f"hint: {error.hint}")
        return ""


def _ask_for_branch(root: Path) -> str:
    """Asks for the protected branch of a repository, if Terrace could not determine it."""
    if not (root / ".git").exists():
        return ""
    name = answer("Protected branch, whose commits are deployed? [leave out] ")
    if name and not BRANCH_NAME.fullmatch(name):
        raise BadInput(f"{name!r} cannot name a branch", hint="give its short name, for example main")
    return name


def _whole_repository(root: Path) -> Start:
    """Returns the files of a whole repository, with those that exist left out."""
    mixed = [name for name in FOLDERS if os.path.lexists(root / name)]
    if mixed:
        raise BadInput(
            f"{mixed[0]} exists, and its files would be mixed with those of the layout",
            hint="`terrace init` without --layout proposes a terrace.yaml for the configuration that is there",
        )
    is_repository = (root / ".git").exists()
    facts = replace(_find_setup_facts(), branch=_protected_branch(root) or "main")
    text = "\n".join(header_lines(facts)) + "\n" + layout_environments() + check_lines(facts)
    files = {path: text for path, text in layout_files().items() if not os.path.lexists(root / path)}
    return Start(
        root,
        {**files, CONFIG_FILE: text, SCHEMA_FILE: schema_text()},
        repository=not is_repository,
        next=(
            "git add --all && git commit -m 'Add Terrace'",
            _KEY_STEP,
            "terrace deploy dev",
            "fill in `teams` and `people` in terrace.yaml, and the keys in .terrace/allowed_signers; then promote",
            "terrace promote staging",
            _FORGE_STEP,
        ),
    )


def _existing_repository(root: Path, *, asks: bool) -> Start | None:
    """Returns the files for the root modules of a repository; None if it has none, or if the proposal is declined."""
    proposal = propose(*working_tree(root))
    show_proposal(proposal)
    if not proposal.environments:
        note(f"no root modules were found, so no {CONFIG_FILE} is proposed")
        note(
            "hint: a stack is a folder with *.tf files, for example environments/dev/main.tf; `terrace init --layout "
            "full` writes a whole repository"
        )
        return None
    branch = _protected_branch(root)
    facts = _find_setup_facts()
    if asks:
        branch = branch or _ask_for_branch(root)
        show_lines(_configuration(root, proposal, replace(facts, branch=branch)))
        confirmed = confirm_proposal(proposal)
        if confirmed is None:
            note("No changes were made.")
            return None
        proposal = confirmed
    files = {CONFIG_FILE: _configuration(root, proposal, replace(facts, branch=branch))}
    if not os.path.lexists(root / SCHEMA_FILE):
        files[SCHEMA_FILE] = schema_text()
    first = proposal.environments[0].name
    steps = (
        *(() if (root / ".git").exists() else ("git init -b main",)),
        f"git add {' '.join(sorted(files))} && git commit -m 'Add Terrace'   # takes effect on the protected branch",
        _KEY_STEP,
        "terrace doctor",
        "terrace adopt --print   # after the merge: adopts the stacks that Terraform deployed before",
        f"terrace deploy {first}",
        _FORGE_STEP,
    )
    return Start(root, files, repository=False, next=steps)


_KEY_STEP = "export TERRACE_BACKUP_KEY=$(openssl rand -base64 32)   # store it safely: it decrypts the state backups"
_FORGE_STEP = "terrace init github   # workflows, approvals and checks; or: terrace init gitlab"


def _find_setup_facts() -> SetupFacts:
    """Returns the tools and variables of this machine."""
    installed = find_tools()
    opa = "opa" in installed
    if not opa:
        note(f"note: OPA, which runs the policies, is not installed. Until then, its check is advisory: {INSTALL}")
    scanners = tuple(name for name in SCANNERS if name in installed)
    return SetupFacts(exported=frozenset(ENVIRON), scanners=scanners, opa=opa)


def _configuration(root: Path, proposal: Proposal, facts: SetupFacts) -> str:
    """Returns the text of terrace.yaml for a proposal."""
    facts = replace(facts, variables=_variables(root, proposal))
    return terrace_yaml(proposal.environments, proposal.entries, facts) + check_lines(facts)


def _variables(root: Path, proposal: Proposal) -> Mapping[str, tuple[str, ...]]:
    """Returns the variables that the providers of each proposed environment read."""
    tree, store = working_tree(root)
    text = terrace_yaml(proposal.environments, proposal.entries).encode()
    config = load(text, CONFIG_FILE, discovered=environments(tree), checks=CHECKS)
    return find_provider_variables(examine(tree, config, store).inventory)


def find_tools() -> frozenset[str]:
    """Returns the names of OPA and the scanners that are installed on this machine."""
    from terrace.adapters.tools.find_tool import Toolbox
    from terrace.adapters.tools.known import tool

    box = Toolbox(Home.tools())
    return frozenset(name for name in ("opa", *SCANNERS) if box.find(tool(name)) is not None)


# --- writing the files ---------------------------------------------------------------------------------------------


def _write(start: Start) -> None:
    """Writes all files, or none: after an error, the new files are removed again."""
    created: list[Path] = []
    try:
        if start.repository:
            _create_repository(start.root, created)
        for name, text in start.files.items():
            check_way(start.root, name)
            _create_folders((start.root / name).parent, created)
            write_new(start.root, name, text.encode(), mode=0o777 if name in EXECUTABLE else 0o666)
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
    if not dry_run:
        show("")
        show("next:")
        for step in start.next:
            show(f"  {step}")
