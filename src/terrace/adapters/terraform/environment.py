"""What a Terraform child may know: an allow-list, and what the environment of terrace.yaml names. Nothing else."""

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
"""Variables that every child gets: where programs are, proxies, certificates, the SSH agent for private modules."""

ALLOWED_PREFIX = "TF_TOKEN_"
"""Tokens of module and provider registries."""

WORKSPACE = "TF_WORKSPACE"
"""Selects a workspace for one command. `workspace select` would do so for everybody who uses the data folder."""

GOGC = "400"
"""How lazily the provider collects garbage: a tenth off every AWS plan for some hundred megabytes."""

SMALL = {"GOGC": "off", "GOMEMLIMIT": "600MiB"}
"""For processes that see a part of a schema only: no garbage is collected before there is much of it. A seventh off."""


def small(ours: Mapping[str, str]) -> Mapping[str, str]:
    """SMALL, unless whoever started us decided about it."""
    return {} if "GOGC" in ours or "GOMEMLIMIT" in ours else SMALL


def child_environment(
    ours: Mapping[str, str], given: Mapping[str, str], data: Path, cli_config: Path, workspace: str
) -> dict[str, str]:
    """The whole environment of one child. `given` are the credentials and names of the environment at work; `workspace`
    is the CLI workspace of the stack, whatever anybody selected elsewhere."""
    allowed = {k: v for k, v in ours.items() if k in ALLOWED or k.startswith(ALLOWED_PREFIX)}
    return {
        **allowed,
        "GOGC": ours.get("GOGC", GOGC),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        **given,
        "TF_DATA_DIR": str(data),
        "TF_CLI_CONFIG_FILE": str(cli_config),
        WORKSPACE: workspace,
    }
