"""HTTP requests that end: each as a whole within a time, with an answer of a limited size.

The timeouts of httpx bound a single read, so that a server which sends a byte now and then holds a request for good.
Here name resolution, connecting, the headers and the body share one deadline, and a body is decompressed only as far as
its limit. This module imports httpx: import it where a request is made, never at the start of the program.
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
"""How long one request to a forge's API may take, in seconds."""

API_BYTES = 64 * 2**20
"""The longest answer of a forge's API that is read, in bytes."""

_TEXT = re.compile(r"utf-?(8|16|32)(-?[lb]e)?|us-ascii|latin-?1|iso-8859-\d{1,2}|(windows-|cp)125\d", re.IGNORECASE)
_DESCRIBED = ("content-encoding", "content-length", "transfer-encoding")


class TooLong(httpx.TransportError):
    """The body is longer than its limit. `answer` has its beginning, as long as the limit."""

    def __init__(self, message: str, answer: httpx.Response) -> None:
        super().__init__(message)
        self.answer = answer


class LimitedTransport(httpx.BaseTransport):
    """Sends each request within `seconds` altogether and reads at most `size` bytes of its (decompressed) body.

    Raises httpx.TimeoutException after that time, TooLong for a longer body, and httpx.HTTPError where httpx does.
    Proxies of the environment are used as httpx uses them. May be used by several threads; they take turns.
    """

    def __init__(self, seconds: float, size: int) -> None:
        self._seconds = seconds
        self._size = size
        self._turn = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(timeout=seconds, follow_redirects=False)
        self._end = weakref.finalize(self, _end, self._loop, self._client)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._turn:
            return _completed(self._loop, self._exchange(request))

    def close(self) -> None:
        with self._turn:
            self._end()

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        body = bytearray()
        answer, whole = await _received(self._client, request, self._seconds, self._size, body)
        headers = [(name, value) for name, value in answer.headers.multi_items() if name not in _DESCRIBED]
        made = httpx.Response(answer.status_code, headers=headers, content=bytes(body), request=request)
        if not whole:
            raise TooLong(f"the answer is longer than {self._size:,} bytes", made)
        return made


def download(url: str, target: BinaryIO, *, seconds: float, size: int) -> None:
    """Write what is at an address into a file, following redirects to https addresses.

    Raises httpx.HTTPError where it is not there, is longer than `size` bytes, or takes longer than `seconds`.
    """
    loop = asyncio.new_event_loop()
    client = httpx.AsyncClient(timeout=seconds)
    try:
        _completed(loop, _downloaded(client, url, target, seconds, size))
    finally:
        _end(loop, client)


def text_of(answer: httpx.Response) -> str:
    """A body as text. Its headers may name a text encoding; names of anything else (`zlib`) are not believed."""
    named = answer.charset_encoding or "utf-8"
    return answer.content.decode(named if _TEXT.fullmatch(named) else "utf-8", "replace")


_REDIRECTS = 5


async def _downloaded(client: httpx.AsyncClient, url: str, target: BinaryIO, seconds: float, size: int) -> None:
    first = url
    try:
        async with asyncio.timeout(seconds):
            for _ in range(_REDIRECTS + 1):
                request = client.build_request("GET", url)
                target.seek(0)
                target.truncate()
                answer, whole = await _received(client, request, seconds, size, target)
                following = answer.next_request
                if following is None:
                    answer.raise_for_status()
                    if not whole:
                        raise httpx.TransportError(f"it is longer than {size:,} bytes")
                    return
                if url.startswith("https:") and following.url.scheme != "https":
                    raise httpx.TransportError(f"it leads to an address without TLS: {following.url}")
                url = str(following.url)
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"it did not arrive within {seconds:g} s") from error
    raise httpx.TooManyRedirects(f"{first} leads on more than {_REDIRECTS} times")


async def _received(
    client: httpx.AsyncClient, request: httpx.Request, seconds: float, size: int, body: bytearray | BinaryIO
) -> tuple[httpx.Response, bool]:
    """The answer to a request without its body, which goes into `body`; whether that is whole."""
    try:
        async with asyncio.timeout(seconds):
            answer = await client.send(request, stream=True)
            try:
                return answer, await _read(answer, size, body)
            finally:
                await answer.aclose()
    except TimeoutError as error:
        raise httpx.ReadTimeout(f"no whole answer within {seconds:g} s", request=request) from error


async def _read(answer: httpx.Response, size: int, body: bytearray | BinaryIO) -> bool:
    coding = answer.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError(f"the answer is encoded as {coding[:40]!r}")
    inflate = None
    if coding.endswith(("gzip", "deflate")):
        inflate = zlib.decompressobj(zlib.MAX_WBITS | (32 if coding != "deflate" else 0))
    write = body.extend if isinstance(body, bytearray) else body.write
    left = size
    async with contextlib.aclosing(cast("AsyncGenerator[bytes, None]", answer.aiter_raw())) as parts:
        async for raw in parts:
            try:
                part = inflate.decompress(raw, left + 1) if inflate is not None else raw
            except zlib.error as error:
                raise httpx.DecodingError(f"the answer is no {coding}") from error
            write(part[:left])
            left -= len(part)
            if left < 0:
                return False
    if inflate is not None and not inflate.eof and left < size:
        raise httpx.DecodingError("the answer ends too early")
    return True


def _completed(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it to its end. Where ^C or anything else comes in between, it is cancelled and has ended all the same."""
    task = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(task)
    except BaseException:
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
        raise


def _end(loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
    if loop.is_closed():
        return
    closing = _closed(loop, client)
    try:
        loop.run_until_complete(closing)
    except RuntimeError:
        # It is collected while another loop of this thread runs; its sockets close by themselves.
        closing.close()
    # A name that is still being resolved is not waited for.
    loop.close()


async def _closed(loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
    with contextlib.suppress(httpx.HTTPError, OSError):
        await client.aclose()
    await loop.shutdown_asyncgens()
