"""The keys of `forge`, and of one of `people`."""

from __future__ import annotations

import re

from terrace.config.comparisons import Changed, Ordered
from terrace.config.kinds import WORD, Choice, ListOf, Text
from terrace.config.model import ForgeSettings, Person
from terrace.config.records import Key, Record, Spread
from terrace.config.section_comparisons import Emails

PERSON = Record(
    "a person",
    (
        Key(
            "emails",
            ListOf(Text(), items="email addresses"),
            "Email addresses of their commits.",
            "gate approvals",
            looser=Emails(),
        ),
        Key(
            "login",
            WORD,
            "Account on GitHub or GitLab.",
            "gate approvals, ChatOps",
            default="their name",
            looser=Changed("commits and approvals by the account {new} count as commits and approvals by {name}"),
            sets=Spread(lambda login: {"login": login}, lambda person: person.login or person.name),
        ),
    ),
    makes=Person,
)

_CHANGED_FORGE = Changed("forge.{key} changes from {old} to {new}: another forge decides who approved")

FORGE = Record(
    "forge",
    (
        Key(
            "repository",
            Text("a path like `owner/name`", re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+")),
            "Path of the repository, where neither the CI environment nor the remote has it.",
            "the forge",
            default="from the URL of the remote",
            looser=_CHANGED_FORGE,
        ),
        Key(
            "api",
            Text("an https address", re.compile(r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._/-]*)?")),
            "Root URL of the API, such as `https://HOST/api/v3` for GitHub Enterprise Server.",
            "the forge",
            default="the API of the remote's host",
            looser=_CHANGED_FORGE,
        ),
        Key(
            "reviewed",
            Choice(("required", "off")),
            "Deploy only commits of merged changes whose latest commit was approved by someone other than its author.",
            "gate reviewed",
            looser=Ordered(("required", "off"), "changes without a review can be deployed"),
        ),
        Key(
            "deployments",
            Choice(("shown", "off")),
            "Publish deployments on the forge.",
            "the forge",
            looser=Ordered(("shown", "off"), "deployments are no longer shown on the forge"),
        ),
        Key(
            "code_scanning",
            Choice(("shown", "off")),
            "Send the findings of `terrace check --publish` to code scanning.",
            "check",
            looser=Ordered(("shown", "off"), "findings are no longer shown in code scanning"),
        ),
        Key(
            "releases",
            Choice(("production", "off")),
            "Create a release with notes for each deployment to production.",
            "the forge",
            looser=Ordered(("production", "off"), "deployments to production no longer become releases with notes"),
        ),
        Key(
            "issues",
            Choice(("drift", "off")),
            "Open an issue for drift and for violations in the deployed configuration, and close it when they are "
            "resolved.",
            "the forge",
            looser=Ordered(("drift", "off"), "drift no longer has an issue on the forge"),
        ),
    ),
    makes=ForgeSettings,
)
