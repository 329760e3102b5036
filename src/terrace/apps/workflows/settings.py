"""Settings that files cannot contain: an administrator of the repository makes them; each has its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from terrace.apps.workflows.repository_facts import RepositoryFacts
from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Cloud, WorkloadIdentity
from terrace.config.model import Environment

FOLDER = ".github/terrace"
"""Folder of files that the commands below send to GitHub or to a cloud."""

REVIEWERS = 6
"""Maximum number of reviewers of an environment on GitHub; one of them is enough."""

_ENVIRONMENTS = "Settings > Environments"

STACKS = 8
"""Maximum number of stacks that are listed by name."""

_API = "gh api -X"
_REPOSITORY = "repos/{owner}/{repo}"
_PROTECTED = (
    "-F 'deployment_branch_policy[protected_branches]=true' -F 'deployment_branch_policy[custom_branch_policies]=false'"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is, why it is needed, where it is on GitHub's pages, and commands for it."""

    what: str
    why: str
    where: str
    commands: tuple[str, ...] = ()


def settings(facts: RepositoryFacts) -> tuple[Setting, ...]:
    """Returns all settings, in the order in which they are applied."""
    return (
        *((_states(facts.local),) if facts.local else ()),
        *(() if facts.config.backups.url else (_copies(),)),
        _branch(facts),
        _ledger(),
        *(_environment(facts, environment) for environment in facts.config.environments),
        _voice(),
        _keys(facts),
        _app(facts),
        *(
            _roles(facts, cloud, cloud.workload_identity)
            for cloud in map(CLOUDS.__getitem__, facts.clouds)
            if cloud.workload_identity is not None
        ),
        _defaults(),
    )


def _states(local: tuple[str, ...]) -> Setting:
    shown = ", ".join(local[:STACKS]) + (f" and {len(local) - STACKS} more" if len(local) > STACKS else "")
    return Setting(
        f"a remote backend for the states of {shown}",
        "the machine of a job is removed after the job: the next job would have no state, and create everything twice",
        "the `terraform` block of these stacks, before the first deployment",
    )


def _copies() -> Setting:
    return Setting(
        "a location for state backups, in terrace.yaml: backups: {url: ...}",
        "the machine of a job is removed when the job ends, together with the backups on it",
        "terrace.yaml on the protected branch (docs/how-to/backups.md)",
    )


def _branch(facts: RepositoryFacts) -> Setting:
    return Setting(
        f"rules for the branch {facts.config.branch}: pull requests are required, with the check `Terrace gate`",
        "this branch is deployed, and its terrace.yaml has the rules; one required job is enough, because it "
        "always runs and passes only if all the others did",
        "Settings > Rules > Rulesets > New ruleset > Import a ruleset; a merge queue can be enabled in addition",
        (f"{_API} POST {_REPOSITORY}/rulesets --input {FOLDER}/ruleset-protected-branch.json",),
    )


def _ledger() -> Setting:
    return Setting(
        "a rule for the branch terrace/ledger: no one can delete or rewrite it",
        "it is the record of who approved what; without the rule, its hash chain only reveals a rewrite afterwards",
        "Settings > Rules > Rulesets > New ruleset > Import a ruleset",
        (f"{_API} POST {_REPOSITORY}/rulesets --input {FOLDER}/ruleset-ledger.json",),
    )


def _environment(facts: RepositoryFacts, environment: Environment) -> Setting:
    name = environment.name
    approvers = {member for members in facts.approvers(environment).values() for member in members}
    logins = facts.logins(approvers)[:REVIEWERS]
    fields = (
        f"-F 'reviewers[][type]=User' -F \"reviewers[][id]=$(gh api users/{login} --jq .id)\"" for login in logins
    )
    subject = f"the environments {name}-plan, {name}-watch and {name}"
    why = (
        f"each has its own role and secrets: {name}-plan for pull requests, {name}-watch for read-only jobs of the "
        f"protected branch, {name} for applies"
    )
    if logins:
        subject += f", and {', '.join(logins)} as reviewers if you want GitHub's own approval button"
        why += (
            "; on Free, Pro and Team, GitHub has reviewers for public repositories only: elsewhere approvals by "
            "comment or with `terrace approve` are the gate"
        )
    return Setting(
        subject,
        why,
        _ENVIRONMENTS,
        (
            f"{_API} PUT {_REPOSITORY}/environments/{name}-plan",
            f"{_API} PUT {_REPOSITORY}/environments/{name}-watch {_PROTECTED}",
            " ".join((f"{_API} PUT {_REPOSITORY}/environments/{name} {_PROTECTED}", *fields)),
        ),
    )


def _voice() -> Setting:
    return Setting(
        "the environment terrace",
        "used to record approvals from comments in the ledger; it has no cloud credentials",
        _ENVIRONMENTS,
        (f"{_API} PUT {_REPOSITORY}/environments/terrace {_PROTECTED}",),
    )


def _keys(facts: RepositoryFacts) -> Setting:
    homes = [home for name in facts.names for home in (f"{name}-watch", name)]
    digest = "openssl rand -base64 32 | gh secret set TERRACE_DIGEST_KEY"
    where = "Settings > Secrets and variables > Actions"
    why = "it protects short secrets in the hashes of plans, and encrypts plans that are passed between jobs"
    if facts.config.backups.recipients:
        return Setting(
            "the secret TERRACE_DIGEST_KEY, and the secret TERRACE_LEDGER_KEY in environments",
            f"the first: {why}; the second authenticates results of deployments in the ledger, so that pull "
            "requests must not have it",
            f"{where}; {_ENVIRONMENTS}",
            (
                digest,
                "test -e ~/terrace-ledger.key || (umask 077; openssl rand -base64 32 > ~/terrace-ledger.key)",
                _for_each(homes, "gh secret set TERRACE_LEDGER_KEY --env $home < ~/terrace-ledger.key"),
            ),
        )
    return Setting(
        "the secret TERRACE_DIGEST_KEY, and the secret TERRACE_BACKUP_KEY in environments",
        f"the first: {why}; the second decrypts all state backups and authenticates results of deployments in the "
        "ledger, so that pull requests must not have it. Store it safely, outside of the repository: there is no "
        "other copy. If backups exist already, use their key",
        f"{where}; {_ENVIRONMENTS}",
        (
            digest,
            "test -e ~/terrace-backup.key || "
            '(umask 077; echo "${TERRACE_BACKUP_KEY:-$(openssl rand -base64 32)}" > ~/terrace-backup.key)',
            _for_each(homes, "gh secret set TERRACE_BACKUP_KEY --env $home < ~/terrace-backup.key"),
        ),
    )


def _app(facts: RepositoryFacts) -> Setting:
    homes = ["terrace", *(home for name in facts.names for home in (f"{name}-watch", name))]
    return Setting(
        "a GitHub App that Terrace writes as, and a rule that only it writes the ledger",
        "without an App, the token of the workflow (GITHUB_TOKEN) is used: then anyone with push access can write "
        "the ledger too, pushes by Terrace start no workflows, and the rate limit is 1,000 requests per hour "
        "instead of 5,000",
        "Settings of the owner > Developer settings > GitHub Apps > New (Contents, Pull requests, Issues, Checks, "
        "Deployments, Actions: read and write; no webhook), install it in this repository, then create a key and "
        "store it outside of the repository",
        (
            'gh variable set TERRACE_GITHUB_APP_ID --body "$APP_ID"',
            _for_each(homes, "gh secret set TERRACE_GITHUB_APP_KEY --env $home < ~/terrace-app.private-key.pem"),
            f"jq --argjson app \"$APP_ID\" '.bypass_actors[0].actor_id = $app' {FOLDER}/ruleset-ledger-writer.json "
            f"| {_API} POST {_REPOSITORY}/rulesets --input -",
        ),
    )


def _roles(facts: RepositoryFacts, cloud: Cloud, identity: WorkloadIdentity) -> Setting:
    folder = f"{FOLDER}/oidc-{cloud.name}"
    subject = f"roles of {cloud.title} that runs in these environments assume, without stored secrets"
    lacking = [e.name for e in facts.config.environments if not set(identity.reads) <= {*e.env, *e.credentials.plan}]
    if lacking:
        subject += f"; in terrace.yaml, for {', '.join(lacking)}: env: [{', '.join(identity.reads)}]"
    homes = [f"{name}{use}" for name in facts.names for use in ("-plan", "-watch", "")]
    role = "\"$(jq -r --arg home $home '.[$home]' roles.json)\""
    return Setting(
        subject,
        "only one environment of this repository can assume a role, so that a pull request can read at most; and "
        "Terraform gets only the variables that terrace.yaml names",
        f"{folder} (read it first; an administrator of the cloud applies it), then {_ENVIRONMENTS}",
        (
            f"terraform -chdir={folder} init && terraform -chdir={folder} apply",
            f"terraform -chdir={folder} output -json roles > roles.json",
            _for_each(homes, f"gh variable set {identity.variable} --env $home --body {role}"),
            *identity.once,
        ),
    )


def _defaults() -> Setting:
    return Setting(
        "read-only tokens by default",
        "each job declares the permissions that it needs; a workflow without a declaration can then only read",
        "Settings > Actions > General",
        (
            f"{_API} PUT {_REPOSITORY}/actions/permissions/workflow -f default_workflow_permissions=read "
            "-F can_approve_pull_request_reviews=false",
        ),
    )


def _for_each(homes: Iterable[str], command: str) -> str:
    """Returns one command for several environments on GitHub, each as `$home`."""
    return f"for home in {' '.join(homes)}; do {command}; done"
