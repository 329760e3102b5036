"""The environment of a Terraform process: an allow-list, and the variables that terrace.yaml names. Nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

ALLOWED = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "SSH_AUTH_SOCK",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
    }
)
"""Variables that every child gets: program paths, proxies, certificates, and the SSH agent for private modules."""

ALLOWED_PREFIX = "TF_TOKEN_"
"""Tokens of module and provider registries."""

WORKSPACE = "TF_WORKSPACE"
"""Selects a workspace for one command. `workspace select` would select it for all users of the data folder."""

GOGC = "400"
"""Garbage collection of providers: saves a tenth of the time of an AWS plan, for a few hundred megabytes."""

SMALL = {"GOGC": "off", "GOMEMLIMIT": "600MiB"}
"""For processes with the fast lane, which hold a part of a schema: collects garbage late, and saves a seventh of the
time."""


def small(ours: Mapping[str, str]) -> Mapping[str, str]:
    """Returns SMALL, unless the environment of this process already sets these variables."""
    return {} if "GOGC" in ours or "GOMEMLIMIT" in ours else SMALL


def child_environment(
    ours: Mapping[str, str], variables: Mapping[str, str], data: Path, cli_config: Path, workspace: str
) -> dict[str, str]:
    """Returns the complete environment of one child process. `given` are the credentials and variables of the
    environment; `workspace` is the CLI workspace of the stack, regardless of the one selected elsewhere."""
    allowed = {k: v for k, v in ours.items() if k in ALLOWED or k.startswith(ALLOWED_PREFIX)}
    return {
        **allowed,
        "GOGC": ours.get("GOGC", GOGC),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        **variables,
        "TF_DATA_DIR": str(data),
        "TF_CLI_CONFIG_FILE": str(cli_config),
        WORKSPACE: workspace,
    }
