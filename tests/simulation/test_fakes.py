"""The small classes that the simulation runs on keep the same promises as the real ones behind their Protocols."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from simulation.process import Calm, Machine, MemoryLeases, Process
from simulation.site import Branch, MemoryRepository, Wanted
from simulation.terraform import MemoryApplier, MemoryTerraform
from simulation.world import World
from support.attempts import begin, prepare
from support.git import commit, repository
from support.sites import site_of, terraform_in
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.leases import LocalLeases
from terrace.adapters.runner.applier import LocalApplier
from terrace.errors import TerraceError
from terrace.ledger.deployment import Holder
from terrace.plans.ports import Applier, Fate, Site, Terraform
from terrace.rollout.ports import Leases
from terrace.stacks.model import Stack
from terrace.stacks.repository import Repository
from terrace.states.state_file import resources_by_address

ADDRESS = "terraform_data.it"


# --- Terraform and its applies -----------------------------------------------------------------------------------


@dataclass
class Bench:
    """One stack to work on. `write` gives its one object a value; None takes the object away."""

    terraform: Terraform
    applier: Applier
    write: Callable[[str | None], Site]


@pytest.fixture(params=["memory", "local"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    if request.param == "local":
        terraform = terraform_in(tmp_path / "terrace")

        def write(value: str | None) -> Site:
            block = f'resource "terraform_data" "it" {{\n  input = "{value}"\n}}\n' if value else ""
            return site_of(tmp_path, block)

        return Bench(terraform, LocalApplier(tmp_path / "runs", terraform), write)
    world = World()
    process = Process(1, "ann", world.machines[0], Calm())

    def merge(value: str | None) -> Site:
        made = world.merge({"dev/network": Wanted({ADDRESS: value} if value else {})})
        root = Path(f"/checkouts/{made}")
        world.branch.checkouts[root] = (world.branch.tip, {})
        return Site(Stack("dev", "environments/dev/network", "network"), root, "one")

    world.run("ann", lambda context: None)
    return Bench(MemoryTerraform(world.shared, process), MemoryApplier(world.shared, process), merge)


def test_what_is_applied_is_in_the_state_and_planned_no_more(bench: Bench) -> None:
    site = bench.write("one")
    assert bench.terraform.pull_state(site).content == b""
    a1 = begin(bench.applier, "a1", site, bench.terraform.plan(site))
    outcome = bench.applier.wait(a1)
    assert outcome is not None
    assert (outcome.code, bench.applier.look(a1), bench.terraform.lock_of(site)) == (0, Fate.ENDED, None)
    state = bench.terraform.pull_state(site)
    assert [(a, one.tainted) for a, one in resources_by_address(state.content).items()] == [(ADDRESS, False)]
    assert state.lineage
    assert b'"no-op"' in bench.terraform.plan(site).document
    assert b'"update"' in bench.terraform.plan(bench.write("two")).document
    assert b'"delete"' in bench.terraform.plan(bench.write(None)).document


def test_an_attempt_is_started_once_and_one_that_never_was_is_told(bench: Bench) -> None:
    site = bench.write("one")
    made = bench.terraform.plan(site)
    a1 = begin(bench.applier, "a1", site, made)
    bench.applier.wait(a1)
    with pytest.raises(TerraceError, match="prepared only once"):
        begin(bench.applier, "a1", site, made)
    assert not bench.applier.withdraw(a1)


def test_an_attempt_that_was_prepared_only_is_withdrawn_and_never_starts(bench: Bench) -> None:
    site = bench.write("one")
    a1 = prepare(bench.applier, "a1", site, bench.terraform.plan(site))
    assert bench.applier.look(a1) is not Fate.NOT_STARTED, "it may still start"
    assert bench.applier.withdraw(a1)
    assert bench.applier.start(a1, lambda: "") is not None or bench.applier.wait(a1) is None
    assert bench.applier.withdraw(a1), "and it stays so"
    assert bench.terraform.pull_state(site).content == b""


def test_an_attempt_that_something_speaks_against_is_not_started(bench: Bench) -> None:
    site = bench.write("one")
    a1 = prepare(bench.applier, "a1", site, bench.terraform.plan(site))
    declined = bench.applier.start(a1, lambda: "another process took over")
    assert declined is not None
    assert declined.reason == "another process took over"
    assert bench.applier.withdraw(a1)
    assert bench.terraform.pull_state(site).content == b""


def test_a_plan_made_before_another_was_applied_is_stale(bench: Bench) -> None:
    site = bench.write("one")
    a1 = begin(bench.applier, "a1", site, bench.terraform.plan(site))
    bench.applier.wait(a1)
    site = bench.write("two")
    first, second = bench.terraform.plan(site), bench.terraform.plan(site)
    a2 = begin(bench.applier, "a2", site, first)
    bench.applier.wait(a2)
    serial = bench.terraform.pull_state(site).serial
    a3 = begin(bench.applier, "a3", site, second)
    outcome = bench.applier.wait(a3)
    assert outcome is not None
    assert outcome.code == 1
    assert "stale" in outcome.summary
    assert bench.terraform.pull_state(site).serial == serial


# --- leases ------------------------------------------------------------------------------------------------------


@dataclass
class Host:
    """A machine: `leases` are ours; the process `other` holds dev until `end` is called."""

    leases: Leases
    other: Holder
    end: Callable[[], object]


Opened = Callable[[Path], AbstractContextManager[Host]]


@contextmanager
def local_host(folder: Path) -> Iterator[Host]:
    script = f"""
import json, sys
from dataclasses import asdict
from pathlib import Path
from terrace.adapters.leases import LocalLeases
leases = LocalLeases(Path({str(folder)!r}))
with leases.hold("dev") as free:
    print(json.dumps(asdict(leases.holder("bob", "dev"))), flush=True)
    sys.stdin.read()
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout is not None
        other = Holder(**json.loads(child.stdout.readline()))

        def end() -> None:
            child.kill()
            child.wait()

        yield Host(LocalLeases(folder), other, end)
        end()


@contextmanager
def memory_host(folder: Path) -> Iterator[Host]:
    machine = Machine("one", alive={1, 2})
    ours, other = (MemoryLeases(Process(pid, "ann", machine, Calm())) for pid in (1, 2))
    held = other.hold("dev")
    held.__enter__()

    def end() -> None:
        machine.alive.discard(2)
        held.__exit__(None, None, None)

    yield Host(ours, other.holder("bob", "dev"), end)


@pytest.mark.parametrize("host", [memory_host, local_host])
def test_a_lease_is_free_once_its_holder_is_dead_and_only_this_boot_tells(host: Opened, tmp_path: Path) -> None:
    with host(tmp_path) as here:
        with here.leases.hold("dev") as free:
            assert not free
        with here.leases.hold("prod") as free:
            assert free
        assert not here.leases.is_dead(here.other, "dev")
        here.end()
        with here.leases.hold("dev") as free:
            assert free
            assert here.leases.is_dead(here.other, "dev")
            assert not here.leases.is_dead(replace(here.other, boot="another boot"), "dev")
            assert not here.leases.is_dead(replace(here.other, host="elsewhere"), "dev")


# --- the repository ----------------------------------------------------------------------------------------------


@pytest.fixture(params=["memory", "git"])
def three(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Repository, list[str]]:
    """A repository with three commits on its protected branch, the second of which changes `b.tf`."""
    files: list[dict[str, str]] = [{"a.tf": "1", "b.tf": "1"}, {"b.tf": "2"}, {"a.tf": "3"}]
    if request.param == "git":
        work = repository(tmp_path / "work", files[0])
        made = [commit(work, {})]
        made += [commit(work, dict(changed)) for changed in files[1:]]
        return GitRepository.around(work, cache=tmp_path / "cache"), made
    branch, now = Branch(), dict[str, str]()
    for changed in files:
        now = {**now, **changed}
        branch.add(now, "ann")
    return MemoryRepository(branch), [c.id for c in branch.commits]


def test_a_repository_tells_what_is_on_its_line(three: tuple[Repository, list[str]]) -> None:
    repository, (first, second, third) = three
    assert repository.protected_tip() == third
    assert repository.on_protected_branch(second) is True
    assert repository.on_protected_branch("0" * 40) is not True
    assert repository.contains(third, first)
    assert not repository.contains(first, third)
    assert repository.merge_base(first, third) == first
    assert [a.name for a in repository.authors(first, third)] == ["ann"]
    assert repository.authors(third, third) == ()
    assert repository.commits_touching(first, third, ("b.tf",)) == (second,)
    assert repository.tree(second).read("b.tf") == b"2"


def test_a_tag_is_made_once(three: tuple[Repository, list[str]]) -> None:
    repository, (first, second, _) = three
    repository.tag("deployed/dev/1", first, "once")
    repository.tag("deployed/dev/1", first, "again")
    with pytest.raises(TerraceError):
        repository.tag("deployed/dev/1", second, "another")
