"""The kinds of secrets that have a format of their own: one row each. A new one is one row more."""

from __future__ import annotations

import re
from dataclasses import dataclass

from terrace.assess.model import Severity


@dataclass(frozen=True, slots=True)
class Kind:
    """One format. A text is searched only where it contains one of `marks`, which costs next to nothing.

    The secret is group 1 of `pattern` where there is one, else the whole match. `title` is its name in reports.
    """

    name: str
    title: str
    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    severity: Severity = Severity.HIGH


def _kind(name: str, title: str, marks: str, pattern: str, severity: Severity = Severity.HIGH) -> Kind:
    return Kind(name, title, tuple(marks.split()), re.compile(pattern), severity)


_CRITICAL = Severity.CRITICAL

KINDS: tuple[Kind, ...] = (
    _kind(
        "private-key",
        "a private key",
        "-----BEGIN",
        # A header with nothing behind it is a document about keys.
        r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|[\s\"',+\\|>-])*"
        r"(?:[A-Za-z-]+: [^\n\\]{1,80}(?:\\n|\s)*){0,3}"
        r"([A-Za-z0-9+/=](?:[A-Za-z0-9+/=]|\\[nr]|[\s\"',+\\]){39,})",
        _CRITICAL,
    ),
    _kind("age-key", "an age identity", "AGE-SECRET-KEY-1", r"\bAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\b", _CRITICAL),
    _kind(
        "aws-access-key",
        "an AWS access key",
        "AKIA ASIA",
        # The beginning of a pattern is searched for fast; the text before it is checked after that.
        r"A(?<![A-Za-z0-9/+]A)[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9/+])",
    ),
    _kind(
        "github-token",
        "a GitHub token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b",
        _CRITICAL,
    ),
    _kind("gitlab-token", "a GitLab token", "glpat- gldt- glrt-", r"\bgl(?:pat|dt|rt)-[\w-]{20,}"),
    _kind(
        "slack-token",
        "a Slack token",
        "xox xapp-",
        r"\b(?:xox[abeoprs]-(?:\d+-)*[A-Za-z0-9-]{10,}|xapp-\d-[A-Z0-9]+-\d+-[a-f0-9]+)",
    ),
    _kind(
        "slack-webhook",
        "a Slack webhook",
        "hooks.slack.com",
        r"https://hooks\.slack\.com/(?:services|workflows)/[A-Z0-9]{8,}/[A-Z0-9]{8,}/[A-Za-z0-9]{16,}",
    ),
    _kind(
        "azure-storage-key",
        "an Azure storage key",
        "AccountKey=",
        # Without its name it looks like every SHA-512 of a lock file.
        r"AccountKey=([A-Za-z0-9+/]{86}==)",
        _CRITICAL,
    ),
    _kind(
        "azure-shared-key", "a shared access key of Azure", "SharedAccessKey=", r"SharedAccessKey=([A-Za-z0-9+/]{40,}=)"
    ),
    _kind("azure-sas", "a SAS token of Azure", "sig=", r"[?&;]sig=([A-Za-z0-9%+/]{40,}(?:%3[Dd]|=))"),
    _kind(
        "azure-client-secret",
        "a client secret of Entra ID",
        "Q~",
        r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])",
    ),
    _kind("google-api-key", "a Google API key", "AIza", r"(?<![\w-])AIza[\w-]{35}(?![\w-])"),
    _kind("jwt", "a JSON Web Token", "eyJ", r"(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    _kind("vault-token", "a Vault token", "hvs. hvb.", r"(?<![\w.])hv[sb]\.[\w-]{24,}"),
    _kind("terraform-token", "an HCP Terraform token", ".atlasv1.", r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,}"),
    _kind("stripe-key", "a Stripe key", "k_live_", r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    _kind("sendgrid-key", "a SendGrid key", "SG.", r"\bSG\.[\w-]{22}\.[\w-]{43}"),
    _kind("grafana-token", "a Grafana token", "glsa_", r"\bglsa_[A-Za-z0-9]{32}_[a-f0-9]{8}\b"),
    _kind("mailgun-key", "a Mailgun key", "key-", r"\bkey-[a-f0-9]{32}\b"),
    _kind(
        "pagerduty-key",
        "a PagerDuty integration key",
        "pagerduty.com",
        r"events\.pagerduty\.com/integration/([a-f0-9]{32})\b",
    ),
    _kind("npm-token", "an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b"),
    _kind("pypi-token", "a PyPI token", "pypi-AgEI", r"\bpypi-AgEI[\w-]{50,}"),
    _kind("docker-token", "a Docker Hub token", "dckr_pat_", r"\bdckr_pat_[\w-]{27,}"),
    _kind("digitalocean-token", "a DigitalOcean token", "_v1_", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
    _kind("databricks-token", "a Databricks token", "dapi", r"\bdapi[a-f0-9]{32}\b"),
    _kind(
        "openai-key",
        "an OpenAI or Anthropic key",
        "sk-",
        r"\bsk-(?:ant-[\w-]{32,}|(?:proj-|svcacct-)?[\w-]{20,}T3BlbkFJ[\w-]{20,})",
    ),
    _kind(
        "url-password",
        "a password in an address",
        "://",
        # The host may be an expression.
        r"://(?<=[A-Za-z0-9+.-]{2}://)[^\s:/@\"'<>?#]{0,64}:([^\s/@\"'<>]{3,128})@[A-Za-z0-9\[$]",
    ),
    _kind(
        "connection-string",
        "a password in a connection string",
        "assword= Pwd= PWD= pwd= PASSWORD=",
        # Only among other pairs; alone it is an assignment.
        r";\s*(?i:password|pwd)=([^;\"'\s]{4,128})",
    ),
    _kind(
        "command-password",
        "a password in a command",
        "mysql login curl",
        r"(?:mysql(?:dump|admin)?\b[^\n|;]{0,160}?\s-p(?=[^\s$])|\blogin\b[^\n|;]{0,160}?\s(?:-p|--password)[ =]"
        r"|curl\b[^\n|;]{0,160}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"'$]{1,64}:)[\"']?([^\s\"'$]{6,128})",
    ),
    _kind(
        "login-password",
        "a password of a login",
        "chpasswd",
        r"(?:[a-z_][\w-]{0,31}:(?=[^\n]{6,140}\|\s*(?:sudo\s+)?chpasswd)"
        r"|chpasswd:\s[^{}]{0,200}?\blist:\s*[|>]?[-+]?\s+(?:-\s+)?[a-z_][\w-]{0,31}:)([^\s\"'$|]{6,128})",
    ),
    _kind("basic-authorization", "a user and a password in base64", "Basic", r"\bBasic ([A-Za-z0-9+/]{12,400}={0,2})"),
    _kind(
        "auth-pair",
        "a user and a password",
        "auth",
        r"\bauth\"?\s*[:=]\s*\"([A-Za-z0-9+/]{12,400}={0,2}|[^\"\s:{$]{1,64}:[^\"\s{$]{6,128})\"",
    ),
)
"""Kinds in the order in which they are searched for: a later one does not report the find of an earlier one."""

PASSWORD = _kind("password", "a password", "", r"(?!)")
SECRET = _kind("secret", "a secret", "", r"(?!)")
AWS_SECRET = _kind("aws-secret-key", "an AWS secret key", "", r"[A-Za-z0-9/+]{40}", _CRITICAL)
"""Kinds that are recognized by the name of a value, see `names`."""

BY_NAME = {kind.name: kind for kind in (*KINDS, PASSWORD, SECRET, AWS_SECRET)}
"""Every kind by its name."""
