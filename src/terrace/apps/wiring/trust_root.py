"""The trust root of a repository: where its rules are read, and the rules themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

from terrace.adapters.environ import ENVIRON
from terrace.adapters.git.repository import GitRepository
from terrace.apps.wiring.keys import secret_variables
from terrace.config.model import Config
from terrace.config.problems import BadConfig, Problem
from terrace.config.trust_root import (
    BRANCH_NAME,
    BRANCH_SETTING,
    BRANCH_VARIABLE,
    REMOTE_NAME,
    REMOTE_SETTING,
    REMOTE_VARIABLE,
    Decided,
    RootPlace,
    check_agreement,
    choose_branch,
    choose_local_branch,
    choose_remote,
    follow_branch,
    follow_remote,
    read_settings,
)
from terrace.errors import BadInput, NotReady, Place

CONFIG_FILE = "terrace.yaml"
MAX_PAST_RULES = 50
"""Maximum number of commits that changed terrace.yaml and are searched for rules that can be read."""
MAX_CONFIGS = 16
"""Maximum number of configurations that are kept in memory."""

ReadConfig = Callable[[str, RootPlace], Config]
"""Reads the configuration of a commit at a remote and branch."""


class RootFinder:
    """Determines the remote and branch of the rules, and sets the repository to them.

    With `fetch`, the HEAD of the remote is read and the branch is fetched, concurrently where the branch is already
    known. Without, the remote is contacted only where this clone has no record of its HEAD.
    """

    def __init__(
        self, repository: GitRepository, environ: Mapping[str, str], read: ReadConfig, *, fetch: bool = True
    ) -> None:
        self._repository = repository
        self._read = read
        self._fetch = fetch
        config = repository.config
        remote = {REMOTE_VARIABLE: environ.get(REMOTE_VARIABLE), REMOTE_SETTING: config(REMOTE_SETTING)}
        branch = {BRANCH_VARIABLE: environ.get(BRANCH_VARIABLE), BRANCH_SETTING: config(BRANCH_SETTING)}
        self._remote = read_settings("remote", remote, REMOTE_NAME)
        self._branch = read_settings("branch", branch, BRANCH_NAME)

    def find(self) -> RootPlace:
        """Returns the remote and branch. If terrace.yaml there names others, they are used instead, and must name
        themselves. Raises BadInput where the choice is ambiguous, NotReady where the remote cannot be reached.
        """
        first = self._settle(choose_remote(self._repository.remotes, self._remote))
        if not self._fetch and not self._repository.has_protected_branch:
            # Nothing was pushed or fetched yet. Commands that need the rules fail when they read them.
            return first
        config = self._config(first)
        place = first
        if first.remote is not None and self._remote is None and config.remote != first.remote.name:
            place = self._settle(follow_remote(config.remote, self._repository.remotes, first))
            config = self._config(place)
            check_agreement(first, place, remote=config.remote, branch=place.branch.name)
        if config.branch != place.branch.name:
            followed = RootPlace(place.remote, follow_branch(config.branch, place))
            self._take(followed)
            config = self._config(followed)
            remote = place.remote.name if place.remote is not None and self._remote is not None else config.remote
            check_agreement(place, followed, remote=remote, branch=config.branch)
            place = followed
        return place

    def _config(self, place: RootPlace) -> Config:
        return self._read(self._repository.protected_tip(), place)

    def _settle(self, remote: Decided | None) -> RootPlace:
        """Returns the branch at a remote, fetched."""
        repository = self._repository
        if remote is None:
            usual, head = repository.config("init.defaultBranch"), repository.checked_out_branch()
            branch = choose_local_branch(repository.local_branches(), self._branch, usual=usual, head=head)
            repository.use(None, branch.name)
            return RootPlace(None, branch)
        repository.use(remote.name, "")
        if self._branch is not None:
            place = RootPlace(remote, choose_branch(remote.name, self._branch, remote_head=None, recorded=None))
            self._take(place)
            return place
        return RootPlace(remote, self._head(remote.name))

    def _take(self, place: RootPlace) -> None:
        self._repository.use(place.remote.name if place.remote is not None else None, place.branch.name)
        if self._fetch:
            self._repository.fetch()

    def _head(self, remote: str) -> Decided:
        """Returns the branch that the remote's HEAD names, fetched where this run fetches."""
        repository = self._repository
        recorded = repository.recorded_head()
        if not self._fetch:
            remote_head = None if recorded is not None else self._asked_in_need()
            branch = choose_branch(remote, None, remote_head=remote_head, recorded=recorded)
            repository.use(remote, branch.name)
            return branch
        failed = None
        with ThreadPoolExecutor(1) as other:
            asking = other.submit(repository.remote_head)
            if recorded is not None and BRANCH_NAME.fullmatch(recorded):
                repository.use(remote, recorded)
                failed = self._try_fetch()
            remote_head = asking.result()
        if remote_head is None:
            raise BadInput(
                f"the protected branch cannot be determined: the HEAD of the remote {remote} does not name an "
                "existing branch",
                hint=f"push the first branch, set the default branch there, or run: git config {BRANCH_SETTING} NAME",
            )
        branch = choose_branch(remote, None, remote_head=remote_head, recorded=recorded)
        if recorded is None:
            repository.use(remote, branch.name)
            repository.fetch()
            repository.record_head()
        elif failed is not None:
            raise failed
        return branch

    def _try_fetch(self) -> NotReady | None:
        """Fetches and returns the error, since the remote's HEAD may explain it better."""
        try:
            self._repository.fetch()
        except NotReady as error:
            return error
        return None

    def _asked_in_need(self) -> str | None:
        try:
            return self._repository.remote_head()
        except NotReady:
            # Without a network the HEAD is unknown, which the caller reports.
            return None


@dataclass(frozen=True, slots=True)
class TrustRoot:
    """Configuration and signers at the tip of the protected branch. `policy` is the version of these rules."""

    commit: str
    config: Config
    signers: bytes
    policy: str


class TrustRootReader:
    """Reads the trust root once. A protected branch without a terrace.yaml gets safe defaults.

    With `past_rules` the newest rules that can be read are used where those at the tip cannot: only for commands that
    change nothing. `rules_problem` is then the reason, None where the rules at the tip can be read.
    """

    def __init__(self, repository: GitRepository, *, fetch: bool, past_rules: bool) -> None:
        self._repository = repository
        self._fetch = fetch
        self._past_rules = past_rules
        self._past_commit = ""
        self._configs: dict[tuple[str, str, str], Config] = {}
        self.rules_problem: BadConfig | None = None

    @cached_property
    def place(self) -> RootPlace:
        """The remote and branch where the trust root is read, and how they were chosen."""
        return RootFinder(self._repository, ENVIRON, self._trusted_config, fetch=self._fetch).find()

    def read(self) -> TrustRoot:
        """Returns the trust root. Raises BadConfig where its configuration is invalid."""
        from terrace.config.model import policy_version
        from terrace.pipelines.deploy.rule_files import rule_files

        place = self.place
        commit = self._repository.protected_tip()
        config = self._trusted_config(commit, place)
        commit = self._past_commit or commit
        tree = self._repository.own_tree(commit)
        text = tree.read(CONFIG_FILE) if CONFIG_FILE in tree.entries else b""
        ENVIRON.conceal(secret_variables(config))
        signers = tree.read(config.signers) if config.signers in tree.entries else b""
        return TrustRoot(commit, config, signers, policy_version(text, signers, rule_files(tree, config)))

    def config_at(self, commit: str) -> Config:
        """Returns the configuration of a commit."""
        return self._config(commit, self.place)

    def _trusted_config(self, commit: str, place: RootPlace) -> Config:
        """Returns the configuration of the protected branch. The message of BadConfig names that branch."""
        try:
            self._check_not_deleted(commit)
            return self._config(commit, place)
        except BadConfig as error:
            which = f"this is the file on the protected branch, at {commit[:7]}, not the one in the working tree"
            problem = error.at(f"{place}:{CONFIG_FILE}", which)
            if not self._past_rules:
                raise problem from None
            return self._past_config(commit, place, problem)

    def _past_config(self, tip: str, place: RootPlace, problem: BadConfig) -> Config:
        """Returns the newest configuration that can be read. Raises the problem where there is none."""
        for commit in self._repository.changes_of(CONFIG_FILE, tip, MAX_PAST_RULES):
            if not self._has_config(commit):
                continue
            try:
                config = self._config(commit, place)
            except BadConfig:
                continue
            self.rules_problem, self._past_commit = problem, commit
            return config
        raise problem from None

    def _check_not_deleted(self, commit: str) -> None:
        """Raises BadConfig where an earlier commit had the file and this one has not: the defaults would ask for fewer
        approvals than the deleted rules."""
        if self._has_config(commit):
            return
        changes = self._repository.changes_of(CONFIG_FILE, commit, 1)
        if changes:
            deleted = changes[0][:7]
            hint = (
                f"restore it with `git checkout {deleted}~ -- {CONFIG_FILE}`, or commit one with `version: 1` if the "
                "defaults are meant; then merge it"
            )
            why = f"the file was deleted in {deleted}, and its rules with it"
            raise BadConfig((Problem(Place(CONFIG_FILE), why, hint),))

    def _has_config(self, commit: str) -> bool:
        return CONFIG_FILE in self._repository.own_tree(commit).entries

    def _config(self, commit: str, place: RootPlace) -> Config:
        """Returns the configuration of a commit, with the remote and branch of `place` where it names no others."""
        from terrace.checks.all import CHECKS
        from terrace.config.load import load
        from terrace.stacks.discovery import environments

        remote = place.remote.name if place.remote is not None else "origin"
        key = (commit, place.branch.name, remote)
        if key not in self._configs:
            tree = self._repository.own_tree(commit)
            text = tree.read(CONFIG_FILE) if CONFIG_FILE in tree.entries else b""
            config = load(
                text,
                CONFIG_FILE,
                discovered=environments(tree),
                branch=place.branch.name,
                remote=remote,
                checks=CHECKS,
            )
            if len(self._configs) >= MAX_CONFIGS:
                self._configs.clear()
            self._configs[key] = config
        return self._configs[key]
