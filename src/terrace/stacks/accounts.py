"""Determines the cloud accounts that the providers of a root module use, and the environment that their tags name.

Only literal values are used, also through locals, variable defaults and the variable files of the folder. Accounts from
environment variables and from roles without a literal ARN are unknown.
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
"""The name of an account in each provider's terms, by the name of the provider."""


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """An account: `kind` is a value of `KINDS`, `id` its number or name."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True)
class NamedEnvironment:
    """An environment in the tags of a provider, with the place of the provider."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class UsedAccounts:
    """The accounts of the providers of a root module without an alias. Those with an alias use accounts of others."""

    accounts: tuple[Account, ...] = ()
    named: NamedEnvironment | None = None


def needs_variables(files: Iterable[FileFacts]) -> bool:
    """Returns whether a provider setting refers to a variable or local, so that variable files can have its value."""
    return any(
        part.kind in ("var", "local")
        for facts in files
        for provider in facts.providers
        for template in (*provider.accounts, *provider.tags.values())
        for part in template
    )


def find_accounts(files: Mapping[str, FileFacts], variables: Sequence[FileFacts] = ()) -> UsedAccounts:
    """Returns the accounts of the providers in one folder. The last of the `variables` files takes precedence."""
    values = _Texts(tuple(files.values()), variables)
    accounts: list[Account] = []
    named: list[NamedEnvironment] = []
    for path, facts in files.items():
        for provider in facts.providers:
            if provider.alias or provider.name not in KINDS:
                continue
            texts = (values.of(template) for template in provider.accounts)
            accounts += [
                Account(KINDS[provider.name], account) for text in texts for account in _ids(provider.name, text)
            ]
            tags = (values.of(template) for template in provider.tags.values())
            named += [NamedEnvironment(tag, Place(path, provider.line)) for tag in tags if tag]
    names = {environment.name for environment in named}
    return UsedAccounts(tuple(sorted(set(accounts))), named[0] if len(names) == 1 else None)


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
            self._found |= {("var", name): template for name, template in facts.defaults.items()}
            self._found |= {("local", name): template for name, template in facts.locals.items()}
        for facts in variables:
            self._found |= {("var", name): template for name, template in facts.values.items()}

    def of(self, template: Template, depth: int = 0) -> str | None:
        """Returns the text of a template; None where a part of it is unknown."""
        if not template or depth > _DEEPEST:
            return None
        texts = []
        for part in template:
            text = part.text if part.kind == "text" else self.of(self._found.get((part.kind, part.text), ()), depth + 1)
            if text is None:
                return None
            texts.append(text)
        return "".join(texts)
