"""`before_plan` in terrace.yaml: its syntax, the commands of a stack, and the files that they read and write."""

from __future__ import annotations

import pytest

from support.configuration import load
from support.trees import DictTree
from terrace.config.before_plan import BeforePlan
from terrace.config.file_patterns import matches
from terrace.config.loosening import find_loosened_rules
from terrace.config.problems import BadConfig
from terrace.hcl.facts_store import NoStore
from terrace.stacks.before_plan import commands_of, reserved_reason
from terrace.stacks.config_problems import examine
from terrace.stacks.impact import change_set_between
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import ChangeSet, Stack

HEAD = "version: 1\nenvironments: {dev: {}, prod: {}}\n"


def config(text: str) -> object:
    return load((HEAD + text).encode())


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("before_plan: [make lambda]", 'run: ["make", "lambda"]'),
        ("before_plan: [{run: 'zip -r out.zip \"my files\"'}]", 'run: ["zip", "-r", "out.zip", "my files"]'),
        ("before_plan: [[make, lambda]]", 'run: ["make", "lambda"]'),
        ("stacks: [{path: a, environment: dev, before_plan: [{run: npm ci}]}]", 'run: ["npm", "ci"]'),
    ],
)
def test_a_shell_command_line_is_refused_with_the_equivalent_list(text: str, hint: str) -> None:
    with pytest.raises(BadConfig) as refused:
        config(text)
    assert hint in str(refused.value.hint)
    assert str(refused.value.place).startswith("terrace.yaml:3")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("{run: [/bin/sh]}", "cannot be run by a command of `before_plan`"),
        ("{run: [../tools/x]}", "cannot be run by a command of `before_plan`"),
        ("{run: [make], env: [TERRACE_BACKUP_KEY]}", "TERRACE_BACKUP_KEY is not allowed in `env`"),
        ("{run: [make], env: [LD_PRELOAD]}", "LD_PRELOAD is not allowed in `env`"),
        ("{run: [make], env: [PATH]}", "PATH is not allowed in `env`"),
        ("{run: [make], outputs: [../x]}", "a path from the root of the repository"),
        ("{run: [make], outputs: [/x]}", "a path from the root of the repository"),
        ("{run: [make], inputs: ['src/**x']}", "is not a file pattern"),
        ("{run: [make], inputs: ['[a]']}", "is not a file pattern"),
        ("{run: []}", "a list of a program and its arguments"),
        ('{run: [make, "a\\nb"]}', "a text without control characters"),
        ("{outputs: [x]}", "`run` is missing"),
    ],
)
def test_commands_that_are_not_allowed_are_refused(command: str, why: str) -> None:
    with pytest.raises(BadConfig, match=why.replace("[", r"\[")):
        config(f"before_plan: [{command}]")


@pytest.mark.parametrize(
    ("glob", "path", "found"),
    [
        ("src", "src", True),
        ("src", "src/a/b", True),
        ("src", "srcs", False),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/a/b.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/a/b/c.py", True),
        ("**", "a", True),
        ("a.b", "axb", False),
        ("", "anything/at/all", True),
        ("?", "ab", False),
    ],
)
def test_patterns_match_files_and_everything_below_a_directory(glob: str, path: str, found: bool) -> None:
    assert matches(glob, path) is found


@pytest.mark.parametrize(
    "path",
    [
        "a/main.tf",
        "a/zz_terrace_override.tf",
        "a/x.tf.json",
        "a/x.tofu",
        "a/x.auto.tfvars",
        "a/x.tfvars.json",
        "a/.terraform/modules/modules.json",
        "a/.terraform.lock.hcl",
        "a/terraform.d/plugins/example.com/a/b/1.0.0/linux_amd64/terraform-provider-b",
        "a/terraform.tfstate",
        "a/.git/config",
        "settings/prod.conf",
    ],
)
def test_a_command_cannot_write_files_that_terraform_reads_as_configuration(path: str) -> None:
    assert reserved_reason(path, ("settings/prod.conf",)) is not None
    assert reserved_reason("build/app.zip", ("settings/prod.conf",)) is None


def test_a_stack_has_the_commands_for_every_stack_and_those_of_its_entry_with_captures_filled_in() -> None:
    found = load(
        (
            f"{HEAD}before_plan: [{{run: [make, all], in: tools}}]\n"
            "stacks:\n"
            '- {path: "live/*/*", environment: "{1}", before_plan: [{run: [make, "{2}"], outputs: ["out/{1}/{2}"]}]}\n'
            "- {path: infra, environment: dev, before_plan: [{run: [sed, 's/a{2}/b/'], in: .}]}\n"
        ).encode()
    )
    every = BeforePlan(("make", "all"), "tools", ("tools",))
    net = Stack("prod", "live/prod/net", "net")
    own = BeforePlan(("make", "net"), "live/prod/net", ("live/prod/net",), ("out/prod/net",))
    assert commands_of(found, net) == (every, own)
    assert commands_of(found, Stack("dev", "infra", "renamed")) == (every, BeforePlan(("sed", "s/a{2}/b/"), "", ("",)))
    assert commands_of(found, Stack("dev", "live/prod/net", "net")) == (every,)
    assert commands_of(found, Stack("dev", "other", "other")) == (every,)


@pytest.mark.parametrize("name", ["*", "?pi", "[*]", "a[b", "***"])
def test_a_directory_name_with_pattern_characters_matches_only_itself(name: str) -> None:
    written = BeforePlan(("make",), outputs=("live/{1}/{2}/build",), inputs=("lib/{2}",))
    command = written.fill_captures(("dev", name)).at(f"live/dev/{name}")
    assert command.may_write(f"live/dev/{name}/build/x")
    assert not command.may_write("live/dev/api/build/x")
    assert command.sees(f"lib/{name}/x")
    assert not command.sees("lib/api/x")
    alone = BeforePlan(("make",)).at(f"live/dev/{name}")
    assert alone.sees(f"live/dev/{name}/x")
    assert not alone.sees("live/dev/api/x")


def test_a_capture_without_a_value_is_refused_at_any_place() -> None:
    with pytest.raises(BadConfig, match=r"`\{3\}` in `before_plan` has no value"):
        config('stacks: [{path: "a/*", environment: dev, before_plan: [{run: [make], outputs: ["o/{3}"]}]}]')


def test_commands_of_a_new_entry_and_of_a_new_pattern_are_reported() -> None:
    old, new = load(HEAD.encode()), "before_plan: [{run: [make], env: [TOKEN], network: true}]"
    for path in ("infra/net", '"live/*"', "environments/dev/net"):
        reported = find_loosened_rules(old, load(f"{HEAD}stacks: [{{path: {path}, environment: dev, {new}}}]".encode()))
        assert any(
            "runs the command 'make' before a plan, with TOKEN and with network access" in one for one in reported
        ), reported


APP = 'resource "terraform_data" "x" {}\n'
FILES = {"live/app/main.tf": APP, "live/net/main.tf": APP, "src/app.py": "1\n", "src/app.md": "1\n", "data.bin": "1\n"}
STACKS = """\
stacks:
- {path: live/net, environment: dev}
- path: live/app
  environment: dev
  before_plan: [{run: [make], in: src, inputs: ["src/*.py"]}]
"""


def between(text: str, files: dict[str, str], *, before: str | None = None, trusted: str | None = None) -> ChangeSet:
    old, new = DictTree(FILES), DictTree({**FILES, **files})
    surveys = [
        Inventory.of_tree(commit, load((HEAD + rules).encode()), tree, NoStore())
        for commit, rules, tree in (("1" * 40, text if before is None else before, old), ("2" * 40, text, new))
    ]
    rules = load((HEAD + trusted).encode()) if trusted is not None else None
    return change_set_between(surveys[0], surveys[1], old, new, rules)


def test_a_change_to_an_input_impacts_the_stacks_whose_command_reads_it() -> None:
    found = between(STACKS, {"src/app.py": "2\n"})
    assert [(one.stack.key, one.reasons[0].kind, one.reasons[0].path) for one in found.impacts] == [
        ("dev/app", "command", "src/app.py")
    ]
    assert between(STACKS, {"src/app.md": "2\n"}).impacts == ()


def test_the_commands_of_the_trust_root_also_decide_which_stacks_are_impacted() -> None:
    without = STACKS.replace('  before_plan: [{run: [make], in: src, inputs: ["src/*.py"]}]\n', "")
    assert without != STACKS
    assert between(without, {"src/app.py": "2\n"}).impacts == ()
    found = between(without, {"src/app.py": "2\n"}, trusted=STACKS)
    assert [one.stack.key for one in found.impacts] == ["dev/app"]


def test_a_change_of_the_commands_impacts_the_stack() -> None:
    found = between(STACKS.replace("[make]", "[make, app]"), {}, before=STACKS)
    assert [(one.stack.key, one.reasons[0].kind) for one in found.impacts] == [("dev/app", "configuration")]


@pytest.mark.parametrize(
    ("command", "files", "why"),
    [
        ("{run: [./build.sh], in: app}", {"app/build.sh": "+x x"}, []),
        ("{run: [./build.sh], in: app}", {"app/build.sh": "x"}, ["app/build.sh is not executable"]),
        ("{run: [./build.sh], in: app}", {"app/x": "x"}, ["the file app/build.sh does not exist"]),
        (
            "{run: [./build.sh], in: app, inputs: [src]}",
            {"app/build.sh": "+x x", "src/a": ""},
            ["not among its inputs"],
        ),
        ("{run: [make], inputs: [src, lib]}", {"src/a": ""}, ["no file matches its input lib"]),
        ("{run: [make]}", {}, []),
    ],
)
def test_config_check_finds_missing_scripts_and_inputs(command: str, files: dict[str, str], why: list[str]) -> None:
    tree = DictTree({"live/a/main.tf": APP, "live/b/main.tf": APP, **files})
    entry = f'stacks: [{{path: "live/*", environment: dev, before_plan: [{command}]}}]'
    found = examine(tree, load((HEAD + entry).encode()), NoStore()).problems
    assert [one.place.line for one in found] == [3] * len(why), "once for all stacks of an entry"
    assert all(expected in one.message for expected, one in zip(why, found, strict=True)), found
