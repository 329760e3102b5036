"""Object stores for copies of states: S3 with Object Lock (moto), Azure storage (Azurite), and a stand-in for Google's.

Azurite is Microsoft's emulator (npm). For Google there is none that can be had here, so the stand-in answers the few
requests of the XML API that are made, as Google documents them: it shows that the requests fit the documentation, and
not that Google answers so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import httpx
import pytest

from support.tools import CACHE, WORLD
from terrace.adapters.embedded_aws import REGION, EmbeddedAws

AZURITE = "3.35.0"
ACCOUNT = "devstoreaccount1"
PUBLIC_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key of the account that every Azurite has: it is printed in its documentation."""


@dataclass(frozen=True)
class ObjectStore:
    """A running store: the URL of a bucket, and the variables that a client needs."""

    url: str
    variables: Mapping[str, str]
    endpoint: str = ""


# --- S3 ------------------------------------------------------------------------------------------------------------


@contextmanager
def locked_s3(aws: EmbeddedAws, bucket: str = "copies") -> Iterator[ObjectStore]:
    """A bucket with Object Lock: whatever is written stays for thirty days, whoever deletes it."""
    place = f"<LocationConstraint>{REGION}</LocationConstraint>"
    make = f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>"
    locked = {**aws.sign("s3"), "x-amz-bucket-object-lock-enabled": "true"}
    httpx.put(f"{aws.endpoint}/{bucket}", content=make, headers=locked, timeout=None).raise_for_status()
    rule = "<DefaultRetention><Mode>COMPLIANCE</Mode><Days>30</Days></DefaultRetention>"
    settings = (
        f"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>{rule}</Rule>"
        "</ObjectLockConfiguration>"
    )
    httpx.put(
        f"{aws.endpoint}/{bucket}?object-lock", content=settings, headers=aws.sign("s3"), timeout=None
    ).raise_for_status()
    handler = type("Checking", (_Checking,), {"endpoint": aws.endpoint})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        front = f"http://127.0.0.1:{server.server_port}"
        variables = {**aws.variables, "AWS_ENDPOINT_URL": front, "AWS_ALLOW_HTTP": "true"}
        yield ObjectStore(f"s3://{bucket}", variables, f"{aws.endpoint}/{bucket}")
        server.shutdown()


class _Checking(BaseHTTPRequestHandler):
    """Stands before moto and asks what S3 asks of everything that is written under Object Lock: a checksum.

    S3 takes `Content-MD5` or a header `x-amz-checksum-...`; moto takes only `Content-MD5` or the name of an algorithm.
    """

    protocol_version = "HTTP/1.1"
    endpoint: str

    def _forward(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        if self.command == "PUT":
            names = [name.lower() for name in headers]
            if not any(name == "content-md5" or name.startswith("x-amz-checksum-") for name in names):
                why = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock"
                return self._answer(
                    400, {}, f"<Error><Code>InvalidRequest</Code><Message>{why}</Message></Error>".encode()
                )
            headers["x-amz-sdk-checksum-algorithm"] = "SHA256"
        response = httpx.request(self.command, f"{self.endpoint}{self.path}", headers=headers, content=content)
        return self._answer(response.status_code, dict(response.headers), response.content)

    def _answer(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.send_response(status)
        left_out = ("content-length", "transfer-encoding", "connection", "content-encoding", "date", "server")
        for name, value in headers.items():
            if name.lower() not in left_out:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self._forward
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        pass


# --- Azure storage -------------------------------------------------------------------------------------------------


@contextmanager
def azurite() -> Iterator[ObjectStore]:
    """A container of Azure storage, in memory."""
    folder = CACHE / f"azurite-{AZURITE}"
    program = folder / "node_modules/.bin/azurite-blob"
    if not program.exists():
        npm = shutil.which("npm", path=WORLD.get("PATH"))
        if npm is None:
            if WORLD.get("CI"):
                pytest.fail("npm is needed")
            pytest.skip("Azurite is installed with npm, and there is none on PATH")
        argv: list[str | Path] = [
            npm,
            "install",
            "--silent",
            "--ignore-scripts",
            "--prefix",
            folder,
            f"azurite@{AZURITE}",
        ]
        subprocess.run(argv, check=True, env=WORLD)
    options = ["--inMemoryPersistence", "--blobPort", "0", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    with subprocess.Popen([program, *options], env=WORLD, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            port = next(match[1] for line in running.stdout if (match := re.search(r"listens on \S+:(\d+)", line)))
            endpoint = f"http://127.0.0.1:{port}/{ACCOUNT}"
            _make_container(endpoint, "copies")
            yield ObjectStore(
                "az://copies",
                {
                    "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
                    "AZURE_STORAGE_ACCOUNT_KEY": PUBLIC_KEY,
                    "AZURE_STORAGE_ENDPOINT": endpoint,
                    "AZURE_ALLOW_HTTP": "true",
                },
                endpoint,
            )
        finally:
            running.kill()


def _make_container(endpoint: str, name: str) -> None:
    date = formatdate(usegmt=True)
    signed_lines = ("x-ms-date:" + date, "x-ms-version:2021-08-06", f"/{ACCOUNT}/{ACCOUNT}/{name}", "restype:container")
    # The verb, and eleven headers that are not sent.
    signed = "PUT" + "\n" * 12 + "\n".join(signed_lines)
    code = hmac.digest(base64.b64decode(PUBLIC_KEY), signed.encode(), hashlib.sha256)
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-08-06",
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(code).decode()}",
        "Content-Length": "0",
    }
    httpx.put(f"{endpoint}/{name}?restype=container", headers=headers).raise_for_status()


# --- Google ----------------------------------------------------------------------------------------------------------


class _Google(BaseHTTPRequestHandler):
    """The XML API of Google's storage, as far as it is asked: objects of one bucket, in memory."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("x-goog-if-generation-match") == "0" and self._name in self.objects:
            return self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        self.objects[self._name] = content
        return self._answer(200)

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            return self._list(query.get("prefix", [""])[0])
        content = self.objects.get(self._name)
        if content is None:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        requested = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if requested is None:
            return self._answer(200, content)
        begin, end = int(requested[1]), min(int(requested[2]), len(content) - 1)
        if begin >= len(content):
            return self._answer(416, b"<Error><Code>InvalidRange</Code></Error>")
        return self._answer(206, content[begin : end + 1], {"Content-Range": f"bytes {begin}-{end}/{len(content)}"})

    def do_DELETE(self) -> None:
        self._answer(204 if self.objects.pop(self._name, None) is not None else 404)

    def _list(self, prefix: str) -> None:
        entry = (
            "<Contents><Key>{}</Key><LastModified>2026-01-05T12:00:00.000Z</LastModified>"
            '<ETag>"e"</ETag><Size>{}</Size></Contents>'
        )
        entries = "".join(
            entry.format(escape(name), len(content))
            for name, content in sorted(self.objects.items())
            if name.startswith(prefix)
        )
        listed = f"<?xml version='1.0'?><ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        self._answer(200, listed.encode())

    @property
    def _name(self) -> str:
        return unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]

    def _answer(self, status: int, content: bytes = b"", more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {
            "Content-Length": str(len(content)),
            "ETag": '"e"',
            "x-goog-generation": "1",
            "Last-Modified": "Mon, 05 Jan 2026 12:00:00 GMT",
        }
        for name, value in {**headers, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def google() -> Iterator[ObjectStore]:
    """A bucket of the stand-in for Google's storage."""
    handler = type("Google", (_Google,), {"objects": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        key = {"gcs_base_url": endpoint, "disable_oauth": True}
        key |= {"client_email": "", "private_key": "", "private_key_id": ""}
        variables = {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key), "GOOGLE_ALLOW_HTTP": "true"}
        yield ObjectStore("gs://copies", variables, f"{endpoint}/copies")
        server.shutdown()


@pytest.fixture(scope="session")
def stores() -> Iterator[Mapping[str, ObjectStore]]:
    """All of them, each started when it is first asked for."""
    with _Lazy() as lazy_stores:
        yield lazy_stores


class _Lazy(dict[str, ObjectStore]):
    def __enter__(self) -> _Lazy:
        from contextlib import ExitStack

        self._stack = ExitStack()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __missing__(self, kind: str) -> ObjectStore:
        if kind == "s3":
            store = self._stack.enter_context(locked_s3(self._stack.enter_context(EmbeddedAws())))
        else:
            store = self._stack.enter_context({"azure": azurite, "google": google}[kind]())
        self[kind] = store
        return store
