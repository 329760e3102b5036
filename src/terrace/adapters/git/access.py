"""Git's access to a remote: an HTTP header for one host, which is in no file and no argument."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from terrace.adapters.environ import forge_tokens

Access = Callable[[], Mapping[str, str]]
"""Returns the variables for a Git that connects to a remote. Called each time, since credentials may expire."""


def usual() -> Mapping[str, str]:
    """Returns the variables for Git's own access: its credential helpers may need the token of a forge."""
    return forge_tokens()


def by_token(server: str, token: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Returns variables with which Git sends a token to that server (`https://HOST`) and not to any other."""
    count = int(environ.get("GIT_CONFIG_COUNT", "0") or 0)
    shown = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{server.rstrip('/')}/.extraheader"
    # The empty value removes a header that a checkout left in the repository: servers reject two of them.
    values = ("", f"AUTHORIZATION: basic {shown}")
    variables = {"GIT_CONFIG_COUNT": str(count + len(values))}
    for number, value in enumerate(values, count):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
