"""Signs and verifies approvals with SSH keys, by `ssh-keygen -Y`."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from terrace.adapters.environ import for_children
from terrace.adapters.git.repository import GitRepository
from terrace.adapters.process import run
from terrace.adapters.signature_cache import SignatureCache
from terrace.config.naming import find_nearest, quote_word
from terrace.errors import BadInput, NotReady
from terrace.gates.approvals.declaration import read_declaration
from terrace.gates.approvals.statement import Statement, read_statement
from terrace.gates.model import Identity
from terrace.ledger.approvals import SignedApproval
from terrace.ledger.declared import Declared

NAMESPACE = "terrace"
"""Namespace of Terrace's signatures: one that was made for Git commits or files is not valid here."""

_SIGNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,253}")
"""Names and emails without characters that are special in options, patterns or lists of signers."""

_GOOD = re.compile(r"(?m) key (SHA256:[A-Za-z0-9+/=]+)$")
"""End of the message of `ssh-keygen -Y verify` for a valid signature."""

_KEY = re.compile(rb"(?<!\S)(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+\s+(\S+)")
"""The key in a line of signers, after its options: type and text."""

UNSIGNED = Identity("unsigned")
INVALID = Identity("invalid")

_LITERAL = ("key::", "ssh-", "ecdsa-", "sk-")
"""Start of Git's user.signingkey where it is a public key instead of a path."""

Sign = Callable[[bytes], str | None]


def signer(repository: GitRepository, key: Path | None) -> Sign:
    """Returns a function that signs for the user: with `key`, else with the SSH key that Git signs commits with, else
    not at all."""
    chosen = str(key.expanduser().absolute()) if key is not None else _git_key(repository)
    if chosen is None:
        return lambda text: None
    if not chosen.startswith(_LITERAL):
        _require_key_file(Path(chosen), "" if key is not None else ", which Git's user.signingkey names")
    return lambda text: _sign(chosen, text)


def _require_key_file(key: Path, named: str) -> None:
    """Raises BadInput where a key is not a file that ssh-keygen can read."""
    how = "pass the private key, or its .pub file with a running agent: --key FILE"
    if key.is_dir():
        raise BadInput(f"the key {key}{named} is a folder, not a key file", hint=f"for example: --key {key}/id_ed25519")
    if not key.is_file():
        near = find_nearest(key.name, (path.name for path in key.parent.iterdir())) if key.parent.is_dir() else None
        raise BadInput(f"there is no key file {key}{named}", hint=f"did you mean {key.parent / near}?" if near else how)
    if not os.access(key, os.R_OK):
        raise BadInput(f"the key {key}{named} cannot be read", hint=f"chmod 600 {quote_word(str(key))}")


def identity_of(signed: SignedApproval, signers: bytes) -> Identity:
    """Returns how the author of an approval is known, by these signers (in the format of ssh-keygen's allowed_signers).
    A signature is valid only for a text with exactly the fields of the event.
    """
    if signed.signature is None:
        return UNSIGNED
    try:
        spoken = read_statement(signed.statement)
    except BadInput:
        return INVALID
    statement = Statement(
        signed.actor,
        signed.role,
        "approve" if signed.answer == "approve" else "reject",
        signed.subjects,
        signed.at,
        signed.comment,
        signed.named,
    )
    return _identity(signers, signed.actor, signed.signature, signed.statement) if spoken == statement else INVALID


def identity_of_declaration(declared: Declared, signers: bytes) -> Identity:
    """Returns how the author of a declaration is known, by these signers. A signature is valid only for a text with
    exactly the fields of the event.
    """
    if declared.signature is None:
        return UNSIGNED
    try:
        same = read_declaration(declared.statement) == declared.declaration
    except BadInput:
        return INVALID
    return _identity(signers, declared.declaration.actor, declared.signature, declared.statement) if same else INVALID


def has_signers(signers: bytes) -> bool:
    """Returns whether there is a key among the signers."""
    return any(line.strip() and not line.strip().startswith(b"#") for line in signers.split(b"\n"))


def shared_keys(signers: bytes) -> tuple[tuple[str, ...], ...]:
    """Returns the names that share a key, per key with several names. Terrace treats them as one person."""
    names: dict[bytes, list[str]] = {}
    for line in signers.split(b"\n"):
        words = line.strip().split(None, 1)
        if len(words) < 2 or words[0].startswith(b"#"):
            continue
        key = _KEY.search(words[1])
        if key is not None and b"cert-authority" not in words[1][: key.start()]:
            listed = words[0].strip(b'"').decode("utf-8", "replace").split(",")
            names.setdefault(key[1], []).extend(name for name in listed if name)
    return tuple(shared for keys in names.values() if len(shared := tuple(dict.fromkeys(keys))) > 1)


def _identity(signers: bytes, actor: str, signature: str, text: str) -> Identity:
    if not _SIGNER.fullmatch(actor) or not signature.isascii():
        return INVALID
    key = _verify(signers, actor, signature, text.encode())
    return Identity("ssh", key) if key else INVALID


def is_signed(actor: str, text: bytes, signature: str | None, signers: bytes) -> bool:
    """Returns whether that person signed that text, by these signers."""
    if signature is None or not signature.isascii() or not _SIGNER.fullmatch(actor):
        return False
    return bool(_verify(signers, actor, signature, text))


def _git_key(repository: GitRepository) -> str | None:
    """Returns the user's signing key for ssh-keygen: a path, or the text of a public key whose private key is in the
    agent."""
    if repository.config("gpg.format") != "ssh":
        return None
    key = repository.config("user.signingkey")
    return os.path.expanduser(key) if key else None  # noqa: PTH111  (a key may be text and no path)


def _sign(key: str, text: bytes) -> str:
    with tempfile.TemporaryDirectory(prefix="terrace-sign-") as folder:
        path = key
        if key.startswith(_LITERAL):
            path = f"{folder}/key.pub"
            Path(path).write_text(key.removeprefix("key::") + "\n")
        message = Path(folder) / "statement"
        message.write_bytes(text)
        argv: list[str | Path] = ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", path, message]
        # Without a terminal and SSH_ASKPASS, ssh-keygen cannot ask for a passphrase: it fails instead of hanging.
        done = run(
            argv, env={k: v for k, v in for_children().items() if k not in ("SSH_ASKPASS", "DISPLAY")}, timeout=60
        )
        signature = Path(f"{message}.sig")
        if done.code != 0 or not signature.is_file():
            raise _signing_error(path, done.message)
        return signature.read_text()


def _signing_error(key: str, output: str) -> NotReady:
    """Returns the error for a message of ssh-keygen about a key that it cannot sign with."""
    last = (output.splitlines() or ["ssh-keygen gave no reason"])[-1]
    add = f"ssh-add {quote_word(key)}"
    if "UNPROTECTED PRIVATE KEY" in output or "are too open" in output:
        return NotReady(f"the key {key} can be read by other users", hint=f"chmod 600 {quote_word(key)}")
    if "passphrase" in output:
        return NotReady(
            f"the key {key} has a passphrase, and there is no terminal to ask for it",
            hint=f"add it to the agent: {add}",
        )
    if "Couldn't load public key" in output or "invalid format" in output or "error in libcrypto" in output:
        return NotReady(
            f"{key} is not an SSH key",
            hint="pass a private key, or its .pub file with a running agent: --key ~/.ssh/id_ed25519",
        )
    if "No private key found" in output:
        return NotReady(f"the agent does not have the private key of {key}", hint=f"add it to the agent: {add}")
    return NotReady(
        f"signing with {key} failed: {last}", hint=f"add the key to the agent ({add}), or pass another one: --key FILE"
    )


def _verify(signers: bytes, actor: str, signature: str, text: bytes) -> str:
    """Returns the fingerprint of the signing key; "" where the signature is invalid."""
    lines = _lines_of(signers, actor)
    return _cache.fingerprint(lines, actor, signature, text) if lines else ""


def _run_verify(lines: bytes, actor: str, signature: str, text: bytes) -> str | None:
    """Returns the result of `ssh-keygen` for a signature; None where the process was terminated. The fingerprint of a
    certificate is that of its key, so that two certificates of one key are one person."""
    with tempfile.TemporaryDirectory(prefix="terrace-verify-") as folder:
        allowed = Path(folder) / "allowed_signers"
        allowed.write_bytes(lines)
        armoured = Path(folder) / "signature"
        armoured.write_text(signature)
        argv: list[str | Path] = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", actor]
        argv += ["-n", NAMESPACE, "-s", armoured]
        done = run(argv, stdin=text, timeout=60)
        if done.code < 0:
            return None
        match = _GOOD.search(os.fsdecode(done.out)) if done.code == 0 else None
        return match[1] if match is not None else ""


_cache = SignatureCache(_run_verify)


def _lines_of(signers: bytes, actor: str) -> bytes:
    """Returns the lines that name exactly this person, alone or in a list. For ssh-keygen the names are patterns, and
    `*` is anyone; here a name means itself, and a line with an exception (`!`) is ignored. A line that is commented out
    stays ignored, whatever its list contains.
    """
    name = actor.encode()
    lines = []
    for line in signers.split(b"\n"):
        words = line.strip().split(None, 1)
        if len(words) < 2 or words[0].startswith(b"#") or b"!" in words[0] or b"\r" in words[1]:
            continue
        if name in words[0].strip(b'"').split(b","):
            lines.append(name + b" " + words[1])
    return b"".join(line + b"\n" for line in lines)
