"""How Git is let into a remote: by a header of its requests to one host, which stands in no file and no argument."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from terrace.adapters.environ import forge_tokens

Access = Callable[[], Mapping[str, str]]
"""Variables for a Git that talks to a remote; asked for anew each time, since what they hold may end."""


def usual() -> Mapping[str, str]:
    """Whatever Git knows by itself: its credential helpers may need the token of a forge."""
    return forge_tokens()


def by_token(server: str, token: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Variables with which Git shows a token to that server (`https://HOST`) and to no other."""
    known = int(environ.get("GIT_CONFIG_COUNT", "0") or 0)
    shown = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key = f"http.{server.rstrip('/')}/.extraheader"
    # The empty one takes away what a checkout left in the repository: two of them are refused.
    values = ("", f"AUTHORIZATION: basic {shown}")
    found = {"GIT_CONFIG_COUNT": str(known + len(values))}
    for number, value in enumerate(values, known):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found
