"""What no file can say: the settings that only an administrator of the repository can make, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from terrace.apps.workflows.premises import Premises
from terrace.stacks.config import Environment

FOLDER = ".github/terrace"
"""Where files lie that the commands below hand to GitHub, or to a cloud."""

REVIEWERS = 6
"""People that GitHub lets one environment name; one of them is enough for it."""

_REPOSITORY = "repos/{owner}/{repo}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One of them: what it is, why it is needed, where on GitHub's pages it is made, and commands that make it."""

    what: str
    why: str
    where: str
    commands: tuple[str, ...] = ()


def settings(premises: Premises) -> tuple[Setting, ...]:
    """All of them, in the order in which they are made."""
    environments = premises.config.environments
    return (
        *(() if premises.config.backups.url else (_copies(),)),
        _branch(premises),
        _ledger(),
        _app(premises),
        *(_environment(premises, environment) for environment in environments),
        _keys(premises),
        *(_roles(premises, cloud) for cloud in premises.clouds),
        _defaults(),
    )


def _copies() -> Setting:
    return Setting(
        "a place for the copies of states, in terrace.yaml: backups: {url: ...}",
        "a job's machine goes away when the job ends, and takes copies that lie on it along",
        "terrace.yaml on the protected branch (docs/how-to/backups.md)",
    )


def _branch(premises: Premises) -> Setting:
    return Setting(
        f"rules for the branch {premises.config.branch}: changes come by pull request, with the check `Terrace gate`",
        "whatever lies on this branch is deployed, and its terrace.yaml judges; one required job is enough, since it "
        "always runs and passes only if all the others did",
        "Settings > Rules > Rulesets > New ruleset > Import a ruleset; a merge queue may be switched on beside it",
        (f"gh api -X POST {_REPOSITORY}/rulesets --input {FOLDER}/ruleset-protected-branch.json",),
    )


def _ledger() -> Setting:
    return Setting(
        "a rule for the branch terrace/ledger: nobody deletes or rewrites it",
        "it is the record of who approved what; without the rule its chain of hashes tells of a rewrite afterwards",
        "Settings > Rules > Rulesets > New ruleset > Import a ruleset",
        (f"gh api -X POST {_REPOSITORY}/rulesets --input {FOLDER}/ruleset-ledger.json",),
    )


def _app(premises: Premises) -> Setting:
    homes = [home for name in premises.names for home in (f"{name}-watch", name)]
    return Setting(
        "a GitHub App that Terrace writes as, and a rule that only it writes the ledger",
        "without one the token of the workflow does it (GITHUB_TOKEN): then everybody who may push may write the "
        "ledger too, what Terrace pushes starts no workflow, and it may ask 1,000 times an hour, not 5,000",
        "Settings of the owner > Developer settings > GitHub Apps > New (Contents, Pull requests, Issues, Checks, "
        "Deployments: read and write; Actions: read; no webhook), install it in this repository, then make a key",
        (
            'gh variable set TERRACE_GITHUB_APP_ID --body "$APP_ID"',
            *(f"gh secret set TERRACE_GITHUB_APP_KEY --env {home} < app.private-key.pem" for home in homes),
            f'jq --argjson app "$APP_ID" ".bypass_actors[0].actor_id = \\$app" {FOLDER}/ruleset-ledger-writer.json '
            f"| gh api -X POST {_REPOSITORY}/rulesets --input -",
        ),
    )


def _environment(premises: Premises, environment: Environment) -> Setting:
    name = environment.name
    asked = {member for members in premises.approvers(environment).values() for member in members}
    logins = premises.logins(asked)[:REVIEWERS]
    only = (
        "-F deployment_branch_policy[protected_branches]=true -F deployment_branch_policy[custom_branch_policies]=false"
    )
    who = "".join(
        f' -F "reviewers[][type]=User" -F "reviewers[][id]=$(gh api users/{login} --jq .id)"' for login in logins
    )
    people = f", and {', '.join(logins)} as reviewers if you want GitHub's own button" if logins else ""
    note = (
        "; on Free, Pro and Team GitHub has reviewers for public repositories only: elsewhere answers by comment or "
        "with `terrace approve` are the gate"
        if logins
        else ""
    )
    return Setting(
        f"the environments {name}-plan, {name}-watch and {name}{people}",
        f"each hands out its own role and secrets: {name}-plan to pull requests, {name}-watch to what only looks from "
        f"the protected branch, {name} to what applies{note}",
        "Settings > Environments > New environment",
        (
            f"gh api -X PUT {_REPOSITORY}/environments/{name}-plan",
            f"gh api -X PUT {_REPOSITORY}/environments/{name}-watch {only}",
            f"gh api -X PUT {_REPOSITORY}/environments/{name} {only}{who}",
        ),
    )


def _keys(premises: Premises) -> Setting:
    homes = [home for name in premises.names for home in (f"{name}-watch", name)]
    shared = not premises.config.backups.recipients
    return Setting(
        "the secret TERRACE_DIGEST_KEY" + (" and the secret TERRACE_BACKUP_KEY in the environments" if shared else ""),
        "the first keeps short secrets out of the hashes of plans, and plans closed on their way from job to job"
        + (
            "; the second opens every copy of a state, so pull requests never see it. Keep it: nobody has another"
            if shared
            else ""
        ),
        "Settings > Secrets and variables > Actions; Settings > Environments",
        (
            "openssl rand -base64 32 | gh secret set TERRACE_DIGEST_KEY",
            *(("openssl rand -base64 32 > terrace-backup.key",) if shared else ()),
            *(f"gh secret set TERRACE_BACKUP_KEY --env {home} < terrace-backup.key" for home in homes if shared),
        ),
    )


_AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION")
_AZURE = (
    "ARM_CLIENT_ID",
    "ARM_TENANT_ID",
    "ARM_SUBSCRIPTION_ID",
    "ARM_USE_OIDC",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)


def _roles(premises: Premises, cloud: str) -> Setting:
    """What a cloud must know of the repository, and the repository of it; and what terrace.yaml must let through."""
    aws = cloud == "aws"
    named, folder = (_AWS if aws else _AZURE), f"{FOLDER}/oidc-{cloud}"
    lacking = [e.name for e in premises.config.environments if not set(named) <= {*e.env, *e.credentials.plan}]
    through = (
        f"; and Terraform sees only what terrace.yaml names: `env: [{', '.join(named)}]` in {', '.join(lacking)}"
        if lacking
        else ""
    )
    homes = [f"{name}{use}" for name in premises.names for use in ("-plan", "-watch", "")]
    variables = (
        [f'gh variable set TERRACE_AWS_ROLE --env {home} --body "$(jq -r \'."{home}"\' roles.json)"' for home in homes]
        if aws
        else [
            f'gh variable set TERRACE_AZURE_CLIENT_ID --env {home} --body "$(jq -r \'."{home}"\' roles.json)"'
            for home in homes
        ]
    )
    once = (
        ('gh variable set TERRACE_AWS_REGION --body "$AWS_REGION"',)
        if aws
        else (
            'gh variable set TERRACE_AZURE_TENANT_ID --body "$ARM_TENANT_ID"',
            'gh variable set TERRACE_AZURE_SUBSCRIPTION_ID --body "$ARM_SUBSCRIPTION_ID"',
        )
    )
    return Setting(
        f"roles of {'AWS' if aws else 'Azure'} that runs in these environments take on, with no stored secret{through}",
        "a role is handed out to one environment of this repository only, so that a pull request can read at most",
        f"{folder} (read it first; the administrator of the cloud applies it), then Settings > Environments",
        (
            f"terraform -chdir={folder} init && terraform -chdir={folder} apply",
            f"terraform -chdir={folder} output -json roles > roles.json",
            *variables,
            *once,
        ),
    )


def _defaults() -> Setting:
    return Setting(
        "read-only tokens by default, and actions by commit only",
        "each job says itself what it needs; a workflow that forgets to say it may then only read",
        "Settings > Actions > General",
        (
            f"gh api -X PUT {_REPOSITORY}/actions/permissions/workflow -f default_workflow_permissions=read "
            "-F can_approve_pull_request_reviews=false",
        ),
    )
