"""A checked-out release of a stack, for work on its state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from terrace.config.naming import unknown_name_error
from terrace.errors import BadInput, TerraformFailed
from terrace.ledger.model import History
from terrace.pipelines.context import Context
from terrace.pipelines.planning import plan_of, site_in
from terrace.plans.model import Plan
from terrace.plans.ports import Purpose, Site
from terrace.stacks.inventory import Inventory
from terrace.states.backup_status import BackupStatus, StackRelease, release_of
from terrace.states.backups import BackupRecord, find_backup


@dataclass(frozen=True, slots=True)
class StateWorkspace:
    """A release, checked out at `root`."""

    context: Context
    release: StackRelease
    inventory: Inventory
    root: Path

    def site(self, key: str, purpose: Purpose) -> Site:
        """Returns the place where Terraform works on a stack, with the credentials for the purpose. Raises BadInput
        when it does not exist."""
        try:
            stack = self.inventory.stack(key)
        except KeyError:
            stacks = self.inventory.of(self.release.environment)
            raise unknown_name_error("stack", key, [stack.key for stack in stacks]) from None
        return site_in(self.context, self.inventory, stack, self.root, purpose)

    def plan(self, site: Site) -> Plan:
        """Returns what the release would change on the state of that site. Nothing is applied.

        Raises TerraformFailed for an incomplete plan too: it would show nothing.
        """
        plan = plan_of(self.context, site, self.release.commit)
        if plan.errored or not plan.complete:
            raise TerraformFailed("Terraform could not plan everything")
        return plan


@contextmanager
def open_workspace(context: Context, release: StackRelease, *, aside: bool = False) -> Iterator[StateWorkspace]:
    """Checks a release out.

    It is the environment's own checkout, in which a plan equals that of the deployment: for the process that has the
    environment. With `aside` it is another one, for reading states while a deployment may run.
    """
    inventory = context.survey(release.commit)
    folders = {stack.key: stack.path for stack in inventory.of(release.environment)}
    name = f"{release.environment}-state" if aside else release.environment
    added = release.additions.files(folders, inventory.graph.folders)
    with context.repository.checkout(release.commit, name, added) as root:
        yield StateWorkspace(context, release, inventory, root)


def release(history: History, environment: str, key: str) -> StackRelease:
    """Returns the release of a stack: its last deployment or adoption. Raises BadInput where there is none."""
    release = release_of(history, environment, key)
    if release is None:
        raise BadInput(f"nothing was ever deployed to {key}", hint=f"run `terrace deploy {environment}` first")
    return release


def environment_of(context: Context, key: str) -> str:
    """Returns the environment of a stack, by its key. Raises BadInput when there is none."""
    return context.config.environment(key.partition("/")[0]).name


def choose_backup(context: Context, backup_status: BackupStatus, name: str | None = None) -> BackupRecord:
    """Returns the wanted backup of a stack; by default the newest one of a state that was as expected."""
    records = context.backups.catalogue(backup_status.environment, backup_status.stack).records
    if not records:
        raise BadInput(
            f"there is no backup of {backup_status.stack}", hint="`terrace state list` lists the existing backups"
        )
    if name is not None:
        return find_backup(records, name)
    return next((record for record in reversed(records) if record.original == backup_status.backup), records[-1])
