"""`init`: terrace.yaml for a repository that exists, or a first repository in an empty folder. It changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from terrace.adapters.process import run
from terrace.apps.cli.console import note, show
from terrace.errors import BadInput, TerraceError
from terrace.stacks.load import LADDER
from terrace.stacks.naming import NAME

CONFIGURATION = re.compile(r".*\.(tf|tofu|tf\.json|tofu\.json)")

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


def init(folder: str, *, dry_run: bool) -> int:
    """Write what is missing; a file that exists is left as it is. With `dry_run` only tell."""
    root = _root(Path(folder).absolute())
    if not root.is_dir():
        raise BadInput(f"there is no folder {root}", hint="make it first")
    if (root / "terrace.yaml").exists():
        show("terrace.yaml exists already: nothing was written")
        return 0
    environments = _environments(root)
    empty = not any(path.name != ".git" for path in root.iterdir())
    if not environments and not empty:
        note("note: no stacks were found in environments/; terrace.yaml is written for dev, staging and prod")
    files = {"terrace.yaml": _terrace_yaml(environments or (("dev",) if empty else ("dev", "staging", "prod")))}
    if empty:
        files = {**_FIRST, **files}
    fresh = not (root / ".git").exists()
    if dry_run:
        for name in sorted(files):
            show(f"would write {name}")
        if fresh and empty:
            show("would make a Git repository")
        return 0
    _write(root, files)
    if fresh and empty:
        done = run(["git", "init", "--quiet", "--initial-branch=main", root])
        if done.code != 0:
            raise TerraceError(f"git init failed: {done.message}")
        show("made a Git repository")
    for name in sorted(files):
        show(f"wrote {name}")
    show("\nnext:\n  git add --all && git commit -m 'Add Terrace'")
    show("  export TERRACE_BACKUP_KEY=$(openssl rand -base64 32)")
    show("  terrace doctor\n  terrace check --base HEAD\n  terrace deploy dev")
    return 0


def _root(folder: Path) -> Path:
    """The root of the repository around a folder, or the folder itself."""
    done = run(["git", "-C", folder, "rev-parse", "--show-toplevel"])
    return Path(done.out.decode().rstrip("\n")) if done.code == 0 else folder


def _environments(root: Path) -> tuple[str, ...]:
    """The environments of the convention that this folder holds, up the usual ladder."""
    home = root / "environments"
    names = {
        folder.name
        for folder in (home.iterdir() if home.is_dir() else ())
        if NAME.fullmatch(folder.name) and any(CONFIGURATION.fullmatch(p.name) for p in _two_levels(folder))
    }
    return tuple(sorted(names, key=lambda n: (LADDER.index(n) if n in LADDER else len(LADDER), n)))


def _two_levels(folder: Path) -> tuple[Path, ...]:
    return (*folder.glob("*"), *folder.glob("*/*")) if folder.is_dir() else ()


def _terrace_yaml(environments: tuple[str, ...]) -> str:
    lines = [
        "# What each key means: terrace config schema, or docs/reference/terrace-yaml.md",
        "version: 1",
        "environments:",
    ]
    for index, name in enumerate(environments):
        last = index == len(environments) - 1
        body = []
        if index:
            body.append(f"    after: {environments[index - 1]}   # takes only what succeeded there")
        if last and index:
            body.append("    approvals: 1   # or by team: {security: 1, owners: 2}")
        elif not index:
            body.append("    deploy: manual   # automatic: `terrace tick` deploys what lands on the protected branch")
        lines += [f"  {name}:", *(body or ["    deploy: manual"])]
    lines += [
        "",
        "# teams: {owners: [ann, bob]}",
        "# people: {ann: {emails: [ann@example.com]}}   # nobody approves commits of their own",
        "# SSH keys of those who approve, one `NAME KEY` a line: .terrace/allowed_signers",
    ]
    return "\n".join(lines) + "\n"


def _write(root: Path, files: Mapping[str, str]) -> None:
    """All of them or none: what was written is taken away again when one cannot be."""
    written: list[Path] = []
    try:
        for name, text in files.items():
            path = root / name
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink()
        raise TerraceError(f"{error.filename} cannot be written: {error.strerror}", hint="nothing was left") from error
