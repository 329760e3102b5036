"""HTTP requests with a deadline for the whole request and a size limit for the response.

The timeouts of httpx limit a single read, so that a server that sends a byte now and then can block a request forever.
Here name resolution, connecting, the headers and the body share one deadline, and a body is decompressed only up to its
limit. This module imports httpx: import it where a request is made, never at the start of the program.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import weakref
import zlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, BinaryIO, TypeVar, cast

import httpx

T = TypeVar("T")

API_SECONDS = 120.0
"""Maximum duration of one request to a forge's API, in seconds."""

API_BYTES = 64 * 2**20
"""Maximum size of a response from a forge's API, in bytes."""

_TEXT = re.compile(r"utf-?(8|16|32)(-?[lb]e)?|us-ascii|latin-?1|iso-8859-\d{1,2}|(windows-|cp)125\d", re.IGNORECASE)
_DESCRIBED = ("content-encoding", "content-length", "transfer-encoding")


class ResponseTooLong(httpx.TransportError):
    """The body is longer than its limit. `answer` contains the body up to the limit."""

    def __init__(self, message: str, answer: httpx.Response) -> None:
        super().__init__(message)
        self.answer = answer


class LimitedTransport(httpx.BaseTransport):
    """Sends each request within `seconds` in total and reads at most `size` bytes of its (decompressed) body.

    Raises httpx.TimeoutException after that time, ResponseTooLong for a longer body, and httpx.HTTPError where httpx
    does. Proxies in the environment are used as httpx uses them. Several threads can use it; their requests run one at
    a time.
    """

    def __init__(self, seconds: float, size: int) -> None:
        self._seconds = seconds
        self._size = size
        self._turn = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(timeout=seconds, follow_redirects=False)
        self._close = weakref.finalize(self, _close, self._loop, self._client)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._turn:
            return _run(self._loop, self._exchange(request))

    def close(self) -> None:
        with self._turn:
            self._close()

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        body = bytearray()
        answer, whole = await _receive(self._client, request, self._seconds, self._size, body)
        headers = [(name, value) for name, value in answer.headers.multi_items() if name not in _DESCRIBED]
        response = httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=request)
        if not whole:
            raise ResponseTooLong(f"the response is longer than {self._size:,} bytes", response)
        return response


def download(url: str, target: BinaryIO, *, seconds: float, size: int) -> None:
    """Downloads an address into a file and follows redirects to https addresses.

    Raises httpx.HTTPError where the download fails, is longer than `size` bytes, or takes longer than `seconds`.
    """
    loop = asyncio.new_event_loop()
    client = httpx.AsyncClient(timeout=seconds)
    try:
        _run(loop, _download(client, url, target, seconds, size))
    finally:
        _close(loop, client)


def text_of(answer: httpx.Response) -> str:
    """Returns a body as text. Its headers can name a text encoding; other Python codecs (`zlib`) are ignored."""
    named = answer.charset_encoding or "utf-8"
    return answer.content.decode(named if _TEXT.fullmatch(named) else "utf-8", "replace")


_REDIRECTS = 5


async def _download(client: httpx.AsyncClient, url: str, target: BinaryIO, seconds: float, size: int) -> None:
    first = url
    try:
        async with asyncio.timeout(seconds):
            for _ in range(_REDIRECTS + 1):
                request = client.build_request("GET", url)
                target.seek(0)
                target.truncate()
                answer, whole = await _receive(client, request, seconds, size, target)
                following = answer.next_request
                if following is None:
                    answer.raise_for_status()
                    if not whole:
                        raise httpx.TransportError(f"the download is longer than {size:,} bytes")
                    return
                if url.startswith("https:") and following.url.scheme != "https":
                    raise httpx.TransportError(f"redirected to an address without TLS: {following.url}")
                url = str(following.url)
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"the download did not finish within {seconds:g} s") from error
    raise httpx.TooManyRedirects(f"{first} redirects more than {_REDIRECTS} times")


async def _receive(
    client: httpx.AsyncClient, request: httpx.Request, seconds: float, size: int, body: bytearray | BinaryIO
) -> tuple[httpx.Response, bool]:
    """Writes the body of a response into `body`; returns the response without it, and whether the body is complete."""
    try:
        async with asyncio.timeout(seconds):
            answer = await client.send(request, stream=True)
            try:
                return answer, await _read(answer, size, body)
            finally:
                await answer.aclose()
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"no complete response within {seconds:g} s", request=request) from error


async def _read(answer: httpx.Response, size: int, body: bytearray | BinaryIO) -> bool:
    coding = answer.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError(f"the response has the unsupported content encoding {coding[:40]!r}")
    inflate = None
    if coding.endswith(("gzip", "deflate")):
        inflate = zlib.decompressobj(zlib.MAX_WBITS | (32 if coding != "deflate" else 0))
    write = body.extend if isinstance(body, bytearray) else body.write
    remaining = size
    async with contextlib.aclosing(cast("AsyncGenerator[bytes, None]", answer.aiter_raw())) as parts:
        async for raw in parts:
            try:
                part = inflate.decompress(raw, remaining + 1) if inflate is not None else raw
            except zlib.error as error:
                raise httpx.DecodingError(f"the response is not valid {coding}") from error
            write(part[:remaining])
            remaining -= len(part)
            if remaining < 0:
                return False
    if inflate is not None and not inflate.eof and remaining < size:
        raise httpx.DecodingError("the response is truncated")
    return True


def _run(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine until it completes. On ^C or another exception it is cancelled, and has finished before this
    returns.
    """
    task = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(task)
    except BaseException:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        raise


def _close(loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
    if loop.is_closed():
        return
    closing = _aclose(loop, client)
    try:
        loop.run_until_complete(closing)
    except RuntimeError:
        # The object is collected while another loop of this thread runs; the operating system closes the sockets.
        closing.close()
    # A pending name resolution is not awaited.
    loop.close()


async def _aclose(loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
    with contextlib.suppress(httpx.HTTPError, OSError):
        await client.aclose()
    await loop.shutdown_asyncgens()
