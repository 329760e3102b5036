"""Who is who: one person answers under a name, commits under another, and is still one person."""

from __future__ import annotations

import re
from collections.abc import Iterable

from terrace.config.model import Config
from terrace.stacks.repository import Author

_NO_REPLY = re.compile(r"(?:[0-9]+[+-])?([^@+]+)@users\.noreply\.[A-Za-z0-9.-]+")
"""The addresses that forges write into commits for people who hide theirs: `ID+LOGIN@users.noreply.github.com`."""


class People:
    """Everybody whom terrace.yaml names. Names and emails are compared without regard to case."""

    def __init__(self, config: Config) -> None:
        self._teams = config.teams
        self._names = {_folded(person.name): person.name for person in config.people.values()}
        owners: dict[str, set[str]] = {}
        for person in config.people.values():
            for word in (person.name, *person.emails):
                owners.setdefault(_folded(word), set()).add(_folded(person.name))
        self._owners = owners
        named = {member for team in config.teams.values() for member in team} | {p.name for p in config.people.values()}
        elsewhere = {_folded(person.name) for person in config.people.values() if person.login}
        self._accounts = {_folded(name): name for name in named if _folded(name) not in elsewhere}
        self._accounts.update({_folded(p.login): p.name for p in config.people.values() if p.login})

    def identities(self, word: str) -> frozenset[str]:
        """Everything that whoever goes by this name or email may be called: the word, and the people it belongs to."""
        given = _folded(word)
        return frozenset({given, *self._owners.get(given, ())} - {""})

    def person(self, word: str) -> str:
        """The one name that stands for whoever goes by this name or email. Equal for one person, always."""
        given = _folded(word)
        return given if given in self._names else min(self._owners.get(given, ()), default=given)

    def of_login(self, login: str) -> str | None:
        """The one whose account on the forge that is: whoever terrace.yaml gives it to, else whoever is called so.

        None where it is nobody's; a name whose owner has another account is nobody's account.
        """
        return self._accounts.get(_folded(login))

    def shown(self, word: str) -> str:
        """How people call them: the name in terrace.yaml where they have one, else the word as it is."""
        return self._names.get(self.person(word), word)

    def members(self, team: str) -> dict[str, str]:
        """The people of a team, person -> how they are shown. Empty when there is no such team."""
        return {self.person(m): self.shown(m) for m in self._teams.get(team, ())}

    def known(self) -> dict[str, str]:
        """Everybody who is named anywhere, person -> how they are shown."""
        everybody = (*self._names.values(), *(member for team in self._teams.values() for member in team))
        return {self.person(word): self.shown(word) for word in everybody}

    def teams_of(self, person: str) -> frozenset[str]:
        """The teams that somebody belongs to."""
        return frozenset(team for team in self._teams if person in self.members(team))


class Barred:
    """Who may not approve a release: the person who requested it, and everybody who wrote it or proposed it.

    `authors` are authors, committers and co-authors; `opened_by` are the accounts that opened its changes. `by` is
    the key or the account that proves the requester, "" where nothing does: an answer that is proven by the same
    thing is the requester's, whatever name it gives.
    """

    def __init__(
        self, people: People, requester: str, authors: Iterable[Author], by: str = "", opened_by: Iterable[str] = ()
    ) -> None:
        self._people = people
        self._requester = people.identities(requester)
        self._by = by
        self._authors = frozenset[str]().union(*(self._written(author) for author in authors))
        self._opened = frozenset[str]().union(*(self._account(login) for login in opened_by))

    def why(self, word: str, by: str = "") -> str | None:
        """Returns why the answer of this person does not count, or None when nothing bars them."""
        mine = self._people.identities(word)
        if mine & self._requester or (by and by == self._by):
            return "requested this deployment"
        if mine & self._authors:
            return "wrote commits of this release"
        if mine & self._opened:
            return "opened a change of this release"
        return None

    def _account(self, login: str) -> frozenset[str]:
        """Who has an account. Of one that is nobody's in terrace.yaml, who is called like it."""
        person = self._people.of_login(login)
        return self._people.identities(person if person is not None else login)

    def _written(self, author: Author) -> frozenset[str]:
        found = self._people.identities(author.name) | self._people.identities(author.email)
        hidden = _NO_REPLY.fullmatch(author.email.strip())
        person = self._people.of_login(hidden[1]) if hidden is not None else None
        return found | self._people.identities(person) if person is not None else found


class Persons:
    """Which names are one person: names that terrace.yaml gives to one, and names that one key or account proved.

    `seen` are pairs of a name and what proved it ("" for nothing).
    """

    def __init__(self, people: People, seen: Iterable[tuple[str, str]]) -> None:
        self._people = people
        self._above: dict[str, str] = {}
        for name, by in seen:
            if by:
                self._join(self.of(name), self._root(f"proof {by}"))

    def of(self, name: str) -> str:
        """Returns one text for each person, equal for all their names."""
        return self._root(f"person {self._people.person(name)}")

    def _root(self, node: str) -> str:
        while (above := self._above.get(node)) is not None:
            node = above
        return node

    def _join(self, one: str, other: str) -> None:
        if one != other:
            self._above[max(one, other)] = min(one, other)


def _folded(word: str) -> str:
    return word.strip().casefold()
