"""A stack of the real AWS provider whose object gets its name from the cloud: made twice, there are two of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.backends import S3, Backend
from support.marks import Workplace, lay_out

_STACK = """\
terraform {{
  required_providers {{
    aws = {{
      source = "hashicorp/aws"
    }}
  }}
}}

provider "aws" {{}}

resource "terraform_data" "release" {{
  input = "{release}"
}}

resource "aws_eip" "it" {{
  domain = "vpc"
  tags   = {{ release = "{release}" }}
  lifecycle {{
    replace_triggered_by = [terraform_data.release]
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class CloudWorkplace(Workplace):
    """What was made is read back from the cloud: every address that was ever given out for a release."""

    @property
    def seconds(self) -> float:
        return 5.0

    def made(self, release: str) -> Counter[str]:
        """How many addresses there are for a release."""
        assert isinstance(self.backend, S3)
        body = "Action=DescribeAddresses&Version=2016-11-15&Filter.1.Name=tag:release&Filter.1.Value.1=" + release
        headers = {**self.backend.aws.sign("ec2"), "Content-Type": "application/x-www-form-urlencoded"}
        answer = httpx.post(self.backend.aws.endpoint, content=body, headers=headers, timeout=None).raise_for_status()
        count = len(re.findall("<allocationId>", answer.text))
        return Counter({"address": count} if count else {})

    def stack(self, release: str) -> str:
        """One address."""
        return self.backend.block(self.key) + _STACK.format(release=release)


def cloud_workplace(folder: Path, backend: Backend, ledger: str = "git") -> CloudWorkplace:
    """Lay out a repository whose stack is in the cloud."""
    return lay_out(CloudWorkplace(folder, backend, ledger))
