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
        Key("emails", ListOf(Text()), "Emails of their commits.", "gate approvals", looser=Emails()),
        Key(
            "login",
            WORD,
            "Their account on the forge.",
            "gate approvals, ChatOps",
            default="their name",
            looser=Changed("commits and answers of the account {new} count as those of {name}"),
            field=Spread(lambda login: {"login": login}, lambda person: person.login or person.name),
        ),
    ),
    makes=Person,
)

_CHANGED_FORGE = Changed("forge.{key} changes from {old} to {new}: another forge says who approved")

FORGE = Record(
    "forge",
    (
        Key(
            "repository",
            Text("a path like `owner/name`", re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+")),
            "The repository, where neither a run of CI nor the remote tells it.",
            "the forge",
            default="the remote's",
            looser=_CHANGED_FORGE,
        ),
        Key(
            "api",
            Text("an https address", re.compile(r"https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._/-]*)?")),
            "The root of the forge's API, as `https://HOST/api/v3` of a GitHub Enterprise Server.",
            "the forge",
            default="that of the remote's host",
            looser=_CHANGED_FORGE,
        ),
        Key(
            "reviewed",
            Choice(("required", "off")),
            "Whether only commits enter that came through a merged change whose newest commit somebody else approved.",
            "gate reviewed",
            looser=Ordered(("required", "off"), "changes that were not reviewed may be deployed"),
        ),
        Key(
            "deployments",
            Choice(("shown", "off")),
            "Whether deployments are shown there.",
            "the forge",
            looser=Ordered(("shown", "off"), "deployments are no longer shown on the forge"),
        ),
        Key(
            "code_scanning",
            Choice(("shown", "off")),
            "Whether `check --publish` hands its findings to code scanning.",
            "check",
            looser=Ordered(("shown", "off"), "findings are no longer shown in code scanning"),
        ),
        Key(
            "releases",
            Choice(("production", "off")),
            "Where the tag of a deployment becomes a release with notes: in production, or nowhere.",
            "the forge",
            looser=Ordered(("production", "off"), "deployments to production no longer become releases with notes"),
        ),
        Key(
            "issues",
            Choice(("drift", "off")),
            "What has an issue there as long as it lasts: drift, and what stands and breaks rules.",
            "the forge",
            looser=Ordered(("drift", "off"), "drift no longer has an issue on the forge"),
        ),
    ),
    makes=ForgeSettings,
)
