"""The version of Open Policy Agent that Terrace installs."""

from __future__ import annotations

from terrace.checks.tools import GoModule, Tool

OPA = Tool(
    "opa",
    "1.22.2",
    "evaluates the Rego policies of the repository on plans",
    "with `policies` in terrace.yaml, no change passes",
    (GoModule("github.com/open-policy-agent/opa@v1.22.2"),),
    asks=("version",),
)
