"""Who is who: one person answers under a name, commits under another, and is still one person."""

from __future__ import annotations

from collections.abc import Iterable

from terrace.stacks.config import Config
from terrace.stacks.repository import Author


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
    """Who may not approve a release: whoever asked for it, and whoever wrote it."""

    def __init__(self, people: People, requester: str, authors: Iterable[Author]) -> None:
        self._people = people
        self._requester = people.identities(requester)
        self._authors = frozenset[str]().union(*(people.identities(w) for a in authors for w in (a.name, a.email)))

    def why(self, word: str) -> str | None:
        """Why the word of this person does not count, or None when nothing bars them."""
        mine = self._people.identities(word)
        if mine & self._requester:
            return "asked for this deployment"
        if mine & self._authors:
            return "wrote commits of this release"
        return None


def _folded(word: str) -> str:
    return word.strip().casefold()
