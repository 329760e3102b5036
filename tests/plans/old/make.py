"""Make the plans of old Terraforms that stand here, with real ones.

    python tests/plans/old/make.py PROVIDER TERRAFORM...

PROVIDER is the program of `tests/provider` of protocol 5 (`support.tools.provider("five", "5", "1.0.0")`), each
TERRAFORM a program of an old version. README.md says where they come from.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
MAIN = """
variable "password" {
  default = "hunter2-hunter2"
  SENSITIVE
}

resource "five_thing" "it" {
  count = 2
  name  = "it-${count.index}"
  note  = var.password
}

output "password" {
  value     = var.password
  sensitive = true
}

output "size" {
  value = 3
}
"""
REQUIRED = """
terraform {
  required_providers {
    five = {
      source = "registry.terraform.io/hashicorp/five"
    }
  }
}
"""


def make(provider: Path, terraform: Path) -> None:
    """One plan; it stands in VERSION.json."""
    version = subprocess.run([terraform, "version"], capture_output=True, text=True, check=True).stdout.split()[1]
    new = not version.startswith("v0.12")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        text = MAIN.replace("SENSITIVE", "sensitive = true" if new else "")
        (root / "main.tf").write_text((REQUIRED if new else "") + text)
        plugins = root / "plugins/registry.terraform.io/hashicorp/five/1.0.0/linux_amd64" if new else root / "plugins"
        plugins.mkdir(parents=True)
        shutil.copy(provider, plugins / provider.name)
        env = {"PATH": os.defpath, "HOME": place, "CHECKPOINT_DISABLE": "1"}
        plugin = f"-plugin-dir={root / 'plugins'}"
        for argv in (["init", "-input=false", plugin], ["plan", "-input=false", "-out=it.plan"]):
            subprocess.run([terraform, *argv], cwd=root, env=env, check=True, stdout=subprocess.DEVNULL)
        told = subprocess.run(
            [terraform, "show", "-json", "it.plan"], cwd=root, env=env, check=True, capture_output=True
        )
    (HERE / f"{version.removeprefix('v')}.json").write_text(json.dumps(json.loads(told.stdout), indent=1) + "\n")


if __name__ == "__main__":
    for program in sys.argv[2:]:
        make(Path(sys.argv[1]), Path(program))
