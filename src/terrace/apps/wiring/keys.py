"""The keys of a project, read from the environment of this process."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from terrace.adapters.environ import ENVIRON
from terrace.errors import BadInput, NotReady
from terrace.plans.digest import DigestKey

if TYPE_CHECKING:
    from terrace.adapters.backup_encryption import BackupCipher
    from terrace.config.model import Backups, Config, Environment
    from terrace.ledger.authenticity import LedgerKey
    from terrace.plans.ports import Purpose

DIGEST_KEY = "TERRACE_DIGEST_KEY"
LEDGER_KEY = "TERRACE_LEDGER_KEY"
MIN_KEY_BYTES = 16
"""Minimum length of a key in bytes. The ledger contains values computed with it: a shorter key can be guessed."""


class Keys:
    """The keys of plan digests, of ledger events and of state backups.

    Each is read when it is first used. `older` are previous backup keys that existing backups may be encrypted with.
    """

    def __init__(self, backups: Backups, older: tuple[bytes, ...] = ()) -> None:
        self._backups = backups
        self._older = older

    @property
    def has_digest_key(self) -> bool:
        """Returns whether the digest key, or the backup key that it is derived from, is set."""
        return bool(ENVIRON.get(DIGEST_KEY)) or self.has_backup_key

    @property
    def has_backup_key(self) -> bool:
        """Returns whether the shared backup key is set."""
        return bool(ENVIRON.get(self._backups.key.removeprefix("env:")))

    @cached_property
    def digest(self) -> DigestKey:
        """The key of plan digests. Without one in the environment it is derived from the backup key."""
        if ENVIRON.get(DIGEST_KEY):
            secret = _read_secret(DIGEST_KEY)
        elif self._backups.recipients and not self.has_backup_key:
            raise NotReady(
                f"{DIGEST_KEY} is not set; backups are encrypted for recipients, so there is no shared key to derive "
                "it from",
                hint=f"export {DIGEST_KEY}=$(openssl rand -base64 32)   (one for all who deploy or approve)",
            )
        else:
            secret = hmac.digest(self.backup, b"terrace plan digest", "sha256")
        return DigestKey(id=hashlib.sha256(b"id" + secret).hexdigest()[:8], secret=secret)

    @cached_property
    def throwaway(self) -> DigestKey:
        """A random digest key, for a check without keys: its digests compare within this process only."""
        return DigestKey(id="throwaway", secret=secrets.token_bytes(32))

    @property
    def digest_or_throwaway(self) -> DigestKey:
        """The digest key where it is set, else a random one."""
        return self.digest if self.has_digest_key else self.throwaway

    @cached_property
    def ledger(self) -> LedgerKey:
        """The key that authenticates ledger events; NO_KEY where none of its sources is set.

        It is derived from TERRACE_LEDGER_KEY, else from the backup key. Where backups are encrypted for recipients, so
        that there is no backup key, it is derived from the digest key.
        """
        from terrace.ledger.authenticity import NO_KEY, EventKey

        if ENVIRON.get(LEDGER_KEY):
            return EventKey.of(_read_secret(LEDGER_KEY))
        if self._backups.recipients and not self.has_backup_key:
            return EventKey.of(self.digest.secret) if ENVIRON.get(DIGEST_KEY) else NO_KEY
        return EventKey.of(self.backup) if self.has_backup_key else NO_KEY

    @cached_property
    def backup(self) -> bytes:
        """The shared key of state backups. Raises NotReady where it is not set."""
        from terrace.adapters.backup_encryption import read_key

        return read_key(self._backups.key, ENVIRON)

    def seals(self) -> BackupCipher:
        """Returns what encrypts and decrypts state backups."""
        from terrace.adapters.backup_encryption import BackupCipher, read_identity

        return BackupCipher(
            key=lambda: self.backup,
            recipients=self._backups.recipients,
            identity=lambda: read_identity(self._backups.identity, ENVIRON),
            older=self._older,
        )


def secret_variables(config: Config) -> frozenset[str]:
    """Returns the environment variables that a configuration names as sources of secrets."""
    specs = {config.backups.key, config.backups.identity}
    for environment in config.environments:
        specs |= {*environment.credentials.plan.values(), *environment.credentials.apply.values()}
    return frozenset(spec.removeprefix("env:") for spec in specs if spec.startswith("env:"))


def child_variables(environment: Environment, purpose: Purpose) -> Mapping[str, str]:
    """Returns the variables that Terraform gets for one purpose: the credentials, and those that `env` names.

    Raises NotReady where a credential is not set.
    """
    credentials = environment.credentials.apply if purpose == "apply" else environment.credentials.plan
    variables = {name: _credential(environment, name, spec) for name, spec in credentials.items()}
    variables.update({name: ENVIRON[name] for name in environment.env if name in ENVIRON})
    return variables


def _credential(environment: Environment, name: str, spec: str) -> str:
    if not spec.startswith("env:"):
        return spec
    source = spec.removeprefix("env:")
    if source not in ENVIRON:
        raise NotReady(
            f"{environment.name} reads {name} from the environment variable {source}, which is not set",
            hint=f"export {source}=...  (terrace.yaml: environments.{environment.name}.credentials)",
        )
    return ENVIRON[source]


def _read_secret(name: str) -> bytes:
    """Returns the bytes of a key in the environment. Raises BadInput, without its content, where it is invalid."""
    how = "create a key: openssl rand -base64 32"
    try:
        key = base64.b64decode(ENVIRON[name], validate=True)
    except binascii.Error as error:
        raise BadInput(f"{name} is not base64", hint=how) from error
    if len(key) < MIN_KEY_BYTES:
        raise BadInput(f"{name} has {len(key)} bytes; a key has at least {MIN_KEY_BYTES}", hint=how)
    return key
