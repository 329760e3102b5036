"""A stack is planned in its Terraform workspace, and its backend location is that of the workspace."""

from __future__ import annotations

import pytest

from support.configuration import load
from support.trees import change, inventory, why
from terrace.config.loosening import find_loosened_rules
from terrace.config.problems import BadConfig
from terrace.pipelines.deploy.lifecycle import deployment_waves
from terrace.stacks.backends import backend_locations, changed_parts, find_shared_states, local_paths, recorded_location
from terrace.stacks.graph import local_state_path
from terrace.stacks.order import stack_waves

TF = 'resource "terraform_data" "x" {}\n'
RULES = "version: 1\nenvironments: {dev: {}, prod: {after: dev}}\n"
BACKENDS: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "s3": ('bucket = "b"\nkey = "net"', (("bucket", "b"), ("key", "env:/prod/net"))),
    "s3 with a prefix": (
        'bucket = "b"\nkey = "net"\nworkspace_key_prefix = "ws"',
        (("bucket", "b"), ("key", "ws/prod/net")),
    ),
    "s3 with an empty prefix": (
        'bucket = "b"\nkey = "net"\nworkspace_key_prefix = ""',
        (("bucket", "b"), ("key", "prod/net")),
    ),
    "azurerm": (
        'storage_account_name = "a"\ncontainer_name = "c"\nkey = "net"',
        (("storage_account_name", "a"), ("container_name", "c"), ("key", "netenv:prod")),
    ),
    "gcs": ('bucket = "b"\nprefix = "net"', (("bucket", "b"), ("prefix", "net"), ("workspace", "prod"))),
    "pg": (
        'conn_str = "postgres://h/d"\nschema_name = "s"',
        (("conn_str", "h:5432/d"), ("schema_name", "s"), ("workspace", "prod")),
    ),
    "consul": ('path = "net"', (("path", "net-env:prod"),)),
    "kubernetes": ('secret_suffix = "net"', (("namespace", "default"), ("secret", "tfstate-prod-net"))),
    "oss": ('bucket = "b"', (("bucket", "b"), ("object", "env:/prod/terraform.tfstate"))),
    "cos": ('bucket = "b"\nkey = "net"', (("bucket", "b"), ("object", "prod/net"))),
    "oci": (
        'namespace = "n"\nbucket = "b"\nkey = "net"',
        (("namespace", "n"), ("bucket", "b"), ("key", "tf-state-env/prod/net")),
    ),
    "oci with a prefix": (
        'namespace = "n"\nbucket = "b"\nworkspace_key_prefix = "ws"',
        (("namespace", "n"), ("bucket", "b"), ("key", "ws/prod/terraform.tfstate")),
    ),
    "oss with a prefix and a key": (
        'bucket = "b"\nprefix = "tf"\nkey = "net"',
        (("bucket", "b"), ("object", "tf/prod/net")),
    ),
}


AZURE = 'storage_account_name = "a"\ncontainer_name = "c"\n'


def entry(environment: str, workspace: str, name: str = "net", more: str = "") -> str:
    return f"  - {{path: net, environment: {environment}, name: {name}, workspace: {workspace}{more}}}\n"


def block(kind: str, body: str) -> str:
    return f'terraform {{\n  backend "{kind.partition(" ")[0]}" {{\n{body}\n  }}\n}}\n'


def files(main: str, *entries: str) -> dict[str, str]:
    return {"net/main.tf": main, "terrace.yaml": f"{RULES}stacks:\n" + "".join(entries)}


@pytest.mark.parametrize("kind", BACKENDS)
def test_each_backend_has_the_workspace_location_that_terraform_uses(kind: str) -> None:
    body, expected = BACKENDS[kind]
    found = inventory(files(block(kind, body), entry("dev", "dev"), entry("prod", "prod")))
    (address,) = backend_locations(found.stack("prod/net"), found.graph)
    assert address.parts == expected
    assert find_shared_states(found) == (), "another workspace is another state"


@pytest.mark.parametrize("kind", BACKENDS)
def test_two_stacks_of_one_workspace_have_one_state(kind: str) -> None:
    body, _ = BACKENDS[kind]
    found = inventory(files(block(kind, body), entry("dev", "prod"), entry("prod", "prod")))
    ((one, other),) = [(s.stack.key, s.other.key) for s in find_shared_states(found)]
    assert (one, other) == ("dev/net", "prod/net")


def test_a_key_of_s3_reaches_the_state_of_a_workspace() -> None:
    """So the state of `env:/prod/net` is one state, however it is named."""
    found = inventory(
        {
            **files(block("s3", 'bucket = "b"\nkey = "net"'), entry("prod", "prod")),
            "environments/dev/main.tf": block("s3", 'bucket = "b"\nkey = "env:/prod/net"'),
        }
    )
    assert [(s.stack.key, s.other.key) for s in find_shared_states(found)] == [("dev", "prod/net")]


@pytest.mark.parametrize(
    ("workspaces", "alone"),
    [
        (("azurerm", AZURE + 'key = "net"'), AZURE + 'key = "netenv:prod"'),
        (("consul", 'path = "net"'), 'path = "net-env:prod"'),
        (("oss", 'bucket = "b"'), 'bucket = "b"\nkey = "prod/terraform.tfstate"'),
        (("oss", 'bucket = "b"'), 'bucket = "b"\nprefix = "env:/prod"'),
        (("cos", 'bucket = "b"\nprefix = "p"\nkey = "k"'), 'bucket = "b"\nkey = "p/prod/k"'),
        (
            ("oci", 'namespace = "n"\nbucket = "b"\nkey = "k"'),
            'namespace = "n"\nbucket = "b"\nkey = "tf-state-env/prod/k"',
        ),
    ],
)
def test_a_key_reaches_the_state_of_a_workspace_in_other_backends_too(workspaces: tuple[str, str], alone: str) -> None:
    kind, body = workspaces
    found = inventory(
        {**files(block(kind, body), entry("prod", "prod")), "environments/dev/main.tf": block(kind, alone)}
    )
    assert [(s.stack.key, s.other.key) for s in find_shared_states(found)] == [("dev", "prod/net")]


def test_a_secret_of_the_default_workspace_can_equal_that_of_another() -> None:
    main = block("kubernetes", 'secret_suffix = "b"')
    found = inventory(
        {
            **files(main, entry("prod", "default-a")),
            "environments/dev/main.tf": block("kubernetes", 'secret_suffix = "a-b"'),
        }
    )
    assert [(s.stack.key, s.other.key) for s in find_shared_states(found)] == [("dev", "prod/net")]


@pytest.mark.parametrize(
    ("kind", "body"), [("oss", 'bucket = "b"\nkey = var.k'), ("kubernetes", "secret_suffix = var.s")]
)
def test_an_object_with_a_part_that_is_not_literal_is_unknown(kind: str, body: str) -> None:
    found = inventory(files(block(kind, body), entry("dev", "default"), entry("prod", "prod")))
    assert all(
        one.unknown for key in ("dev/net", "prod/net") for one in backend_locations(found.stack(key), found.graph)
    )
    assert find_shared_states(found) == ()


def test_a_prefix_without_a_literal_value_is_unknown() -> None:
    main = block("s3", 'bucket = "b"\nkey = "net"\nworkspace_key_prefix = var.p')
    found = inventory(files(main, entry("dev", "dev"), entry("prod", "prod")))
    (address,) = backend_locations(found.stack("dev/net"), found.graph)
    assert address.unknown == ("workspace_key_prefix",)


def test_a_local_state_has_a_path_for_each_workspace() -> None:
    found = inventory(files(TF, entry("prod", "eu", "eu"), entry("prod", "us", "us"), entry("dev", "default")))
    paths = [
        backend_locations(found.stack(key), found.graph)[0].parts[0][1] for key in ("prod/eu", "prod/us", "dev/net")
    ]
    assert paths == [
        "prod/eu/terraform.tfstate.d/eu/terraform.tfstate",
        "prod/us/terraform.tfstate.d/us/terraform.tfstate",
        "dev/net/terraform.tfstate",
    ]
    assert local_state_path(found.stack("prod/eu"), found.graph) == "net/terraform.tfstate.d/eu/terraform.tfstate"
    moved = inventory(files(block("local", 'workspace_dir = "ws"\npath = "x.tfstate"'), entry("prod", "eu")))
    assert local_paths(moved.stack("prod/net"), moved.graph) == ("ws/eu/terraform.tfstate",)
    assert local_state_path(moved.stack("prod/net"), moved.graph) == "net/ws/eu/terraform.tfstate"


def test_the_recorded_backend_is_compared_in_the_workspace() -> None:
    found = inventory(files(block("s3", 'bucket = "b"\nkey = "net"'), entry("prod", "prod")))
    (address,) = backend_locations(found.stack("prod/net"), found.graph)
    config = {"bucket": "b", "key": "net", "workspace_key_prefix": None}
    assert changed_parts(address, "s3", config, "prod") == ()
    assert changed_parts(address, "s3", config, "dev") == ("key",)
    assert changed_parts(address, "s3", config) == ("key",)
    assert changed_parts(address, "s3", {**config, "workspace_key_prefix": "ws"}, "prod") == ("key",)
    assert recorded_location("s3", config, "prod").parts == (("bucket", "b"), ("key", "env:/prod/net"))


def test_one_environment_can_have_several_workspaces_of_one_folder() -> None:
    found = inventory(files(TF, entry("prod", "eu", "eu", ", after: [us]"), entry("prod", "us", "us")))
    assert [(s.key, s.workspace) for s in found.of("prod")] == [("prod/eu", "eu"), ("prod/us", "us")]
    assert [[s.key for s in wave] for wave in stack_waves(found.of("prod"), found.graph)] == [["prod/us"], ["prod/eu"]]


def test_a_backend_without_workspaces_refuses_only_its_stack() -> None:
    found = inventory(
        {
            **files(block("http", 'address = "https://s/x"'), entry("prod", "prod"), entry("dev", "default")),
            "environments/dev/main.tf": TF,
        }
    )
    assert set(found.refusals) == {"prod/net"}
    assert "http backend has no workspaces" in found.refusals["prod/net"].message
    assert str(found.refusals["prod/net"].place) == "net/main.tf:2"


@pytest.mark.parametrize("name", ["..", ".", "-help", "a/b", "a b", "", "x" * 91, "a\tb", "'{1}/x'"])
def test_an_invalid_workspace_name_is_refused(name: str) -> None:
    text = f'{RULES}stacks: [{{path: net, environment: dev, workspace: "{name}"}}]\n'
    with pytest.raises(BadConfig):
        load(text.encode())


@pytest.mark.parametrize("name", ["prod", "eu-west-1", "feature_x", "v1.2", "a+b", "a:b", "a@b"])
def test_valid_workspace_names_are_accepted(name: str) -> None:
    text = f'{RULES}stacks: [{{path: net, environment: dev, workspace: "{name}"}}]\n'
    assert load(text.encode()).stacks[0].workspace == name


@pytest.mark.parametrize("where", ["env: [TF_WORKSPACE]", "credentials: {plan: {TF_WORKSPACE: prod}}"])
def test_an_environment_cannot_select_a_workspace(where: str) -> None:
    with pytest.raises(BadConfig, match="TF_WORKSPACE") as caught:
        load(f"version: 1\nenvironments: {{dev: {{{where}}}}}\n".encode())
    assert "workspace: NAME" in (caught.value.hint or "")


def test_a_pattern_gives_each_folder_its_workspace() -> None:
    found = inventory(
        {
            "stacks/net/main.tf": TF,
            "stacks/app/main.tf": TF,
            "terrace.yaml": RULES
            + 'stacks:\n  - {path: "stacks/*", environment: dev, workspace: dev}\n'
            + '  - {path: "stacks/*", environment: prod, workspace: "prod-{1}"}\n',
        }
    )
    assert {s.key: s.workspace for s in found.stacks} == {
        "dev/app": "dev",
        "dev/net": "dev",
        "prod/app": "prod-app",
        "prod/net": "prod-net",
    }


def test_another_workspace_is_an_impact_and_a_looser_rule() -> None:
    before = files(TF, entry("dev", "dev"), entry("prod", "prod"))
    after = files(TF, entry("dev", "prod"), entry("prod", "prod"))
    assert why(change(before, dict(after))) == {"dev/net": ["configuration terrace.yaml net"]}
    ways = find_loosened_rules(load(before["terrace.yaml"].encode()), load(after["terrace.yaml"].encode()))
    assert ways == ("the stack net of dev has its state in the workspace prod instead of dev",)


def test_a_changed_workspace_of_one_of_several_stacks_loosens_rules() -> None:
    before = load(files(TF, entry("prod", "eu", "eu"), entry("prod", "us", "us"))["terrace.yaml"].encode())
    after = load(files(TF, entry("prod", "eu", "eu"), entry("prod", "eu", "us"))["terrace.yaml"].encode())
    assert any("in the workspace" in way for way in find_loosened_rules(before, after))


def test_a_use_of_the_workspace_is_reported_for_stacks_without_one_also_in_modules() -> None:
    uses = "locals {\n  a = terraform.workspace\n}\n"
    found = inventory(
        {
            **files('module "m" {\n  source = "../m"\n}\n', entry("prod", "prod"), entry("dev", "default")),
            "m/main.tf": f"\n{uses}",
            "environments/dev/main.tf.json": '{"locals": {"a": "x-${terraform.workspace}"}}',
        }
    )
    told = [(n.path, n.line, n.message.partition(" in ")[2]) for n in found.graph.notices]
    assert told[-1] == ("m/main.tf", 3, "dev/net"), "prod/net names its workspace"
    assert [path for path, _, _ in told] == ["environments/dev/main.tf.json", "m/main.tf"]
    assert all("workspace: NAME" in (n.hint or "") for n in found.graph.notices)


def test_stacks_of_one_folder_are_deployed_in_sequence_also_through_links() -> None:
    found = inventory(
        {
            **files(TF, *(entry("prod", name, name) for name in ("ap", "eu", "us"))),
            "environments/prod/alias": "-> ../../net",
            "environments/prod/own/main.tf": TF,
        }
    )
    waves = deployment_waves(found, "prod")
    assert waves[0] == ("prod/alias", "prod/own")
    assert [len(wave) for wave in waves] == [2, 1, 1, 1]


READER = """
data "terraform_remote_state" "net" {
  backend   = "local"
  workspace = "%s"
  config    = { path = "../net/terraform.tfstate", workspace_dir = "../net/terraform.tfstate.d" }
}
"""


@pytest.mark.parametrize("workspace", ["prod", "default"])
def test_a_reader_of_a_local_state_beside_workspaces_is_refused(workspace: str) -> None:
    stacks = entry("prod", "prod", "net") + entry("prod", "default", "plain")
    text = f"{RULES}stacks:\n{stacks}  - {{path: app, environment: prod, name: app}}\n"
    there = {"net/main.tf": TF, "app/main.tf": READER % workspace, "terrace.yaml": text}
    (key,) = (found := inventory(there).refusals)
    assert key == "prod/app" and "whose folder has workspaces" in found[key].message
    assert str(found[key].place) == "app/main.tf:2"
    remote = {**there, "net/main.tf": block("s3", 'bucket = "b"\nkey = "k"')}
    assert not inventory(remote).refusals
    alone = {**there, "terrace.yaml": text.replace(entry("prod", "prod", "net"), "")}
    assert not inventory(alone).refusals
