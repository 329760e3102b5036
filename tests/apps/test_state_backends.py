"""One contract for every place of states: a state that was deleted or cut comes back, with all earlier copies."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.backends import BUCKET, S3, Backend, Http, Postgres, http, local, pg, s3
from support.cli import World, world
from support.postgres import server_programs
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.aws]

KEY = "dev"
TABLE = "locks"
YES = ("--yes", "--reason", "the object was deleted")
ONE = 'resource "terraform_data" "it" {\n  input = "one"\n}\n\noutput "it" {\n  value = terraform_data.it.output\n}\n'


@dataclass(frozen=True, slots=True)
class Place:
    """A running place of states; `read`, `write` and `remove` work on the state of the one stack without Terraform."""

    block: str
    variables: dict[str, str]
    read: Callable[[], bytes]
    write: Callable[[bytes], object]
    remove: Callable[[], object]


def in_s3(found: S3, block: str, table: str = "") -> Place:
    url = f"{found.aws.endpoint}/{BUCKET}/{KEY}"
    signed = found.aws.sign("s3")

    def remove() -> None:
        httpx.delete(url, headers=signed, timeout=None).raise_for_status()
        if table:
            dynamo(
                found, "DeleteItem", f'{{"TableName": "{table}", "Key": {{"LockID": {{"S": "{BUCKET}/{KEY}-md5"}}}}}}'
            )

    return Place(
        block,
        dict(found.variables),
        lambda: httpx.get(url, headers=signed, timeout=None).raise_for_status().content,
        lambda content: httpx.put(url, content=content, headers=signed, timeout=None).raise_for_status(),
        remove,
    )


def dynamo(found: S3, action: str, body: str) -> None:
    headers = {
        **found.aws.sign("dynamodb"),
        "X-Amz-Target": f"DynamoDB_20120810.{action}",
        "Content-Type": "application/x-amz-json-1.0",
    }
    # The first call of a service has the embedded AWS import all of it, which takes long on a busy machine.
    httpx.post(found.aws.endpoint, content=body, headers=headers, timeout=None).raise_for_status()


def in_postgres(found: Postgres) -> Place:
    def sql(text: str, given: bytes = b"") -> bytes:
        command = [str(server_programs() / "psql"), found.connection, "-At", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        return subprocess.run(command, input=text.encode() + given, check=True, capture_output=True).stdout

    def write(content: bytes) -> None:
        sql(f"update of_{KEY}.states set data = $state${content.decode()}$state$")

    return Place(
        found.block(KEY),
        dict(found.variables),
        lambda: sql(f"select data from of_{KEY}.states").strip(),
        write,
        lambda: sql(f"delete from of_{KEY}.states"),
    )


def in_http(found: Http) -> Place:
    states = found.store.states
    return Place(
        found.block(KEY),
        {},
        lambda: states[f"/{KEY}"],
        lambda content: states.update({f"/{KEY}": content}),
        lambda: states.pop(f"/{KEY}"),
    )


def in_terrace(found: Backend) -> Place:
    def path() -> Path:
        (one,) = Path(os.environ["TERRACE_HOME"]).glob("data/*/states/dev/dev/terraform.tfstate")
        return one

    return Place("", {}, lambda: path().read_bytes(), lambda c: path().write_bytes(c), lambda: path().unlink())


@contextmanager
def place(name: str) -> Iterator[Place]:
    if name == "local":
        with local() as found:
            yield in_terrace(found)
    elif name == "http":
        with http() as found:
            assert isinstance(found, Http)
            yield in_http(found)
    elif name == "pg":
        with pg() as found:
            assert isinstance(found, Postgres)
            yield in_postgres(found)
    else:
        with s3() as found:
            assert isinstance(found, S3)
            block = found.block(KEY)
            if name == "s3":
                yield in_s3(found, block)
                return
            dynamo(
                found,
                "CreateTable",
                f'{{"TableName": "{TABLE}", "BillingMode": "PAY_PER_REQUEST", "KeySchema": '
                '[{"AttributeName": "LockID", "KeyType": "HASH"}], "AttributeDefinitions": '
                '[{"AttributeName": "LockID", "AttributeType": "S"}]}',
            )
            yield in_s3(found, block.replace("use_lockfile   = true", f'dynamodb_table = "{TABLE}"'), TABLE)


def restored(shop: World, *options: str) -> str:
    done = shop.run("state", "restore", "dev", *options, *YES, "--json")
    assert done.code in (0, 1), done.out + done.err
    result: str = done.json["result"]
    return result


def refused(shop: World) -> str:
    done = shop.run("deploy", "dev", "--json")
    assert done.code != 0, done.out
    assert "apply" not in [step["name"] for step in done.json["steps"]]
    return done.out + done.err


def nothing_to_do(shop: World) -> None:
    done = shop.ok("deploy", "dev", "--json").json
    assert "apply" not in [step["name"] for step in done["steps"]]


@pytest.mark.parametrize("name", ["local", "s3", "s3-dynamodb", "http", "pg"])
def test_a_state_that_is_gone_or_cut_comes_back_and_no_earlier_copy_is_lost(tmp_path: Path, name: str) -> None:
    with place(name) as where:
        rules = f"version: 1\nenvironments:\n  dev: {{env: [{', '.join(where.variables)}]}}\n"
        shop = world(tmp_path, {"environments/dev/main.tf": where.block + ONE, "terrace.yaml": rules})
        shop.variables.update(where.variables)
        shop.ok("deploy", "dev")
        shop.push({"environments/dev/main.tf": where.block + ONE.replace("one", "two")})
        shop.ok("deploy", "dev")
        earliest = shop.ok("state", "list", "dev", "--json").json["backups"][0]["name"]

        where.remove()
        assert "terrace state restore dev" in refused(shop)
        assert restored(shop) == "restored"
        nothing_to_do(shop)

        # It is older than what is deployed, and that is all that speaks against it.
        assert restored(shop, "--from", earliest, "--accept", "later-apply") == "put_back"
        shop.ok("unhold", "dev", "--reason", "looked at it")
        nothing_to_do(shop)

        where.write(where.read()[:300])
        assert "terrace state restore dev" in refused(shop)
        where.remove()
        assert restored(shop) == "restored"
        nothing_to_do(shop)


WAITING = """#!/bin/sh
at=MARK when=WHEN
stop() { echo $$ > "$at.pid"; touch "$at"; exec sleep 60; }
if [ "$1 $2" = "state push" ]; then
  terraform "$@" || exit $?
  [ "$when" = after ] && stop
  exit 0
fi
[ "$1 $when" = "plan plan" ] && stop
exec terraform "$@"
"""


@pytest.mark.parametrize("when", ["after", "plan"])
def test_a_restore_into_an_empty_backend_that_is_killed_is_finished_and_no_earlier_copy_is_lost(
    tmp_path: Path, when: str
) -> None:
    """The backend gives what is pushed into it a lineage of its own, before the ledger knows of that."""
    binary, mark = tmp_path / "terraform", tmp_path / "mark"
    binary.write_text('#!/bin/sh\nexec terraform "$@"\n')
    binary.chmod(0o755)
    with place("http") as where:
        rules = f"version: 1\nenvironments:\n  dev: {{}}\nterraform: {{binary: {binary}}}\n"
        shop = world(tmp_path / "shop", {"environments/dev/main.tf": where.block + ONE, "terrace.yaml": rules})
        shop.ok("deploy", "dev")
        shop.push({"environments/dev/main.tf": where.block + ONE.replace("one", "two")})
        shop.ok("deploy", "dev")
        earliest = shop.ok("state", "list", "dev", "--json").json["backups"][0]["name"]
        where.remove()

        binary.write_text(WAITING.replace("MARK", str(mark)).replace("WHEN", when))
        child = shop.start("state", "restore", "dev", *YES)
        until(mark.exists)
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        os.kill(int(Path(f"{mark}.pid").read_text()), signal.SIGKILL)
        binary.write_text('#!/bin/sh\nexec terraform "$@"\n')

        assert shop.status()["dev"]["state"] == "held"
        refused(shop)
        assert restored(shop) == "restored"
        nothing_to_do(shop)
        assert restored(shop, "--from", earliest, "--accept", "later-apply") == "put_back"
        shop.ok("unhold", "dev", "--reason", "looked at it")
        where.remove()
        assert restored(shop) == "restored"
        nothing_to_do(shop)
