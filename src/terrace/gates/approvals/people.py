"""Identities of people: one person can approve under one name and commit under another."""

from __future__ import annotations

import re
from collections.abc import Iterable

from terrace.config.model import Config
from terrace.stacks.repository import Author

_NO_REPLY = re.compile(r"(?:[0-9]+[+-])?([^@+]+)@users\.noreply\.[A-Za-z0-9.-]+")
"""The addresses that forges write into commits for people who hide theirs: `ID+LOGIN@users.noreply.github.com`."""


class People:
    """The people in terrace.yaml. Names and emails are compared case-insensitively."""

    def __init__(self, config: Config) -> None:
        self._teams = config.teams
        self._names = {_fold_case(person.name): person.name for person in config.people.values()}
        owners: dict[str, set[str]] = {}
        for person in config.people.values():
            for word in (person.name, *person.emails):
                owners.setdefault(_fold_case(word), set()).add(_fold_case(person.name))
        self._owners = owners
        named = {member for team in config.teams.values() for member in team} | {p.name for p in config.people.values()}
        elsewhere = {_fold_case(person.name) for person in config.people.values() if person.login}
        self._accounts = {_fold_case(name): name for name in named if _fold_case(name) not in elsewhere}
        self._accounts.update({_fold_case(p.login): p.name for p in config.people.values() if p.login})

    def identities(self, word: str) -> frozenset[str]:
        """Returns all names of the person with this name or email: the text itself, and its owners in terrace.yaml."""
        folded = _fold_case(word)
        return frozenset({folded, *self._owners.get(folded, ())} - {""})

    def person(self, word: str) -> str:
        """Returns the canonical name of the person with this name or email. It is equal for all names of one person."""
        folded = _fold_case(word)
        return folded if folded in self._names else min(self._owners.get(folded, ()), default=folded)

    def of_login(self, login: str) -> str | None:
        """Returns the person with this account on the forge: by terrace.yaml, or else by an equal name.

        Returns None when no person has it, and for the name of a person who has another account.
        """
        return self._accounts.get(_fold_case(login))

    def display_name(self, word: str) -> str:
        """Returns the displayed name: the one in terrace.yaml, or else the text itself."""
        return self._names.get(self.person(word), word)

    def members(self, team: str) -> dict[str, str]:
        """Returns the members of a team: canonical name -> displayed name. Empty for an unknown team."""
        return {self.person(m): self.display_name(m) for m in self._teams.get(team, ())}

    def everyone(self) -> dict[str, str]:
        """Returns everyone in terrace.yaml: canonical name -> displayed name."""
        everybody = (*self._names.values(), *(member for team in self._teams.values() for member in team))
        return {self.person(word): self.display_name(word) for word in everybody}

    def teams_of(self, person: str) -> frozenset[str]:
        """Returns the teams of a person."""
        return frozenset(team for team in self._teams if person in self.members(team))


class IneligibleApprovers:
    """The people who cannot approve a release: its requester, its authors, and those who opened its changes.

    `authors` are authors, committers and co-authors; `opened_by` are the accounts that opened its changes. `by` is
    the key or the account that proves the requester, "" when nothing does: an approval with the same proof is the
    requester's, under any name.
    """

    def __init__(
        self, people: People, requester: str, authors: Iterable[Author], by: str = "", opened_by: Iterable[str] = ()
    ) -> None:
        self._people = people
        self._requester = people.identities(requester)
        self._by = by
        self._authors = frozenset[str]().union(*(self._authors_of(author) for author in authors))
        self._opened = frozenset[str]().union(*(self._account(login) for login in opened_by))

    def why(self, word: str, by: str = "") -> str | None:
        """Returns why this person cannot approve; None when they can."""
        identities = self._people.identities(word)
        if identities & self._requester or (by and by == self._by):
            return "requested this deployment"
        if identities & self._authors:
            return "wrote commits of this release"
        if identities & self._opened:
            return "opened a change of this release"
        return None

    def _account(self, login: str) -> frozenset[str]:
        """Returns all names of the person with an account; the account itself when terrace.yaml does not assign it."""
        person = self._people.of_login(login)
        return self._people.identities(person if person is not None else login)

    def _authors_of(self, author: Author) -> frozenset[str]:
        identities = self._people.identities(author.name) | self._people.identities(author.email)
        hidden = _NO_REPLY.fullmatch(author.email.strip())
        person = self._people.of_login(hidden[1]) if hidden is not None else None
        return identities | self._people.identities(person) if person is not None else identities


class PersonGroups:
    """Names grouped by person: terrace.yaml gives them to one person, or one key or account proved them.

    `seen` are pairs of a name and its proof, "" for none.
    """

    def __init__(self, people: People, names: Iterable[tuple[str, str]]) -> None:
        self._people = people
        self._above: dict[str, str] = {}
        for name, by in names:
            if by:
                self._join(self.of(name), self._root(f"proof {by}"))

    def of(self, name: str) -> str:
        """Returns an identifier of the person with this name, equal for all their names."""
        return self._root(f"person {self._people.person(name)}")

    def _root(self, node: str) -> str:
        while (above := self._above.get(node)) is not None:
            node = above
        return node

    def _join(self, root: str, other: str) -> None:
        if root != other:
            self._above[max(root, other)] = min(root, other)


def _fold_case(word: str) -> str:
    return word.strip().casefold()
