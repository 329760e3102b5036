"""Frequent errors of backends and providers in a plain sentence, with what to do.

Their own messages are chains of calls. They stay in the diagnostics, and the sentence comes first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from terrace.errors import Diagnostic


@dataclass(frozen=True, slots=True)
class Explanation:
    """The meaning of an error, and how to fix it. The sentence is a clause after "failed: "."""

    sentence: str
    hint: str


_ADDRESS = re.compile(r"(?:Get|Post|Put|Head|Delete) \"?(https?://[^/\"\s@]+)[/\"]")
_DIALED = re.compile(r"dial tcp:? (?:lookup )?([^\s:]+(?::\d+)?)")
_UNREACHABLE = re.compile(
    r"connection refused|no such host|i/o timeout|TLS handshake timeout|network is unreachable|connection reset by peer"
)
_NO_BUCKET = re.compile(
    r"S3 bucket \"([^\"]+)\" does not exist|NoSuchBucket|storage: bucket doesn't exist|ContainerNotFound|"
    r"The specified (?:bucket|container) does not exist"
)
_EXPIRED = re.compile(r"ExpiredToken|token (?:has|is) expired|InvalidClientTokenId|SSO session .*expired|AADSTS7000")
_DENIED = re.compile(r"not authorized to perform|AccessDenied|AuthorizationFailed|StatusCode: 403")
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z0-9]+)")
_VERSION = re.compile(r"does not support (Terraform|OpenTofu) version ([0-9][^\s]*?)\.(?=\s)")
_CONSTRAINT = re.compile(r"required_version\s*=\s*\"([^\"]+)\"")


def explain(diagnostic: Diagnostic) -> Explanation | None:
    """Returns the explanation of an error; None where Terraform's own summary is the best there is."""
    text = f"{diagnostic.summary} {diagnostic.detail}"
    if _UNREACHABLE.search(text):
        named = _ADDRESS.search(text) or _DIALED.search(text)
        server = f" {named[1]}" if named is not None else ""
        return Explanation(
            f"the server{server} cannot be reached",
            "check the network, the proxy and the address of the endpoint, then run the command again",
        )
    if bucket := _NO_BUCKET.search(text):
        name = f" {bucket[1]!r}" if bucket[1] else ""
        return Explanation(
            f"the bucket{name} of the state does not exist",
            "create it (AWS: aws s3 mb s3://BUCKET, with versioning), or correct the `backend` block; "
            "Terrace never creates it",
        )
    if _EXPIRED.search(text):
        return Explanation(
            "the credentials have expired or are invalid",
            "log in again, for example with `aws sso login` or `az login`",
        )
    if _DENIED.search(text) and "IMDS" not in text:
        action = _ACTION.search(text)
        purpose = f"to perform {action[1]}" if action is not None else "to do this"
        return Explanation(
            f"the credentials are not allowed {purpose}",
            "check whose credentials they are (`aws sts get-caller-identity`), and add the permission to that role",
        )
    if version := _VERSION.search(f"{text} "):
        constraint = _CONSTRAINT.search(diagnostic.snippet.code) if diagnostic.snippet is not None else None
        needs = (
            f"version {constraint[1]!r} of {version[1]} is required"
            if constraint
            else f"another {version[1]} is required"
        )
        return Explanation(
            f"{needs}, and this is {version[2]}",
            f"install a matching {version[1]}, set its path in terrace.yaml (`terraform: {{binary: PATH}}`), or change "
            "`required_version`",
        )
    return None
