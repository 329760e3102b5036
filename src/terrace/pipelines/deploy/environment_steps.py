"""The steps of a deployment that concern the whole environment: health before and after, tag, revert."""

from __future__ import annotations

import re

from terrace.config.model import Probe
from terrace.errors import Interrupted, TerraceError
from terrace.ledger.events.steps import Detail, ProbeRecord
from terrace.pipelines.deploy.run import DeploymentRun
from terrace.pipelines.deploy.step_results import StepOutcome
from terrace.pipelines.journal import plain
from terrace.rollout.health import Reading
from terrace.rollout.ports import ProbeResult
from terrace.stacks.model import Undoing
from terrace.text import commit_text

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def baseline(run: DeploymentRun) -> StepOutcome:
    """Measures the health of what is deployed, before anything is changed."""
    settings = run.environment
    if not run.deployment.live:
        return StepOutcome("succeeded", "nothing is deployed yet", Detail(healthy=False, probes=()))
    results = _probe(run, (*settings.smoke, *settings.health))
    bad = [r for r in results if r.reading != "passed"]
    detail = Detail(healthy=not bad, probes=_records(results))
    return StepOutcome("succeeded", _describe(bad) if bad else f"healthy: {len(results)} passed", detail)


def smoke(run: DeploymentRun) -> StepOutcome:
    """Runs the environment's smoke tests against the live resources."""
    probes = run.environment.smoke
    if not probes:
        return StepOutcome("succeeded", "no smoke tests are configured")
    results = _probe(run, probes)
    bad = [r for r in results if r.reading != "passed"]
    detail = Detail(probes=_records(results))
    if bad:
        return StepOutcome("failed", _describe(bad), detail)
    return StepOutcome("succeeded", f"{len(results)} passed", detail)


def health(run: DeploymentRun) -> StepOutcome:
    """Measures the health once. One failed probe makes it failed; without one, a probe that could not run makes it
    unclear."""
    results = _probe(run, run.environment.health)
    readings = {r.reading for r in results}
    reading: Reading = "failed" if "failed" in readings else "unclear" if "unclear" in readings else "passed"
    bad = [r for r in results if r.reading == reading] if reading != "passed" else []
    message = _describe(bad) if bad else f"{len(results)} passed"
    return StepOutcome("succeeded", message, Detail(reading=reading, probes=_records(results)))


def tag(run: DeploymentRun) -> StepOutcome:
    """Tags the commit as deployed, so that it is visible in Git."""
    deployment = run.deployment
    day = run.context.clock().strftime("%Y%m%dT%H%M%SZ")
    name = f"deployed/{deployment.environment}/{day}-{deployment.commit[:7]}"
    history = run.context.ledger.read()
    who = commit_text(deployment.requester, 60)
    # The last line gives a clone without a local copy of the ledger the position that the ledger had.
    message = (
        f"Deployed to {deployment.environment} by {who} (deployment {deployment.id})\n\n"
        f"Ledger: {history.ledger_id} {len(history.events)} {history.head}"
    )
    run.context.repository.tag(name, deployment.commit, message)
    return StepOutcome("succeeded", name, Detail(tag=name))


def revert(run: DeploymentRun) -> StepOutcome:
    """Prepares a revert of the rolled back commits on a branch. The rollback succeeds without it too."""
    deployment = run.deployment
    assert isinstance(deployment.origin, Undoing), "only a rollback has this step"
    bad, good = deployment.live, deployment.commit
    branch = f"terrace/revert-{deployment.environment}-{deployment.id}"
    message = (
        f"Roll {deployment.environment} back to {good[:7]}\n\nReason: "
        f"{commit_text(deployment.origin.reason)}\n\nReverts {good[:7]}..{bad[:7]}, which deployment "
        f"{deployment.origin.of} deployed and deployment {deployment.id} rolled back. After this is merged "
        "and its plan has no changes, Terrace releases the hold on the environment."
    )
    try:
        commit = run.context.repository.prepare_revert(branch, bad, good, message)
    except Interrupted:
        raise
    except TerraceError as error:
        hint = f" (hint: {error.hint})" if error.hint else ""
        return StepOutcome("succeeded", f"not prepared: {error}{hint}", Detail(branch=""))
    if commit is None:
        return StepOutcome("succeeded", "nothing to merge: the protected branch reverted it before", Detail(branch=""))
    return StepOutcome("succeeded", f"merge {branch}", Detail(branch=branch, commit=commit))


def _probe(run: DeploymentRun, probes: tuple[Probe, ...]) -> list[ProbeResult]:
    variables = dict(run.context.variables(run.environment, "plan"))
    for key in run.deployment.stacks:
        state = run.outputs.get(key) or run.context.terraform.pull_state(run.site(key, "plan"))
        run.outputs[key] = state
        for name, output in state.outputs.items():
            text = output.value if isinstance(output.value, str) else str(plain(output.value))
            if "\0" in text or not _NAME.fullmatch(name):
                # A state may contain names that no configuration declares; the environment of a program cannot.
                continue
            variables[f"TERRACE_OUTPUT_{name.upper()}"] = text
    return [run.context.probes.run(probe, folder=run.root, variables=variables) for probe in probes]


def _records(results: list[ProbeResult]) -> tuple[ProbeRecord, ...]:
    return tuple(ProbeRecord(r.name, r.reading, r.message) for r in results)


def _describe(results: list[ProbeResult]) -> str:
    return "; ".join(f"{r.name}: {r.message}" for r in results)
