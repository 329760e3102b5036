"""Joins pipelines and adapters for one repository."""

from __future__ import annotations

import contextlib
import hmac
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from terrace.adapters.environ import ENVIRON
from terrace.adapters.files import inside
from terrace.adapters.git.repository import GitRepository
from terrace.apps.wiring.clock import new_id, now
from terrace.apps.wiring.forge import access, instigator, require_connection, run_of_ci
from terrace.apps.wiring.home import Home
from terrace.apps.wiring.keys import LEDGER_KEY, Keys, child_variables, secret_variables
from terrace.apps.wiring.ledger import ProjectLedger
from terrace.apps.wiring.proof import Proof
from terrace.apps.wiring.reviews import Reviews
from terrace.apps.wiring.trust_root import CONFIG_FILE, TrustRoot, TrustRootReader
from terrace.config.model import Config, Environment
from terrace.errors import BadInput, Interrupted, NotReady, TerraceError
from terrace.hcl.tofu_files import has_tofu_files, select_files
from terrace.stacks.inventory import Inventory

if TYPE_CHECKING:
    from terrace.adapters.backups import Backups
    from terrace.adapters.before_plan.commands import Commands
    from terrace.adapters.git.submodules import SubmoduleRules
    from terrace.adapters.github.connecting import Connection
    from terrace.adapters.kept_plans import PlanArchive
    from terrace.adapters.opa.engine import Opa
    from terrace.adapters.opa.policies import Policies
    from terrace.adapters.scanners.checks import Scanners
    from terrace.adapters.step_logs import OutputRouter
    from terrace.adapters.terraform.client import LocalTerraform
    from terrace.assess.model import Finding
    from terrace.config.problems import BadConfig
    from terrace.config.trust_root import RootPlace
    from terrace.forge.ports import Page
    from terrace.gates.model import Identity
    from terrace.hcl.tree import Tree
    from terrace.ledger.approvals import SignedApproval
    from terrace.ledger.authenticity import LedgerKey
    from terrace.ledger.dates import DatesCount, Reference
    from terrace.ledger.declared import Declared
    from terrace.ledger.dismissals import Counts
    from terrace.ledger.model import History, Ledger
    from terrace.pipelines.context import Context, Reach
    from terrace.plans.before_plan_outputs import Prepared
    from terrace.plans.digest import DigestKey
    from terrace.plans.model import Plan
    from terrace.plans.ports import Site
    from terrace.rollout.ports import StepLogs, Watcher
    from terrace.stacks.model import Notice
    from terrace.stacks.refusals import Refusal
    from terrace.waivers.judging import Waivers

__all__ = ["CONFIG_FILE", "Project", "TrustRoot", "new_id", "now", "opa"]

MAX_INVENTORIES = 16
"""Maximum number of commits whose stacks are kept in memory."""


def opa() -> Opa:
    """Returns OPA from PATH, else from the tools that Terrace installed."""
    from terrace.adapters.opa.engine import Opa
    from terrace.adapters.tools.find_tool import Toolbox
    from terrace.adapters.tools.known import tool

    box = Toolbox(Home.tools())
    return Opa({"PATH": os.pathsep.join((box.path, str(box.place(tool("opa")) / "bin")))})


class Project:
    """One repository with its configuration and adapters. Each of them is created when it is first used.

    `actor` replaces the person whom the Git identity names: for people who approve with `--as` and a key. `key` is the
    SSH key that they sign with, instead of Git's. `older_keys` are previous backup keys that existing backups may be
    encrypted with. With `past_rules` the newest rules of the protected branch that can be read are used where those at
    its tip cannot: only for commands that change nothing.
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
        self._trust_root = TrustRootReader(self.repository, fetch=fetch, past_rules=past_rules)
        self._actor = actor
        self._fetch = fetch
        self.plans_nothing = False
        self.as_of: datetime | None = None
        """Time of the last fetch, where `open_for_reading` could not reach the remote; None where it could."""
        self._older_keys = older_keys
        self._key = key
        self._inventories: dict[str, Inventory] = {}

    @staticmethod
    def open_for_reading(folder: Path) -> tuple[Project, TerraceError | None]:
        """Returns the project with the newest rules and ledger that can be read, for commands that change nothing.

        Where the remote cannot be reached, they are those of the last fetch, `as_of` is its time, and the error is the
        reason. Raises that error where nothing was fetched before.
        """
        project = Project(folder, past_rules=True)
        try:
            project.ledger.read()
        except NotReady as error:
            if not project.repository.remotes:
                raise
            stale = Project(folder, past_rules=True, fetch=False)
            fetched = stale.home.last_fetch
            if fetched is None:
                raise
            stale.as_of = fetched
            stale.ledger.read()
            return stale, error
        if project.root_place.remote is not None:
            project.home.note_fetch()
        return project, None

    @cached_property
    def trust(self) -> TrustRoot:
        """The trust root, read once. A repository whose protected branch has no terrace.yaml gets safe defaults."""
        return self._trust_root.read()

    @property
    def root_place(self) -> RootPlace:
        """The remote and branch where the trust root is read, and how they were chosen."""
        return self._trust_root.place

    @property
    def rules_problem(self) -> BadConfig | None:
        """Why the newest rules of the protected branch cannot be read, with `past_rules`; None where they can."""
        return self._trust_root.rules_problem if self.trust else None

    @property
    def unreadable(self) -> TerraceError | None:
        """Why the stacks of the protected branch cannot be read; None where they can."""
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
        """Returns the configuration of a commit."""
        return self._trust_root.config_at(commit)

    def _submodule_rules(self) -> SubmoduleRules | None:
        """Returns which submodules are checked out, and from where, by the trust root; None where it cannot be read."""
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

    def survey(self, commit: str) -> Inventory:
        """Returns the configured stacks at a commit. A commit never changes, so that each is read once."""
        from terrace.adapters.git.facts_cache import FactsCache

        if commit in self._inventories:
            return self._inventories[commit]
        all_files = self.repository.tree(commit)
        tree = select_files(all_files, self._product(all_files))
        inventory = Inventory.of_tree(commit, self.config_at(commit), tree, FactsCache(self.home.cache / "facts.db"))
        while len(self._inventories) >= MAX_INVENTORIES:
            self._inventories.pop(next(iter(self._inventories)), None)
        self._inventories[commit] = inventory
        return inventory

    def find_uncommitted(self, inventory: Inventory, stacks: Collection[str] | None = None) -> tuple[Notice, ...]:
        """Returns the files that these stacks would read in the checkout and that the commit does not contain."""
        from terrace.stacks.uncommitted import find_uncommitted

        return find_uncommitted(
            inventory, self.repository.tree(inventory.commit), self.repository.find_untracked(), stacks
        )

    def undeployed_changes(self, commit: str) -> tuple[str, ...]:
        """Returns the paths in the working tree that differ from HEAD, without new files that this commit's stacks,
        modules, policies and settings certainly do not read.
        """
        from terrace.stacks.uncommitted import is_unrelated

        dirty = self.repository.dirty
        new = set(dirty).intersection(self.repository.find_untracked())
        if not new:
            return dirty
        inventory, tree = self.survey(commit), self.repository.tree(commit)
        sources = self.config_at(commit).policy_sources
        return tuple(path for path in dirty if path not in new or not is_unrelated(inventory, tree, path, sources))

    def _product(self, tree: Tree) -> str | None:
        """Returns the product that reads the configuration; None where that matters and is known, else None."""
        if not has_tofu_files(tree):
            return None
        try:
            return self.terraform.product
        except Interrupted:
            raise
        except TerraceError:
            return None

    def environment(self, name: str) -> Environment:
        """Returns an environment of the trust root, or a removed one in which something is still deployed.

        A removed one is returned as the newest commit of the protected branch that had it defines it. Raises BadInput
        where there is neither.
        """
        try:
            return self.trust.config.environment(name)
        except BadInput:
            former = self._removed_environment(name)
            if former is None:
                raise
        ENVIRON.conceal(secret_variables(Config(environments=(former,))))
        config = replace(self.trust.config, former=(*self.trust.config.former, former))
        self.__dict__["trust"] = replace(self.trust, config=config)
        return former

    def trusted_environment(self, name: str) -> Environment:
        """Returns an environment of the trust root. Raises BadInput where there is none.

        For a removed environment the message names what is still deployed there.
        """
        try:
            return self.trust.config.environment(name)
        except BadInput:
            from terrace.pipelines.rollback.destruction_target import removed_environment_error

            gone = removed_environment_error(self.ledger.read(), self.trust.config, name)
            if gone is None:
                raise
        raise gone

    def former_environments(self) -> tuple[tuple[Environment, ...], tuple[str, ...]]:
        """Returns the removed environments in which something is still deployed, each as it was last defined, and the
        names of those whose definition cannot be found."""
        from terrace.pipelines.rollback.destruction_target import removed_environments

        environments, undefined = [], []
        for name in removed_environments(self.ledger.read(), self.trust.config):
            try:
                environments.append(self.environment(name))
            except BadInput:
                undefined.append(name)
        return tuple(environments), tuple(undefined)

    def _removed_environment(self, name: str) -> Environment | None:
        """Returns an environment as it was last defined, without its place in the promotion order and for manual
        deployments only; None where nothing is deployed there or no definition can be found."""
        from terrace.pipelines.rollback.destruction_target import deployed_stacks

        deployments = [d for d in deployed_stacks(self.ledger.read()).values() if d.environment == name]
        newest = max(deployments, key=lambda d: d.opened_at, default=None)
        if newest is None or not self.repository.on_protected_branch(newest.commit):
            return None
        tip = self.trust.commit
        commits = self.repository.commits_touching(newest.commit, tip, (CONFIG_FILE,))
        for commit in (*commits, newest.commit):
            try:
                environment = self.config_at(commit).environment(name)
            except Interrupted:
                raise
            except TerraceError:
                # That commit does not define it, or cannot be read.
                continue
            return replace(environment, after=None, deploy="manual")
        return None

    def find_left_out(self, environments: Iterable[str], commit: str = "") -> Mapping[str, Refusal]:
        """Returns the stacks of these environments that a deployment of a commit leaves out, with the reasons.

        Without a commit it is the tip of the protected branch. Empty where the commit cannot be read: other commands
        report why.
        """
        from terrace.pipelines.context import readable

        inventory = readable(self.survey, commit or self.trust.commit)
        if inventory is None:
            return {}
        return {key: why for name in environments for key, why in inventory.find_left_out(name).items()}

    @cached_property
    def actor(self) -> str:
        """The person who runs the command: the person in terrace.yaml with the Git identity, else that identity;
        without one, the person or account that started this run of CI."""
        if self._actor is not None:
            return self._actor
        name = self.repository.config("user.name") or ""
        email = self.repository.config("user.email") or ""
        for person in self.trust.config.people.values():
            if email and email.lower() in (e.lower() for e in person.emails):
                return person.name
        members = {m for team in self.trust.config.teams.values() for m in team}
        member = next((who for who in (name, email, email.split("@")[0]) if who in members), email or name)
        return member or instigator(ENVIRON, self.trust.config) or "unknown"

    @cached_property
    def keys(self) -> Keys:
        """The keys of digests, of the ledger and of backups."""
        return Keys(self.trust.config.backups, self._older_keys)

    @cached_property
    def _ledger(self) -> ProjectLedger:
        return ProjectLedger(
            self.repository,
            self.trust.config,
            self.home,
            self.keys,
            self._proof,
            self._access,
            fetch=self.as_of is None,
        )

    @property
    def ledger(self) -> Ledger:
        """The ledger that terrace.yaml names."""
        return self._ledger.ledger

    def open_ledger(self) -> Ledger:
        """Returns the ledger with its first event, which gives it its id; writes that event into a new ledger."""
        self.home.require_writable()
        self._ledger.open(self.actor)
        return self.ledger

    def begin_ledger(self, reason: str, sign: Callable[[bytes], str | None]) -> History:
        """Starts a new ledger although deployments were made before, and records the reason.

        Raises BadInput where a ledger exists, and where the trust root has signers and none of them signs the start;
        Corrupt where this clone still has the lost ledger.
        """
        return self._ledger.begin(reason, self.actor, sign)

    @property
    def digest_key(self) -> DigestKey:
        """The key of plan digests. Raises NotReady where it is not set."""
        return self.keys.digest

    @property
    def event_key(self) -> LedgerKey:
        """The key that authenticates ledger events; NO_KEY where it is not set."""
        return self.keys.ledger

    @property
    def backup_key(self) -> bytes:
        """The shared key of state backups. Raises NotReady where it is not set."""
        return self.keys.backup

    def backups(self) -> Backups:
        """Returns the store of state backups."""
        from terrace.adapters.artifacts import Artifacts
        from terrace.adapters.backups import Backups

        return Backups(Artifacts(self._backup_place), self.keys.seals(), now)

    @cached_property
    def kept_plans(self) -> PlanArchive:
        """The plans of deployments that approvers and `terrace show` read, beside the state backups.

        Everyone who approves has the digest key; the key of the backups may be one that only restores need.
        """
        from terrace.adapters.artifacts import Artifacts
        from terrace.adapters.backup_encryption import BackupCipher
        from terrace.adapters.kept_plans import PlanArchive

        key = BackupCipher(key=lambda: hmac.digest(self.digest_key.secret, b"terrace kept plans", "sha256"))
        return PlanArchive(Artifacts(self._backup_place), key, now)

    @property
    def _backup_place(self) -> str | Path:
        """The location of backups. A relative folder is below the root of the repository."""
        url = self.trust.config.backups.url
        if not url:
            return self.home.artifacts
        return url if "://" in url else inside(self.repository.root, url)

    @cached_property
    def terraform(self) -> LocalTerraform:
        """The Terraform that terrace.yaml names."""
        from terrace.adapters.terraform.client import LocalTerraform

        settings, home = self.trust.config.terraform, self.home
        return LocalTerraform(
            settings, cache=home.cache, states=home.states, prepare=self._prepare, output=self._output_router
        )

    @cached_property
    def _output_router(self) -> OutputRouter:
        from terrace.adapters.step_logs import OutputRouter

        return OutputRouter()

    def step_logs(self) -> StepLogs:
        """Returns the logs of steps, which are kept beside the state backups."""
        from terrace.adapters.artifacts import Artifacts
        from terrace.adapters.step_logs import StoredLogs

        artifacts, keep_for = Artifacts(self._backup_place), self.trust.config.backups.logs
        return StoredLogs(artifacts, self.keys.seals(), self._output_router, now, keep_for)

    def _prepare(self, site: Site) -> tuple[Prepared, ...]:
        """Runs the commands of a site before it is planned."""
        return self._commands.prepare(site) if site.commands else ()

    @cached_property
    def _commands(self) -> Commands:
        from terrace.adapters.before_plan.commands import Commands

        secret = self.digest_key.secret if self.keys.has_digest_key else None
        private = (self.repository.root, self.home.cache, self.home.data, Home.tools())
        return Commands(self.home.cache, secret, ENVIRON, private)

    def terraform_by(self, fast: Literal["plan-only", "off"]) -> LocalTerraform:
        """Returns the same Terraform with or without the fast lane, regardless of terrace.yaml."""
        from terrace.adapters.terraform.client import LocalTerraform

        settings = replace(self.trust.config.terraform, fast=fast)
        home = self.home
        return LocalTerraform(settings, cache=home.cache, states=home.states, prepare=self._prepare)

    def policies(self, commit: str | None = None) -> Policies:
        """Returns the policies of the trust root, or those of another commit."""
        from terrace.adapters.opa.policies import Policies

        return Policies(opa(), self.repository.own_tree(commit or self.trust.commit))

    def judge(self) -> Callable[[Plan], tuple[Finding, ...]]:
        """Returns what runs the required checks of the trust root on a plan right before its apply."""
        from terrace.pipelines.deploy.plan_rules import PlanEvaluator

        return PlanEvaluator(self.trust.config, self.repository.own_tree(self.trust.commit), self.policies(), now)

    def waivers(self, inventory: Inventory, changed: tuple[str, ...] = ()) -> Waivers:
        """Returns the waivers of the trust root and of the commit, with those in comments of the `changed` files.

        Raises BadConfig where those of the commit cannot be read.
        """
        from terrace.waivers.committed import waivers

        trusted, head = self.repository.tree(self.trust.commit), self.repository.tree(inventory.commit)
        return waivers(trusted, self.trust.config, head, inventory.config, changed)

    def valid_waivers(self) -> Waivers:
        """Returns the waivers of the trust root alone: for audits of the deployed configuration."""
        from terrace.waivers.committed import valid_waivers

        return valid_waivers(self.repository.tree(self.trust.commit), self.trust.config)

    def scanners(self) -> Scanners:
        """Returns the scanners of this machine, configured by the trust root."""
        from terrace.adapters.scanners.checks import Scanners
        from terrace.adapters.tools.find_tool import Toolbox

        cache = self.home.cache / "scans"
        return Scanners(Toolbox(Home.tools()), self.repository, self.repository.root, self.trust.commit, cache)

    @cached_property
    def forge(self) -> Connection | None:
        """The forge that this repository is connected to, or None."""
        from terrace.apps.wiring.forge import connect

        return connect(ENVIRON, self.trust.config, self.repository)

    @cached_property
    def reference(self) -> Callable[[], Reference | None]:
        """The reference clock: the HTTPS server of the remote or of the forge, else the time since this command
        started."""
        from terrace.adapters.clocks import ReferenceClock

        return ReferenceClock(now, self._time_servers)

    def _time_servers(self) -> Iterator[str]:
        """Yields the addresses of servers that know the time, in the order of the requests."""
        yield self.repository.remote_url or ""
        with contextlib.suppress(NotReady):
            if self.forge is not None:
                yield self.forge.github.place.api

    @property
    def connected(self) -> Connection:
        """The forge, where one is needed. Raises NotReady where this repository is not connected to one."""
        return require_connection(self.forge)

    @cached_property
    def _reviews(self) -> Reviews:
        return Reviews(self.trust.config, self.repository, lambda: self.forge)

    @cached_property
    def _proof(self) -> Proof:
        trust = self.trust
        return Proof(trust.config, trust.signers, self.repository, lambda: self.forge, lambda: self.ledger.read())

    @property
    def proof(self) -> Callable[[SignedApproval | Declared], Identity]:
        """Returns how the author of an approval or a declaration is known, by the signers of the trust root."""
        return self._proof.identity

    @property
    def dismissed(self) -> Counts:
        """Returns whether a dismissal is by a signer of the trust root; without signers, every dismissal is valid."""
        return self._proof.is_by_signer

    @property
    def dates_dismissed(self) -> DatesCount:
        """Returns whether a dismissal of dates is by a signer of the trust root, as `dismissed` does."""
        return self._proof.is_by_signer

    def page(self) -> Page:
        """Returns the page of the change that this run of CI is for. Raises NotReady where there is none."""
        from terrace.apps.wiring.pages import page

        return page(ENVIRON)

    def deployment_context(self, watcher: Watcher, reach: Reach = "apply") -> Context:
        """Returns the adapters that change environments. Raises NotReady before anything is written.

        With the reach `plan` it needs no backup key, but the ledger key.
        """
        self.home.require_writable()
        if reach == "apply":
            self.keys.seals().ready()
        _ = self.terraform.binary
        self._require_ledger_key(self._ledger.open(self.actor))
        context = replace(self._context(watcher, self.ledger, self.digest_key), reach=reach)
        keeps_logs = self.trust.config.backups.recipients or self.keys.has_backup_key
        return replace(context, step_logs=self.step_logs()) if keeps_logs else context

    def read_only_context(self, watcher: Watcher) -> Context:
        """Returns the adapters of commands that only read: they need no key and do not write into the ledger."""
        return self._context(watcher, self.ledger, self.keys.digest_or_throwaway)

    def audit_context(self, watcher: Watcher) -> Context:
        """Returns the adapters of commands that read and record that. Without a key they do not open a new ledger."""
        if self.keys.has_digest_key:
            return self.drift_context(watcher)
        return self._context(watcher, self.ledger, self.keys.throwaway)

    def drift_context(self, watcher: Watcher) -> Context:
        """Returns the adapters of drift checks. They need the digest key: later checks compare what they record."""
        return self._context(watcher, self.open_ledger(), self.digest_key)

    def _require_ledger_key(self, history: History) -> None:
        """Raises where this process cannot distinguish authentic outcomes from events that anyone with push access to
        the ledger's branch could have written."""
        from terrace.ledger.authenticity import EventKey

        if not isinstance(self.event_key, EventKey):
            raise NotReady(
                "the ledger key is not set: without it, Terrace cannot authenticate the result of a deployment",
                hint=f"export {LEDGER_KEY}, or the key that it is derived from: {self.trust.config.backups.key}",
            )
        if foreign := history.reading.foreign:
            raise BadInput(
                f"the events of the ledger are authenticated with the key {foreign}, but the key in this environment "
                f"is {self.event_key.id}",
                hint=f"set {LEDGER_KEY}, or the backup key, to the previous key. If the key was changed on purpose: "
                "`terrace ledger rekey --reason WHY`",
            )

    def _context(self, watcher: Watcher, ledger: Ledger, digest_key: DigestKey) -> Context:
        from terrace.adapters.change_logs import FileChangeLogs
        from terrace.adapters.host import FAST_LANE_MEMORY, TERRAFORM_MEMORY, concurrent_processes
        from terrace.adapters.leases import LocalLeases
        from terrace.adapters.probes import LiveProbes
        from terrace.adapters.runner.applier import LocalApplier
        from terrace.adapters.signatures import has_signers
        from terrace.adapters.terraform.left_states import CheckoutStates
        from terrace.pipelines.context import Context

        config = self.trust.config
        memory = TERRAFORM_MEMORY if config.terraform.fast == "off" else FAST_LANE_MEMORY
        return Context(
            actor=self.actor,
            config=config,
            policy=self.trust.policy,
            repository=self.repository,
            ledger=ledger,
            terraform=self.terraform,
            applier=LocalApplier(self.home.runs, self.terraform, output=self._output_router),
            backups=self.backups(),
            probes=LiveProbes(),
            leases=LocalLeases(self.home.leases),
            watcher=watcher,
            survey=self.survey,
            variables=child_variables,
            proof=self.proof,
            dismissed=self.dismissed,
            judge=self.judge(),
            unreviewed=self._reviews.missing_review,
            digest_key=digest_key,
            clock=now,
            new_id=new_id,
            parallel=config.terraform.parallel or concurrent_processes(memory),
            vouch=self.vouch,
            signers=has_signers(self.trust.signers),
            run=run_of_ci(os.environ),
            reference=self.reference,
            openers=self._reviews.openers,
            unproven_run=self._reviews.unproven_run,
            left=CheckoutStates(self.repository.root, self.home.states),
            kept_plans=self.kept_plans,
            logs=FileChangeLogs(self.repository.root),
        )

    def vouch(self, text: bytes) -> str | None:
        """Returns the actor's signature of a declaration, with the key that Git signs with; None without a key."""
        from terrace.adapters.signatures import signer

        return signer(self.repository, self._key)(text)
