"""The Git submodules that terrace.yaml selects, and the URLs that they are fetched from.

`.gitmodules` is a file of the commit, so a change can have any URL in it. Terrace uses the URL on the protected branch:
no change decides which host gets its credentials.
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
# In the URL of a remote the host can be an SSH alias, which needs no user.
_BASES = (_HTTPS, _SSH, re.compile(rf"((?:{_USER})?{_HOST}:)({_PATH})"), _FILE)
_GRAMMAR = "https://HOST/PATH, ssh://HOST/PATH, git@HOST:PATH, or a relative URL such as ../other.git"


@dataclass(frozen=True, slots=True)
class DeclaredSubmodule:
    """An entry of `.gitmodules`: path and URL of a submodule, and the line of the path."""

    path: str
    url: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class SubmoduleUrl:
    """A URL that Git can fetch from, and the only transport that is allowed for it."""

    url: str
    transport: Transport


def is_chosen(path: str, chosen: Iterable[str], *, nested: bool) -> bool:
    """Returns whether terrace.yaml selects a submodule. A nested submodule is selected only by its path."""
    return any(choice == path or (choice == EVERY and not nested) for choice in chosen)


def read_gitmodules(values: Iterable[tuple[str, str]], text: str = "") -> Mapping[str, DeclaredSubmodule]:
    """Returns the submodules of a `.gitmodules` file, by path. `values` are pairs such as `submodule.net.path`, `net`.

    `text` is the content of the file, for the line numbers. Raises BadInput where two submodules have the same path.
    """
    sections: dict[str, dict[str, str]] = {}
    for key, value in values:
        section, _, rest = key.partition(".")
        name, dot, last = rest.rpartition(".")
        if section == "submodule" and dot and last in ("path", "url"):
            sections.setdefault(name, {})[last] = value
    submodules: dict[str, DeclaredSubmodule] = {}
    for settings in sections.values():
        path = settings.get("path", "").rstrip("/")
        if not path:
            continue
        if path in submodules:
            raise BadInput(f"two submodules have the path {path}", hint="remove one of them")
        submodules[path] = DeclaredSubmodule(path, settings.get("url", ""), _line(text, path))
    return submodules


def _line(text: str, path: str) -> int:
    pattern = re.compile(rf'\s*(?:\[[^\]]*\]\s*)?path\s*=\s*"?{re.escape(path)}/?"?\s*(?:[#;].*)?', re.IGNORECASE)
    return next((at for at, line in enumerate(text.split("\n"), 1) if pattern.fullmatch(line.rstrip("\r"))), 0)


def resolve_url(url: str, base: str | None) -> SubmoduleUrl:
    """Returns the URL that a submodule is fetched from. `base` is the URL of the repository that has the submodule;
    None where it has no remote.

    Raises BadInput for a URL that Terrace does not support, and for a local folder where the repository itself is
    remote.
    """
    if url.startswith(("./", "../")) or url in (".", ".."):
        return _relative(url, base)
    if _HTTPS.fullmatch(url):
        if re.match(r"https://[^/@]*:[^/@]*@", url):
            raise BadInput(
                "its URL contains a password",
                hint="remove it from the URL and store it in a Git credential helper",
            )
        return SubmoduleUrl(url, "https")
    if _SSH.fullmatch(url) or _SCP.fullmatch(url):
        return SubmoduleUrl(url, "ssh")
    if _FILE.fullmatch(url):
        if base is not None and not _FILE.fullmatch(base):
            raise BadInput(
                f"its URL {shown_url(url)} is a local folder, but the repository is remote",
                hint=f"use one of: {_GRAMMAR}",
            )
        return SubmoduleUrl(url, "file")
    raise BadInput(f"Terrace cannot fetch from its URL {shown_url(url)}", hint=f"use one of: {_GRAMMAR}")


def _relative(url: str, base: str | None) -> SubmoduleUrl:
    """Returns a relative URL resolved as Git does, but never to another host."""
    matched = next(
        (match for pattern in _BASES if base is not None and (match := pattern.fullmatch(base.rstrip("/")))), None
    )
    if matched is None:
        raise BadInput(
            f"its URL {shown_url(url)} is relative, but it cannot be resolved against the URL of the repository",
            hint=f"use one of: {_GRAMMAR}",
        )
    place, path = matched[1], matched[2]
    rooted = path.startswith("/")
    parts = [part for part in path.split("/") if part]
    for step in url.split("/"):
        if step == "..":
            if not parts:
                raise BadInput(f"its URL {shown_url(url)} is above the root of the host", hint="use fewer `../`")
            parts.pop()
        elif step not in ("", "."):
            parts.append(step)
    whole = f"{place}{'/' if rooted else ''}{'/'.join(parts)}"
    if not parts or not any(pattern.fullmatch(whole) for pattern in _BASES):
        raise BadInput(f"its URL {shown_url(url)} is not the URL of a repository", hint=f"use one of: {_GRAMMAR}")
    transport: Transport = "file" if _FILE.fullmatch(whole) else "https" if whole.startswith("https:") else "ssh"
    return SubmoduleUrl(whole, transport)


def shown_url(url: str) -> str:
    """Returns a URL for a message, without user and password, and truncated."""
    return repr(re.sub(r"(?<=://)[^/\s@]*@", "***@", url)[:200])
