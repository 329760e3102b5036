"""The checks of a change. This dict is where a new one plugs in; terrace.yaml weighs each by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from terrace.assess.model import Finding, Severity, Status
from terrace.checks import commits, lock_files, names, required_files
from terrace.checks.base import Check, Examined, PlanCheck, Policies, Scanners, StaticCheck
from terrace.checks.module_docs import settings as module_docs
from terrace.checks.plan_reports import failed_checks, warned
from terrace.checks.policy.files import KINDS
from terrace.checks.rule_files import first_pipelines, reviewers, rule_of, same_configuration
from terrace.checks.secrets.plan import exposed
from terrace.checks.secrets.search import SecretSearch
from terrace.config.checks import DeclaredCheck
from terrace.config.naming import shell_word
from terrace.hcl.tree import Tree
from terrace.plans.model import Action, Plan
from terrace.plans.terraform import Terraform
from terrace.stacks.backends import Address, Sharing
from terrace.stacks.inventory import Inventory
from terrace.stacks.repository import Repository
from terrace.stacks.root_modules import in_no_stack
from terrace.waivers.judging import NONE, Waivers
from terrace.waivers.telling import more_waived

OF_CHANGES = ("commits", "trust-root", "removed-output", "gitleaks", "trufflehog")
"""Checks that say nothing about what stands."""

SCANNERS = ("checkov", "trivy", "tflint", "gitleaks", "trufflehog")
"""Third-party scanners; each is a check of its name."""

_DECLARED = (
    DeclaredCheck(name="format"),
    DeclaredCheck(name="trust-root"),
    DeclaredCheck(name="layout"),
    DeclaredCheck(name="outside-files"),
    DeclaredCheck(name="shared-state"),
    DeclaredCheck(name="removed-output"),
    DeclaredCheck(name="policy"),
    DeclaredCheck(name="commits", level="advisory", settings=(commits.SETTINGS,)),
    DeclaredCheck(name="pinned", level="advisory"),
    DeclaredCheck(name="lock-file", level="advisory", settings=(lock_files.PLATFORMS,)),
    DeclaredCheck(name="unused", level="advisory"),
    DeclaredCheck(name="required-files", level="advisory", settings=(required_files.SETTINGS,)),
    DeclaredCheck(name="docs", level="advisory", settings=(module_docs.SETTINGS,)),
    DeclaredCheck(name="naming", level="advisory", settings=(names.SETTINGS,)),
    DeclaredCheck(name="deprecated", level="advisory"),
    DeclaredCheck(name="secrets"),
    DeclaredCheck(name="plan-secrets"),
    DeclaredCheck(name="volatile"),
    DeclaredCheck(name="check-blocks", level="advisory"),
    DeclaredCheck(name="warnings", level="advisory"),
    *(DeclaredCheck(name=name, level="advisory") for name in (*SCANNERS, "scanners")),
)
CHECKS: Mapping[str, DeclaredCheck] = {check.name: check for check in _DECLARED}
"""Every check by its name."""

FORMATTED = (".tf", ".tofu", ".tfvars", ".tftest.hcl")


def checks(
    terraform: Terraform,
    repository: Repository,
    policies: Policies,
    search: SecretSearch,
    scanners: Scanners,
    waivers: Waivers = NONE,
    survey: Callable[[str], Inventory] | None = None,
) -> Mapping[str, Check]:
    """Every check by name, in the order in which their findings are told. `survey` finds what a commit has; without it
    no check compares with the base of the change."""
    return {
        "format": StaticCheck("format", lambda examined: unformatted(examined, terraform)),
        "trust-root": StaticCheck(
            "trust-root",
            lambda examined: (
                *loosened(examined),
                *rewritten(examined, repository),
                *moved(examined, repository),
                *more_waived(waivers),
                *scanners.reconfigured(examined),
            ),
        ),
        "layout": StaticCheck("layout", noticed),
        "outside-files": StaticCheck("outside-files", lambda examined: read_outside(examined, repository)),
        "shared-state": PlanCheck(
            "shared-state", lambda examined, plans: (*shared_states(examined, survey), *states_found(examined, plans))
        ),
        "removed-output": StaticCheck("removed-output", removed_outputs),
        "policy": PlanCheck("policy", policies.examine),
        "commits": StaticCheck("commits", lambda examined: written(examined, repository)),
        "pinned": StaticCheck("pinned", lambda examined: left_open(examined, repository)),
        "lock-file": StaticCheck("lock-file", lambda examined: not_locked(examined, repository)),
        "unused": StaticCheck("unused", lambda examined: left_over(examined, repository)),
        "required-files": StaticCheck("required-files", lambda examined: lacking(examined, repository)),
        "docs": StaticCheck("docs", lambda examined: misdocumented(examined, repository)),
        "naming": StaticCheck("naming", lambda examined: named_otherwise(examined, repository)),
        "deprecated": StaticCheck("deprecated", lambda examined: outdated(examined, repository)),
        "secrets": StaticCheck("secrets", lambda examined: leaked(examined, search)),
        "plan-secrets": PlanCheck("plan-secrets", lambda _, plans: exposed(plans)),
        "volatile": PlanCheck("volatile", lambda examined, plans: never_equal(examined, plans)),
        "check-blocks": PlanCheck("check-blocks", lambda _, plans: failed_checks(plans)),
        "warnings": PlanCheck("warnings", lambda _, plans: warned(plans)),
        **scanners.checks(),
    }


def checks_of_everything(
    terraform: Terraform, repository: Repository, policies: Policies, search: SecretSearch, scanners: Scanners
) -> Mapping[str, Check]:
    """The checks that can look at what stands, with no change to it. `commits`, `trust-root` and scanners of
    commits are about changes."""

    def judged(examined: Examined, plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
        # Nothing is proposed here: what is deployed may have older policies than those that judge.
        return policies.judged(examined.trusted, plans)

    usual = checks(terraform, repository, policies, search, scanners)
    return {
        **{name: check for name, check in usual.items() if name not in OF_CHANGES},
        "policy": PlanCheck("policy", judged),
        "secrets": StaticCheck("secrets", lambda examined: search.files(examined.change_set.head)),
    }


def unformatted(examined: Examined, terraform: Terraform) -> tuple[Finding, ...]:
    """Changed files that `terraform fmt` would write otherwise, each with its diff."""
    changed = tuple(
        path
        for path in examined.change_set.changed
        if path.endswith(FORMATTED) and (Path(examined.root) / path).is_file()
    )
    found = terraform.unformatted(examined.root, changed)
    return tuple(
        Finding(
            rule="format",
            severity=Severity.LOW,
            status=Status.FAIL,
            tool=f"{terraform.product} fmt",
            message=f"{path} is not formatted",
            path=path,
            detail=diff,
            fix=f"{terraform.product} fmt {shell_word(path)}",
        )
        for path, diff in found.items()
    )


def loosened(examined: Examined) -> tuple[Finding, ...]:
    """Ways in which this change would let more through, once it judges. It is judged by the old rules meanwhile.

    Where the protected branch has no terrace.yaml, a first one is compared with what holds without it.
    """
    from terrace.config.loosening import loosened as ways
    from terrace.config.loosening import safe_defaults

    path = examined.trusted.source or "terrace.yaml"
    trusted, proposed = examined.trusted, examined.proposed
    if not trusted.source and proposed.source:
        trusted = safe_defaults(trusted, proposed)
    return tuple(
        _of_the_rules(examined, f"this change loosens the rules that judge changes: {way}", path)
        for way in ways(trusted, proposed)
    )


def rewritten(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """Files of the trust root that this change edits: whether one lets more through is for people to say.

    The first files that CI runs in a repository hold nothing: nothing that they could loosen is there yet.
    """
    edited = examined.change_set.edited
    found = {path: why for path in edited if (why := rule_of(path, examined.trusted, KINDS)) is not None}
    first = first_pipelines(found, repository.tree(examined.change_set.base).entries) if found else frozenset()
    return tuple(
        replace(
            _of_the_rules(examined, f"this change edits {path}: {why}; the old one judges it", path),
            advisory=path in first,
        )
        for path, why in found.items()
    )


def moved(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """Stacks that leave an environment and come into another with the same files: other gates hold for them then."""
    change = examined.change_set
    fresh = [one.stack for one in change.impacts if any(reason.kind == "new" for reason in one.reasons)]
    if not fresh or not change.removed:
        return ()
    before, after = repository.tree(change.base).entries, repository.tree(change.head).entries
    return tuple(
        _of_the_rules(
            examined,
            f"this change moves the stack {old.key} to {new.key}: the gates of {new.environment} hold for it then, and "
            f"not those of {old.environment}",
            new.path,
        )
        for old in change.removed
        for new in fresh
        if old.environment != new.environment and same_configuration(old.path, before, new.path, after)
    )


def _of_the_rules(examined: Examined, message: str, path: str) -> Finding:
    """A change of what judges: people look at it before anything that it lets through can come."""
    return Finding(
        rule="trust-root",
        severity=Severity.HIGH,
        status=Status.FAIL,
        tool="terrace",
        message=message,
        path=path,
        fix=f"take it back, or have it merged on its own by {reviewers(examined.trusted)}: whatever it lets through "
        "comes after it",
    )


def noticed(examined: Examined) -> tuple[Finding, ...]:
    """What was seen in the layout of the repository and could not be looked into."""
    nothing = () if examined.inventory.stacks or examined.change_set.removed else (_no_stack(examined),)
    outside = in_no_stack(examined.inventory.outside) if examined.inventory.outside else None
    return nothing + tuple(
        Finding(
            rule="layout",
            # What is in no stack is as it was before the change: it makes the change no riskier.
            severity=Severity.INFO if notice == outside else Severity.MEDIUM,
            status=Status.UNKNOWN,
            tool="terrace",
            message=notice.message,
            path=notice.path,
            line=notice.line,
            fix=notice.hint,
            advisory=True,
        )
        for notice in examined.change_set.notices
        # It is said already.
        if not (nothing and notice == outside)
    )


def _no_stack(examined: Examined) -> Finding:
    """A check of a repository without a stack has looked at nothing, and that is no pass."""
    outside = examined.inventory.outside
    why = f"{in_no_stack(outside).message}; so" if outside else "this repository has no stack, so that"
    return Finding(
        rule="layout",
        severity=Severity.HIGH,
        status=Status.UNKNOWN,
        tool="terrace",
        message=f"{why} nothing was looked at",
        path=examined.trusted.source or "terrace.yaml",
        fix="`terrace init --print` shows the stacks that it finds, and the entries of `stacks:` for them",
    )


def shared_states(examined: Examined, survey: Callable[[str], Inventory] | None) -> tuple[Finding, ...]:
    """Stacks that name the state of another stack, and changed stacks of whose state the address is not literal."""
    from terrace.stacks.backends import addresses, shared, taken

    change, here = examined.change_set, examined.inventory
    touched = {impact.stack.key for impact in change.impacts}
    told = []
    for one in shared(here):
        mine, other = (one.stack, one.other) if one.stack.key in touched else (one.other, one.stack)
        place = next((a.place for a in addresses(mine, here.graph) if a.place is not None), one.address.place)
        told.append((mine.key, place, f"{mine.key} and {other.key} have the same state: {one.address}", _ways(one)))
    if survey is not None and change.base != change.head:
        known = {frozenset((one.stack.key, one.other.key)) for one in shared(here)}
        for one in taken(survey(change.base), here):
            if frozenset((one.stack.key, one.other.key)) not in known:
                message = f"{one.stack.key} takes over the state of {one.other.key}: {one.address}"
                told.append((one.stack.key, one.address.place, message, _ways(one)))
    found = [
        Finding(
            rule="shared-state",
            severity=Severity.CRITICAL,
            status=Status.FAIL,
            tool="terrace",
            message=message,
            stack=key,
            path=place.path if place is not None else None,
            line=place.line or 0 if place is not None else 0,
            fix=f"give each stack an address of its own{how}: a deployment refuses this one",
        )
        for key, place, message, how in told
    ]
    for stack in (impact.stack for impact in change.impacts):
        for address in addresses(stack, here.graph):
            if address.unknown:
                found.append(_unclear(stack.key, address))
    return tuple(found)


def _ways(one: Sharing) -> str:
    """How two stacks of one folder get a state each; "" for stacks of two folders."""
    if one.stack.path != one.other.path:
        return ""
    return " by `workspace`, `backend_config` or `backend_files` of its entry under `stacks:`"


def _unclear(key: str, address: Address) -> Finding:
    return Finding(
        rule="shared-state",
        severity=Severity.MEDIUM,
        status=Status.UNKNOWN,
        tool="terrace",
        message=f"whose state {key} has cannot be told: {', '.join(address.unknown)} of its {address.type} backend"
        " has no literal value; a deployment compares the lineage of the state",
        stack=key,
        path=address.place.path if address.place is not None else None,
        line=address.place.line or 0 if address.place is not None else 0,
        fix="write the value into the block, or into `backend_config` of terrace.yaml or one of its `backend_files`",
        advisory=True,
    )


def removed_outputs(examined: Examined) -> tuple[Finding, ...]:
    """Outputs that the change removes while another stack reads them."""
    return tuple(
        Finding(
            rule="removed-output",
            severity=Severity.HIGH if one.certain else Severity.MEDIUM,
            status=Status.FAIL if one.certain else Status.UNKNOWN,
            tool="terrace",
            message=f"this change removes the output {one.output!r} of {one.owner}, which {one.reader} "
            f"{'reads' if one.certain else 'may read'} here",
            stack=one.reader,
            path=one.path,
            line=one.line,
            fix="remove its use first and deploy that, or keep the output",
            advisory=not one.certain,
        )
        for one in examined.change_set.lost_outputs
    )


def states_found(examined: Examined, plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
    """New stacks whose state is not empty: their plans find objects that no deployment of theirs made."""
    found = []
    renamed = {one.new for one in examined.change_set.renamed}
    for impact in examined.change_set.impacts:
        plan = plans.get(impact.stack.key)
        if impact.stack.key in renamed or plan is None or all(reason.kind != "new" for reason in impact.reasons):
            continue
        there = [c for c in plan.changes if c.mode == "managed" and c.action is not Action.CREATE and not c.importing]
        if there:
            message = f"{impact.stack.key} is new, and its state is not empty: its plan finds {len(there)} objects"
            found.append(
                Finding(
                    rule="shared-state",
                    severity=Severity.HIGH,
                    status=Status.FAIL,
                    tool="terrace",
                    message=f"{message}, {there[0].address} among them",
                    stack=impact.stack.key,
                    address=there[0].address,
                    fix="see whose state that is before you merge this",
                    advisory=True,
                )
            )
    return tuple(found)


def written(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """Commits of the change whose messages are not written as the rules say."""
    from terrace.checks.commits import misworded

    change = examined.change_set
    found = misworded(repository.commits(change.base, change.head), examined.trusted.setting(commits.SETTINGS))
    if repository.is_whole(change.base, change.head):
        return found
    message = "this clone is shallow and lacks commits of the change: their messages were not looked at"
    missing = Finding("commits", Severity.LOW, Status.UNKNOWN, "terrace", message, fix="git fetch --unshallow")
    return (*found, missing)


def read_outside(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """What the impacted stacks read from elsewhere: files of the machine, through links, from a store of Git LFS."""
    from terrace.checks.outside_files import kept_elsewhere, large_files, leaving_links, outside_files
    from terrace.hcl.layout import Layout
    from terrace.hcl.tree import read_many

    change, graph = examined.change_set, examined.inventory.graph
    tree, changed = repository.tree(change.head), frozenset(change.changed)
    layout = Layout(tree)
    stacks = tuple(impact.stack for impact in change.impacts)
    folders = frozenset(path for stack in stacks for path in graph.reached(stack))
    attributes = read_many(tree, [p for p in tree.entries if p.rpartition("/")[2] == ".gitattributes"])
    inside = [
        path for path in tree.entries if any(path.startswith(f"{folder}/") for folder in folders) or "" in folders
    ]
    return (
        *outside_files(graph, layout, stacks, changed),
        *leaving_links(layout, folders, changed),
        *large_files(read_many(tree, kept_elsewhere(attributes, inside))),
    )


def left_open(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """Versions that the modules with changed files leave open."""
    from terrace.checks.pinned import unpinned
    from terrace.hcl.facts_store import Forgetful, facts_of

    tree = repository.tree(examined.change_set.head)
    roots = {stack.path for stack in examined.inventory.stacks}
    found: list[Finding] = []
    for folder, paths in touched_modules(examined, tree):
        found += unpinned(facts_of(tree, paths, Forgetful()), root=folder in roots)
    return tuple(found)


def not_locked(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """What the lock files of the impacted stacks lack."""
    from terrace.checks.lock_files import unlocked
    from terrace.hcl.facts import provider_sources
    from terrace.hcl.layout import LOCK_FILE
    from terrace.hcl.lock_file import read_lock_file

    graph, tree = examined.inventory.graph, repository.tree(examined.change_set.head)
    platforms = examined.trusted.setting(lock_files.PLATFORMS)
    found: list[Finding] = []
    for stack in (impact.stack for impact in examined.change_set.impacts):
        folders = [graph.folders[path] for path in graph.reached(stack) if path in graph.folders]
        required = frozenset[str]().union(*(provider_sources(folder.facts) for folder in folders))
        path = stack.file(LOCK_FILE)
        there = path in tree.entries and not tree.entries[path].is_link
        locked = read_lock_file(tree.read(path)) if there else None
        found += unlocked(stack.key, path, required, locked, platforms)
    return tuple(found)


def left_over(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """What the modules with changed files declare and do not use."""
    from terrace.checks.unused import unused
    from terrace.hcl.tree import read_many

    tree = repository.tree(examined.change_set.head)
    found: list[Finding] = []
    for _, paths in touched_modules(examined, tree):
        found += unused(read_many(tree, paths))
    return tuple(found)


def touched_modules(examined: Examined, tree: Tree) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every folder with a changed file that holds configuration, and its configuration files, links followed."""
    from terrace.hcl.layout import Layout, parent

    layout = Layout(tree)
    for folder in sorted({parent(path) for path in examined.change_set.changed} & layout.folders.keys()):
        ways = [layout.way(f"{folder}/{name}" if folder else name).real for name in layout.folders[folder]]
        yield folder, tuple(sorted({path for path in ways if path is not None and path in tree.entries}))


def lacking(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """Files that the modules and stacks with changed files should have and lack."""
    from terrace.checks.required_files import missing_files

    tree = repository.tree(examined.change_set.head)
    roots = {stack.path for stack in examined.inventory.stacks}
    wanted = examined.trusted.setting(required_files.SETTINGS)
    found: list[Finding] = []
    for folder, _ in touched_modules(examined, tree):
        found += missing_files(folder, tree.entries, wanted.environments if folder in roots else wanted.modules)
    return tuple(found)


def misdocumented(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """Modules with changed files whose README does not say what they are, or has no page and needs one."""
    from terrace.checks.module_docs.readmes import ModulePages, finding, in_tree
    from terrace.hcl.layout import parent

    tree = repository.tree(examined.change_set.head)
    pages = ModulePages(tree, examined.inventory.stacks, in_tree(tree))
    folders = pages.judged(map(parent, examined.change_set.changed), examined.trusted.setting(module_docs.SETTINGS))
    return tuple(told for told in map(finding, pages.of(folders)) if told is not None)


def named_otherwise(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """What changed files name otherwise than the rules say."""
    from terrace.checks.names import misnamed

    files = changed_configuration(examined, repository)
    naming = examined.trusted.setting(names.SETTINGS)
    return tuple(found for path, content in files.items() for found in misnamed(path, content, naming))


def outdated(examined: Examined, repository: Repository) -> tuple[Finding, ...]:
    """What changed files have of former days."""
    from terrace.checks.deprecated import deprecated
    from terrace.hcl.facts_store import Forgetful, facts_of
    from terrace.hcl.layout import parent

    tree = repository.tree(examined.change_set.head)
    required: dict[str, dict[str, str]] = {}
    for folder, paths in touched_modules(examined, tree):
        needs = [need for facts in facts_of(tree, paths, Forgetful()).values() for need in facts.required_providers]
        required[folder] = {need.name: need.version for need in needs if need.version}
    return tuple(
        found
        for path, content in changed_configuration(examined, repository).items()
        for found in deprecated(path, content, required.get(parent(path), {}))
    )


def never_equal(examined: Examined, plans: Mapping[str, Plan]) -> tuple[Finding, ...]:
    """Attributes of the impacted stacks that every plan makes another way."""
    from terrace.checks.volatile import volatile

    silent = {one.name for one in examined.trusted.environments if not one.asks}
    return tuple(
        finding for plan in plans.values() for finding in volatile(plan, asked=plan.stack.environment not in silent)
    )


def changed_configuration(examined: Examined, repository: Repository) -> Mapping[str, bytes]:
    """The changed configuration files of either syntax that are there, with their contents."""
    from terrace.hcl.layout import is_configuration
    from terrace.hcl.tree import read_many

    tree = repository.tree(examined.change_set.head)
    names = (path for path in examined.change_set.changed if is_configuration(path.rpartition("/")[2]))
    return read_many(tree, sorted(path for path in names if path in tree.entries and not tree.entries[path].is_link))


def leaked(examined: Examined, search: SecretSearch) -> tuple[Finding, ...]:
    """Secrets that the commits of the change add; below high they are told and do not block."""
    found = search.change(examined.change_set.base, examined.change_set.head)
    return tuple(replace(finding, advisory=finding.severity < Severity.HIGH) for finding in found)
