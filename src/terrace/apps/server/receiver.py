"""Receives GitHub's deliveries: verifies the signature, stores the delivery, responds. Another process handles it.

It holds no credentials of clouds and none of GitHub: only the secret that deliveries are signed with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from terrace.adapters.github.webhooks import DELIVERY, EVENT, SIGNATURE, genuine, is_event, is_id
from terrace.apps.server.inbox import Delivery, Inbox
from terrace.apps.server.worker import Tell
from terrace.errors import NotReady, TerraceError

PATH = "/webhooks/github"
"""Path of the webhook."""

LONGEST = 5 * 1024 * 1024
"""Maximum size of a delivery in bytes. GitHub's have up to 25 MB; those of the handled events are far smaller, and this
memory is used before the signature is verified."""

MOST_HELD = 32 * LONGEST
"""Maximum size of all deliveries in memory, in bytes: an incomplete delivery counts with its received size."""

PATIENCE_SECONDS = 8.0
"""Time limit of receiving a delivery, in seconds. GitHub gives up after 10."""

_TOO_LONG = f"the delivery is longer than {LONGEST} bytes"

SECRET = "TERRACE_WEBHOOK_SECRET"
"""Variable with the secret. During a rotation it contains the new and the old one, separated by a space."""

SHORTEST = 16
"""Minimum length of a secret, in characters: signatures can be attacked offline."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limit of a body in seconds, and maximum size of all bodies in memory in bytes."""

    seconds: float = PATIENCE_SECONDS
    held: int = MOST_HELD


LIMITS = Limits()


def application(
    inbox: Inbox, secrets: Sequence[bytes], events: Collection[str], tell: Tell, limits: Limits = LIMITS
) -> Starlette:
    """Returns the receiver as an ASGI application. It stores only `events`."""
    receiver = Receiver(inbox, secrets, events, tell, limits)
    return Starlette(
        routes=[Route(PATH, receiver.receive, methods=["POST"]), Route("/health", receiver.health, methods=["GET"])]
    )


class Receiver:
    """Handles requests. A delivery without a valid signature is not stored."""

    def __init__(
        self, inbox: Inbox, secrets: Sequence[bytes], events: Collection[str], tell: Tell, limits: Limits
    ) -> None:
        self._inbox = inbox
        self._secrets = tuple(secrets)
        self._events = frozenset(events)
        self._tell = tell
        self._limits = limits
        self._held = 0

    async def receive(self, request: Request) -> Response:
        """Responds with 202 once the delivery is on disk, 200 for a known one."""
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > LONGEST:
            return _no(413, _TOO_LONG)
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for part in request.stream():
                    body += part
                    self._held += len(part)
                    if len(body) > LONGEST:
                        return _no(413, _TOO_LONG)
                    if self._held > self._limits.held:
                        return _no(503, "too many deliveries are being received; deliver it again later")
            return await self._judge(request, bytes(body))
        except TimeoutError:
            return _no(408, "the delivery did not arrive in time")
        except ClientDisconnect:
            return _no(400, "the delivery is incomplete")
        finally:
            self._held -= len(body)

    async def _judge(self, request: Request, body: bytes) -> Response:
        if not genuine(body, request.headers.get(SIGNATURE, ""), self._secrets):
            self._tell("rejected: not signed with a configured secret")
            return _no(401, "not signed with the secret of this receiver")
        id_, event = request.headers.get(DELIVERY, ""), request.headers.get(EVENT, "")
        if not is_id(id_) or not is_event(event):
            return _no(400, f"the header {DELIVERY} or {EVENT} is missing")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _no(415, "choose the content type application/json in the settings of the webhook")
        if event == "ping":
            self._tell(f"{id_} ping: the webhook is set up")
            return _yes(200, "pong")
        if event not in self._events:
            return _yes(202, "ignored")
        return await self._keep(Delivery(id_, event, body))

    async def health(self, _: Request) -> Response:
        """Responds with 200 while deliveries can be stored. It reveals nothing else, because anyone can call it."""
        try:
            await run_in_threadpool(self._inbox.count)
        except NotReady as error:
            self._tell(str(error))
            return JSONResponse({"ready": False}, 503)
        return JSONResponse({"ready": True})

    async def _keep(self, delivery: Delivery) -> Response:
        try:
            taken = await run_in_threadpool(self._inbox.take, delivery)
        except TerraceError as error:
            self._tell(f"{delivery.id} {delivery.event}: not stored: {error}")
            return _no(503, "the delivery could not be stored; deliver it again later")
        self._tell(f"{delivery.id} {delivery.event}: {taken}")
        if taken == "other":
            return _no(409, "another delivery has this id")
        return _yes(202 if taken == "new" else 200, taken)


def _yes(status: int, result: str) -> Response:
    return JSONResponse({"result": result}, status)


def _no(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status)


def secrets_of(environ: Mapping[str, str]) -> tuple[bytes, ...]:
    """Returns the secrets for signatures of deliveries: several during a rotation. Raises NotReady where there is none,
    or one is too short.
    """
    secrets = tuple(secret.encode() for secret in environ.get(SECRET, "").split())
    hint = f"export {SECRET}=$(openssl rand -hex 32), and the same in the settings of the webhook"
    if not secrets:
        raise NotReady(
            f"{SECRET} is not set, so GitHub's deliveries cannot be distinguished from forged ones", hint=hint
        )
    if any(len(secret) < SHORTEST for secret in secrets):
        raise NotReady(f"a secret in {SECRET} has fewer than {SHORTEST} characters", hint=hint)
    return secrets
