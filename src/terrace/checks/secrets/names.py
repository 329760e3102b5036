"""Names of secrets, and values that can be secrets."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache

LONGEST = 4096
"""Maximum length of a password; longer keys and tokens have a format of their own."""

_PASSWORDS = frozenset({"password", "passwd", "passphrase", "pwd", "pass", "pw"})
_NOUNS = _PASSWORDS | {"secret", "token", "apikey", "credential", "credentials", "pat", "secretkey", "accesskey"}
_KEYS = frozenset(
    {
        "access",
        "account",
        "api",
        "app",
        "auth",
        "client",
        "encryption",
        "master",
        "private",
        "primary",
        "root",
        "secondary",
    }
    | {"preshared", "secret", "service", "shared", "signing", "storage", "subscription", "token"}
)
_PLURAL = (_NOUNS - {"pas", "credential"}) | {"key"}
_NAMES_OF_SECRETS = (("existing", "secret"), ("pull", "secret"))
"""Keys of Kubernetes and Helm for the name of an object that contains a secret."""
_TRAILING = frozenset({"default", "value", "plaintext", "plain", "text", "string", "base", "base64", "b64", "wo"})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_REFERENCE = re.compile(
    r"""(?ix)
    .*[$%]\{ | .*\$\( | .*\{\{ | \$[a-z_]+$ | %[a-z_]+%$ | <.*>$ | \[.*\]$
    | (?:var|local|data|module|each|self|path|random_\w+|process\.env|os\.environ)[.\[]
    | (?:env|file|vault|ref\+\w+|op|secret|ssm|awskms|gcpkms|azurekeyvault|keyvault)(?::|://)
    | enc\[ | ag[a-z][a-z0-9+/]{150,}={0,2}$ | arn: | @microsoft\.keyvault | projects/[^/]+/secrets/ | /subscriptions/
    | (?:https?|s3|gs|az|ssh|git)://[^\s@]*$ | \.{0,2}/[\w./-]+$ | ![a-z]+\b
    | \^\(\?:.*\)\$$
    """
)
_PLACEHOLDER = re.compile(
    r"""(?ix)
    .*(?:example|placeholder|redacted|change[-_ ]?(?:me|this)\b|replace[-_ ]?me|fill[-_ ]?in|to[-_ ]?be[-_ ]
        |dummy|sensitive|your[-_ ]|insert[-_ ]|known\ after|todo\b|x{5}|\*{3}|\.{3})
    | (?:my[-_ ]?)?(?:super[-_ ]?)?(?:secret|password|passwd|passphrase|token|pass
        |api[-_ ]?key|credentials?|key|value)s?$
    | (?:null|none|nil|true|false|undefined|unset|empty|string|required|optional
        |enabled|disabled|default|fake|testing|test)$
    | (.)\1*$
    """
)
_LONG = 100
"""Length from which a text contains every short word by chance."""

_IDENTIFIER = re.compile(r"[a-z]+(?:[-_./: ][a-z]+|[-_./: ]?v?\d{1,3})*", re.I)


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """Returns the words of a name in lowercase: `DB_AdminPassword2` is db, admin, password, 2."""
    return tuple(word.lower() for word in _WORDS.findall(name))


@lru_cache(maxsize=4096)
def says_password(name: str) -> bool:
    """Returns whether a name is the name of a password, which can be any text."""
    essence = _essence(name)
    return bool(essence) and (essence[-1] in _PASSWORDS or essence[-1].endswith(("password", "passwd")))


@lru_cache(maxsize=4096)
def says_secret(name: str) -> bool:
    """Returns whether a name is the name of a secret: `db_password`, `clientSecret`, `AWS_SECRET_ACCESS_KEY`.

    Names with another ending are not: `secret_name`, `password_length`, `token_ttl`, `public_key`.
    """
    essence = _essence(name)
    if not essence or essence[-2:] in _NAMES_OF_SECRETS or "checksum" in essence:
        return False
    if essence[-1] in _NOUNS or says_password(name):
        return True
    if essence[-1] == "key":
        return len(essence) > 1 and essence[-2] in _KEYS
    return essence[-2:] in (("connection", "string"), ("secret", "data")) or essence[-1] == "connectionstring"


def _essence(name: str) -> tuple[str, ...]:
    """Returns the words of a name without its endings: numbers, `value`, and the plural."""
    parts = words(name)
    if parts and parts[-1].endswith("s") and (parts[-1][:-1] in _PLURAL or parts[-1].endswith("passwords")):
        parts = (*parts[:-1], parts[-1][:-1])
    while parts and (parts[-1].isdigit() or (parts[-1] in _TRAILING and parts[-2:] != ("connection", "string"))):
        parts = parts[:-1]
    return parts


def is_reference(value: str) -> bool:
    """Returns whether a value is a reference to a secret (Key Vault, SSM, Secrets Manager, a variable, a file), or the
    regular expression of a schema for such values."""
    return _REFERENCE.match(value) is not None


def is_placeholder(value: str) -> bool:
    """Returns whether a short text is a placeholder: `xoxb-your-token-here`."""
    return len(value) < _LONG and _PLACEHOLDER.match(value) is not None


def plausible(name: str, value: str) -> bool:
    """Returns whether a value with the name of a secret is one: not a reference, a placeholder or a word.

    A password can be any text of six characters and more; any other secret must look random.
    """
    text = value.strip()
    if not 6 <= len(text) <= LONGEST or is_reference(text) or _PLACEHOLDER.match(text):
        return False
    return True if says_password(name) else looks_random(text)


def reads_like_words(text: str) -> bool:
    """Returns whether a text consists of words and small numbers, as ordinary values do: `postgres`, `eu-west-1`."""
    return _IDENTIFIER.fullmatch(text) is not None


def looks_random(text: str) -> bool:
    """Returns whether a text looks random and not like a name: ten characters, letters and digits, high entropy."""
    if len(text) < 10 or " " in text or _IDENTIFIER.fullmatch(text):
        return False
    mixed = any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
    return entropy(text) >= (3.0 if mixed else 3.7)


def entropy(text: str) -> float:
    """Returns the entropy of a character of a text in bits, by the frequency of each."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
