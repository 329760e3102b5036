"""Terraform or OpenTofu on this machine. Implements the Protocol of `terrace.plans.ports`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from terrace.adapters.environ import ENVIRON
from terrace.adapters.file_lock import file_lock
from terrace.adapters.files import put, put_link, remove
from terrace.adapters.host import concurrent_processes
from terrace.adapters.interruption import INTERRUPTION
from terrace.adapters.terraform import argv
from terrace.adapters.terraform.binary import Binary, find
from terrace.adapters.terraform.cli_config import CliConfig, cli_config
from terrace.adapters.terraform.data_folder import (
    LOCK_FILE,
    OVERRIDE,
    DataFolder,
    data_folder,
    local_state,
    override,
    state_file,
)
from terrace.adapters.terraform.environment import WORKSPACE, child_environment
from terrace.adapters.terraform.error_hints import STALE_DATA, failure, plain_text
from terrace.adapters.terraform.execute import Finished, TimeLimit, execute
from terrace.adapters.terraform.fast.eligibility import PLAIN, LaneDecisions
from terrace.adapters.terraform.fast.lane import LaneDied
from terrace.adapters.terraform.fast.memory import Surprise
from terrace.adapters.terraform.messages import decode, diagnostic, distinct, printed_text, progress
from terrace.adapters.terraform.private import discard, private_folder, private_stream
from terrace.adapters.terraform.provider_schemas import ProviderSchemas, RecordedSchemas
from terrace.adapters.terraform.saved_plan import sources_of
from terrace.config.model import DEFAULT_WORKSPACE, TerraformSettings
from terrace.config.naming import find_nearest, quote_word
from terrace.errors import (
    BadInput,
    Corrupt,
    Diagnostic,
    NotReady,
    StateLock,
    StateLocked,
    TerraceError,
    TerraformFailed,
)
from terrace.hcl.lock_file import read_lock_file
from terrace.plans.before_plan_outputs import Prepared
from terrace.plans.differences import Computed
from terrace.plans.ports import (
    Goal,
    Listener,
    MadePlan,
    PrintedOutput,
    Progress,
    RecordedBackend,
    Site,
    StateSnapshot,
    drop_output,
)
from terrace.plans.schemas import Unsettable, Wanted, required_schemas
from terrace.plans.versions import Version
from terrace.stacks.backends import changed_parts
from terrace.stacks.model import Stack
from terrace.states.state_file import STATE_BYTES, is_encrypted, read_state
from terrace.words import join_some

_TALKING = ("init", "workspace new")
"""Commands whose standard output is text for people also where they do not print JSON lines."""

_Made = Callable[[Mapping[str, str]], MadePlan]
"""Creates a plan with these variables in Terraform's environment."""

Prepare = Callable[[Site], tuple[Prepared, ...]]
"""Runs the commands of a site; returns what they wrote into its checkout."""


def reject_commands(site: Site) -> tuple[Prepared, ...]:
    """Runs no commands. Raises NotReady for a site that has some."""
    if site.commands:
        raise NotReady(f"{site.stack.key} has `before_plan` commands, which are not run in this place")
    return ()


_REBUILT = "the `init` cache for {} was damaged ({}); it was discarded and rebuilt"

_LISTED = re.compile(r"^[* ] (\S+)$", re.MULTILINE)
"""A line of `workspace list`, in which the current workspace is marked."""

INIT_JSON_SINCE = Version(1, 9, 0)
"""First version of Terraform whose `init` prints JSON. The text of earlier ones is passed on unchanged."""


PLAIN_BYTES = 2**20
"""Maximum size of Terraform's output outside of JSON messages that is kept, in bytes."""

MOST_DIAGNOSTICS = 10_000
"""Maximum number of diagnostics of one command that are kept, and as many errors in addition."""

_WRITES = ("state push", "state rm", "force-unlock", "workspace new")


def time_limit(command: str, settings: TerraformSettings) -> TimeLimit:
    """Time limits of commands. An apply has a runner of its own and no limit."""
    name = "init" if command == "init" else "state" if command in _WRITES else "plan"
    span: timedelta = getattr(settings, f"{name}_timeout")
    return TimeLimit(span.total_seconds() or math.inf, writes=command in _WRITES, setting=f"terraform.{name}_timeout")


_STATE = "terraform.tfstate"
"""File beside a configuration in which Terraform stores a local state by default."""


class LocalTerraform:
    """Runs the binary that the settings name.

    `cache` can be deleted at any time; `states` contains local states and must be kept. `prepare` runs the commands of
    a site before its plan. `output` gets what Terraform prints, except the data that commands return.
    """

    def __init__(
        self,
        settings: TerraformSettings,
        *,
        cache: Path,
        states: Path,
        prepare: Prepare = reject_commands,
        output: PrintedOutput = drop_output,
    ) -> None:
        self._settings = settings
        self._prepare = prepare
        self._output = output
        self._cache = cache
        self._states = states
        self._checked: set[Path] = set()
        self._rebuilt: dict[Path, Diagnostic] = {}
        # `parallel` may have been chosen for the fast lane; a process without it takes three times the memory.
        self._guard = threading.Lock()
        self._alone: dict[Path, threading.RLock] = {}
        self._linking: dict[Path, threading.Lock] = {}
        self._there: set[Path] = set()
        self._room = threading.BoundedSemaphore(settings.parallel or concurrent_processes())

    @property
    def lock_wait(self) -> timedelta:
        """Maximum wait for a state lock of another process."""
        return self._settings.lock_wait

    @cached_property
    def binary(self) -> Binary:
        """The binary in use, determined once. Raises NotReady where there is none."""
        return find(self._settings, ENVIRON, self._cache)

    @property
    def version(self) -> str:
        return str(self.binary.version)

    @property
    def product(self) -> str:
        return self.binary.product

    @cached_property
    def _cli_config(self) -> CliConfig:
        return cli_config(ENVIRON, self._cache)

    @cached_property
    def _ways(self) -> LaneDecisions:
        return LaneDecisions(self._cache)

    @property
    def lane_closed(self) -> str:
        """The reason why the fast lane is not used; "" if it is."""
        if self._settings.fast == "off":
            return "terraform: {fast: off}"
        if self._cli_config.overrides:
            return f"{self._cli_config.path} has dev_overrides, which only Terraform itself supports"
        return ""

    @property
    def surprises(self) -> tuple[Surprise, ...]:
        """All plans for which the fast lane could not be used, oldest first."""
        return self._ways.memory.surprises()

    @property
    def surprises_file(self) -> Path:
        """File in which they are recorded; without it nothing is remembered."""
        return self._ways.memory.path

    # --- folders of a stack ----------------------------------------------------------------------------

    def folder(self, site: Site) -> DataFolder:
        """Returns the prepared data folder of a site; runs `init` where needed."""
        with self._folder_lock(site):
            folder = self._data_folder(site)
            self._redirect(site)
            self._redirect_readers(site)
            if not self._is_ready(folder):
                with folder.lock(), self._provider_cache_lock():
                    damage = folder.damage
                    if damage != "":
                        if damage is not None:
                            folder.clear()
                            self._rebuilt[folder.path] = Diagnostic("note", _REBUILT.format(site.stack.key, damage))
                        self._keep_lock_file(site)
                        self._init(site, folder)
                self._checked.add(folder.path)
            self._use_lock_file(site, folder)
            return folder

    def _folder_lock(self, site: Site) -> contextlib.AbstractContextManager[object]:
        """Holds the only use of the stack's folder in the checkout: each stack writes its own override file there."""
        with self._guard:
            return self._alone.setdefault(site.folder, threading.RLock())

    def _is_ready(self, folder: DataFolder) -> bool:
        """Returns whether the folder can be used. Every file is checked once per process; later only the record is."""
        if folder.path in self._checked and folder.marked:
            return True
        self._checked.discard(folder.path)
        if not folder.ready:
            return False
        self._checked.add(folder.path)
        return True

    def _data_folder(self, site: Site) -> DataFolder:
        identity = f"{' '.join(self.binary.command)} {self.binary.version}"
        early = self.binary.product == "tofu"
        return data_folder(self._cache, site, identity, self._states, variables=early)

    @contextlib.contextmanager
    def _provider_cache_lock(self) -> Iterator[None]:
        """Holds the lock of the shared provider cache, where there is one."""
        if not self._cli_config.shared_cache:
            yield
            return
        with file_lock(self._cache / "plugins.lock", "the provider cache"):
            yield

    def variable_files(self, site: Site, command: str) -> argv.Argv:
        """Returns the options that pass the variable files of a stack to a command."""
        return argv.variable_files(site, command, self.binary.product, self.binary.version)

    def environment(self, site: Site, folder: DataFolder) -> dict[str, str]:
        """Returns the complete environment of a child process for a site."""
        return child_environment(ENVIRON, site.variables, folder.path, self._cli_config.path, site.stack.workspace)

    def _init(self, site: Site, folder: DataFolder) -> None:
        # `init` may create a workspace that does not exist, so that the stack's workspace is selected only once it is
        # known to exist. A local workspace is a folder, which exists.
        remote = state_file(self._states, site) is None
        self._run_init(site, folder, {WORKSPACE: DEFAULT_WORKSPACE} if remote else PLAIN)
        self._check_backend(site, folder)
        path = site.folder / LOCK_FILE
        folder.mark(path.read_bytes() if path.is_file() else b"")

    def _run_init(self, site: Site, folder: DataFolder, variables: Mapping[str, str]) -> None:
        as_json = self.binary.product == "terraform" and self.binary.version >= INIT_JSON_SINCE
        command = argv.init(site, files=self.variable_files(site, "init"), as_json=as_json)
        with self._without_link(site):
            self._run(site, folder, "init", command, streaming=as_json, variables=variables)

    @contextlib.contextmanager
    def _without_link(self, site: Site) -> Iterator[None]:
        """Removes the links for readers of the state while the context lasts. `init` would read such a link as a local
        state, migrate it to the backend and then empty the target of the link, which is the state itself."""
        beside = site.folder / _STATE
        with self._links_of(site.folder):
            target = beside.readlink() if self._is_ours(beside) else None
            if target is None:
                yield
                return
            remove(site.root, site.stack.file(_STATE))
            try:
                yield
            finally:
                put_link(site.root, site.stack.file(_STATE), target)

    def _links_of(self, folder: Path) -> contextlib.AbstractContextManager[object]:
        """Holds the lock for links in one folder. Its holder never waits for another folder."""
        with self._guard:
            return self._linking.setdefault(folder, threading.Lock())

    # --- workspaces --------------------------------------------------------------------------------------------

    def _other_workspaces(self, site: Site) -> tuple[str, ...]:
        """Returns the workspaces of the backend where the stack's workspace is not among them; empty where it
        exists."""
        if site.stack.workspace == DEFAULT_WORKSPACE or state_file(self._states, site) is not None:
            return ()
        folder = self.folder(site)
        if folder.path in self._there:
            return ()
        command = argv.workspace_list(files=self.variable_files(site, "workspace list"))
        ran, _ = self._run(
            site, folder, "workspace list", command, streaming=False, variables={WORKSPACE: DEFAULT_WORKSPACE}
        )
        names = tuple(_LISTED.findall(ran.out.decode("utf-8", "replace")))
        if site.stack.workspace not in names:
            return names or (DEFAULT_WORKSPACE,)
        self._enter(site, folder)
        return ()

    def _enter(self, site: Site, folder: DataFolder) -> None:
        """Runs `init` in the existing workspace: its state may need more providers."""
        if folder.entered != site.stack.workspace:
            with folder.lock(), self._provider_cache_lock():
                self._run_init(site, folder, PLAIN)
                path = site.folder / LOCK_FILE
                folder.enter(site.stack.workspace, path.read_bytes() if path.is_file() else b"")
        self._there.add(folder.path)

    def create_workspace(self, site: Site) -> None:
        with self._folder_lock(site):
            if not self._other_workspaces(site):
                return
            folder = self.folder(site)
            files = self.variable_files(site, "workspace new")
            command = argv.workspace_new(site.stack.workspace, self.lock_wait, files=files)
            # The command fails where the variable is set.
            self._run(site, folder, "workspace new", command, streaming=False, variables={WORKSPACE: ""})
            self._enter(site, folder)

    def _check_backend(self, site: Site, folder: DataFolder) -> None:
        """Raises BadInput where Terraform would store the state in another place than Terrace expects. Terraform merges
        override files by name, and one in the repository may come after Terrace's.
        """
        kind, config = folder.backend
        path = str(config.get("path") or "")
        state = local_state(self._states, site)
        settings = state.settings.items() if state is not None else ()
        if state is not None and kind == "local" and all(config.get(name) == value for name, value in settings):
            return
        if state is None and kind == site.backend:
            moved = [changed_parts(address, kind, config, site.stack.workspace) for address in site.addresses]
            if not moved or () in moved:
                return
            raise BadInput(
                f"{site.stack.shown_path}: {self.product} would use another address in its {kind} backend than "
                f"{site.addresses[0]}, which was checked (different: {', '.join(moved[0])}). Not planned.",
                hint="define the complete address in one backend block or in `backend_config` in terrace.yaml; "
                "neither `TF_CLI_ARGS_init` nor another file can change it",
            )
        actual = f"{kind or 'no'} backend" + (f" with the path {path}" if kind == "local" and path else "")
        expected = "the local state that Terrace manages" if state is not None else f"the {site.backend} backend"
        raise BadInput(
            f"{site.stack.shown_path}: {self.product} would use the {actual} instead of {expected}. Not planned.",
            hint="define the backend in one block, in a file whose name does not end in `_override`",
        )

    def _keep_lock_file(self, site: Site) -> None:
        """Replaces the committed lock file by the one of the site."""
        path = site.folder / LOCK_FILE
        if site.lock_file and (not path.is_file() or path.read_bytes() != site.lock_file):
            put(site.root, site.stack.file(LOCK_FILE), site.lock_file)

    def _redirect(self, site: Site) -> None:
        """Redirects the state of a stack without a remote backend to its durable location."""
        local = local_state(self._states, site)
        if local is None:
            return
        state = local.file
        for name in (_STATE, f"{_STATE}.d"):
            beside = site.folder / name
            if os.path.lexists(beside) and not self._is_ours(beside):
                raise BadInput(
                    f"{site.stack.file(name)} is committed to the repository: Terrace does not use a state in Git",
                    hint="move it to a remote backend or out of the repository, and commit its removal",
                )
        if site.scratch is None:
            _check_local(state, site)
        state.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = override(local)
        path = site.folder / OVERRIDE
        if path.is_symlink() or not path.is_file() or path.read_bytes() != text.encode():
            put(site.root, site.stack.file(OVERRIDE), text.encode())

    def _redirect_readers(self, site: Site) -> None:
        """Lets `terraform_remote_state` find the local states of other stacks, which Terrace stores elsewhere: a link
        to each is created where Terraform would store it. So expressions and modules with that path work unchanged."""
        for path, state in site.kept.items():
            with self._links_of((site.root / path).parent):
                put_link(site.root, path, self._states / state)

    def _is_ours(self, path: Path) -> bool:
        """Returns whether a path is a link that Terrace created for readers of a state. No link of a commit leads out
        of the checkout."""
        return path.is_symlink() and path.readlink().is_relative_to(self._states)

    def _use_lock_file(self, site: Site, folder: DataFolder) -> None:
        """Restores the lock file as committed: `init` may have changed or created it."""
        path = site.folder / LOCK_FILE
        content = folder.lock_file
        if content and (not path.is_file() or path.read_bytes() != content):
            put(site.root, site.stack.file(LOCK_FILE), content)

    # --- commands ----------------------------------------------------------------------------------------------

    def plan(
        self, site: Site, *, goal: Goal = Goal.CONVERGED, lock: bool = True, listener: Listener | None = None
    ) -> MadePlan:
        private = private_folder("plan")
        try:
            with self._folder_lock(site):
                others = self._other_workspaces(site)
                if not others:
                    return self._plan_slowly(site, private / "plan", goal=goal, lock=lock, listener=listener)
                if lock:
                    raise _no_workspace(site, others)
                with self.scratch(site) as scratch:
                    plan = self._plan_slowly(scratch, private / "plan", goal=goal, lock=False, listener=listener)
                warning = Diagnostic("warning", _new_workspace(site, others))
                return replace(plan, diagnostics=(*plan.diagnostics, warning))
        except BaseException:
            discard(private)
            raise

    def _plan_slowly(self, site: Site, saved: Path, *, goal: Goal, lock: bool, listener: Listener | None) -> MadePlan:
        prepared = self._prepare(site)
        committed = site.folder / LOCK_FILE
        lock_file = site.lock_file or (committed.read_bytes() if committed.is_file() else b"")
        folder = self.folder(site)
        files = self.variable_files(site, "plan")
        command = argv.plan(saved, files=files, goal=goal, wait=self.lock_wait if lock else None)
        showing = argv.show(saved, files=self.variable_files(site, "show"))

        def make(variables: Mapping[str, str]) -> MadePlan:
            with self._room if variables is PLAIN else contextlib.nullcontext():
                _, diagnostics = self._run(site, folder, "plan", command, listener=listener, variables=variables)
                shown, _ = self._run(site, folder, "show", showing, streaming=False, variables=variables)
                schemas = required_schemas(shown.out)
                computed = self._computed_attributes(site, folder, schemas, lock_file or folder.lock_file, variables)
            rebuilt = self._rebuilt.pop(folder.path, None)
            return MadePlan(
                document=shown.out,
                file=saved,
                sha256=hashlib.sha256(saved.read_bytes()).hexdigest(),
                lock=lock_file or folder.lock_file,
                discard=lambda: discard(saved.parent),
                diagnostics=diagnostics if rebuilt is None else (*diagnostics, rebuilt),
                sources=sources_of(saved, site.folder, folder.path),
                computed=computed,
                unsettable=self._unsettable(schemas, lock_file or folder.lock_file, computed),
                prepared=prepared,
            )

        try:
            return self._fast_plan(site, folder, make, listener)
        except TerraformFailed as error:
            if not any(d.summary.startswith(STALE_DATA) for d in error.diagnostics):
                raise
        folder.forget()
        self.folder(site)
        return make(PLAIN)

    def _computed_attributes(
        self, site: Site, folder: DataFolder, schemas: Wanted, lock_file: bytes, variables: Mapping[str, str]
    ) -> Computed:
        """Returns the attributes of planned resources that no configuration can set; empty where the provider schemas
        are unavailable."""
        if not schemas.computed:
            return {}
        command = argv.providers_schema(files=self.variable_files(site, "providers schema"))

        def ask() -> bytes:
            ran, _ = self._run(site, folder, "providers schema", command, streaming=False, variables=variables)
            return ran.out

        # With `dev_overrides` the lock file does not determine which provider runs.
        kept_by = b"" if self._cli_config.overrides else lock_file
        try:
            return ProviderSchemas(self._cache / "computed").computed_attributes(
                schemas.computed, kept_by, self.product, ask
            )
        except (TerraformFailed, ValueError):
            return {}

    def _unsettable(self, schemas: Wanted, lock_file: bytes, computed: Computed) -> Unsettable:
        """Returns the attributes that only providers set, as far as recorded schemas show them."""
        if not schemas.unsettable or self._cli_config.overrides:
            return computed
        recorded = RecordedSchemas(self._ways.schemas, self._cache / "unsettable")
        return {**computed, **recorded.unsettable(schemas.unsettable, read_lock_file(lock_file))}

    def _fast_plan(self, site: Site, folder: DataFolder, make: _Made, listener: Listener | None) -> MadePlan:
        """Plans with the fast lane where it is open. At the first unexpected message it plans without the fast lane and
        reports that."""
        if self.lane_closed:
            return make(PLAIN)
        environment = self.environment(site, folder)
        load = self._ways.prepare(site, folder, environment, lambda: self._pull_quietly(site, folder))
        if load is None:
            return make(PLAIN)
        try:
            with self._ways.ride(site, load, environment) as ride:
                plan = make(ride.variables or PLAIN)
        except StateLocked:
            raise
        except LaneDied as error:
            why = str(error)
        except TerraformFailed as error:
            why = error.diagnostics[0].summary if error.diagnostics else error.message
        else:
            self._ways.learn(folder, plan.document)
            return replace(plan, way="fast") if ride.variables else plan
        plan = make(PLAIN)
        self._ways.record_surprise(site, load, why, plan.document)
        self._ways.learn(folder, plan.document)
        note = f"planned without the fast lane, which met something unexpected: {why}"
        if listener is not None:
            listener(Progress(site.stack.key, "aside", text=note))
        return replace(plan, diagnostics=(*plan.diagnostics, Diagnostic("note", note)))

    def apply_lane(self, site: Site, folder: DataFolder) -> dict[str, object] | None:
        """Returns what an apply needs for the fast lane, as plain data without secrets; None where it runs without the
        fast lane."""
        if self._settings.fast != "auto" or self.lane_closed:
            return None
        load = self._ways.prepare(
            site, folder, self.environment(site, folder), lambda: self._pull_quietly(site, folder)
        )
        return {"cache": str(self._ways.schemas), **load.as_json()} if load is not None else None

    def pull_state(self, site: Site) -> StateSnapshot:
        with self._folder_lock(site):
            return self._pull_state(site)

    def _pull_state(self, site: Site) -> StateSnapshot:
        if self._other_workspaces(site):
            return StateSnapshot(b"")
        folder = self.folder(site)
        try:
            content = self._pull(site, folder)
        except TerraformFailed as error:
            if not any(sign in error.message for sign in STALE_DATA):
                raise
            folder.forget()
            content = self._pull(site, self.folder(site))
        return read_state(content, f"the state of {site.stack.key}")

    def pull_from(self, stack: Stack, backend: RecordedBackend, variables: Mapping[str, str]) -> StateSnapshot:
        private = private_folder("backend")
        # That folder configures only the backend, so that nothing of the repository is evaluated.
        elsewhere = replace(stack, path="root", var_files=(), backend_config=(), backend_files=())
        site = Site(elsewhere, private, init_key=private.name, backend=backend.type, variables=variables)
        try:
            site.folder.mkdir()
            config = {name: value for name, value in backend.config.items() if value not in (None, [], {})}
            text = json.dumps({"terraform": {"backend": {backend.type: _literal(config)}}})
            (site.folder / "main.tf.json").write_text(text)
            return self.pull_state(site)
        finally:
            shutil.rmtree(self._data_folder(site).path, ignore_errors=True)
            discard(private)

    def _pull(self, site: Site, folder: DataFolder) -> bytes:
        """Returns the stored state, with its secrets in plain text."""
        # No command starts after ^C.
        INTERRUPTION.check()
        own = state_file(self._states, site)
        content = _read_stored(own) if own is not None and self.product == "terraform" else None
        if content is not None:
            return content
        command = argv.state_pull(files=self.variable_files(site, "state pull"))
        ran, _ = self._recorded_unsettable(site, folder, "state pull", command)
        return ran.out

    def _pull_quietly(self, site: Site, folder: DataFolder) -> bytes | None:
        """Returns the state where it can be read; where it cannot, the next command reports why."""
        try:
            return self._pull(site, folder)
        except TerraformFailed:
            return None

    def _recorded_unsettable(
        self, site: Site, folder: DataFolder, name: str, command: argv.Argv
    ) -> tuple[Finished, tuple[Diagnostic, ...]]:
        """Runs a command that needs no provider."""
        variables = (
            PLAIN if self.lane_closed else self._ways.placeholder_variables(folder, self.environment(site, folder))
        )
        return self._run(site, folder, name, command, streaming=False, variables=variables)

    def push_state(self, site: Site, content: bytes) -> None:
        self.create_workspace(site)
        command = argv.state_push(self.lock_wait, files=self.variable_files(site, "state push"))
        with self._folder_lock(site), private_stream(content) as stdin:
            self._run(site, self.folder(site), "state push", command, streaming=False, stdin=stdin)

    def forget(self, site: Site, address: str) -> None:
        command = argv.state_rm(address, self.lock_wait, files=self.variable_files(site, "state rm"))
        with self._folder_lock(site):
            self._require_workspace(site)
            self._run(site, self.folder(site), "state rm", command, streaming=False)

    def lock_of(self, site: Site) -> StateLock | None:
        command = argv.lock_probe(files=self.variable_files(site, "untaint"))
        with self._folder_lock(site):
            if self._other_workspaces(site):
                return None
            try:
                self._recorded_unsettable(site, self.folder(site), "untaint", command)
            except StateLocked as error:
                if error.lock is None:
                    raise
                return error.lock
        return None

    def unlock(self, site: Site, lock: StateLock) -> None:
        command = argv.force_unlock(lock.id, files=self.variable_files(site, "force-unlock"))
        with self._folder_lock(site):
            self._require_workspace(site)
            self._run(site, self.folder(site), "force-unlock", command, streaming=False)

    def _require_workspace(self, site: Site) -> None:
        """Raises BadInput where the stack's workspace does not exist: Terraform would create it."""
        others = self._other_workspaces(site)
        if others:
            raise _no_workspace(site, others)

    @contextlib.contextmanager
    def scratch(self, site: Site) -> Iterator[Site]:
        private = private_folder("scratch")
        inside = replace(site, scratch=private)
        with self._folder_lock(site):
            try:
                yield inside
            finally:
                discard(private)
                shutil.rmtree(self._data_folder(inside).path, ignore_errors=True)
                remove(site.root, site.stack.file(OVERRIDE))

    def find_unformatted(self, root: Path, paths: tuple[str, ...]) -> Mapping[str, str]:
        selected = [path for path in paths if path.endswith(self._formats) and (root / path).is_file()]
        if not selected or self._fmt(root, argv.fmt_check(selected)).code == 0:
            return {}
        differences = {}
        for path in selected:
            ran = self._fmt(root, argv.fmt_diff(path))
            if ran.code != 0 or ran.out:
                differences[path] = ran.out.decode("utf-8", "replace") or ran.err
        return differences

    def format(self, contents: Mapping[str, bytes]) -> Mapping[str, bytes | None]:
        """Returns the formatted content of files, by path; None for one that `fmt` cannot parse. Copies are formatted
        in one command; the files are not changed."""
        selected = [path for path in contents if path.endswith(self._formats)]
        if not selected:
            return {}
        copies = private_folder("format")
        try:
            names = [f"{number}{_suffix(path, self._formats)}" for number, path in enumerate(selected)]
            for name, path in zip(names, selected, strict=True):
                (copies / name).write_bytes(contents[path])
            ran = self._fmt(copies, argv.fmt_write(names))
            # Files that it cannot parse are listed in its errors, and the others are written.
            unread = {name for name in names if ran.code != 0 and re.search(rf"\bon {re.escape(name)} line", ran.err)}
            return {
                path: None if name in unread else (copies / name).read_bytes()
                for name, path in zip(names, selected, strict=True)
            }
        finally:
            discard(copies)

    @property
    def _formats(self) -> tuple[str, ...]:
        return (".tf", ".tfvars", ".tftest.hcl", *((".tofu",) if self.product == "tofu" else ()))

    def _fmt(self, root: Path, command: argv.Argv) -> Finished:
        env = {k: ENVIRON[k] for k in ("PATH", "HOME") if k in ENVIRON}
        env |= {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(self._cli_config.path)}
        return execute(
            (*self.binary.command, *command),
            cwd=root,
            env=env,
            interruption=INTERRUPTION,
            limit=time_limit("fmt", self._settings),
        )

    # --- running -----------------------------------------------------------------------------------------------

    def _run(
        self,
        site: Site,
        folder: DataFolder,
        name: str,
        command: argv.Argv,
        *,
        streaming: bool = True,
        listener: Listener | None = None,
        stdin: BinaryIO | None = None,
        variables: Mapping[str, str] = PLAIN,
    ) -> tuple[Finished, tuple[Diagnostic, ...]]:
        """Runs one command for a site. Raises TerraformFailed with its diagnostics where it fails."""
        diagnostics: list[Diagnostic] = []
        plain: list[str] = []

        unread = PLAIN_BYTES
        key = site.stack.key
        if streaming:
            self._output(key, f"$ {self.product} {name}")

        def hear(line: bytes) -> None:
            nonlocal unread
            message = decode(line)
            self._output(key, *printed_text(message, line, site.stack.path))
            if message is None:
                if unread > 0:
                    plain.append(line[:unread].decode("utf-8", "replace"))
                    unread -= len(line)
                return
            reported = diagnostic(message, site.stack.path)
            if reported is not None and len(diagnostics) < MOST_DIAGNOSTICS * (1 + (reported.severity == "error")):
                diagnostics.append(reported)
            step = progress(site.stack.key, message)
            if step is not None and listener is not None:
                listener(step)

        ran = execute(
            (*self.binary.command, *command),
            cwd=site.folder,
            env={**self.environment(site, folder), **variables},
            interruption=INTERRUPTION,
            line=hear if streaming else None,
            stdin=stdin,
            limit=time_limit(name, self._settings),
        )
        reported = distinct(diagnostics)
        # The output of other commands is their result, such as a state.
        text = plain_text((ran.out.decode("utf-8", "replace") if name in _TALKING else "") + ran.err)
        if text:
            self._output(key, text if streaming else f"$ {self.product} {name}\n{text}")
        if ran.code != 0:
            rest = "".join(plain) + ran.err
            raise failure(self.product, name, site.stack.key, ran.code, reported, rest)
        return ran, reported


def _names(workspaces: tuple[str, ...]) -> str:
    """Returns up to 10 workspaces as text."""
    return join_some(workspaces, 10)


def _new_workspace(site: Site, others: tuple[str, ...]) -> str:
    near = find_nearest(site.stack.workspace, others)
    guess = f" (did you mean {near!r}?)" if near else ""
    return (
        f"the workspace {site.stack.workspace} does not exist in the {site.backend} backend{guess}; the first "
        f"deployment creates it. Existing workspaces: {_names(others)}"
    )


def _no_workspace(site: Site, others: tuple[str, ...]) -> BadInput:
    near = find_nearest(site.stack.workspace, others)
    guess = f"did you mean {near!r}? " if near else ""
    key = quote_word(site.stack.key)
    return BadInput(
        f"the workspace {site.stack.workspace!r} of {site.stack.key} does not exist in its {site.backend} backend. "
        f"Existing workspaces: {_names(others)}",
        hint=f"{guess}correct `workspace` of the stack in terrace.yaml. If the workspace was deleted: `terrace "
        f"state restore {key}` restores it with its state",
    )


def _read_stored(state: Path) -> bytes | None:
    """Returns a state in Terrace's own location, as `terraform state pull` would; empty where there is none.

    None where only Terraform can read it: it converts older formats, reports what is wrong with damaged ones, and
    OpenTofu may have encrypted it.
    """
    try:
        content = state.read_bytes()
        return content if not content or json.loads(content)["version"] == 4 else None
    except FileNotFoundError:
        return b""
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _check_local(state: Path, site: Site) -> None:
    """Raises Corrupt for a damaged local state, which Terraform would report as not lockable. An empty file is valid:
    Terraform creates it to lock a state that does not exist yet."""
    try:
        if (length := state.stat().st_size) > STATE_BYTES:
            raise BadInput(
                f"the local state of {site.stack.key} has {length:,} bytes; Terrace reads at most {STATE_BYTES:,}",
                hint=f"split the stack, or check the file {state}",
            )
        content = state.read_bytes()
        # OpenTofu decrypts it with its key in `state pull`.
        if content and not is_encrypted(content):
            read_state(content, f"the local state of {site.stack.key}")
    except FileNotFoundError:
        return
    except BadInput:
        raise
    except (OSError, TerraceError) as error:
        environment = site.stack.environment
        raise Corrupt(
            f"the local state of {site.stack.key} is damaged: {state}",
            hint="move that file away and restore a backup before the next deployment: `terrace state list "
            f"{environment}`, `terrace state restore {quote_word(site.stack.key)}`",
        ) from error


def _literal(value: Any) -> Any:
    """Returns a value for JSON configuration, in which no text is a template."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, Mapping):
        return {name: _literal(inner) for name, inner in value.items() if inner is not None}
    return [_literal(inner) for inner in value] if isinstance(value, list) else value


def _suffix(path: str, among: tuple[str, ...]) -> str:
    return next(suffix for suffix in among if path.endswith(suffix))
