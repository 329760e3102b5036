"""Git submodules: which ones a configuration takes, and from which address each is fetched.

`.gitmodules` is a file of the commit, so a change may name any address in it. The address that counts is the one on the
protected branch: no change decides where Terrace connects to with its credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from terrace.config.model import EVERY
from terrace.errors import BadInput

GITMODULES = ".gitmodules"

Transport = Literal["https", "ssh", "file"]

_USER = r"(?:[A-Za-z0-9_][A-Za-z0-9._~+-]*@)"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_REST = r"[^\x00-\x20\x7f\\?#]+"
_HTTPS = re.compile(rf"(https://(?:[^/@\s]*@)?{_HOST}(?::[0-9]{{1,5}})?)(/{_REST})")
_SSH = re.compile(rf"(ssh://{_USER}?{_HOST}(?::[0-9]{{1,5}})?)(/{_REST})")
_PATH = r"(?!//)[^:\-\x00-\x20\x7f\\?#][^\x00-\x20\x7f\\?#]*"
_SCP = re.compile(rf"({_USER}{_HOST}:)({_PATH})")
_FILE = re.compile(r"((?:file://)?)(/[^\x00-\x1f\x7f]*)")
# In the settings of a clone a host may be an alias of SSH, which needs no user.
_BASES = (_HTTPS, _SSH, re.compile(rf"((?:{_USER})?{_HOST}:)({_PATH})"), _FILE)
_GRAMMAR = "https://HOST/PATH, ssh://HOST/PATH, git@HOST:PATH, or a relative address such as ../other.git"


@dataclass(frozen=True, slots=True)
class Declared:
    """What `.gitmodules` says of one submodule: its path, its address, and the line of the path."""

    path: str
    url: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """An address that Git may fetch from, and the only transport that it may use for it."""

    url: str
    transport: Transport


def is_chosen(path: str, chosen: Iterable[str], *, nested: bool) -> bool:
    """Returns whether a configuration names a submodule. One in another submodule counts only by its path."""
    return any(one == path or (one == EVERY and not nested) for one in chosen)


def declared(values: Iterable[tuple[str, str]], text: str = "") -> Mapping[str, Declared]:
    """Returns what the values of a `.gitmodules` say, by path. `values` are pairs such as `submodule.net.path`, `net`.

    `text` is the file itself, in which the lines are found. Raises BadInput where two submodules have one path.
    """
    found: dict[str, dict[str, str]] = {}
    for key, value in values:
        section, _, rest = key.partition(".")
        name, dot, last = rest.rpartition(".")
        if section == "submodule" and dot and last in ("path", "url"):
            found.setdefault(name, {})[last] = value
    mine: dict[str, Declared] = {}
    for one in found.values():
        path = one.get("path", "").rstrip("/")
        if not path:
            continue
        if path in mine:
            raise BadInput(f"two submodules have the path {path}", hint="remove one of them")
        mine[path] = Declared(path, one.get("url", ""), _line(text, path))
    return mine


def _line(text: str, path: str) -> int:
    wanted = re.compile(rf'\s*(?:\[[^\]]*\]\s*)?path\s*=\s*"?{re.escape(path)}/?"?\s*(?:[#;].*)?', re.IGNORECASE)
    return next((at for at, line in enumerate(text.split("\n"), 1) if wanted.fullmatch(line.rstrip("\r"))), 0)


def address(url: str, base: str | None) -> Address:
    """Returns where a submodule is fetched from. `base` is the address of the repository that has the submodule, None
    where that has no remote.

    Raises BadInput for an address that is none of the grammar, and for one of this machine where the repository itself
    is from another one.
    """
    if url.startswith(("./", "../")) or url in (".", ".."):
        return _relative(url, base)
    if _HTTPS.fullmatch(url):
        if re.match(r"https://[^/@]*:[^/@]*@", url):
            raise BadInput("its address holds a password", hint="let a credential helper of Git have it")
        return Address(url, "https")
    if _SSH.fullmatch(url) or _SCP.fullmatch(url):
        return Address(url, "ssh")
    if _FILE.fullmatch(url):
        if base is not None and not _FILE.fullmatch(base):
            raise BadInput(
                f"its address {shown(url)} is a folder of the machine, and the repository is from another one",
                hint=f"write one of: {_GRAMMAR}",
            )
        return Address(url, "file")
    raise BadInput(f"its address {shown(url)} is none that Terrace fetches from", hint=f"write one of: {_GRAMMAR}")


def _relative(url: str, base: str | None) -> Address:
    """As Git resolves it, but never beyond the host."""
    matched = next((found for one in _BASES if base is not None and (found := one.fullmatch(base.rstrip("/")))), None)
    if matched is None:
        raise BadInput(
            f"its address {shown(url)} is relative, and the address of the repository is none that it can follow",
            hint=f"write one of: {_GRAMMAR}",
        )
    place, path = matched[1], matched[2]
    rooted = path.startswith("/")
    parts = [part for part in path.split("/") if part]
    for step in url.split("/"):
        if step == "..":
            if not parts:
                raise BadInput(f"its address {shown(url)} leads above the host", hint="give it fewer `../`")
            parts.pop()
        elif step not in ("", "."):
            parts.append(step)
    whole = f"{place}{'/' if rooted else ''}{'/'.join(parts)}"
    if not parts or not any(one.fullmatch(whole) for one in _BASES):
        raise BadInput(f"its address {shown(url)} leads to no repository", hint=f"write one of: {_GRAMMAR}")
    transport: Transport = "file" if _FILE.fullmatch(whole) else "https" if whole.startswith("https:") else "ssh"
    return Address(whole, transport)


def shown(url: str) -> str:
    """Returns an address for a message: without what may be a password, and not without an end."""
    return repr(re.sub(r"(?<=://)[^/\s@]*@", "***@", url)[:200])
