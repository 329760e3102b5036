"""What somebody does by hand in the embedded AWS, past Terraform and Terrace."""

from __future__ import annotations

import httpx

from terrace.adapters.embedded_aws import REGION, EmbeddedAws

VARIABLES = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
PROVIDER = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {}
"""


def call(aws: EmbeddedAws, service: str, version: str, action: str, **parameters: str) -> str:
    """Call an action of a service that speaks the query protocol, and return what it answers."""
    scope = f"test/20260101/{REGION}/{service}/aws4_request"
    answer = httpx.post(
        aws.endpoint,
        data={"Action": action, "Version": version, **parameters},
        headers={"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"},
        timeout=None,
    )
    answer.raise_for_status()
    return answer.text


def iam(aws: EmbeddedAws, action: str, **parameters: str) -> str:
    """Call IAM."""
    return call(aws, "iam", "2010-05-08", action, **parameters)


def ec2(aws: EmbeddedAws, action: str, **parameters: str) -> str:
    """Call EC2."""
    return call(aws, "ec2", "2016-11-15", action, **parameters)


def ssm(aws: EmbeddedAws, action: str, **body: object) -> None:
    """Call SSM."""
    scope = f"test/20260101/{REGION}/ssm/aws4_request"
    answer = httpx.post(
        aws.endpoint,
        json=body,
        headers={
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
            "X-Amz-Target": f"AmazonSSM.{action}",
            "Content-Type": "application/x-amz-json-1.1",
        },
        timeout=None,
    )
    answer.raise_for_status()
