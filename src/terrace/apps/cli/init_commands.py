"""The commands below `terrace init`: names and options only; the work is imported when one is called."""

from __future__ import annotations

import click

from terrace.apps.cli.options import JSON, Spoken
from terrace.clouds.all import WITH_IDENTITY


@click.group(cls=Spoken)
def init() -> None:
    """Write terrace.yaml and policies for this repository, or what its forge needs.

    Without a command it begins: `terrace init` is `terrace init repository`.
    """


@init.command("repository")
@click.option("--yes", is_flag=True, help="Take the proposal without being asked.")
@click.option("--print", "show_only", is_flag=True, help="Print the proposed terrace.yaml, and write nothing.")
@click.option("--dry-run", is_flag=True, help="Only tell which files would be written.")
@click.pass_obj
def init_repository(folder: str, yes: bool, show_only: bool, dry_run: bool) -> int:
    """Write terrace.yaml and policies for this repository, or a first repository into an empty folder.

    Root modules are found by what their folders contain, in any layout. Environments and their order are proposed from
    names on their paths and of files of variables, stacks as few patterns; what names do not tell is asked or listed.
    Nothing that exists is changed. Exit 1 where nothing was found or taken.

    \b
    Examples:
      terrace init                  ask, then write
      terrace init --print          only show; works beside a terrace.yaml too
      terrace init --yes            take the proposal
    """
    from terrace.apps.cli.init import init

    return init(folder, dry_run=dry_run, yes=yes, show_only=show_only)


@init.command("github")
@click.option("--upgrade", "renew", is_flag=True, help="Bring up to date what was written; what you changed stays.")
@click.option(
    "--oidc", "clouds", multiple=True, type=click.Choice(WITH_IDENTITY), help="Write trust policies for this too."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be written.")
@JSON
@click.pass_obj
def init_github(folder: str, renew: bool, clouds: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Write workflows, actions, forms and CODEOWNERS for GitHub, and tell what only an administrator can do there.

    What was written is remembered in .github/terrace.lock.json. --upgrade shows what changes, and changes no file that
    you changed: of those it only tells. Trust policies are written for the clouds whose providers the stacks use.

    \b
    Examples:
      terrace init github --dry-run
      terrace init github --upgrade
      terrace init github --oidc aws
    """
    from terrace.apps.cli.init_github import init_github

    return init_github(folder, clouds, renew=renew, dry_run=dry_run, as_json=as_json)


@init.command("gitlab")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@JSON
@click.pass_obj
def init_gitlab(folder: str, dry_run: bool, as_json: bool) -> int:
    """Write .gitlab-ci.yml for GitLab, and tell what only a maintainer can do there.

    Nothing that exists is changed.

    \b
    Examples:
      terrace init gitlab --dry-run
      terrace init gitlab
    """
    from terrace.apps.cli.init_gitlab import init_gitlab

    return init_gitlab(folder, dry_run=dry_run, as_json=as_json)


COMMANDS = (init,)
