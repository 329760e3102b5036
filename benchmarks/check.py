"""A whole `terrace check` beside the tools that it stands for, one after another by hand.

    python benchmarks/check.py [STACKS]

Makes a repository of so many stacks (10) of the AWS provider, which only plan, with a change of a module that all of
them use, and prints the seconds of `terrace check` and of: fmt of everything; validate, plan and show of every stack;
opa or conftest over each plan; checkov over the tree. Tools that are not on PATH are left out on both sides, and said.
Aim: 0.6 of one after another.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from terrace.adapters.terraform.cli_config import cli_config

MODULE = """
variable "name" {
  type = string
}

resource "aws_s3_bucket" "it" {
  count  = 20
  bucket = "${var.name}-${count.index}-1"
}
"""
STACK = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
}

module "thing" {
  source = "../../../modules/thing"
  name   = "NAME"
}
"""
RULE = """package main

deny contains msg if {
	some r in input.resource_changes
	endswith(r.change.after.bucket, "-3")
	msg := sprintf("%s is a three", [r.address])
}
"""
SETTINGS = "version: 1\nenvironments:\n  dev: {}\npolicies: [{path: policies, input: plan}]\n"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "work"
        names = [f"s{n}" for n in range(count)]
        lay(root, names)
        env = {**os.environ, "TERRACE_HOME": f"{place}/home", "XDG_CACHE_HOME": f"{place}/cache"}
        terrace = [sys.executable, "-P", "-m", "terrace", "check"]
        ours = timed(lambda: run(terrace, root, env, finds=True))
        # The providers that Terrace finds by itself are found by hand as well.
        hand = {**os.environ, "TF_CLI_CONFIG_FILE": str(cli_config(os.environ, Path(place) / "plugins").path)}
        stages = by_hand(root, names, hand)
        steps = {name: timed(step) for name, step in stages.items()}
        theirs = sum(steps.values())
        for name, seconds in steps.items():
            print(f"{name:>10} {seconds:7.2f} s")
        print(f"{'by hand':>10} {theirs:7.2f} s")
        print(f"{'terrace':>10} {ours:7.2f} s, {ours / theirs:.2f} of it")


def lay(root: Path, names: Sequence[str]) -> None:
    """The repository, with its change on a branch."""
    files = {"modules/thing/main.tf": MODULE, "policies/main.rego": RULE, "terrace.yaml": SETTINGS}
    files |= {f"environments/dev/{name}/main.tf": STACK.replace("NAME", name) for name in names}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    git = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com"]
    run([*git, "init", "-q", "-b", "main"], root, dict(os.environ))
    run([*git, "add", "-A"], root, dict(os.environ))
    run([*git, "commit", "-qm", "feat: begin"], root, dict(os.environ))
    module = root / "modules/thing/main.tf"
    module.write_text(MODULE.replace("-1", "-2"))
    run([*git, "switch", "-qc", "change"], root, dict(os.environ))
    run([*git, "commit", "-qam", "feat: twos"], root, dict(os.environ))


def by_hand(root: Path, names: Sequence[str], env: dict[str, str]) -> dict[str, Callable[[], object]]:
    """What somebody would run, one after another."""
    terraform = shutil.which("terraform") or shutil.which("tofu") or sys.exit("there is no terraform on PATH")
    folders = [root / "environments/dev" / name for name in names]

    def each(*argvs: Sequence[str]) -> Callable[[], object]:
        return lambda: [run(argv, folder, env) for folder in folders for argv in argvs]

    def planned() -> None:
        for folder in folders:
            run([terraform, "plan", "-input=false", "-out=it.plan"], folder, env)
            (folder / "plan.json").write_bytes(run([terraform, "show", "-json", "it.plan"], folder, env))

    steps: dict[str, Callable[[], object]] = {
        "fmt": lambda: run([terraform, "fmt", "-check", "-recursive"], root, env),
        "validate": each([terraform, "init", "-input=false"], [terraform, "validate"]),
        "plan": planned,
    }
    if conftest := shutil.which("conftest"):
        steps["conftest"] = each([conftest, "test", "--policy", str(root / "policies"), "plan.json"])
    elif opa := shutil.which("opa"):
        steps["opa"] = each([opa, "eval", "--data", str(root / "policies"), "--input", "plan.json", "data.main.deny"])
    else:
        print("there is neither conftest nor opa on PATH: policies are run on no side")
    if checkov := shutil.which("checkov"):
        steps["checkov"] = lambda: run([checkov, "-d", str(root), "--compact", "--quiet"], root, env, finds=True)
    else:
        print("there is no checkov on PATH: it is run on no side")
    return steps


def timed(what: Callable[[], object]) -> float:
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


def run(argv: Sequence[str], cwd: Path, env: dict[str, str], *, finds: bool = False) -> bytes:
    """Run to the end. What `finds` something says so with exit 1; anybody else that does has failed."""
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, check=False)
    if done.returncode not in ((0, 1) if finds else (0,)):
        sys.exit(f"{' '.join(argv)}\n{done.stdout.decode()[-800:]}{done.stderr.decode()[-800:]}")
    return done.stdout


if __name__ == "__main__":
    main()
