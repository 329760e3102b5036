"""Small real stacks that need no provider, for tests of everything that runs Terraform."""

from __future__ import annotations

from pathlib import Path

from terrace.adapters.terraform.client import LocalTerraform
from terrace.config.model import TerraformSettings
from terrace.plans.ports import Site
from terrace.stacks.model import Stack

GREETING = """
variable "greeting" {
  type    = string
  default = "hello"
}

resource "terraform_data" "greeting" {
  input = var.greeting
}

output "greeting" {
  value = terraform_data.greeting.output
}
"""


def site_of(root: Path, text: str, environment: str = "dev") -> Site:
    """A site with one stack whose configuration is `text`; its state is local."""
    stack = Stack.conventional(environment, f"environments/{environment}")
    folder = root / stack.path
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(text)
    return Site(stack=stack, root=root, init_key="one")


def terraform_in(folder: Path, binary: str = "terraform") -> LocalTerraform:
    """A Terraform with a cache and a place for states of its own below `folder`."""
    return LocalTerraform(TerraformSettings(binary=binary), cache=folder / "cache", states=folder / "states")
