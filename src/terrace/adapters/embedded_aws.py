"""An emulated AWS on this machine, for the demo and the tests: a moto server on the loopback interface. It runs in a
child that reads from a pipe of its owner; when the owner ends for any reason, the pipe closes and the child exits.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from terrace.adapters.environ import for_children
from terrace.errors import NotReady

REGION = "eu-central-1"

PATIENCE = 60
"""Maximum time of a call, in seconds. The first one of a service has the server import that service."""


class EmbeddedAws:
    """A running server, as a context manager. It starts empty and keeps everything in memory."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self.endpoint = ""

    def __enter__(self) -> EmbeddedAws:
        if importlib.util.find_spec("moto") is None:
            raise NotReady("the embedded AWS is not installed", hint="pip install 'terrace-gitops[demo]'")
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "terrace.adapters.embedded_aws"],
            env=for_children(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._child.stdout is not None
        self.endpoint = self._child.stdout.readline().decode().strip()
        if not self.endpoint:
            self._child.wait()
            raise NotReady(
                "the embedded AWS did not start", hint="see its error: python -m terrace.adapters.embedded_aws"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.kill()
            # Closes the pipes too.
            self._child.communicate()

    @property
    def variables(self) -> Mapping[str, str]:
        """Returns the environment of a client: the endpoint, a region, and keys that are not checked."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def make_bucket(self, name: str) -> None:
        """Creates an empty bucket for states."""
        import httpx

        body = (
            f"<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        )
        httpx.put(f"{self.endpoint}/{name}", content=body, headers=self.sign("s3"), timeout=PATIENCE).raise_for_status()

    def parameter(self, name: str) -> str | None:
        """Returns the value of an SSM parameter in the cloud; None where there is none."""
        response = self._ask("ssm", "AmazonSSM.GetParameter", {"Name": name})
        return str(response["Parameter"]["Value"]) if response is not None else None

    def tags(self, parameter: str) -> dict[str, str]:
        """Returns the tags of an SSM parameter."""
        query = {"ResourceType": "Parameter", "ResourceId": parameter}
        response = self._ask("ssm", "AmazonSSM.ListTagsForResource", query) or {}
        return {tag["Key"]: tag["Value"] for tag in response.get("TagList", ())}

    def open_port(self, group: str, port: int) -> None:
        """Opens a port of a security group to everyone, as a person would in a console."""
        import httpx

        rule = {"FromPort": str(port), "ToPort": str(port), "IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}
        form = {"Action": "AuthorizeSecurityGroupIngress", "Version": "2016-11-15", "GroupName": group, **rule}
        httpx.post(self.endpoint, data=form, headers=self.sign("ec2"), timeout=PATIENCE).raise_for_status()

    def open_ports(self, group: str) -> tuple[int, ...]:
        """Returns the ports of a security group that are open to everyone, read from the cloud."""
        from xml.etree import ElementTree

        import httpx

        form = {"Action": "DescribeSecurityGroups", "Version": "2016-11-15"}
        form |= {"Filter.1.Name": "group-name", "Filter.1.Value.1": group}
        answer = httpx.post(self.endpoint, data=form, headers=self.sign("ec2"), timeout=PATIENCE).raise_for_status()
        ingress = ElementTree.fromstring(answer.text).iterfind(".//{*}ipPermissions/{*}item/{*}fromPort")
        return tuple(sorted(int(port.text or 0) for port in ingress))

    def _ask(self, service: str, target: str, body: Mapping[str, str]) -> dict[str, Any] | None:
        import httpx

        headers = {**self.sign(service), "X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        answer = httpx.post(self.endpoint, json=dict(body), headers=headers, timeout=PATIENCE)
        if answer.status_code == 400:
            return None
        answer.raise_for_status()
        document: dict[str, Any] = answer.json()
        return document

    def sign(self, service: str) -> dict[str, str]:
        """Returns the headers of a request to a service, which the server reads from the unchecked signature."""
        scope = f"test/20260101/{REGION}/{service}/aws4_request"
        return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}


def serve() -> None:
    """Serves until stdin closes; prints the endpoint as the only line on stdout."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()


if __name__ == "__main__":
    serve()
