"""Joins pipelines and adapters for one repository."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from terrace.adapters.environ import ENVIRON
from terrace.adapters.files import inside
from terrace.adapters.git.repository import GitRepository
from terrace.apps.wiring.forge import UNCONNECTED, access, instigator, run_of_ci
from terrace.apps.wiring.home import Home
from terrace.config.load import BadConfig
from terrace.config.model import Config, Environment
from terrace.config.trust_root import RootPlace
from terrace.errors import BadInput, Interrupted, NotReady, TerraceError
from terrace.gates.model import Identity
from terrace.hcl.read_tree import as_read, has_files_of_tofu
from terrace.hcl.tree import Tree
from terrace.ledger.beginnings import Beginning, Proves
from terrace.ledger.dates import DatesCount, DatesDismissal, Reference
from terrace.ledger.declared import Declared
from terrace.ledger.dismissals import Counts, Dismissal, DismissalOfSeveral
from terrace.ledger.events.people import LedgerOpened
from terrace.ledger.folds import SignedApproval
from terrace.ledger.model import GENESIS, Draft, History, Ledger, draft
from terrace.plans.digest import DigestKey
from terrace.plans.terraform import Purpose, Site
from terrace.rollout.ports import Watcher
from terrace.stacks.landscape import Landscape
from terrace.stacks.model import Notice

if TYPE_CHECKING:
    from terrace.adapters.backups import Backups
    from terrace.adapters.before_plan.commands import Commands
    from terrace.adapters.git.submodules import SubmoduleRules
    from terrace.adapters.github.connecting import Connection
    from terrace.adapters.github.merges import GitHubMerges
    from terrace.adapters.ledgers.seen import SeenHead
    from terrace.adapters.ledgers.tags import TagsOfDeployments
    from terrace.adapters.opa.engine import Opa
    from terrace.adapters.opa.policies import Policies
    from terrace.adapters.scanners.checks import Scanners
    from terrace.adapters.sealing import Seals
    from terrace.adapters.terraform.client import LocalTerraform
    from terrace.assess.model import Finding
    from terrace.forge.ports import Page
    from terrace.ledger.authenticity import LedgerKey
    from terrace.pipelines.crew import Crew, Reach
    from terrace.plans.model import Plan
    from terrace.plans.prepared import Prepared
    from terrace.stacks.refusals import Refusal
    from terrace.waivers.judging import Waivers

CONFIG_FILE = "terrace.yaml"
DIGEST_KEY = "TERRACE_DIGEST_KEY"
LEDGER_KEY = "TERRACE_LEDGER_KEY"
SHORTEST_KEY = 16
"""Bytes. What a key makes stands in the ledger, so that a shorter one can be found by trying all of them."""
PAST_RULES = 50
"""Commits that changed terrace.yaml of the protected branch and are looked at for rules that can be read."""
SURVEYS_KEPT = 16
"""Commits whose landscape is kept in memory, and configurations."""


def _secret(name: str) -> bytes:
    """The bytes of a key in the environment. Raises BadInput where it is none, without its content."""
    how = "make one: openssl rand -base64 32"
    try:
        key = base64.b64decode(ENVIRON[name], validate=True)
    except binascii.Error as error:
        raise BadInput(f"{name} is not base64", hint=how) from error
    if len(key) < SHORTEST_KEY:
        raise BadInput(f"{name} holds {len(key)} bytes, and a key has at least {SHORTEST_KEY}", hint=how)
    return key


def now() -> datetime:
    """The clock of everything that is wired here."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id that nobody else has: 12 hexadecimal characters."""
    return secrets.token_hex(6)


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """What judges: configuration and signers at the tip of the protected branch. `policy` is their version."""

    commit: str
    config: Config
    signers: bytes
    policy: str


def secrets_named(config: Config) -> frozenset[str]:
    """The variables that a configuration names as the place of a secret."""
    specs = {config.backups.key, config.backups.identity}
    for environment in config.environments:
        specs |= {*environment.credentials.plan.values(), *environment.credentials.apply.values()}
    return frozenset(spec.removeprefix("env:") for spec in specs if spec.startswith("env:"))


def opa() -> Opa:
    """OPA from PATH, else from Terrace's own tools."""
    from terrace.adapters.opa.engine import Opa
    from terrace.adapters.tools.box import Toolbox
    from terrace.adapters.tools.known import tool

    box = Toolbox(Home.tools())
    return Opa({"PATH": os.pathsep.join((box.path, str(box.place(tool("opa")) / "bin")))})


class Project:
    """One repository with its configuration and adapters. Each of them is created when it is first used.

    `actor` overrules who the Git identity says we are: for people who answer with `--as` and a key, and `key` is the
    SSH key that they sign with instead of Git's. `older_keys` are keys of former days that backups may be sealed with.
    With `past_rules` the rules are the last ones of the protected branch that can be read, where its newest ones
    cannot: only for commands that change nothing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        actor: str | None = None,
        key: Path | None = None,
        fetch: bool = True,
        older_keys: tuple[bytes, ...] = (),
        past_rules: bool = False,
    ) -> None:
        top = GitRepository.around(folder.absolute(), cache=Path())
        self.home = Home.of(top.root)
        self._access = access(ENVIRON)
        self.repository = GitRepository(top.root, cache=self.home.cache, branch="", remote="", access=self._access)
        self.repository.take_submodules(self._submodule_rules)
        self._actor = actor
        self._fetch = fetch
        self.plans_nothing = False
        self._older_keys = older_keys
        self._past_rules = past_rules
        self._rules_problem: BadConfig | None = None
        self._rules_commit = ""
        self._key = key
        self._heard: dict[SignedApproval | Declared, Identity] = {}
        self._proven_runs: set[tuple[str, str, datetime]] = set()
        self._surveyed: dict[str, Landscape] = {}
        self._configs: dict[tuple[str, str, str], Config] = {}
        self._judged: dict[tuple[str, str], str | None] = {}

    @cached_property
    def trust(self) -> TrustRoot:
        """The trust root, read once. A repository whose protected branch has no terrace.yaml gets safe defaults."""
        place = self.root_place
        return self._trust_at(self.repository.protected_tip(), place)

    @cached_property
    def root_place(self) -> RootPlace:
        """Where the trust root is read, and how that was decided."""
        from terrace.apps.wiring.trust_root import RootFinder

        return RootFinder(self.repository, ENVIRON, self._trusted_config, fetch=self._fetch).find()

    def _trust_at(self, commit: str, place: RootPlace) -> TrustRoot:
        from terrace.config.model import policy_version
        from terrace.pipelines.deploy.judge import judging

        config = self._trusted_config(commit, place)
        commit = self._rules_commit or commit
        tree = self.repository.own_tree(commit)
        text = tree.read(CONFIG_FILE) if CONFIG_FILE in tree.entries else b""
        ENVIRON.conceal(secrets_named(config))
        signers = tree.read(config.signers) if config.signers in tree.entries else b""
        return TrustRoot(commit, config, signers, policy_version(text, signers, judging(tree, config)))

    def _trusted_config(self, commit: str, place: RootPlace) -> Config:
        """The configuration of the protected branch. Raises BadConfig that says so: another file may lie here."""
        try:
            return self._config_of(commit, place)
        except BadConfig as error:
            whose = f"this is the file on the protected branch, at {commit[:7]}, and not the one of the working tree"
            told = error.at(f"{place}:{CONFIG_FILE}", whose)
            if not self._past_rules:
                raise told from None
            return self._past_config(commit, place, told)

    def _past_config(self, tip: str, place: RootPlace, problem: BadConfig) -> Config:
        """The newest configuration of the protected branch that can be read. Raises the problem where there is none."""
        for commit in self.repository.changes_of(CONFIG_FILE, tip, PAST_RULES):
            try:
                config = self._config_of(commit, place)
            except BadConfig:
                continue
            self._rules_problem, self._rules_commit = problem, commit
            return config
        raise problem from None

    @property
    def rules_problem(self) -> BadConfig | None:
        """Why the newest rules of the protected branch cannot be read, with `past_rules`; None where they can."""
        return self._rules_problem if self.trust else None

    @property
    def unreadable(self) -> TerraceError | None:
        """Why the stacks of the protected branch are not known; None where they are."""
        if self.rules_problem is not None:
            return self.rules_problem
        try:
            self.survey(self.trust.commit)
        except Interrupted:
            raise
        except TerraceError as error:
            return error
        return None

    def config_at(self, commit: str) -> Config:
        """The configuration as that commit has it."""
        return self._config_of(commit, self.root_place)

    def _config_of(self, commit: str, place: RootPlace) -> Config:
        """The configuration of a commit; the remote and the branch are those of `place` where it names no others."""
        from terrace.config.load import load
        from terrace.stacks.discovery import environments

        remote = place.remote.name if place.remote is not None else "origin"
        asked = (commit, place.branch.name, remote)
        if asked not in self._configs:
            tree = self.repository.own_tree(commit)
            text = tree.read(CONFIG_FILE) if CONFIG_FILE in tree.entries else b""
            config = load(text, CONFIG_FILE, discovered=environments(tree), branch=place.branch.name, remote=remote)
            if len(self._configs) >= SURVEYS_KEPT:
                self._configs.clear()
            self._configs[asked] = config
        return self._configs[asked]

    def _submodule_rules(self) -> SubmoduleRules | None:
        """Which submodules are taken and from where, as the trust root says; None where it cannot be read."""
        from terrace.adapters.git.submodules import SubmoduleRules

        try:
            trust = self.trust
        except Interrupted:
            raise
        except TerraceError:
            return None
        repository = self.repository
        return SubmoduleRules(
            chosen=trust.config.submodules,
            trusted=trust.commit,
            base=repository.remote_url or None,
            is_on_protected_branch=lambda commit: repository.on_protected_branch(commit) is True,
            fetch=self._fetch,
            only_trusted=self.plans_nothing,
        )

    def survey(self, commit: str) -> Landscape:
        """What stands at a commit. A commit never changes, so that each is read once."""
        from terrace.adapters.git.facts_cache import FactsCache

        if commit in self._surveyed:
            return self._surveyed[commit]
        whole = self.repository.tree(commit)
        tree = as_read(whole, self._product(whole))
        found = Landscape.of_tree(commit, self.config_at(commit), tree, FactsCache(self.home.cache / "facts.db"))
        while len(self._surveyed) >= SURVEYS_KEPT:
            self._surveyed.pop(next(iter(self._surveyed)), None)
        self._surveyed[commit] = found
        return found

    def uncommitted(self, landscape: Landscape, stacks: Collection[str] | None = None) -> tuple[Notice, ...]:
        """Returns what these stacks would read in the checkout and the commit of the landscape does not have."""
        from terrace.stacks.uncommitted import uncommitted

        return uncommitted(landscape, self.repository.tree(landscape.commit), self.repository.untracked(), stacks)

    def _product(self, tree: Tree) -> str | None:
        """What reads the configuration, where that makes a difference; None where it makes none or is not known."""
        if not has_files_of_tofu(tree):
            return None
        try:
            return self.terraform.product
        except Interrupted:
            raise
        except TerraceError:
            return None

    def environment(self, name: str) -> Environment:
        """Returns an environment that the trust root names, or one that it no longer names and that holds something, as
        the newest commit of the protected branch has it that named it. Raises BadInput where there is none."""
        try:
            return self.trust.config.environment(name)
        except BadInput:
            former = self._former(name)
            if former is None:
                raise
        ENVIRON.conceal(secrets_named(Config(environments=(former,))))
        config = replace(self.trust.config, former=(*self.trust.config.former, former))
        self.__dict__["trust"] = replace(self.trust, config=config)
        return former

    def named(self, name: str) -> Environment:
        """Returns an environment that the trust root names. Raises BadInput where there is none, which says what is
        deployed there where the trust root named it before."""
        try:
            return self.trust.config.environment(name)
        except BadInput:
            from terrace.pipelines.rollback.destruction_target import gone_environment

            gone = gone_environment(self.ledger.read(), self.trust.config, name)
            if gone is None:
                raise
        raise gone

    def former_environments(self) -> tuple[tuple[Environment, ...], tuple[str, ...]]:
        """Returns the environments that the trust root no longer names and that hold something, each as it was named
        last, and the names of those of which no rules can be found."""
        from terrace.pipelines.rollback.destruction_target import gone_environments

        found, lost = [], []
        for name in gone_environments(self.ledger.read(), self.trust.config):
            try:
                found.append(self.environment(name))
            except BadInput:
                lost.append(name)
        return tuple(found), tuple(lost)

    def _former(self, name: str) -> Environment | None:
        """An environment as it was named last: it is entered by hand alone, and follows no other one."""
        from terrace.pipelines.rollback.destruction_target import deployed_stacks

        there = [d for d in deployed_stacks(self.ledger.read()).values() if d.environment == name]
        newest = max(there, key=lambda d: d.opened_at, default=None)
        if newest is None or not self.repository.on_protected_branch(newest.commit):
            return None
        tip = self.trust.commit
        commits = self.repository.touching(newest.commit, tip, (CONFIG_FILE,))
        for commit in (*commits, newest.commit):
            try:
                found = self.config_at(commit).environment(name)
            except Interrupted:
                raise
            except TerraceError:
                # That commit does not name it, or cannot be read.
                continue
            return replace(found, after=None, deploy="manual")
        return None

    def left_out(self, environments: Iterable[str], commit: str = "") -> Mapping[str, Refusal]:
        """Returns the stacks of these environments that no deployment of a commit takes, with the reasons; of the
        protected branch where no commit is named. None where the commit cannot be read: other commands say why."""
        from terrace.pipelines.crew import readable

        landscape = readable(self.survey, commit or self.trust.commit)
        if landscape is None:
            return {}
        return {key: why for name in environments for key, why in landscape.left_out(name).items()}

    @cached_property
    def actor(self) -> str:
        """Who gives the commands: the person of terrace.yaml whom the Git identity belongs to, else that identity;
        without one, whoever set this run of CI going."""
        if self._actor is not None:
            return self._actor
        name = self.repository.config("user.name") or ""
        email = self.repository.config("user.email") or ""
        for person in self.trust.config.people.values():
            if email and email.lower() in (e.lower() for e in person.emails):
                return person.name
        members = {m for team in self.trust.config.teams.values() for m in team}
        known = next((who for who in (name, email, email.split("@")[0]) if who in members), email or name)
        return known or instigator(ENVIRON, self.trust.config) or "unknown"

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger that terrace.yaml names."""
        from terrace.adapters.ledgers.dismissals import DatedLedger

        return DatedLedger(self._ledger(self._seen_head), self.dates_dismissed, self.dismissed)

    def _ledger(self, seen: SeenHead | None) -> Ledger:
        where = self.trust.config.ledger
        if where.startswith("sqlite:"):
            from terrace.adapters.ledgers.sqlite import SqliteLedger

            path = inside(self.repository.root, where.removeprefix("sqlite:"))
            return SqliteLedger(path, clock=now, new_id=new_id, seen=seen, key=self.event_key)
        from terrace.adapters.ledgers.git import GitLedger
        from terrace.report.markdown.ledger_page import changed_page

        return GitLedger(
            self.repository.root,
            remote=self.repository.remote,
            clock=now,
            new_id=new_id,
            page=changed_page,
            access=self._access,
            seen=seen,
            key=self.event_key,
        )

    @cached_property
    def _seen_head(self) -> SeenHead:
        from terrace.adapters.ledgers.seen import SeenHead

        kind = "sqlite" if self.trust.config.ledger.startswith("sqlite:") else "git"
        return SeenHead(self.home.data / f"ledger-{kind}.json", self._tags, self.trust.config.ledger_id)

    @cached_property
    def _tags(self) -> TagsOfDeployments:
        from terrace.adapters.ledgers.tags import TagsOfDeployments

        return TagsOfDeployments(self.repository.root, self.repository.remote, self._began, self._access)

    def open_ledger(self) -> Ledger:
        """The ledger with its first event, which names it; written here when it is new."""
        self._opened()
        return self.ledger

    def _opened(self) -> History:
        """What the ledger holds, its first event at least."""
        from terrace.pipelines.journal import append

        history = self.ledger.read()
        if history.events:
            return history
        return append(self.ledger, history, lambda seen: () if seen.events else (self._first(),))

    def begin_ledger(self, reason: str, sign: Callable[[bytes], str | None]) -> History:
        """Begin a ledger although something was deployed before, and write down why.

        Raises BadInput where there is a ledger, and where the trust root has signers and none of them signs this;
        Corrupt where this clone still has the one that is lost.
        """
        if not reason.strip():
            raise BadInput("nothing says why", hint="say it with --reason: it is the first thing that the ledger keeps")
        ledger = self._ledger(None)
        events = ledger.read().events
        if events:
            raise BadInput(f"there is a ledger, with {len(events)} events", hint="`terrace ledger verify` looks at it")
        self._tags.fetch()
        said = Beginning(self._tags.ledgers, reason, self.actor)
        begun = replace(said, signature=sign(said.text))
        if not self._began(begun):
            raise BadInput(
                f"{self.actor} is not a signer of the trust root, or the beginning is not signed: nothing was written",
                hint=f"sign with a key of {self.trust.config.signers}: --key FILE",
            )
        history = ledger.append((self._first(begun),), head=GENESIS)
        self._seen_head.forget()
        self._seen_head.note(history.events)
        return history

    def _first(self, begun: Beginning | None = None) -> Draft:
        key = self.digest_key.id
        record = LedgerOpened(1, key)
        if begun is not None:
            record = LedgerOpened(1, key, begun.reason, begun.replaces, begun.signature)
        return draft(record, "ledger", self.actor)

    @cached_property
    def digest_key(self) -> DigestKey:
        """The key of plan digests, from the environment; derived from the backup key where none is given."""
        import hashlib
        import hmac

        if ENVIRON.get(DIGEST_KEY):
            secret = _secret(DIGEST_KEY)
        elif self.trust.config.backups.recipients and not self._backup_key_given:
            raise NotReady(
                f"backups are sealed for recipients, so that no key is shared, and {DIGEST_KEY} is not set",
                hint=f"export {DIGEST_KEY}=$(openssl rand -base64 32)   (one for everybody who deploys or approves)",
            )
        else:
            secret = hmac.digest(self.backup_key, b"terrace plan digest", "sha256")
        return DigestKey(id=hashlib.sha256(b"id" + secret).hexdigest()[:8], secret=secret)

    @cached_property
    def event_key(self) -> LedgerKey:
        """What events of the ledger are authenticated with: derived from TERRACE_LEDGER_KEY, else from the key of
        backups, else, where backups have recipients and so no key, from that of digests. NO_KEY without any."""
        from terrace.ledger.authenticity import NO_KEY, EventKey

        if ENVIRON.get(LEDGER_KEY):
            return EventKey.of(_secret(LEDGER_KEY))
        if self.trust.config.backups.recipients and not self._backup_key_given:
            return EventKey.of(self.digest_key.secret) if ENVIRON.get(DIGEST_KEY) else NO_KEY
        return EventKey.of(self.backup_key) if self._backup_key_given else NO_KEY

    @cached_property
    def throwaway_key(self) -> DigestKey:
        """For a check where no key is given: its digests compare within this run only."""
        return DigestKey(id="throwaway", secret=secrets.token_bytes(32))

    @cached_property
    def backup_key(self) -> bytes:
        """The shared key of state backups. Raises NotReady when the environment does not hold it."""
        from terrace.adapters.sealing import read_key

        return read_key(self.trust.config.backups.key, ENVIRON)

    def seals(self) -> Seals:
        """What state backups are sealed with and opened by."""
        from terrace.adapters.sealing import Seals, read_identity

        settings = self.trust.config.backups
        return Seals(
            key=lambda: self.backup_key,
            recipients=settings.recipients,
            identity=lambda: read_identity(settings.identity, ENVIRON),
            older=self._older_keys,
        )

    def backups(self) -> Backups:
        """The store of state backups."""
        from terrace.adapters.artefacts import Artefacts
        from terrace.adapters.backups import Backups

        return Backups(Artefacts(self._backup_place), self.seals(), now)

    @cached_property
    def terraform(self) -> LocalTerraform:
        """The Terraform that terrace.yaml names."""
        from terrace.adapters.terraform.client import LocalTerraform

        settings, home = self.trust.config.terraform, self.home
        return LocalTerraform(settings, cache=home.cache, states=home.states, prepare=self._prepare)

    def _prepare(self, site: Site) -> tuple[Prepared, ...]:
        """Runs the commands of a site before it is planned."""
        return self._commands.prepare(site) if site.commands else ()

    @cached_property
    def _commands(self) -> Commands:
        from terrace.adapters.before_plan.commands import Commands

        given = bool(ENVIRON.get(DIGEST_KEY)) or self._backup_key_given
        secret = self.digest_key.secret if given else None
        private = (self.repository.root, self.home.cache, self.home.data, Home.tools())
        return Commands(self.home.cache, secret, ENVIRON, private)

    def terraform_by(self, fast: Literal["plan-only", "off"]) -> LocalTerraform:
        """The same Terraform with the fast lane open or closed, whatever terrace.yaml says."""
        from terrace.adapters.terraform.client import LocalTerraform

        settings = replace(self.trust.config.terraform, fast=fast)
        home = self.home
        return LocalTerraform(settings, cache=home.cache, states=home.states, prepare=self._prepare)

    def policies(self, commit: str | None = None) -> Policies:
        """The policies that judge: those of the trust root, or of another commit."""
        from terrace.adapters.opa.policies import Policies

        return Policies(opa(), self.repository.own_tree(commit or self.trust.commit))

    def judge(self) -> Callable[[Plan], tuple[Finding, ...]]:
        """What the required checks of the trust root find in a plan that is about to be applied."""
        from terrace.pipelines.deploy.judge import Judge

        return Judge(self.trust.config, self.repository.own_tree(self.trust.commit), self.policies(), now)

    def waivers(self, landscape: Landscape, changed: tuple[str, ...] = ()) -> Waivers:
        """Those of the trust root, and those of what is looked at, with the comments that `changed` files bring.

        Raises BadConfig where those of what is looked at cannot be read.
        """
        from terrace.waivers.committed import waivers

        trusted, head = self.repository.tree(self.trust.commit), self.repository.tree(landscape.commit)
        return waivers(trusted, self.trust.config, head, landscape.config, changed)

    def standing(self) -> Waivers:
        """Those of the trust root alone: for a look at what stands, where nothing is proposed."""
        from terrace.waivers.committed import standing

        return standing(self.repository.tree(self.trust.commit), self.trust.config)

    def scanners(self) -> Scanners:
        """The scanners of this machine, configured by the trust root."""
        from terrace.adapters.scanners.checks import Scanners
        from terrace.adapters.tools.box import Toolbox

        cache = self.home.cache / "scans"
        return Scanners(Toolbox(Home.tools()), self.repository, self.repository.root, self.trust.commit, cache)

    @cached_property
    def forge(self) -> Connection | None:
        """The forge that this repository is connected to, or None."""
        from terrace.apps.wiring.forge import connect

        return connect(ENVIRON, self.trust.config, self.repository)

    @cached_property
    def reference(self) -> Callable[[], Reference | None]:
        """Tells the time by the server of the remote or of the forge, where there is one that is asked by https; else
        by what passed since this command began."""
        from terrace.adapters.clocks import ReferenceClock

        return ReferenceClock(now, self._time_servers)

    def _time_servers(self) -> Iterator[str]:
        """The addresses whose servers are asked for the time, in that order."""
        yield self.repository.remote_url or ""
        with contextlib.suppress(NotReady):
            if self.forge is not None:
                yield self.forge.github.place.api

    @property
    def connected(self) -> Connection:
        """The forge, where one is needed. Raises NotReady where this repository is connected to none."""
        if self.forge is None:
            raise NotReady("this repository is connected to no forge", hint=UNCONNECTED)
        return self.forge

    @cached_property
    def _merges(self) -> GitHubMerges:
        """How commits came into the protected branch. Raises NotReady where no forge can be asked."""
        from terrace.adapters.github.merges import GitHubMerges

        return GitHubMerges(self.connected.github, self.trust.config.branch)

    def _unreviewed(self, commit: str, tip: str) -> str | None:
        """Why a commit did not come through a reviewed change. Raises NotReady where no forge can be asked."""
        from terrace.adapters.git.merged_content import GitMergedContent

        # Asked again before each apply: how a commit came to the branch does not change in the life of a process.
        if (commit, tip) not in self._judged:
            content = GitMergedContent(self.repository)
            self._judged[commit, tip] = self._merges.unreviewed(commit, tip, content)
        return self._judged[commit, tip]

    def _openers(self, commit: str) -> tuple[str, ...]:
        """The accounts that opened the changes of a commit. Raises NotReady where the forge cannot be asked."""
        return self._merges.openers(commit) if self.forge is not None else ()

    def _unproven_run(self, run: str, requester: str, opened_at: datetime) -> str:
        """Why a run of CI does not prove who opened a deployment; "" where the forge says that it does."""
        from terrace.adapters.github.workflow_runs import workflow_run
        from terrace.gates.ci_runs import why_nobody_is_asked, why_unproven
        from terrace.gates.people import People

        unasked = why_nobody_is_asked(run)
        if unasked:
            return unasked
        id_ = run.partition(" ")[2]
        # What a run proves stays true: it is asked again only while it is not proven.
        if (run, requester, opened_at) in self._proven_runs:
            return ""
        try:
            connected = self.connected
            told = workflow_run(connected.github, connected.github.place, id_)
        except (NotReady, BadInput) as error:
            return f"GitHub cannot be asked: {error.message}"
        why = why_unproven(told, self.trust.config.branch, People(self.trust.config), requester, opened_at)
        if not why:
            self._proven_runs.add((run, requester, opened_at))
        return why

    def page(self) -> Page:
        """The page of the change that this run is for. Raises NotReady where there is none."""
        from terrace.apps.wiring.pages import page

        return page(ENVIRON)

    def deployment_context(self, watcher: Watcher, reach: Reach = "apply") -> Crew:
        """Everybody who is needed to change an environment. Raises NotReady early, before anything is written.

        With the `reach` of plans it needs no key of backups, but the one of the ledger.
        """
        if reach == "apply":
            self.seals().ready()
        _ = self.terraform.binary
        self._insist_on_the_key_of(self._opened())
        return replace(self._context(watcher, self.ledger, self.digest_key), reach=reach)

    def _insist_on_the_key_of(self, history: History) -> None:
        """Raise where outcomes in the ledger cannot be told from what anybody wrote who may push its branch."""
        from terrace.ledger.authenticity import EventKey

        if not isinstance(self.event_key, EventKey):
            raise NotReady(
                "the key of the ledger is not here: what a deployment does counts only where it authenticates that",
                hint=f"export {LEDGER_KEY}, or the key that it is derived from: {self.trust.config.backups.key}",
            )
        if foreign := history.reading.foreign:
            raise BadInput(
                f"the events of the ledger are authenticated with the key {foreign}, and the key here is "
                f"{self.event_key.id}",
                hint=f"set {LEDGER_KEY}, or the key of backups, to that of before; where it was changed on purpose: "
                "`terrace ledger rekey --reason WHY`",
            )

    def read_only_context(self, watcher: Watcher) -> Crew:
        """A crew that only looks: it needs no key, and writes nothing into the ledger."""
        given = bool(ENVIRON.get(DIGEST_KEY)) or self._backup_key_given
        return self._context(watcher, self.ledger, self.digest_key if given else self.throwaway_key)

    def audit_context(self, watcher: Watcher) -> Crew:
        """A crew that looks and records that it did. It needs no key where the ledger is open already."""
        given = bool(ENVIRON.get(DIGEST_KEY)) or self._backup_key_given
        if given:
            return self._context(watcher, self.open_ledger(), self.digest_key)
        return self._context(watcher, self.ledger, self.throwaway_key)

    @property
    def _backup_key_given(self) -> bool:
        return bool(ENVIRON.get(self.trust.config.backups.key.removeprefix("env:")))

    def drift_context(self, watcher: Watcher) -> Crew:
        """A crew that looks at what is deployed and records what it sees. Its marks must compare: it needs the key."""
        return self._context(watcher, self.open_ledger(), self.digest_key)

    def _context(self, watcher: Watcher, ledger: Ledger, digest_key: DigestKey) -> Crew:
        from terrace.adapters.change_logs import FileChangeLogs
        from terrace.adapters.leases import LocalLeases
        from terrace.adapters.machine import MEMORY_OF_A_SMALL_ONE, MEMORY_OF_ONE, processes_at_once
        from terrace.adapters.probes import LiveProbes
        from terrace.adapters.runner.applier import LocalApplier
        from terrace.adapters.signatures import has_signers
        from terrace.adapters.terraform.left_states import CheckoutStates
        from terrace.pipelines.crew import Crew

        config = self.trust.config
        of_one = MEMORY_OF_ONE if config.terraform.fast == "off" else MEMORY_OF_A_SMALL_ONE
        return Crew(
            actor=self.actor,
            config=config,
            policy=self.trust.policy,
            repository=self.repository,
            ledger=ledger,
            terraform=self.terraform,
            applier=LocalApplier(self.home.runs, self.terraform),
            backups=self.backups(),
            probes=LiveProbes(),
            leases=LocalLeases(self.home.leases),
            watcher=watcher,
            survey=self.survey,
            variables=self.variables,
            proof=self.proof,
            dismissed=self.dismissed,
            judge=self.judge(),
            unreviewed=self._unreviewed,
            digest_key=digest_key,
            clock=now,
            new_id=new_id,
            parallel=config.terraform.parallel or processes_at_once(of_one),
            vouch=self.vouch,
            signers=has_signers(self.trust.signers),
            run=run_of_ci(os.environ),
            reference=self.reference,
            openers=self._openers,
            unproven_run=self._unproven_run,
            left=CheckoutStates(self.repository.root, self.home.states),
            logs=FileChangeLogs(self.repository.root),
        )

    @property
    def _backup_place(self) -> str | Path:
        """Where backups go; a folder is meant from the root of the repository."""
        url = self.trust.config.backups.url
        if not url:
            return self.home.artefacts
        return url if "://" in url else inside(self.repository.root, url)

    def variables(self, environment: Environment, purpose: Purpose) -> Mapping[str, str]:
        """What the child's environment gets for one purpose: the credentials, and the variables that `env` names."""
        wanted = environment.credentials.apply if purpose == "apply" else environment.credentials.plan
        found = {name: self._secret(environment, name, spec) for name, spec in wanted.items()}
        found.update({name: ENVIRON[name] for name in environment.env if name in ENVIRON})
        return found

    def _secret(self, environment: Environment, name: str, spec: str) -> str:
        if not spec.startswith("env:"):
            return spec
        source = spec.removeprefix("env:")
        if source not in ENVIRON:
            raise NotReady(
                f"{environment.name} needs {name} from the variable {source}, which is not set",
                hint=f"export {source}=...  (terrace.yaml: environments.{environment.name}.credentials)",
            )
        return ENVIRON[source]

    @cached_property
    def proof(self) -> Callable[[SignedApproval | Declared], Identity]:
        """Tells how the author of an answer or a declaration is known, against the signers of the trust root."""
        from terrace.adapters.signatures import identity_of, identity_of_declaration

        signers = self.trust.signers

        def known(said: SignedApproval | Declared) -> Identity:
            if said.witness is not None:
                return self._still_said(said)
            if isinstance(said, Declared):
                return identity_of_declaration(said, signers)
            return identity_of(said, signers)

        return known

    @cached_property
    def dismissed(self) -> Counts:
        """Tells whether a dismissal is by a signer of the trust root; where that has none, every person's counts."""
        return self._is_by_a_signer

    @cached_property
    def dates_dismissed(self) -> DatesCount:
        """Tells whether a dismissal of dates is by a signer of the trust root, as `dismissed` does."""
        return self._is_by_a_signer

    @cached_property
    def _began(self) -> Proves:
        """Tells whether a ledger was begun anew by a signer of the trust root; where that has none, by any person."""
        return self._is_by_a_signer

    def _is_by_a_signer(self, one: Dismissal | DismissalOfSeveral | DatesDismissal | Beginning) -> bool:
        from terrace.adapters.signatures import has_signers, is_signed

        signers = self.trust.signers
        return not has_signers(signers) or is_signed(one.actor, one.text, one.signature, signers)

    def _still_said(self, said: SignedApproval | Declared) -> Identity:
        """Asked once in the life of this object. Where the forge cannot be asked, it does not count."""
        from terrace.apps.wiring.conversation import conversation
        from terrace.gates.people import People
        from terrace.pipelines.conversation.authorship import may_answer
        from terrace.pipelines.conversation.witness import still_declared, still_said

        assert said.witness is not None, "asked only where there is one"
        if said not in self._heard:
            people = People(self.trust.config)
            try:
                talk = conversation(self.connected, self.trust.config.branch)
                if isinstance(said, Declared):
                    holds = still_declared(talk, people, said)
                else:
                    holds = still_said(talk, people, said)
                    holds = holds and may_answer(talk, self.repository, self.ledger.read(), said)
            except (NotReady, BadInput):
                return Identity("unsaid")
            account = Identity("forge", f"account {said.witness.login.casefold()}")
            self._heard[said] = account if holds else Identity("unsaid")
        return self._heard[said]

    def vouch(self, text: bytes) -> str | None:
        """Signs what the actor declares with the key that Git signs with; None where there is none."""
        from terrace.adapters.signatures import signer

        return signer(self.repository, self._key)(text)
