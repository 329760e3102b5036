"""terrace.yaml: text -> Config. Every problem is found at once, with its place; nothing wrong gets through."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, get_args

from terrace.config.before_plan import OWN_VARIABLES, TIMEOUT, BeforePlan
from terrace.config.before_plan import fault as glob_fault
from terrace.config.checks import DeclaredChecks, settings_of
from terrace.config.environment_keys import LITERALS
from terrace.config.environment_names import PRODUCTION, usual_rank
from terrace.config.keys import terrace_record
from terrace.config.kinds import Located
from terrace.config.model import (
    DEFAULT_WORKSPACE,
    EVERY,
    ApprovalRule,
    AuditSettings,
    Backups,
    CheckSetting,
    CommandProbe,
    Config,
    Credentials,
    DriftSettings,
    Environment,
    ForgeSettings,
    HttpProbe,
    IgnoreRule,
    Level,
    Person,
    PlainPolicies,
    Probe,
    Remediate,
    RiskLevel,
    RiskRule,
    Rollout,
    StackPattern,
    StackSetting,
    TerraformSettings,
    Volatile,
    WaiverRules,
)
from terrace.config.naming import NAME, nearest
from terrace.config.stack_patterns import fault, is_pattern, unknown_captures
from terrace.config.yaml_nodes import Node, Problem, Problems, compose, shown
from terrace.errors import BadInput

_SECRET = re.compile(r"(SECRET|TOKEN|PASSWORD|PASSPHRASE|PRIVATE_?KEY|ACCESS_KEY|API_?KEY)(?!.*_(FILE|PATH)$)", re.I)

Record = dict[str, Located]


class BadConfig(BadInput):
    """A configuration with problems, all of them: `problems` is never empty and in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.message, hint=first.hint if len(problems) == 1 else None, place=first.place)
        self.problems = problems

    def at(self, path: str, whose: str) -> BadConfig:
        """Returns the same problems of the file under another name, and says whose file it is."""
        moved = BadConfig(tuple(replace(one, place=replace(one.place, path=path)) for one in self.problems))
        moved.hint = f"{moved.hint}; {whose}" if moved.hint else whose
        return moved

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return super().__str__()
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        return f"{self.problems[0].place.path} has {len(self.problems)} problems\n{lines}"


def load(
    text: bytes,
    path: str = "terrace.yaml",
    *,
    discovered: tuple[str, ...] = (),
    branch: str = "main",
    remote: str = "origin",
    checks: DeclaredChecks,
) -> Config:
    """Returns the configuration that a text describes. `discovered` are environments found by folder; `branch` and
    `remote` are where the text was read, which hold where it names no others; `checks` are the checks that exist.

    Without text it is the safe default: those environments as a ladder (the usual names first, others by alphabet),
    each after the one before, all manual, with one approval for the last of several and for whatever is called
    production. Raises BadConfig with every problem.
    """
    problems: Problems = []
    node = compose(text, path, problems)
    if node is None and not problems:
        environments = _by_convention(discovered)
        return Config(environments=environments, branch=branch, remote=remote, known_checks=checks)
    found = terrace_record(checks).read(node, problems) or {} if node is not None else {}
    config = replace(
        _config(found, path, discovered, checks, problems),
        branch=_value(found, "branch", branch),
        remote=_value(found, "remote", remote),
    )
    _agree(config, found, problems)
    if problems:
        raise BadConfig(tuple(sorted(problems, key=lambda p: (p.place.line, p.place.column))))
    return config


def ladder(names: Iterable[str]) -> tuple[str, ...]:
    """Names of environments in the usual order of promotion; those without a usual name come last, by alphabet."""
    ranks = {name: usual_rank(name) for name in names}
    return tuple(sorted(ranks, key=lambda name: (ranks[name] is None, ranks[name] or 0, name)))


def asks(names: tuple[str, ...], name: str) -> bool:
    """Whether an environment of a ladder asks for an approval where nobody said: the last one, and production."""
    return name == names[-1] != names[0] or is_production(name)


def is_production(name: str) -> bool:
    """Whether an environment is production, by its name."""
    return not PRODUCTION.isdisjoint(re.split(r"[._-]", name.lower()))


def _by_convention(names: Iterable[str]) -> tuple[Environment, ...]:
    ordered = ladder(names)
    return tuple(
        Environment(
            name=name,
            after=ordered[i - 1] if i else None,
            approvals=ApprovalRule(count=1) if asks(ordered, name) else ApprovalRule(),
            protected=is_production(name),
            drift=DriftSettings(remediate=None if asks(ordered, name) else Remediate()),
        )
        for i, name in enumerate(ordered)
    )


def _config(
    found: Record, path: str, discovered: tuple[str, ...], checks: DeclaredChecks, problems: Problems
) -> Config:
    default = Config(known_checks=checks)
    environments = _inner(found, "environments")
    entries = [one for one in _value(found, "stacks", ()) if one]
    folders: list[Any] = [
        one for one in _value(found, "policies", ()) if isinstance(one, str) or (one and "path" in one)
    ]
    return Config(
        environments=tuple(_environment(name, environments, problems) for name in environments)
        or _by_convention(discovered),
        stacks=tuple(_stack(one, problems) for one in entries if not _is_pattern(one)),
        stack_patterns=tuple(_stack_pattern(one, problems) for one in entries if _is_pattern(one)),
        before_plan=_commands(found, problems),
        teams={name: tuple(m for m in one.value or () if m) for name, one in _inner(found, "teams").items()},
        people={
            name: Person(name, tuple(_value(one.value or {}, "emails", ())), _value(one.value or {}, "login", ""))
            for name, one in _inner(found, "people").items()
        },
        signers=str(PurePosixPath(_value(found, "signers", default.signers))),
        forge=_made(ForgeSettings, _inner(found, "forge")),
        terraform=_made(TerraformSettings, _inner(found, "terraform")),
        ledger=_value(found, "ledger", default.ledger),
        ledger_id=_value(found, "ledger_id", default.ledger_id),
        backups=_backups(_inner(found, "backups")),
        checks={
            name: _check(one.value, default.level(name))
            for name, one in _inner(found, "checks").items()
            if name != "fail_on"
        },
        settings={
            settings.key.name: settings.read(found[settings.key.name].value)
            for settings in settings_of(checks)
            if settings.key.name in found
        },
        fail_on=_value(_inner(found, "checks"), "fail_on", default.fail_on),
        waivers=_made(WaiverRules, _inner(found, "waivers")),
        policies=tuple(_folder(one) for one in folders),
        shown={_folder(one): _plain_policies(one) for one in folders if _wants_plan(one)},
        view_data=_view_data(folders, problems),
        not_stacks=_not_stacks(found, problems),
        submodules=_submodules(_value(found, "submodules", ())),
        audit=_made(AuditSettings, _inner(found, "audit")),
        source=path,
        known_checks=checks,
    )


def _submodules(given: Any) -> tuple[str, ...]:
    if isinstance(given, bool):
        return (EVERY,) if given else ()
    return tuple(dict.fromkeys(str(PurePosixPath(path)) for path in given or () if path))


def _folder(given: Any) -> str:
    path = given if isinstance(given, str) else _value(given, "path", "")
    return str(PurePosixPath(path or ""))


def _plain_policies(given: Record) -> PlainPolicies:
    data = tuple(str(PurePosixPath(one)) for one in _value(given, "data", ()) or () if one)
    return PlainPolicies(tuple(one for one in _value(given, "namespaces", ()) or () if one), data)


def _view_data(folders: Iterable[Any], problems: Problems) -> dict[str, tuple[str, ...]]:
    """The folders of data of the policies for Terrace's view that name some. All policies for the view are loaded
    together, so that the data of one lies inside of it."""
    found = {}
    for one in folders:
        if not isinstance(one, dict) or _wants_plan(one) or not _value(one, "data", ()):
            continue
        own = _folder(one)
        found[own] = _plain_policies(one).data
        outside = [data for data in found[own] if data != own and not data.startswith(f"{own}/") and own != "."]
        if outside:
            said = f"{', '.join(outside)} is not inside of {own}: with `input: view` data lies inside of the folder"
            problems.append(Problem(one["data"].node.place, said))
    return found


def _wants_plan(given: Any) -> bool:
    return isinstance(given, dict) and _value(given, "input", "view") == "plan"


def _check(given: Any, usual: Level) -> CheckSetting:
    """A level alone, or a record; without a level the check has its `usual` one."""
    if not isinstance(given, dict):
        return CheckSetting(given)
    return CheckSetting(_value(given, "level", usual), _value(given, "fail_on", None))


def _backups(found: Record) -> Backups:
    recipients = tuple(r for r in _value(found, "recipients", ()) if r)
    return Backups(recipients=recipients, **_plain(found, "url", "key", "identity"))


def _environment(name: str, ladder: Record, problems: Problems) -> Environment:
    found: Record = ladder[name].value or {}
    default = Environment(name)
    credentials = _inner(found, "credentials")
    return Environment(
        name=name,
        after=_value(found, "after", None),
        deploy=_value(found, "deploy", default.deploy),
        soak=_value(found, "soak", default.soak),
        approvals=_rule(found.get("approvals")),
        smoke=_probes(found, "smoke"),
        health=_probes(found, "health"),
        rollout=_rollout(found, problems),
        on_failure=_value(found, "on_failure", default.on_failure),
        rollback=_rule(found["rollback"]) if "rollback" in found else None,
        protected=_value(found, "protected", is_production(name)),
        credentials=Credentials(
            plan=_variables(credentials, "plan", problems), apply=_variables(credentials, "apply", problems)
        ),
        env=tuple(_value(found, "env", ())),
        rpo=_value(found, "rpo", None),
        rto=_value(found, "rto", None),
        drift=_drift(_inner(found, "drift"), asks=asks(tuple(ladder), name)),
        risk=_risk(_inner(found, "risk")),
        volatile=Volatile(tuple(_value(_inner(found, "volatile"), "allow", ()))),
    )


def _risk(found: Record) -> dict[RiskLevel, RiskRule]:
    levels: tuple[RiskLevel, ...] = get_args(RiskLevel)
    return {level: _at_risk(found[level]) for level in levels if level in found and found[level].value is not None}


def _at_risk(given: Located) -> RiskRule:
    return RiskRule(blocked=True) if given.value == "block" else RiskRule(_rule(given))


def _probes(found: Record, key: str) -> tuple[Probe, ...]:
    return tuple(_probe(one) for one in _value(found, key, ()) if one)


def _rollout(found: Record, problems: Problems) -> Rollout:
    given = _inner(found, "rollout")
    rollout: Rollout = _made(Rollout, given)
    if rollout.passes > rollout.of:
        message = f"{rollout.passes} of {rollout.of} measurements can never pass"
        place = (given.get("passes") or given["of"]).node.place
        problems.append(Problem(place, message, f"`passes` is at most `of`: {rollout.of}"))
    return rollout


def _drift(found: Record, *, asks: bool) -> DriftSettings:
    """`asks`: people are asked there, and so nothing is taken back unless somebody said so."""
    remediate = None if asks else Remediate()
    given = _value(found, "remediate", None)
    if given == "off":
        remediate = None
    elif isinstance(given, dict):
        allow = {glob: tuple(one.value) for glob, one in _inner(given, "allow").items() if one.value is not None}
        remediate = Remediate(
            approvals=_rule(given["approvals"]) if "approvals" in given else None,
            allow=allow if "allow" in given else Remediate().allow,
            **_plain(given, "at_most", "share"),
        )
    rules = tuple(IgnoreRule(**_plain(one, *one)) for one in _value(found, "ignore", ()) if one and _whole(one))
    logs = tuple(one for one in _value(found, "logs", ()) if one)
    return DriftSettings(_value(found, "every", DriftSettings().every), rules, remediate, logs)


def _whole(rule: Record) -> bool:
    """Whether a rule has all that it needs; what it lacks is a problem that was told already."""
    return {"address", "owner", "reason", "until"} <= rule.keys()


def _rule(given: Located | None) -> ApprovalRule:
    if given is None:
        return ApprovalRule()
    if isinstance(given.value, int):
        return ApprovalRule(count=given.value)
    found: Record = given.value
    # Teams alone, or the whole record: only the record holds something that is no number of people.
    if not found.keys() & {"count", "roles", "expires", "unsigned"}:
        return ApprovalRule(roles=_numbers(found))
    default = ApprovalRule()
    return ApprovalRule(
        count=_value(found, "count", default.count),
        roles=_numbers(_inner(found, "roles")),
        expires=_value(found, "expires", default.expires),
        unsigned=_value(found, "unsigned", default.unsigned),
    )


def _numbers(found: Record) -> dict[str, int]:
    return {name: one.value for name, one in found.items() if one.value is not None}


def _probe(found: Record) -> Probe:
    if "run" in found:
        return CommandProbe(argv=found["run"].value, **_plain(found, "timeout", "name"))
    url = _value(found, "http", "")
    return HttpProbe(url=url, **_plain(found, "expect", "contains", "timeout", "attempts", "name"))


def _is_pattern(found: Record) -> bool:
    return is_pattern(_value(found, "path", ""))


def _stack_pattern(found: Record, problems: Problems) -> StackPattern:
    path = str(PurePosixPath(_value(found, "path", "*")))
    wrong = fault(path)
    if wrong is not None:
        hint = 'a pattern is like "live/*/*": one `*` for each folder that differs'
        problems.append(Problem(found["path"].node.place, f"{shown(path)} is no pattern of folders: {wrong}", hint))
    pattern = StackPattern(
        path=path,
        environment=_value(found, "environment", ""),
        name=_value(found, "name", ""),
        after=tuple(one for one in _value(found, "after", ()) if one),
        var_files=tuple(one for one in _value(found, "var_files", ()) if one),
        backend_config=_literals(_inner(found, "backend_config"), _BACKEND_HINT, problems),
        workspace=_value(found, "workspace", DEFAULT_WORKSPACE),
        backend_files=tuple(one for one in _value(found, "backend_files", ()) if one),
        before_plan=_commands(found, problems),
        line=_line(found),
    )
    _captured(pattern.path, found, problems)
    return pattern


def _captured(path: str, found: Record, problems: Problems) -> None:
    """Note captures that no `*` of the path fills."""
    stars = path.count("*")
    there = f"the path has {stars or 'no'} `*`"
    for key, one in found.items():
        for text in _texts(one) if key != "path" else ():
            for capture in unknown_captures(text, path):
                problems.append(Problem(one.node.place, f"`{capture}` in `{key}` stands for nothing: {there}"))


def _texts(value: Any) -> Iterator[str]:
    """Every text of a value, whatever it lies in."""
    if isinstance(value, Located):
        yield from _texts(value.value)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, dict | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _commands(found: Record, problems: Problems) -> tuple[BeforePlan, ...]:
    return tuple(_command(one, problems) for one in _value(found, "before_plan", ()) if one and _has_words(one))


def _has_words(found: Record) -> bool:
    """Whether a command has a program; where it has none, that is a problem that was told already."""
    return bool(_value(found, "run", ())) and all(_value(found, "run", ()))


def _command(found: Record, problems: Problems) -> BeforePlan:
    folder = _value(found, "in", None)
    for key in ("inputs", "outputs"):
        for glob in _value(found, key, ()):
            wrong = glob_fault(glob) if glob else None
            if wrong is not None:
                problems.append(Problem(found[key].node.place, f"{shown(glob)} is no pattern of files: {wrong}"))
    for name in _value(found, "env", ()):
        if name and (name in OWN_VARIABLES or name.startswith(("TERRACE_", "LD_"))):
            own = "Terrace sets it" if name in OWN_VARIABLES else "no command gets it"
            problems.append(Problem(found["env"].node.place, f"{name} cannot be named in `env`: {own}"))
    program = found["run"].value[0]
    if program.startswith(("/", "~")) or ".." in program.split("/"):
        message = f"{shown(program)} is no program that a command of `before_plan` can run"
        hint = "name a program of PATH (`make`), or a file of the repository from the folder it runs in (`./build.sh`)"
        problems.append(Problem(found["run"].node.place, message, hint))
    return BeforePlan(
        argv=tuple(found["run"].value),
        folder=None if folder is None else _from_root(folder),
        inputs=tuple(_from_root(one) for one in _value(found, "inputs", ()) if one),
        outputs=tuple(_from_root(one) for one in _value(found, "outputs", ()) if one),
        env=tuple(one for one in _value(found, "env", ()) if one),
        network=_value(found, "network", False),
        timeout=_value(found, "timeout", TIMEOUT),
        line=_line(found),
    )


def _from_root(path: str) -> str:
    """A path without `.` in it; "" for the root of the repository."""
    plain = str(PurePosixPath(path))
    return "" if plain == "." else plain


def _line(found: Record) -> int:
    return min((one.node.place.line for one in found.values()), default=0)


def _stack(found: Record, problems: Problems) -> StackSetting:
    written = str(PurePosixPath(_value(found, "path", ".")))
    path = "" if written == "." else written
    environment = _value(found, "environment", "")
    name = _value(found, "name", PurePosixPath(path).name or environment)
    _captured(path, {key: one for key, one in found.items() if key not in _PLAIN_TEXTS}, problems)
    if "path" in found and "name" not in found and not NAME.fullmatch(name):
        message = f"the folder's name {name!r} cannot be the name of a stack"
        problems.append(Problem(found["path"].node.place, message, "give it one: `name: ...`"))
    return StackSetting(
        path=path,
        environment=environment,
        name=name,
        after=tuple(_value(found, "after", ())),
        var_files=tuple(_value(found, "var_files", ())),
        backend_config=_literals(_inner(found, "backend_config"), _BACKEND_HINT, problems),
        workspace=_value(found, "workspace", DEFAULT_WORKSPACE),
        backend_files=tuple(one for one in _value(found, "backend_files", ()) if one),
        before_plan=_commands(found, problems),
        line=_line(found),
    )


_PLAIN_TEXTS = ("backend_config", "before_plan")
"""Keys of one stack whose texts may have what looks like a capture."""

_BACKEND_HINT = "leave it out: backends read secrets from variables, which `credentials` of the environment names"


def _variables(found: Record, purpose: str, problems: Problems) -> dict[str, str]:
    return _literals(_inner(found, purpose), "say where it is: `{name}: env:{name}`", problems)


def _literals(found: Record, hint: str, problems: Problems) -> dict[str, str]:
    """The values by name; one that is a secret by its name and stands there is a problem."""
    values = {}
    for name, one in found.items():
        if one.value is None:
            continue
        if _SECRET.search(name) and not one.value.startswith("env:") and one.value not in LITERALS:
            message = f"{name} is a secret by its name, and secrets do not belong in Git"
            problems.append(Problem(one.node.place, message, hint.format(name=name)))
        else:
            values[name] = one.value
    return values


# --- what must agree across keys ---------------------------------------------------------------------------------


def _agree(config: Config, found: Record, problems: Problems) -> None:
    """Names that are used must exist, and the ladder must have a first step."""
    names = [e.name for e in config.environments]
    for name, one in _inner(found, "environments").items():
        settings: Record = one.value or {}
        _known("environment", settings.get("after"), names, problems)
        remediate = _inner(_inner(settings, "drift"), "remediate")
        risky = _inner(settings, "risk").values()
        for asked in (settings.get("approvals"), settings.get("rollback"), remediate.get("approvals"), *risky):
            for team, node in _teams(asked) if asked is not None else ():
                _known("team", Located(team, node), list(config.teams), problems)
        cycle = _cycle(config, name)
        if cycle:
            place = settings["after"].node.place if "after" in settings else one.node.place
            problems.append(Problem(place, f"`after` goes in a circle: {' → '.join(cycle)}", "remove one `after`"))
    for stack in _value(found, "stacks", ()):
        if stack and not _has_capture(stack.get("environment")):
            _known("environment", stack.get("environment"), names, problems)
    for name, one in _inner(found, "environments").items():
        for key, given in _workspace_variables(one.value or {}):
            message = f"{name}: TF_WORKSPACE selects the workspace of one stack, and no environment sets it"
            hint = f"remove it from `{key}`, and name the workspace of each stack: stacks: [{{..., workspace: NAME}}]"
            problems.append(Problem(given.node.place, message, hint))
    _one_person_each(found, problems)


def _workspace_variables(settings: Record) -> Iterator[tuple[str, Located]]:
    """The keys of an environment that set the variable by which Terrace selects workspaces."""
    if "TF_WORKSPACE" in (_value(settings, "env", ()) or ()):
        yield "env", settings["env"]
    for key, given in _inner(settings, "credentials").items():
        if isinstance(given.value, dict) and "TF_WORKSPACE" in given.value:
            yield f"credentials.{key}", given


def _one_person_each(found: Record, problems: Problems) -> None:
    """A name, an email or an account of two people would let one of them count twice."""
    owners: dict[tuple[str, str], str] = {}
    for name, one in _inner(found, "people").items():
        person: Record = one.value or {}
        words = [("name", name, one.node)]
        words += [("email", word, person["emails"].node) for word in _value(person, "emails", ()) if word]
        words += [("account", person["login"].value, person["login"].node)] if _value(person, "login", "") else []
        for what, word, node in words:
            # A name may be an email, and is then compared with the emails of others.
            space = "account" if what == "account" else "word"
            owner = owners.setdefault((space, word.strip().casefold()), name)
            if owner != name:
                message = (
                    f"the {what} {word!r} of {name} is {owner}'s already, and one of them would count as two people"
                )
                problems.append(Problem(node.place, message, f"leave it to one of {owner} and {name}"))


def _not_stacks(found: Record, problems: Problems) -> tuple[str, ...]:
    paths = tuple(str(PurePosixPath(one)) for one in _value(found, "not_stacks", ()) if one)
    for path in paths:
        wrong = fault(path) if is_pattern(path) else None
        if wrong is not None:
            problems.append(Problem(found["not_stacks"].node.place, f"{shown(path)} is no pattern of folders: {wrong}"))
    return paths


def _has_capture(given: Located | None) -> bool:
    return given is not None and isinstance(given.value, str) and "{" in given.value


def _teams(approvals: Located) -> list[tuple[str, Node]]:
    if not isinstance(approvals.value, dict):
        return []
    found: Record = approvals.value
    if found.keys() & {"count", "roles", "expires", "unsigned"}:
        found = _inner(found, "roles")
    return [(team, one.node) for team, one in found.items()]


def _known(what: str, given: Located | None, names: list[str], problems: Problems) -> None:
    if given is None or given.value is None or given.value in names:
        return
    near = nearest(given.value, names)
    hint = f"did you mean {near!r}?" if near else f"there is {', '.join(names)}" if names else f"there is no {what} yet"
    problems.append(Problem(given.node.place, f"no {what} is called {given.value!r}", hint))


def _cycle(config: Config, name: str) -> tuple[str, ...]:
    """The way from an environment back to itself; empty when there is none."""
    after = {e.name: e.after for e in config.environments}
    way = [name]
    while (up := after.get(way[-1])) is not None and len(way) <= len(after):
        way.append(up)
        if up == name:
            return tuple(way)
    return ()


# --- reading what was read ---------------------------------------------------------------------------------------


def _value(found: Record, name: str, default: Any) -> Any:
    return found[name].value if name in found else default


def _inner(found: Record, name: str) -> Record:
    inner = _value(found, name, None)
    return inner if isinstance(inner, dict) else {}


def _plain(found: Record, *names: str) -> dict[str, Any]:
    return {name: found[name].value for name in names if name in found}


def _made(kind: Any, found: Record) -> Any:
    return kind(**{name: one.value for name, one in found.items()})
