"""The keys of `terraform` and `backups`."""

from __future__ import annotations

import re
from datetime import timedelta

from terrace.config.comparisons import Changed, Higher, Lower, Never, Ordered
from terrace.config.keys.values import INSIDE
from terrace.config.kinds import Choice, Duration, ListOf, Number, Text
from terrace.config.model import Backups, TerraformSettings
from terrace.config.records import Key, Record

_CHANGED_TERRAFORM = Changed("terraform.{key} changes from {old} to {new}")
_LONGER = Higher(
    "terraform.{key} changes from {old} to {new}: a command that hangs is stopped later, or never",
    unlimited=(timedelta(0),),
    description="it is longer, or 0",
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
        Key("version", Text(), "Version constraint.", "terraform", looser=_CHANGED_TERRAFORM),
        Key(
            "parallel",
            Number(1),
            "Maximum number of Terraform processes at the same time.",
            "check, deploy",
            default="as many as memory and CPU cores allow",
            looser=Never("it affects how fast plans are created, not their contents"),
        ),
        Key(
            "fast",
            Choice(("auto", "plan-only", "off")),
            "Use of the fast lane: plans and applies (`auto`), plans only, or not at all.",
            "terraform",
            looser=Ordered(("off", "plan-only", "auto"), "the fast lane is used for more: {new} instead of {old}"),
        ),
        Key(
            "lock_wait",
            Duration(),
            "Time to wait for the lock of a state that another process holds.",
            "terraform",
            looser=Never("Terrace waits for a lock of another process and never breaks it"),
        ),
        Key(
            "init_timeout",
            Duration(),
            "Timeout of `init`; 0: no limit.",
            "terraform",
            looser=_LONGER,
        ),
        Key(
            "plan_timeout",
            Duration(),
            "Timeout of plans and other read-only commands; 0: no limit.",
            "terraform",
            looser=_LONGER,
        ),
        Key(
            "state_timeout",
            Duration(),
            "Timeout of commands that write a state, except applies. The command is interrupted, never killed. 0: no "
            "limit. An apply has no timeout (docs/how-to/interruptions.md).",
            "terraform",
            looser=_LONGER,
        ),
    ),
    makes=TerraformSettings,
)

_CHANGED_BACKUPS = Changed("backups are stored elsewhere or encrypted with another key")
_STORE = re.compile(rf"file:///.+|(?!file:)[a-z0-9]+://.+|(?![a-z0-9]+:){INSIDE}")
_VARIABLE = Text("`env:NAME`", re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*"))

BACKUPS = Record(
    "backups",
    (
        Key(
            "url",
            Text("a path inside the repository, `file:///DIR`, or a URL such as `s3://BUCKET`", _STORE),
            "Location of the backups: a directory of the repository, any other directory (`file:///DIR`), or a bucket "
            "(`s3://`, `gs://`, `az://`).",
            "deploy",
            default="a private directory on this machine",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "key",
            _VARIABLE,
            "Variable with the backup key: 32 bytes in base64.",
            "deploy",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "recipients",
            ListOf(Text("an age recipient", re.compile(r"age1[a-z0-9]{10,}")), items="age recipients"),
            "Age recipients that can decrypt backups. Deployments then need no key.",
            "deploy",
            default="none: backups are encrypted with the key",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "identity",
            _VARIABLE,
            "Variable with an age identity, to decrypt backups.",
            "state restore, drill, diff, rekey",
            looser=_CHANGED_BACKUPS,
        ),
        Key(
            "logs",
            Duration(),
            "Time for which the output of Terraform in deployments is kept beside the backups, encrypted; 0: it is not "
            "kept. `terrace show ENV --log` shows it.",
            "deploy, show, tick",
            looser=Lower("the logs of deployments are kept for {new} instead of {old}"),
        ),
    ),
    makes=Backups,
)
