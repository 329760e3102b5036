"""A usual pipeline's commands against `terrace check` and `terrace deploy`, on the same three environments.

The usual pipeline, for each environment: init, validate, init, plan, show -json, show; to deploy: init, plan, show,
init, apply, output. Terrace does the same work with backups, ledger, digests and tags on top, once for each
setting of `terraform: {fast: ...}`. Prints ratios.
"""

from __future__ import annotations

import base64
import compileall
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import terrace
from terrace.adapters.embedded_aws import EmbeddedAws
from terrace.adapters.terraform.cli_config import cli_config

ENVIRONMENTS = ("dev", "staging", "prod")
RESOURCES = 10

ROOT = """\
terraform {{
  required_providers {{
    aws = {{
      source = "hashicorp/aws"
    }}
  }}
  backend "s3" {{
    bucket         = "benchmark-states"
    key            = "{who}/{environment}/terraform.tfstate"
    region         = "eu-central-1"
    use_lockfile   = true
    use_path_style = true
  }}
}}

provider "aws" {{}}

module "service" {{
  source = "../../modules/service"
  prefix = "{who}-{environment}"
}}

output "names" {{
  value = module.service.names
}}
"""

MODULE = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "prefix" {
  type = string
}

resource "aws_ssm_parameter" "setting" {
  count = %d
  name  = "/${var.prefix}/setting-${count.index}"
  type  = "String"
  value = "first"
}

output "names" {
  value = aws_ssm_parameter.setting[*].name
}
"""

TERRACE = """\
version: 1
terraform: {fast: FAST}
environments:
  dev: {env: [VARIABLES]}
  staging: {after: dev, env: [VARIABLES]}
  prod: {after: staging, env: [VARIABLES]}
"""


def main() -> None:
    """Lay out two equal repositories, time both ways, print the ratios."""
    with tempfile.TemporaryDirectory(prefix="terrace-benchmark-") as place, EmbeddedAws() as aws:
        aws.make_bucket("benchmark-states")
        folder = Path(place)
        # What is installed is compiled.
        compileall.compile_dir(Path(terrace.__file__).parent, quiet=1)
        usual = _usual(_lay(folder / "usual", "usual", aws), folder, aws)
        for fast in ("off", "plan-only", "auto"):
            repository = _lay(folder / fast / "terrace", fast, aws, fast)
            ours = _ours(repository, folder / fast, aws)
            for what in ("check", "deploy"):
                told = (
                    f"usual {usual[what]:5.1f} s   terrace {ours[what]:5.1f} s   ratio {ours[what] / usual[what]:.2f}"
                )
                print(f"fast: {fast:9} {what:7} {told}")


def _lay(folder: Path, who: str, aws: EmbeddedAws, fast: str = "off") -> Path:
    files = {f"environments/{e}/main.tf": ROOT.format(who=who, environment=e) for e in ENVIRONMENTS}
    files["modules/service/main.tf"] = MODULE % RESOURCES
    files["terrace.yaml"] = TERRACE.replace("VARIABLES", ", ".join(aws.variables)).replace("FAST", f'"{fast}"')
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _usual(repository: Path, folder: Path, aws: EmbeddedAws) -> dict[str, float]:
    config = {"TF_CLI_CONFIG_FILE": str(cli_config(os.environ, folder / "cache").path)}
    env = {**os.environ, **aws.variables, **config, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    check = (("init",), ("validate",), ("init",), ("plan", "-out=plan"), ("show", "-json", "plan"), ("show", "plan"))
    deploy = (("init",), ("plan", "-out=plan"), ("show", "plan"), ("init",), ("apply", "plan"), ("output", "-json"))
    return {what: _sequence(repository, steps, env) for what, steps in (("check", check), ("deploy", deploy))}


def _sequence(repository: Path, steps: tuple[tuple[str, ...], ...], env: Mapping[str, str]) -> float:
    began = time.monotonic()
    for environment in ENVIRONMENTS:
        for step in steps:
            quiet = () if step[0] in ("show", "output", "validate") else ("-input=false",)
            argv = ["terraform", step[0], *quiet, *step[1:]]
            _run(argv, repository / "environments" / environment, env)
    return time.monotonic() - began


def _ours(repository: Path, folder: Path, aws: EmbeddedAws) -> dict[str, float]:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    env = {**os.environ, **aws.variables, "TERRACE_HOME": str(folder / "home"), "TERRACE_BACKUP_KEY": key}
    for argv in (
        ("git", "init", "--quiet", "--initial-branch=main"),
        ("git", "config", "user.name", "ann"),
        ("git", "config", "user.email", "ann@example.com"),
        ("git", "add", "--all"),
        ("git", "commit", "--quiet", "-m", "first"),
        ("git", "init", "--quiet", "--bare", "--initial-branch=main", str(folder / "remote.git")),
        ("git", "remote", "add", "origin", str(folder / "remote.git")),
        ("git", "push", "--quiet", "origin", "main"),
    ):
        _run(list(argv), repository, env)
    module = repository / "modules/service/main.tf"
    module.write_text(module.read_text().replace('"first"', '"second"'))
    program = [sys.executable, "-P", "-m", "terrace"]
    check = _timed([*program, "check", "--json"], repository, env)
    for argv in (("commit", "--quiet", "--all", "-m", "second"), ("push", "--quiet", "origin", "main")):
        _run(["git", *argv], repository, env)
    began = time.monotonic()
    _run([*program, "deploy", "dev"], repository, env)
    _run([*program, "promote", "staging"], repository, env)
    _run([*program, "promote", "prod"], repository, env)
    return {"check": check, "deploy": time.monotonic() - began}


def _timed(argv: list[str], cwd: Path, env: Mapping[str, str]) -> float:
    began = time.monotonic()
    _run(argv, cwd, env)
    return time.monotonic() - began


def _run(argv: list[str], cwd: Path, env: Mapping[str, str]) -> None:
    done = subprocess.run(argv, cwd=cwd, env=dict(env), capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout.decode()}\n{done.stderr.decode()}")


if __name__ == "__main__":
    main()
