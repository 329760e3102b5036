"""The facts that the gates of an environment evaluate: collected from Git, the ledger, and the forge."""

from __future__ import annotations

from dataclasses import replace

from terrace.config.model import Environment
from terrace.errors import BadInput, NotReady
from terrace.gates.approvals.gate import approval_rule
from terrace.gates.facts import Facts, Reviewed, Upstream
from terrace.ledger import folds, holds
from terrace.ledger.dates import doubt
from terrace.ledger.deployment import Deployment
from terrace.ledger.dismissals import describe_faults, find_unread, way_out
from terrace.ledger.model import History
from terrace.ledger.reading import Fault
from terrace.pipelines.approvals.decisions import was_approved
from terrace.pipelines.context import Context
from terrace.pipelines.deploy.opening_event_check import find_false_claims, root_of
from terrace.pipelines.hold_releases import releases
from terrace.pipelines.recovery.attestations import answers, process_attestations, required_people, unproven_note
from terrace.stacks.model import Destruction, Origin, Promotion, Recovery, Remediation, Repairing
from terrace.states.restores import open_restore


def facts(
    context: Context, history: History, environment: str, commit: str, origin: Origin, settles: str = ""
) -> Facts:
    """Returns the facts about deploying a commit to an environment, from Git and the ledger.

    `settles` is the deployment with an unknown outcome that this one recovers; "" where it recovers none.
    """
    settings = context.config.environment(environment)
    good = folds.last_good(history, environment)
    held = holds.hold(history, environment, releases(history, context.proof))
    repository = context.repository
    doubtful = folds.find_unsettled(history, environment, required_people(settings), answers(context))
    faults = find_unread_events(context, history, environment)
    whole = repository.is_whole(good.commit if good is not None else None, commit)
    return Facts(
        commit=commit,
        # A rollback deploys an older commit, which contains no new commits: no author has to be excluded.
        authors=repository.authors(good.commit if good is not None else None, commit) if whole else (),
        whole=whole,
        requester=context.actor,
        branch=context.config.branch,
        on_protected_branch=repository.on_protected_branch(commit),
        upstream=_upstream(context, history, settings, commit, origin),
        held=f"{held.reason} (by {held.by})" if held else None,
        busy=_why_busy(context, history, settings, doubtful, settles),
        origin=origin,
        ahead=_newer_deployed(context, history, environment, commit),
        unread=(describe_faults(faults), way_out(faults)) if faults else None,
        unsettled=doubtful.id if doubtful is not None else "",
    )


def _upstream(
    context: Context, history: History, settings: Environment, commit: str, origin: Origin
) -> Upstream | None:
    """Returns the release of the previous environment to compare with; None for the first environment.

    For a promotion it is the newest success of the commit, else the last good release.
    """
    if settings.after is None:
        return None
    above = folds.last_good(history, settings.after)
    if isinstance(origin, Promotion) and above is not None and above.commit != commit:
        above = _success_of(context, history, settings.after, commit, undone=False) or above
    return Upstream(settings.after, above.commit if above else None, above.ended_at if above else None)


def _why_busy(
    context: Context, history: History, settings: Environment, doubtful: Deployment | None, settles: str
) -> str | None:
    """Returns what is in progress or unresolved in an environment; None where nothing is.

    `doubtful` has an unknown outcome. It is ignored if it is the deployment `settles`.
    """
    restoring = open_restore(history, settings.name)
    if restoring is not None:
        return f"restore {restoring.id} of the state of {restoring.stack}, started by {restoring.by}"
    latest = folds.latest(history, settings.name)
    if latest is not None and latest.open and latest.lease is not None:
        busy = f"deployment {latest.id} of {latest.commit[:7]}, run by {latest.lease.holder.who}"
        people = process_attestations(context, history, latest)
        if not people:
            return busy
        declared = (
            f"{len(people)} of {required_people(settings)} people declared that this process is no longer running"
        )
        return f"{busy}; {declared}{unproven_note(context)}"
    if latest is not None and latest.open and latest.in_doubt:
        return f"deployment {latest.id} of {latest.commit[:7]}, whose apply has no recorded outcome"
    return _describe_unknown(doubtful) if doubtful is not None and doubtful.id != settles else None


def add_openers(context: Context, history: History, environment: str, known: Facts) -> Facts:
    """Returns the facts with the accounts that opened the new changes, where the environment requires approvals."""
    settings = context.config.environment(environment)
    if not known.whole or not (
        approval_rule(settings, known.origin).requires_any or settings.approvals.requires_any or settings.risk
    ):
        return known
    good = folds.last_good(history, environment)
    opened_by, unknown = openers_since(context, good.commit if good is not None else None, known.commit)
    return replace(known, opened_by=opened_by, openers_unknown=unknown)


def openers_since(context: Context, deployed: str | None, commit: str) -> tuple[tuple[str, ...], str]:
    """Returns the accounts that opened the new changes, and why they are unknown; "" where they are known."""
    base = deployed if deployed is not None and context.repository.contains(commit, deployed) else None
    landed = context.repository.commits_on_first_parent(base, commit)
    if len(landed) > MOST_REVIEWED:
        return (
            (),
            f"there are {len(landed)} new commits, and Terrace checks {MOST_REVIEWED} at most: deploy an older "
            "commit first",
        )
    try:
        return tuple(dict.fromkeys(login for commit in landed for login in context.openers(commit))), ""
    except (NotReady, BadInput) as error:
        return (), error.message


def add_clock(context: Context, history: History, known: Facts) -> Facts:
    """Returns the facts with a warning about the clock of this machine, if there is one now. Never cached."""
    return replace(known, clock=doubt(history, context.clock(), context.reference()))


def find_unread_events(context: Context, history: History, environment: str) -> tuple[Fault, ...]:
    """Returns the invalid events that are not dismissed and that concern this environment, or might."""
    return tuple(fault for fault in find_unread(history, context.dismissed) if fault.holds(environment))


def insist_on_readable(context: Context, history: History, environment: str) -> None:
    """Raises BadInput while an invalid event puts the environment on hold: none of its states is written."""
    faults = find_unread_events(context, history, environment)
    if faults:
        raise BadInput(
            f"{describe_faults(faults)}: {environment} is on hold until a person has checked this", hint=way_out(faults)
        )


def facts_of_open_deployment(context: Context, history: History, deployment: Deployment) -> Facts:
    """Returns the facts about an open deployment. None of them comes from its own opening event.

    The recovery of a release gets the same facts as the release.
    """
    name, commit = deployment.environment, deployment.commit
    settings = context.config.environment(name)
    root = root_of(history, deployment)
    origin = root.origin if isinstance(deployment.origin, Recovery) else deployment.origin
    known = add_openers(context, history, name, facts(context, history, name, commit, origin, deployment.settles))
    upstream = known.upstream
    if settings.after is not None:
        # A recovery must be possible after its release was rolled back in the previous environment.
        above = _success_of(context, history, settings.after, commit, undone=root.id != deployment.id)
        upstream = Upstream(settings.after, commit, above.ended_at) if above is not None else upstream
        if above is None and upstream is not None and upstream.commit == commit:
            upstream = Upstream(settings.after, None, None)
    return replace(
        known,
        requester=deployment.requester,
        upstream=upstream,
        busy=_left_behind(context, history, deployment),
        ahead=_newer_deployed(context, history, name, commit, deployment.id),
        reviewed=None if isinstance(origin, Repairing | Remediation) else review_status(context, history, name, commit),
        proven=_asks_as_usual(settings, deployment.origin) or was_approved(context, history, settings, commit),
        unfounded=tuple(
            f"event {claim.position} of the ledger opens deployment {deployment.id}, and its `{claim.field}` is "
            f"invalid: {claim.why}"
            for claim in find_false_claims(context, history, deployment)
        ),
    )


def _asks_as_usual(environment: Environment, origin: Origin) -> bool:
    """Returns whether a deployment of that origin requires the same approvals as a release."""
    return approval_rule(environment, origin) == environment.approvals


def _success_of(
    context: Context, history: History, environment: str, commit: str, *, undone: bool
) -> Deployment | None:
    """Returns the newest deployment of a commit that succeeded in an environment for every stack of the commit."""
    if undone:
        good = [d for d in folds.of_environment(history, environment) if d.result == "succeeded"]
        good = [d for d in good if not isinstance(d.origin, Destruction | Remediation)]
    else:
        good = list(folds.releases(history, environment))
    deployments = [d for d in good if d.commit == commit]
    if not deployments:
        return None
    keys = {stack.key for stack in context.survey(commit).deployable(environment)}
    whole = (d for d in reversed(deployments) if keys <= {key for key in d.stacks if d.is_done(key)})
    return next(whole, None)


def _left_behind(context: Context, history: History, deployment: Deployment) -> str | None:
    """Returns what else is unfinished in the environment of an open deployment, or was started there since."""
    name = deployment.environment
    newest = folds.latest(history, name)
    if newest is not None and newest.id != deployment.id:
        return f"deployment {newest.id} of {newest.commit[:7]} started before deployment {deployment.id} finished"
    unsettled = folds.find_unsettled(history, name, required_people(context.config.environment(name)))
    if unsettled is not None and unsettled.id not in (deployment.id, deployment.settles):
        return _describe_unknown(unsettled)
    restoring = open_restore(history, name)
    if restoring is not None:
        return f"restore {restoring.id} of the state of {restoring.stack}, started by {restoring.by}"
    return None


def _describe_unknown(deployment: Deployment) -> str:
    """Returns the description of a deployment with an unknown outcome."""
    name = f"deployment {deployment.id} of {deployment.commit[:7]}"
    if deployment.open:
        return f"another deployment started before {name} finished; its result is unknown"
    return f"{name} finished with an unknown result"


def _newer_deployed(context: Context, history: History, environment: str, commit: str, own: str = "") -> str | None:
    """Returns the newer commit that is deployed in an environment, without the deployment `own`; None without one."""
    changed = [deployment for deployment in folds.changes(history, environment) if deployment.id != own]
    newest = changed[-1] if changed and not isinstance(changed[-1].origin, Destruction) else None
    if newest is None or newest.commit == commit:
        return None
    return newest.commit if context.repository.contains(newest.commit, commit) else None


def review_status(context: Context, history: History, environment: str, commit: str) -> Reviewed | None:
    """Returns whether the new commits were reviewed; for a first deployment, only its newest commit."""
    if context.config.forge.reviewed == "off":
        return None
    good = folds.last_good(history, environment)
    if good is not None and not context.repository.is_whole(good.commit, commit):
        return Reviewed(unknown="this clone is too shallow to determine which commits are new: `git fetch --unshallow`")
    base = good.commit if good is not None and context.repository.contains(commit, good.commit) else None
    landed = context.repository.commits_on_first_parent(base, commit)
    if len(landed) > MOST_REVIEWED:
        return Reviewed(unknown=f"there are {len(landed)} new commits, and Terrace checks {MOST_REVIEWED} at most")
    try:
        lacking = [
            f"{landed_commit[:12]} {why}"
            for landed_commit in landed
            if (why := context.unreviewed(landed_commit, commit)) is not None
        ]
    except NotReady as error:
        return Reviewed(unknown=error.message)
    return Reviewed(tuple(lacking))


MOST_REVIEWED = 100
"""Maximum number of new commits that Terrace checks before a deployment. Each check is a request to the forge, which
limits requests per hour."""
