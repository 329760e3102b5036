"""Trust policies as Terraform: the runs of a repository that can assume each cloud role."""

from __future__ import annotations

from collections.abc import Mapping

from terrace.apps.workflows.repository_facts import RepositoryFacts
from terrace.apps.workflows.settings import FOLDER
from terrace.apps.workflows.templates import fill, template
from terrace.clouds.all import CLOUDS
from terrace.hcl.literals import quote

USES: Mapping[str, str] = {"-plan": "plan", "-watch": "watch", "": "apply"}
"""The GitHub environments of one Terrace environment, by the end of their names, and their purposes."""


def trust(facts: RepositoryFacts, cloud: str) -> Mapping[str, str]:
    """The files of one cloud, by name."""
    roles = {f"{name}{end}": use for name in facts.names for end, use in USES.items()}
    owner, _, repository = facts.repository.partition("/")
    width = max((len(quote(home)) for home in roles), default=0)
    values = {
        "roles": "\n".join(f"{quote(home):<{width}} = {quote(use)}" for home, use in roles.items()),
        "owner": f"\ndefault = {quote(owner)}" if owner else "",
        "repository": f"\ndefault = {quote(repository)}" if repository else "",
    }
    replacements = {"title": CLOUDS[cloud].title, "folder": f"{FOLDER}/oidc-{cloud}"}
    return {
        "main.tf": fill(template(f"terrace/oidc-{cloud}.tf"), values),
        "README.md": fill(template("terrace/oidc.md"), replacements),
    }
