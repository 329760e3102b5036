"""Secrets in a text: known formats, and values with the name of a secret. Fast, since most texts contain neither."""

from __future__ import annotations

import base64
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from terrace.checks.secrets.configuration import named_texts
from terrace.checks.secrets.kinds import AWS_SECRET, BY_NAME, KINDS, PASSWORD, SECRET, Kind
from terrace.checks.secrets.names import (
    entropy,
    is_placeholder,
    plausible,
    reads_like_words,
    says_password,
    says_secret,
    words,
)


@dataclass(frozen=True, slots=True)
class SecretMatch:
    """The place of a secret of some kind in a text: `text[start:end]`."""

    kind: Kind
    start: int
    end: int


_MENTIONS = (
    *("pass", "pwd", "secret", "token", "credential", "connection_string", "connectionstring", "key"),
    *(f"{noun}{end}" for noun in ("pat", "pw") for end in ('"', " =", "=", ":")),
)
"""Parts of names of secrets, in lowercase. Finding these is much faster than one pattern of all of them."""

_MENTION = re.compile("|".join(map(re.escape, _MENTIONS)))
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_LONG_LINE = 8192
"""Length of a line from which only the surroundings of such words are searched; twice as long as any value."""

_KEY_OF = re.compile(
    r"(?:access|account|api|app|auth|client|encryption|master|preshared|private|primary|root|secondary|secret|service"
    r"|shared|signing|storage|subscription|token)[_.-]?$"
)

_QUOTED = r""""(?P<{0}d>(?:[^"\\\n]|\\.)*)"|'(?P<{0}s>[^'\n]*)'"""
_BARE = r"""(?P<vb>[^\s"'#,;(){}\[\]]\S*)"""
_VALUE = _QUOTED.format("v")
_ASSIGNED = re.compile(
    r"""(?<![\w.-])(?<!checksum/)["']?(?P<name>[A-Za-z_][\w.-]{0,100})["']?\s*(?:\]\s*)?(?:=>|:=|[=:])\s*(?:"""
    + _VALUE
    + f"|{_BARE})"
)
_QUOTED_ONLY = re.compile(_ASSIGNED.pattern.replace(_BARE, r"(?P<vb>(?!))"))
"""Bare values that are not secrets must not hide a secret that begins within them: `Error: password = "..."`."""
_PAIR = re.compile(
    r"""["']?\b(?i:name|key)["']?\s*[:=]\s*["']?(?P<name>[A-Za-z_][\w.-]{0,100})["']?\s*,?\s*"""
    r"""["']?\b(?i:value)["']?\s*[:=]\s*(?:""" + _VALUE + r"""|(?P<vb>[^\s"'#,;(){}\[\]]\S*))"""
)
_DEFAULT = re.compile(
    r"""\bvariable\s+"(?P<name>[\w-]{1,100})"\s*\{[^{}]*?\bdefault\s*=\s*(?:""" + _VALUE + r"""|(?P<vb>(?!)))"""
)
_AWS_SECRET = re.compile(r"[A-Za-z0-9/+]{40}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_AZURE_KEY = re.compile(r"[A-Za-z0-9+/]{86}==")
_CODE = (
    ".tf",
    ".tofu",
    ".tfvars",
    ".hcl",
    ".go",
    ".py",
    ".js",
    ".ts",
    ".rego",
    ".sentinel",
    ".java",
    ".cs",
    ".rb",
    ".json",
    ".md",
)
"""Values without quotes that are expressions, or prose."""


def find_secrets(text: str, *, bare: bool = True, path: str = "") -> list[SecretMatch]:
    """Returns every secret of a text, in order; none overlaps another. `bare`: values can be without quotes.

    In configuration and JSON, by the ending of `path`, each value is read with its name. Lines are searched as well,
    for comments and for parts that cannot be parsed.
    """
    matches = _Found()
    for match in _formats(text):
        matches.add(match)
    small = _small(text)
    lines, tellings = _lines_that_tell(text, small)
    if lines:
        for match in (*_configuration_secrets(text, path, tellings), *_named_secrets(text, small, lines, bare)):
            matches.add(match)
    return matches.kept


def allows_bare(path: str) -> bool:
    """Returns whether values in a file of that name can be texts without quotes, as in `.env` and YAML."""
    return not path.lower().endswith(_CODE)


class _Found:
    """The secrets found so far, in order. The first of two that overlap is kept."""

    def __init__(self) -> None:
        self.kept: list[SecretMatch] = []

    def add(self, new: SecretMatch) -> None:
        at = bisect_left(self.kept, new.start, key=lambda match: match.start)
        before = at == 0 or self.kept[at - 1].end <= new.start
        after = at == len(self.kept) or new.end <= self.kept[at].start
        if before and after:
            self.kept.insert(at, new)


def _formats(text: str) -> Iterator[SecretMatch]:
    for kind in KINDS:
        if any(mark in text for mark in kind.marks):
            for match in kind.pattern.finditer(text):
                start, end = match.span(1 if kind.pattern.groups else 0)
                if not _is_example(kind, text[start:end]):
                    yield SecretMatch(kind, start, end)


def _is_example(kind: Kind, value: str) -> bool:
    """Returns whether a value only looks like its kind: documented examples, and references in place of a password."""
    if kind.name in ("url-password", "connection-string", "command-password", "login-password"):
        return not plausible("password", value.ljust(6, "·")) or value == "RANDOM"
    if kind.name in ("basic-authorization", "auth-pair"):
        if ":" not in value:
            return not plausible("password", _plain(value).partition(":")[2])
        password = value.partition(":")[2]
        return reads_like_words(password) or not plausible("password", password)
    return "EXAMPLE" in value or "xxxxx" in value.lower() or len(set(value)) < 6 or is_placeholder(value)


def _plain(value: str) -> str:
    """Returns a text decoded from base64; "" where it is not base64, or not a text."""
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except ValueError:
        return ""


def _small(text: str) -> str:
    small = text.lower()
    # A few letters change their length in lower case.
    return small if len(small) == len(text) else text


def _lines_that_tell(text: str, small: str) -> tuple[list[tuple[int, int]], list[int]]:
    """Returns the lines with the name of a secret, and the places of those names, in order."""
    lines: list[tuple[int, int]] = []
    tellings: list[int] = []
    for start, end in sorted(_lines_that_mention(small)):
        count = len(tellings)
        for first, last in _windows(small, start, end):
            tellings += [name.start() for name in _NAME.finditer(text, first, last) if says_secret(name[0])]
        if len(tellings) > count:
            lines.append((start, end))
    return lines, tellings


def _configuration_secrets(text: str, path: str, tellings: Sequence[int]) -> Iterator[SecretMatch]:
    """Yields values of configuration with the name of a secret, and secrets in the lines of its texts."""
    for named in named_texts(text, path, tellings):
        kind = kind_of(named.name, named.value) if named.name and "\n" not in named.value else None
        if kind is not None:
            yield SecretMatch(kind, named.start, named.end)
        elif named.inner:
            small = _small(named.inner)
            lines, _ = _lines_that_tell(named.inner, small)
            for match in _named_secrets(named.inner, small, lines, bare=True):
                yield SecretMatch(match.kind, named.start + match.start, named.start + match.end)


def _named_secrets(text: str, small: str, lines: Iterable[tuple[int, int]], bare: bool) -> Iterator[SecretMatch]:
    """Yields the secrets in lines that mention one."""
    for start, end in lines:
        # A name can be on one line and its value on one of the next.
        begin = text.rfind("\n", 0, max(0, start - 1)) + 1
        rest = _lines_on(text, end, 6)
        for first, last in _windows(small, start, end):
            for match in (_ASSIGNED if bare else _QUOTED_ONLY).finditer(text, first, last):
                yield from _mentioned_secrets(match, bare)
        for mark, pattern in (("value", _PAIR), ("variable", _DEFAULT)):
            if small.find(mark, begin, rest) >= 0:
                for match in pattern.finditer(text, begin, rest):
                    yield from _mentioned_secrets(match, bare)


def _windows(small: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Returns the parts of a line that can contain the name and value of a secret: all of it, unless it is very
    long."""
    if end - start <= _LONG_LINE:
        yield start, end
        return
    first, last = start, start
    for mention in _MENTION.finditer(small, start, end):
        begin = max(start, mention.start() - 120)
        if begin > last:
            if last > first:
                yield first, last
            first = begin
        last = min(end, mention.end() + _LONG_LINE)
    if last > first:
        yield first, last


def _lines_that_mention(small: str) -> set[tuple[int, int]]:
    """Returns the lines, from start to end, that are searched."""
    lines = set()
    for mention in _MENTIONS:
        at = small.find(mention)
        while at >= 0:
            if mention != "key" or _KEY_OF.search(small, max(0, at - 14), at):
                end = small.find("\n", at)
                end = len(small) if end < 0 else end
                lines.add((small.rfind("\n", 0, at) + 1, end))
                at = end
            at = small.find(mention, at + 1)
    return lines


def _lines_on(text: str, at: int, count: int) -> int:
    for _ in range(count):
        following = text.find("\n", at + 1)
        if following < 0:
            return len(text)
        at = following
    return at


def _mentioned_secrets(match: re.Match[str], bare: bool) -> Iterator[SecretMatch]:
    group = next((g for g in ("vd", "vs", "vb") if match[g] is not None), None)
    if group is None or (group == "vb" and not bare):
        return
    kind = kind_of(match["name"], match[group])
    if kind is not None:
        yield SecretMatch(kind, match.start(group), match.end(group))


def kind_of(name: str, value: str) -> Kind | None:
    """Returns the kind of secret of a value, by its name; None where it is not a secret."""
    if not says_secret(name):
        return None
    if _AWS_SECRET.fullmatch(value) and words(name)[-2:] in (("access", "key"), ("secret", "key")):
        if "EXAMPLE" in value:
            return None
        if entropy(value) >= 3.7 and not _HEX.fullmatch(value):
            return AWS_SECRET
    if _AZURE_KEY.fullmatch(value):
        return BY_NAME["azure-storage-key"]
    if not plausible(name, value):
        return None
    return PASSWORD if says_password(name) else SECRET
