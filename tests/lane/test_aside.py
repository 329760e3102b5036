"""The fast lane steps aside: for odd providers, for programs that nothing proves, and at the first surprise."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from support.cli import three_environments, world
from support.disks import small_disk
from support.lanes import Ground, steady
from support.mirror import SYSTEM, lay_mirror, plugins, put
from support.tools import provider
from terrace.adapters.terraform.client import LocalTerraform
from terrace.adapters.terraform.data_folder import LOCK_FILE
from terrace.adapters.terraform.fast.lane import Lane, LaneRequest
from terrace.adapters.terraform.fast.memory import Memory, Surprise
from terrace.adapters.terraform.fast.package import NotProven, Package, package_of
from terrace.apps.wiring.home import Home
from terrace.config.model import TerraformSettings
from terrace.errors import TerraformFailed
from terrace.hcl.lock_file import read_lock_file
from terrace.plans.ports import Progress

pytestmark = pytest.mark.slow

ODD = """
terraform {
  required_providers {
    odd = {
      source = "terrace/odd"
    }
    six = {
      source  = "terrace/six"
      version = "1.0.0"
    }
  }
}

resource "six_thing" "it" {
  name = "it"
}
"""

SIX = ODD.replace(ODD[ODD.index("    odd = {") : ODD.index("    six = {")], "")


@pytest.fixture
def ground(tmp_path: Path, own_world: Path) -> Ground:
    lay_mirror(own_world)
    return Ground(tmp_path / "ground")


def odd(home: Path, misbehaviour: str) -> Path:
    """A provider that misbehaves where Terraform's own handshake is not: only in the fast lane. Else it is `six`."""
    program = home / "odd.sh"
    real = provider("six", "6", "1.0.0")
    program.write_text(f'#!/bin/sh\n[ -z "$PLUGIN_CLIENT_CERT" ] && {{ {misbehaviour}\n}}\nexec {real} "$@"\n')
    program.chmod(0o755)
    return program


# --- providers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("misbehaviour", "why"),
    [
        ("exit 7", "its first line is not that of a provider"),
        ("echo hello", "its first line is not that of a provider"),
        ("sleep 100", "it did not report its socket within 1 s"),
        ("echo '1|4|unix|/nowhere|netrpc|'", "it uses the protocol '4' over 'netrpc' instead of 5 or 6 over gRPC"),
        ("echo '1|7|unix|/nowhere|grpc|'", "it uses the protocol '7' over 'grpc' instead of 5 or 6 over gRPC"),
        ("echo '1|6|tcp|127.0.0.1:9|grpc|'", "it listens on 'tcp', which other processes can reach"),
        ("echo '1|6|unix|/nowhere|grpc|'", "it cannot be started: No such file or directory"),
    ],
)
def test_a_provider_that_is_odd_is_left_to_terraform(tmp_path: Path, misbehaviour: str, why: str) -> None:
    program = odd(tmp_path, f"{misbehaviour}; exit 0")
    load = LaneRequest(
        [Package("registry.terraform.io/terrace/odd", "1.0.0", program, "h1:odd")], frozenset({"odd_thing"})
    )
    with Lane(tmp_path / "schemas", patience=1).ride(tmp_path, {"PATH": os.environ["PATH"]}, load) as ride:
        assert ride.aside == {"registry.terraform.io/terrace/odd": why}
        assert ride.variables == {}


def test_a_provider_that_never_tells_its_schema_is_left_to_terraform(tmp_path: Path) -> None:
    listening = "python3 -c 'import os,socket,time; s=socket.socket(socket.AF_UNIX); "
    listening += 'p=os.environ["PLUGIN_UNIX_SOCKET_DIR"]+"/mute"; s.bind(p); s.listen(); '
    listening += 'print("1|6|unix|"+p+"|grpc|",flush=True); time.sleep(100)\''
    load = LaneRequest([Package("a/b/odd", "1.0.0", odd(tmp_path, listening), "h1:odd")], frozenset())
    with Lane(tmp_path / "schemas", patience=1).ride(tmp_path, {"PATH": os.environ["PATH"]}, load) as ride:
        assert ride.aside == {"a/b/odd": "it did not return its schema within 2 s"}


def test_beside_an_odd_provider_the_others_are_still_served(ground: Ground, own_world: Path) -> None:
    put(own_world, "odd", "1.0.0", odd(own_world, "exit 7"))
    ground.write(ODD)
    made = ground.plan("plan-only")
    assert made.way == "fast"
    assert steady(made.document) == steady(ground.plan("off").document)
    (surprise,) = ground.terraform("plan-only").surprises
    assert surprise.why == "registry.terraform.io/terrace/odd: its first line is not that of a provider"
    assert ground.plan("plan-only").way == "fast"
    assert len(ground.terraform("plan-only").surprises) == 1, "the same is told once"


def test_what_tells_its_schema_has_no_variable_of_anybody(ground: Ground, own_world: Path, tmp_path: Path) -> None:
    log = tmp_path / "environments"
    put(own_world, "odd", "1.0.0", odd(own_world, f"env | grep -c PROBE >> {log}"))
    ground.write(ODD)
    replace(ground, variables=(("PROBE_VARIABLE", "secret"),)).plan("plan-only")
    assert log.read_text().split() == ["0"], "it was started once, to tell its schema"


# --- proof ---------------------------------------------------------------------------------------------------------


def _as_copy(home: Path) -> Path:
    """The mirror's `six` as a file of this test's own."""
    program = plugins(home) / "registry.terraform.io/terrace/six/1.0.0" / SYSTEM / "terraform-provider-six_v1.0.0"
    content = program.read_bytes()
    program.unlink()
    program.write_bytes(content)
    program.chmod(0o755)
    return program


def test_a_program_that_changed_under_the_same_version_is_never_run(
    ground: Ground, own_world: Path, tmp_path: Path
) -> None:
    program = _as_copy(own_world)
    ground.write(SIX)
    assert ground.plan("plan-only").way == "fast"
    ran = tmp_path / "ran"
    stat = program.stat()
    program.write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
    os.utime(program, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(TerraformFailed) as caught:
        ground.plan("plan-only")
    assert "checksum" in str(caught.value.diagnostics)
    assert not ran.exists()
    (surprise,) = ground.terraform("plan-only").surprises
    assert "which is not in the lock file" in surprise.why


def test_without_a_hash_of_the_package_nothing_is_proven(ground: Ground, own_world: Path, tmp_path: Path) -> None:
    ground.write(SIX)
    terraform = ground.terraform("plan-only")
    folder = terraform.folder(ground.site)
    (locked,) = read_lock_file(folder.lock_file)
    package = package_of(folder.path, locked, tmp_path / "seals")
    assert package.checksum in locked.hashes
    assert package.program.name == "terraform-provider-six_v1.0.0"
    for hashes, why in (((), "no h1"), (("zh:00",), "no h1"), (("h1:other",), "which is not in the lock file")):
        with pytest.raises(NotProven, match=why):
            package_of(folder.path, replace(locked, hashes=hashes), tmp_path / "seals")
    with pytest.raises(NotProven, match="not installed"):
        package_of(folder.path, replace(locked, version="9.9.9"), tmp_path / "seals")


def test_a_seal_that_was_cut_off_is_made_anew(ground: Ground, tmp_path: Path) -> None:
    ground.write(SIX)
    folder = ground.terraform("off").folder(ground.site)
    (locked,) = read_lock_file(folder.lock_file)
    package_of(folder.path, locked, tmp_path / "seals")
    (seal,) = (tmp_path / "seals").iterdir()
    seal.write_text(seal.read_text()[:20])
    assert package_of(folder.path, locked, tmp_path / "seals").checksum == seal.read_text()


def test_a_lock_file_is_read_as_it_is_written_by_hand() -> None:
    text = (
        b'# comment\nprovider "a.b/c/d" {\n version = "1.2.3"\n hashes = [\n "h1:x=", "zh:y",\n ]\n}\nprovider "e" {}\n'
    )
    first, second = read_lock_file(text)
    assert (first.address, first.version, first.hashes) == ("a.b/c/d", "1.2.3", ("h1:x=", "zh:y"))
    assert (second.address, second.version, second.hashes) == ("e", "", ())


# --- surprises -----------------------------------------------------------------------------------------------------


def test_a_provider_that_does_not_come_up_for_a_plan_is_a_surprise_that_is_remembered(
    ground: Ground, own_world: Path
) -> None:
    # While it tells its schema it has no variables: it comes up.
    put(own_world, "odd", "1.0.0", odd(own_world, '[ -n "$PROBE_VARIABLE" ] && exit 7'))
    ground.write(SIX.replace("terrace/six", "terrace/odd"))
    ground = replace(ground, variables=(("PROBE_VARIABLE", "x"),))
    heard: list[Progress] = []
    terraform = ground.terraform("plan-only")
    made = terraform.plan(ground.site, lock=False, listener=heard.append)
    assert made.way == "plain"
    assert [d.summary for d in made.diagnostics if "without the fast lane" in d.summary]
    assert [p.text for p in heard if p.phase == "aside"] == [made.diagnostics[-1].summary]
    (surprise,) = terraform.surprises
    assert (surprise.stack, surprise.types) == ("dev", ())
    again = ground.plan("plan-only")
    assert (again.way, again.diagnostics) == ("plain", ()), "what went wrong once is not tried again"


def test_a_type_that_nobody_named_is_a_surprise_once(ground: Ground) -> None:
    ground.write(ODD.replace("terrace/odd", "terrace/five"))
    ground.apply("off", ground.plan("off"))
    ground.write(
        'output "nothing" {\n  value = 1\n}\n' + ODD.replace("terrace/odd", "terrace/five").split("resource")[0]
    )
    terraform = ground.terraform("plan-only")
    # Somebody else made it after this machine had looked.
    (terraform.folder(ground.site).path / "terrace-types").write_text("[]")
    made = terraform.plan(ground.site, lock=False)
    assert made.way == "plain"
    (surprise,) = terraform.surprises
    assert surprise.types == ("six_thing",)
    again = terraform.plan(ground.site, lock=False)
    assert (again.way, again.diagnostics) == ("fast", ())
    assert steady(again.document) == steady(made.document)


def test_a_broken_configuration_is_told_as_on_the_plain_way(ground: Ground) -> None:
    ground.write(SIX.replace('name = "it"', "nothing_like_it = 1"))
    with pytest.raises(TerraformFailed) as fast:
        ground.plan("plan-only")
    with pytest.raises(TerraformFailed) as plain:
        ground.plan("off")
    assert set(fast.value.diagnostics) == set(plain.value.diagnostics)


def test_the_setting_off_keeps_everything_out(ground: Ground) -> None:
    ground.write(SIX)
    assert ground.plan("off").way == "plain"
    assert not (ground.folder / "cache" / "fast").exists()


def test_a_full_disk_costs_the_cache_and_nothing_else(tmp_path: Path, own_world: Path) -> None:
    lay_mirror(own_world)
    with small_disk(tmp_path / "disk") as disk:
        ground = Ground(tmp_path / "ground")
        ground.write(SIX)
        terraform = LocalTerraform(TerraformSettings(), cache=disk.path, states=tmp_path / "states")
        terraform.folder(ground.site)
        disk.fill()
        made = terraform.plan(ground.site, lock=False)
        assert made.way == "fast"
        assert terraform.plan(ground.site, lock=False).way == "fast"
        disk.free()


def test_ten_at_once_share_a_cache_that_is_empty(ground: Ground) -> None:
    ground.write(ODD.replace("terrace/odd", "terrace/five"))
    ground.terraform("off").folder(ground.site)
    made = []

    def plan() -> None:
        made.append(ground.plan("plan-only"))

    threads = [threading.Thread(target=plan) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.way for one in made] == ["fast"] * 10
    assert len({steady(one.document) for one in made}) == 1
    assert json.loads(made[0].document)["resource_changes"]
    assert LOCK_FILE in {path.name for path in ground.stack.iterdir()}


def test_dev_overrides_keep_everything_out(ground: Ground, own_world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ground.write(SIX)
    (own_world / ".terraformrc").write_text("provider_installation {\n  dev_overrides {}\n  direct {}\n}\n")
    assert "dev_overrides" in ground.terraform("auto").lane_closed
    assert ground.terraform("off").lane_closed == "terraform: {fast: off}"
    (own_world / ".terraformrc").unlink()
    assert ground.terraform("auto").lane_closed == ""


def test_doctor_tells_what_the_lane_was_surprised_by(tmp_path: Path) -> None:
    place = world(tmp_path, three_environments())
    (row,) = [r for r in place.run("doctor", "--json").json["rows"] if r["what"] == "fast lane"]
    assert (row["state"], row["found"]) == ("ok", "for plans")
    cache = Home.of(place.work).cache
    Memory(cache / "fast").add(Surprise(0, "dev", "it was odd"))
    (row,) = [r for r in place.run("doctor", "--json").json["rows"] if r["what"] == "fast lane"]
    assert row["state"] == "optional"
    assert row["found"] == "for plans; 1 fallback, the last one 1970-01-01 00:00 UTC: dev: it was odd"
    assert "surprises.jsonl" in row["how"]


def test_doctor_compares_both_ways_on_the_users_own_stacks(tmp_path: Path, own_world: Path) -> None:
    lay_mirror(own_world)
    # The same data source tells another process each time: no two plans are the same.
    volatile = SIX + 'data "six_reading" "here" {}\n\noutput "here" {\n  value = data.six_reading.here.process\n}\n'
    changed = {"environments/dev/main.tf": SIX, "environments/prod/main.tf": volatile}
    place = world(tmp_path, {**three_environments(), **changed})
    done = place.ok("doctor", "--lane", "dev", "--json").json
    assert [(row["stack"], row["verdict"]) for row in done["stacks"]] == [("dev", "same")]
    assert place.ok("doctor", "--lane", "staging", "--json").json["stacks"][0]["verdict"] == "plain"
    assert place.ok("doctor", "--lane", "prod", "--json").json["stacks"][0]["verdict"] == "volatile"
    assert "the same plan" in place.ok("doctor", "--lane", "dev").out
    wrong = place.run("doctor", "--lane", "nowhere")
    assert wrong.code == 2
    assert "known names: dev, staging, prod" in wrong.err
