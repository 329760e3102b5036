"""Stacks are discovered by folder, entry and pattern, and invalid ones are refused."""

from __future__ import annotations

import re
import time

import pytest

from support.configuration import load
from support.trees import DictTree, change, inventory, why
from terrace.config.problems import BadConfig
from terrace.config.stack_patterns import find_matching
from terrace.errors import BadInput
from terrace.stacks.discovery import environments, find_unmatched_patterns
from terrace.stacks.order import stack_waves

TF = 'resource "terraform_data" "x" {}\n'


def keys(files: dict[str, str]) -> list[str]:
    return [stack.key for stack in inventory(files).stacks]


def test_environments_and_stacks_are_found_by_folder() -> None:
    files = {
        "environments/dev/main.tf": TF,
        "environments/prod/network/main.tf.json": "{}",
        "environments/prod/app/main.tofu": TF,
        "environments/prod/app/deeper/main.tf": TF,
        "environments/notes/README.md": "",
        "environments/dev/.hidden.tf": TF,
        "modules/m/main.tf": TF,
    }
    assert keys(files) == ["dev", "prod/app", "prod/network"]
    assert environments(DictTree(files)) == ("dev", "prod")


def test_terrace_yaml_describes_other_layouts() -> None:
    files = {
        "infra/net/main.tf": TF,
        "infra/shared/main.tf": TF,
        "terrace.yaml": "version: 1\nenvironments: {prod: {}}\nstacks:\n"
        "  - {path: infra/net, environment: prod}\n"
        "  - {path: infra/shared, environment: prod, name: app, after: [net], var_files: [vars/prod.tfvars]}\n",
    }
    found = {stack.key: stack for stack in inventory(files).stacks}
    assert sorted(found) == ["prod/app", "prod/net"]
    assert found["prod/app"].after == ("prod/net",)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"environments/a b/main.tf": TF}, "is not valid for an environment"),
        ({"environments/--help/main.tf": TF}, "is not valid for an environment"),
        ({"environments/dev/x\ny/main.tf": TF}, "is not valid for an environment"),
        ({"environments/$(touch x)/main.tf": TF}, "is not valid for an environment"),
        ({"environments/\udcff/main.tf": TF}, "is not valid for an environment"),
        ({"environments/prod/main.tf": TF, "environments/prod/prod/main.tf": TF}, "have the same stack name, prod"),
        (
            {"environments/dev/main.tf": TF, "terrace.yaml": "version: 1\nenvironments: {prod: {}}\n"},
            "which is not in terrace.yaml",
        ),
        (
            {
                "environments/dev/a/main.tf": TF,
                "terrace.yaml": "version: 1\nenvironments: {dev: {}}\n"
                "stacks: [{path: environments/dev/a, environment: dev, after: [b]}]\n",
            },
            "there is no stack 'b'",
        ),
    ],
)
def test_an_invalid_stack_is_refused_with_a_hint(files: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said.replace("(", r"\(")) as caught:
        inventory(files)
    assert caught.value.hint


def backend(key: str) -> str:
    return f'terraform {{\n  backend "s3" {{\n    bucket = "b"\n    key = "{key}"\n  }}\n}}\n'


def reads(key: str) -> str:
    return (
        'data "terraform_remote_state" "n" {\n  backend = "s3"\n  config = {\n'
        f'    bucket = "b"\n    key = "{key}"\n  }}\n}}\n'
    )


def test_stacks_are_ordered_by_reads_and_by_after() -> None:
    files = {
        "environments/prod/app/main.tf": backend("app") + reads("network"),
        "environments/prod/network/main.tf": backend("network"),
        "environments/prod/dns/main.tf": backend("dns"),
        "environments/prod/last/main.tf": backend("last"),
        "terrace.yaml": "version: 1\nenvironments: {prod: {}}\n"
        "stacks: [{path: environments/prod/last, environment: prod, after: [app]}]\n",
    }
    found = inventory(files)
    order = [[stack.key for stack in wave] for wave in stack_waves(found.of("prod"), found.graph)]
    assert order == [["prod/dns", "prod/network"], ["prod/app"], ["prod/last"]]


def test_stacks_that_depend_on_each_other_are_refused() -> None:
    files = {
        "environments/prod/a/main.tf": backend("a") + reads("b"),
        "environments/prod/b/main.tf": backend("b") + reads("a"),
    }
    found = inventory(files)
    with pytest.raises(BadInput, match="in a cycle"):
        stack_waves(found.of("prod"), found.graph)


# --- patterns and the root of the repository ---------------------------------------------------------------------


def yaml(*entries: str, environments: str = "dev: {}, prod: {}") -> str:
    """A terrace.yaml with these entries of `stacks:`."""
    return "\n".join(["version: 1", f"environments: {{{environments}}}", "stacks:", *(f"  - {e}" for e in entries), ""])


LIVE = {
    "live/dev/eu/net/main.tf": TF,
    "live/prod/eu/net/main.tf": TF,
    "live/prod/us/net/main.tf": TF,
    "live/prod/us/modules/main.tf": TF,
    "live/prod/us/.terraform/main.tf": TF,
    "live/prod/us/net/deeper/main.tf": TF,
    "live/prod/us/docs/README.md": "",
}


def test_a_pattern_makes_a_stack_of_each_folder_that_it_matches() -> None:
    files = {**LIVE, "terrace.yaml": yaml('{path: "live/*/*/*", environment: "{1}", name: "{2}-{3}"}')}
    assert keys(files) == ["dev/eu-net", "prod/eu-net", "prod/us-net"]


def test_captures_fill_every_key_of_an_entry() -> None:
    entry = (
        '{path: "acme-*/*", environment: "{1}", after: ["net"], var_files: ["vars/{1}.tfvars"], '
        'backend_config: {key: "{1}/{2}.tfstate"}}'
    )
    files = {f"acme-{e}/{s}/main.tf": TF for e in ("dev", "prod") for s in ("net", "app")}
    files["terrace.yaml"] = yaml(
        entry, "{path: acme-dev/net, environment: dev}", "{path: acme-prod/net, environment: prod}"
    )
    (found,) = [s for s in inventory(files).stacks if s.key == "prod/app"]
    assert found.after == ("prod/net",)
    assert found.var_files == ("vars/prod.tfvars",)
    assert found.backend_config == (("key", "prod/app.tfstate"),)


def test_an_entry_takes_precedence_over_patterns() -> None:
    files = {
        **{f"live/{e}/net/main.tf": TF for e in ("dev", "prod", "shared")},
        "terrace.yaml": yaml(
            '{path: "live/*/*", environment: "{1}"}', "{path: live/shared/net, environment: prod, name: hub}"
        ),
    }
    assert keys(files) == ["dev/net", "prod/net", "prod/hub"]


@pytest.mark.parametrize(
    ("entries", "said", "line"),
    [
        (['{path: "live/*/*", environment: "{1}"}'], "in the environment 'qa'", 4),
        (
            ['{path: "live/dev/*", environment: dev}', '{path: "live/*/net", environment: dev}'],
            "two patterns match live/dev/net",
            5,
        ),
        (
            ['{path: "live/*/net", environment: dev}'],
            "have the same stack name, dev/net",
            4,
        ),
        (
            ["{path: live/dev/net, environment: dev}", "{path: live/prod/net, environment: dev}"],
            "have the same stack name, dev/net",
            5,
        ),
    ],
)
def test_an_invalid_entry_is_reported_with_its_line(entries: list[str], said: str, line: int) -> None:
    files = {**{f"live/{e}/net/main.tf": TF for e in ("dev", "prod", "qa")}, "terrace.yaml": yaml(*entries)}
    with pytest.raises(BadInput, match=said) as caught:
        inventory(files)
    assert str(caught.value.place) == f"terrace.yaml:{line}"


def test_a_pattern_without_matches_is_reported_and_blocks_nothing() -> None:
    files = {
        **LIVE,
        "terrace.yaml": yaml('{path: "live/*/eu/net", environment: "{1}"}', '{path: "gone/*", environment: dev}'),
    }
    assert keys(files) == ["dev/net", "prod/net"]
    (told,) = find_unmatched_patterns(DictTree(files), inventory(files).config)
    assert (str(told.place), "gone/*" in told.message) == ("terrace.yaml:5", True)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("live/**", "`**` is not supported"),
        ("live/*-*", "can have at most one `*`"),
        ("live/?*", "a pattern can only use `*`"),
        ("live/{a,b}*", "a pattern can only use `*`"),
        (f"live/{'x' * 500}*", "longer than 500"),
    ],
)
def test_an_invalid_pattern_is_reported(path: str, said: str) -> None:
    with pytest.raises(BadConfig, match=re.escape(said)):
        load(yaml(f'{{path: "{path}", environment: dev}}').encode())


@pytest.mark.parametrize(
    ("entry", "capture"),
    [
        ('{path: "live/*", environment: "{2}"}', "{2}"),
        ('{path: "live/*", environment: dev, name: "a-{3}"}', "{3}"),
        ('{path: "live/*", environment: dev, var_files: ["a/{1}", "b/{9}"]}', "{9}"),
        ('{path: "live/*", environment: dev, backend_config: {key: "{0}"}}', "{0}"),
        ('{path: live/net, environment: dev, name: "{1}"}', "{1}"),
    ],
)
def test_a_capture_without_a_star_is_reported_with_its_place(entry: str, capture: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load(yaml(entry).encode())
    assert any(capture in p.message and p.place.line == 4 for p in caught.value.problems)


def test_patterns_match_many_folders_fast() -> None:
    folders = [f"live/e{n % 9}/s{n}" for n in range(10_000)]
    began = time.monotonic()
    assert sum(1 for _ in find_matching("live/*/*", folders)) == 10_000
    hostile = [f"{'a-' * 2000}x/{'/a' * 50}/{n}" for n in range(1000)]
    assert sum(1 for _ in find_matching("a-*-y/*/*/*/*", hostile)) == 0
    assert time.monotonic() - began < 5


def test_the_root_of_the_repository_is_a_stack_like_any_other() -> None:
    """`.` and the empty path are two names of one folder."""
    files = {
        "main.tf": 'module "m" {\n  source = "./modules/m"\n}\n',
        "modules/m/main.tf": TF,
        ".terraform.lock.hcl": "# empty\n",
        "dev.tfvars": "",
        "terrace.yaml": yaml("{path: ., environment: dev, var_files: [dev.tfvars]}", "{path: ./, environment: prod}"),
    }
    found = inventory(files)
    assert [(s.key, s.path, s.shown_path) for s in found.stacks] == [("dev", "", "."), ("prod", "", ".")]
    assert found.graph.locks.keys() == {""}
    assert why(change(files, {"main.tf": TF})) == {"dev": ["stack main.tf "], "prod": ["stack main.tf "]}
    assert why(change(files, {"dev.tfvars": "a = 1\n"})).keys() == {"dev"}
    assert why(change(files, {"modules/m/main.tf": ""})).keys() == {"dev", "prod"}
    assert why(change(files, {".terraform.lock.hcl": "# other\n"})).keys() == {"dev", "prod"}
