"""The keys of `terraform` and `backups`."""

from __future__ import annotations

import re
from datetime import timedelta

from terrace.config.comparisons import Changed, Higher, Never, Ordered
from terrace.config.keys.values import INSIDE
from terrace.config.kinds import Choice, Duration, ListOf, Number, Text
from terrace.config.model import Backups, TerraformSettings
from terrace.config.records import Key, Record

_CHANGED_TERRAFORM = Changed("terraform.{key} changes from {old} to {new}")
_LONGER = Higher(
    "terraform.{key} changes from {old} to {new}: a command that hangs is stopped later or never",
    unlimited=(timedelta(0),),
    word="it is longer, or 0",
)

TERRAFORM = Record(
    "terraform",
    (
        Key(
            "binary",
            Text(),
            "`auto`, `terraform`, `tofu`, `embedded`, or a path.",
            "terraform",
            looser=_CHANGED_TERRAFORM,
        ),
        Key("version", Text(), "The versions that may be used.", "terraform", looser=_CHANGED_TERRAFORM),
        Key(
            "parallel",
            Number(1),
            "How many may run at once.",
            "check, deploy",
            default="what memory and cores bear",
            looser=Never("it decides how fast plans are made, and not which"),
        ),
        Key(
            "fast",
            Choice(("auto", "plan-only", "off")),
            "What goes through the fast lane: plans and applies (`auto`), plans, or nothing.",
            "terraform",
            looser=Ordered(("off", "plan-only", "auto"), "the fast lane is used for more: {new} instead of {old}"),
        ),
        Key(
            "lock_wait",
            Duration(),
            "How long to wait for a state that somebody else has locked.",
            "terraform",
            looser=Never("a lock of somebody else is waited for or left alone, and never broken"),
        ),
        Key(
            "init_timeout",
            Duration(),
            "How long `init` may take before it is stopped; 0: no limit.",
            "terraform",
            looser=_LONGER,
        ),
        Key(
            "plan_timeout",
            Duration(),
            "How long a plan, and every other command that only reads, may take before it is stopped; 0: no limit.",
            "terraform",
            looser=_LONGER,
        ),
        Key(
            "state_timeout",
            Duration(),
            "How long writing a state may take before it is interrupted, but never killed; 0: no limit. "
            "An apply has no limit (docs/how-to/interruptions.md).",
            "terraform",
            looser=_LONGER,
        ),
    ),
    makes=TerraformSettings,
)

_CHANGED_BACKUPS = Changed("backups are kept elsewhere or encrypted with another key")
_STORE = re.compile(rf"file:///.+|(?!file:)[a-z0-9]+://.+|(?![a-z0-9]+:){INSIDE}")
_VARIABLE = Text("`env:NAME`", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*"))

BACKUPS = Record(
    "backups",
    (
        Key(
            "url",
            Text("a folder inside of the repository, `file:///DIR`, or a store such as `s3://BUCKET`", _STORE),
            "A folder of the repository, `file:///DIR` for any other, or `s3://`, `gs://`, `az://`.",
            "deploy",
            default="a private folder of this machine",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "key",
            _VARIABLE,
            "Where the key is: 32 bytes in base64.",
            "deploy",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "recipients",
            ListOf(Text("an age recipient", re.compile(r"age1[a-z0-9]{10,}"))),
            "Who can read copies, as age recipients; whoever only deploys needs no key then.",
            "deploy",
            default="none: the key seals them",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "identity",
            _VARIABLE,
            "Where an age identity is, for those who read copies.",
            "state restore, drill, diff, rekey",
            looser=_CHANGED_BACKUPS,
        ),
    ),
    makes=Backups,
)
