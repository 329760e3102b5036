"""Types and arguments that newer providers of other services call differently, or no longer have.

Data from the upgrade guides and schemas of the providers.
"""

from __future__ import annotations

from terrace.clouds.cloud import Replacement, Where

TYPES: dict[tuple[Where, str], Replacement] = {
    ("data", "template_file"): ("the function `templatefile`", "Terraform 0.12"),
    ("data", "template_dir"): ("the function `templatefile` with `fileset`", "Terraform 0.12"),
    ("data", "template_cloudinit_config"): (
        "`cloudinit_config` of hashicorp/cloudinit",
        "Terraform 0.12",
    ),
    ("data", "null_data_source"): ("a local value", "Terraform 0.12"),
}
