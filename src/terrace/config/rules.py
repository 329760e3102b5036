"""The rules across keys of terrace.yaml.

Each is a function that yields the problems of a value, given the mapping that it was read from. A record of the table
of keys names its rules. Names that must exist are checked by the kind `Reference`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

from terrace.config.before_plan import OWN_VARIABLES, BeforePlan
from terrace.config.model import Config, Environment, PolicyFolder, Rollout, StackPattern
from terrace.config.naming import NAME
from terrace.config.problems import Problem
from terrace.config.stack_patterns import find_unknown_captures, is_pattern
from terrace.config.yaml_nodes import Mapping, Node, Scalar, Sequence, find, find_key, quote

LITERALS = ("test", "testing", "fake")
"""Values that are allowed in Git for a variable named like a secret: emulated clouds accept any value."""

_SECRET = re.compile(r"(SECRET|TOKEN|PASSWORD|PASSPHRASE|PRIVATE_?KEY|ACCESS_KEY|API_?KEY)(?!.*_(FILE|PATH)$)", re.I)


def refuse_secrets(hint: str) -> Callable[[str, Any], tuple[str, str] | None]:
    """Returns the check that refuses the value of a variable named like a secret, unless it refers to a variable.

    `hint` can contain `{name}`, the name of the variable.
    """

    def refuse(name: str, value: Any) -> tuple[str, str] | None:
        if not _SECRET.search(name) or value.startswith("env:") or value in LITERALS:
            return None
        return f"{name} is named like a secret, and secrets do not belong in Git", hint.format(name=name)

    return refuse


def check_measurements(rollout: Rollout, node: Mapping) -> Iterator[Problem]:
    """Yields a problem if more measurements must pass than are evaluated."""
    place = find(node, "passes") or find(node, "of")
    if rollout.passes > rollout.of and place is not None:
        message = f"{rollout.passes} of {rollout.of} measurements can never pass"
        yield Problem(place.place, message, f"`passes` is at most `of`: {rollout.of}")


def check_workspace_variable(environment: Environment, node: Mapping) -> Iterator[Problem]:
    """Yields a problem if an environment sets the variable with which Terrace selects the workspace of a stack."""
    sets = {
        ("env",): environment.env,
        ("credentials", "plan"): environment.credentials.plan,
        ("credentials", "apply"): environment.credentials.apply,
    }
    for path, variables in sets.items():
        place = find(node, *path)
        if "TF_WORKSPACE" in variables and place is not None:
            key = ".".join(path)
            yield Problem(
                place.place,
                f"{environment.name}: TF_WORKSPACE selects the workspace of a single stack and cannot be set here",
                f"remove it from `{key}`, and set the workspace of each stack: stacks: [{{..., workspace: NAME}}]",
            )


def check_order(config: Config, node: Mapping) -> Iterator[Problem]:
    """Yields a problem for each cycle of environments that come after each other."""
    after = {environment.name: environment.after for environment in config.environments}
    in_cycles: set[str] = set()
    for name in after:
        if name in in_cycles:
            continue
        cycle = [name]
        while (previous := after.get(cycle[-1])) is not None and len(cycle) <= len(after):
            cycle.append(previous)
            if previous == name:
                place = find(node, "environments", name, "after") or node
                in_cycles.update(cycle)
                hint = f"remove one of these `after`, such as `after: {cycle[1]}` of {name}"
                yield Problem(place.place, f"`after` forms a cycle: {' → '.join(cycle)}", hint)
                break


def check_people(config: Config, node: Mapping) -> Iterator[Problem]:
    """Yields a problem if two people share a name, an email or an account: one person could approve as two."""
    owners: dict[tuple[str, str], str] = {}
    people = find(node, "people")
    for name, person in config.people.items():
        identities: list[tuple[str, str, Node | None]] = [("name", name, find_key(people, name))]
        identities += [("email", email, find(people, name, "emails")) for email in person.emails]
        identities += [("account", person.login, find(people, name, "login"))] if person.login else []
        for kind, word, place in identities:
            # A name can be an email, and is then compared with the emails of others.
            namespace = "account" if kind == "account" else "word"
            owner = owners.setdefault((namespace, word.strip().casefold()), name)
            if owner != name and place is not None:
                message = (
                    f"the {kind} {word!r} of {name} already belongs to {owner}: one person would count as two people"
                )
                yield Problem(place.place, message, f"remove it from {owner} or from {name}")


def check_captures(entry: StackPattern, node: Mapping) -> Iterator[Problem]:
    """Yields a problem for each capture of an entry of `stacks:` without a `*` in its path."""
    stars = entry.path.count("*")
    # The entry of a single stack has no captures, but these values can contain text in the form of a capture.
    plain = () if is_pattern(entry.path) else ("backend_config", "before_plan")
    for key, value in node.pairs:
        if key.text in ("path", *plain):
            continue
        for text in _find_texts(value):
            for capture in find_unknown_captures(text, entry.path):
                message = f"`{capture}` in `{key.text}` has no value: the path has {stars or 'no'} `*`"
                yield Problem(value.place, message)


def _find_texts(node: Node) -> Iterator[str]:
    """Yields every text of a value, at any depth."""
    if isinstance(node, Scalar):
        if isinstance(node.value, str):
            yield node.value
        return
    for inner in node.items if isinstance(node, Sequence) else (value for _, value in node.pairs):
        yield from _find_texts(inner)


def check_stack_name(entry: StackPattern, node: Mapping) -> Iterator[Problem]:
    """Yields a problem if the entry of a single stack has no name, and its directory name is not a stack name."""
    place = find(node, "path")
    if is_pattern(entry.path) or find(node, "name") is not None or place is None:
        return
    name = PurePosixPath(entry.path).name or entry.environment
    if not NAME.fullmatch(name):
        message = f"the directory name {name!r} cannot be used as the name of a stack"
        yield Problem(place.place, message, "add `name: ...`")


def check_policy_data(folder: PolicyFolder, node: Mapping) -> Iterator[Problem]:
    """Yields a problem for data outside its policy directory: all policies for Terrace's view are loaded together."""
    place = find(node, "data")
    if folder.input == "plan" or folder.path == "." or place is None:
        return
    outside = [data for data in folder.data if data != folder.path and not data.startswith(f"{folder.path}/")]
    if outside:
        message = f"{', '.join(outside)} is not inside {folder.path}"
        yield Problem(place.place, f"{message}: with `input: view`, data must be inside the policy directory")


def check_command(command: BeforePlan, node: Mapping) -> Iterator[Problem]:
    """Yields a problem for a program outside PATH and the repository, and for a variable that Terrace reserves."""
    env, run = find(node, "env"), find(node, "run")
    for name in command.env:
        if env is not None and (name in OWN_VARIABLES or name.startswith(("TERRACE_", "LD_"))):
            why = "Terrace sets it" if name in OWN_VARIABLES else "it is never passed to a command"
            yield Problem(env.place, f"{name} is not allowed in `env`: {why}")
    program = command.argv[0]
    if run is not None and (program.startswith(("/", "~")) or ".." in program.split("/")):
        yield Problem(
            run.place,
            f"{quote(program)} cannot be run by a command of `before_plan`",
            "use a program on PATH (`make`), or a file of the repository relative to the working directory "
            "(`./build.sh`)",
        )
