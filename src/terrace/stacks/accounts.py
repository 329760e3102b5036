"""Which accounts of clouds the providers of a root module use, and which environment their tags name.

Only literal values count, also through a local value, the default of a variable, or a file of variables of the folder.
What is set by the environment or by a role that is not literal is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from terrace.clouds.all import CLOUDS
from terrace.errors import Place
from terrace.hcl.facts import FileFacts, Template

_ROLE = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):")
_ACCOUNT = re.compile(r"\d{12}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]*")
_DEEPEST = 5

KINDS: Mapping[str, str] = {
    provider: cloud.account for cloud in CLOUDS.values() for provider in cloud.account_arguments
}
"""What the accounts of a provider are called, by the provider's name."""


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """An account: `kind` is what it is called, `id` its number or name."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class Named:
    """An environment as the tags of a provider name it, and where."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Used:
    """What a root module uses by its providers without an alias: other providers reach into the accounts of others."""

    accounts: tuple[Account, ...] = ()
    named: Named | None = None


def needs_variables(files: Iterable[FileFacts]) -> bool:
    """Whether a setting of a provider refers to a variable or a local, so that files of variables may tell it."""
    return any(
        part.kind in ("var", "local")
        for facts in files
        for provider in facts.providers
        for template in (*provider.accounts, *provider.tags.values())
        for part in template
    )


def used_by(files: Mapping[str, FileFacts], variables: Sequence[FileFacts] = ()) -> Used:
    """Returns what the providers of one folder use; `variables` are its files of variables, the last one counts."""
    values = _Texts(tuple(files.values()), variables)
    accounts: list[Account] = []
    named: list[Named] = []
    for path, facts in files.items():
        for provider in facts.providers:
            if provider.alias or provider.name not in KINDS:
                continue
            found = (values.of(template) for template in provider.accounts)
            accounts += [Account(KINDS[provider.name], one) for text in found for one in _ids(provider.name, text)]
            tags = (values.of(template) for template in provider.tags.values())
            named += [Named(tag, Place(path, provider.line)) for tag in tags if tag]
    names = {one.name for one in named}
    return Used(tuple(sorted(set(accounts))), named[0] if len(names) == 1 else None)


def _ids(provider: str, text: str | None) -> Iterator[str]:
    if text is None:
        return
    if provider == "aws":
        role = _ROLE.match(text)
        if role is not None or _ACCOUNT.fullmatch(text):
            yield role[1] if role is not None else text
    elif _WORD.fullmatch(text):
        yield text


class _Texts:
    """The literal texts of templates in one folder."""

    def __init__(self, files: Sequence[FileFacts], variables: Sequence[FileFacts]) -> None:
        self._found: dict[tuple[str, str], Template] = {}
        for facts in files:
            self._found |= {("var", name): one for name, one in facts.defaults.items()}
            self._found |= {("local", name): one for name, one in facts.locals.items()}
        for facts in variables:
            self._found |= {("var", name): one for name, one in facts.values.items()}

    def of(self, template: Template, depth: int = 0) -> str | None:
        """The text of a template; None where a part of it is not known."""
        if not template or depth > _DEEPEST:
            return None
        texts = []
        for part in template:
            text = part.text if part.kind == "text" else self.of(self._found.get((part.kind, part.text), ()), depth + 1)
            if text is None:
                return None
            texts.append(text)
        return "".join(texts)
