"""The backends of other clouds and programs, and of HCP Terraform.

Comments name files below internal/backend/remote-state in Terraform's source code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from terrace.clouds.state_location import (
    Backend,
    Part,
    Parts,
    Placed,
    Workspace,
    fold_case,
    host_name,
    object_path,
    url,
    workspace_as_folder,
    workspace_as_suffix,
    workspace_in_object,
)

_PAIR = re.compile(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S*)")


def connection(text: str) -> str:
    """Returns host, port and database of a PostgreSQL connection, without user and password: locations are shown."""
    words: dict[str, str] = {}
    if "://" in text:
        split = urlsplit(text.strip())
        hosts = split.netloc.rpartition("@")[2]
        words = {"host": hosts, "dbname": unquote(split.path.strip("/")), "user": unquote(split.username or "")}
        words |= {name: value for name, value in parse_qsl(split.query) if name in ("host", "port", "dbname")}
    else:
        words = {name: value.strip("'") for name, value in _PAIR.findall(text)}
    host, _, port = words.get("host", words.get("hostaddr", "")).rpartition(":")
    if not port.isdigit():
        host, port = words.get("host", words.get("hostaddr", "")), ""
    port = words.get("port") or port or "5432"
    return f"{host_name(host)}:{port}/{words.get('dbname') or words.get('user', '')}"


def _secret_of_workspace(parts: Parts, workspace: Workspace) -> Placed:
    # kubernetes/client.go, createSecretName: tfstate-WORKSPACE-SUFFIX, also for `default`
    others = {name: value for name, value in parts.items() if name != "secret_suffix"}
    if "secret_suffix" not in parts:
        return others, ("secret",)
    return {**others, "secret": f"tfstate-{workspace.name}-{parts['secret_suffix']}"}, ()


BACKENDS: Mapping[str, Backend] = {
    # pg/backend.go: the connection can come from PG_CONN_STR, so it has no default. A workspace is a row of the table.
    "pg": Backend((Part("conn_str", normal=connection), Part("schema_name", "terraform_remote_state"))),
    "http": Backend((Part("address", normal=url),)),
    # consul/backend.go: without `address` in the block, the client uses CONSUL_HTTP_ADDR. consul/backend_state.go, path
    "consul": Backend(
        (Part("path", normal=object_path),),
        (Part("address", normal=url), Part("datacenter")),
        workspace_as_suffix("path", "-env:"),
    ),
    # kubernetes/backend.go: KUBE_NAMESPACE, KUBE_HOST, KUBE_CTX; without any of them the namespace is `default`.
    "kubernetes": Backend(
        (Part("secret_suffix"), Part("namespace", "default")),
        (Part("host", normal=url), Part("config_context")),
        _secret_of_workspace,
    ),
    "remote": Backend(
        (Part("organization", normal=fold_case), Part("workspaces.name", instead=("workspaces.prefix",))),
        (Part("hostname", "app.terraform.io", url),),
    ),
    # oss/backend.go; oss/backend_state.go, stateFile: PREFIX/KEY, PREFIX/WORKSPACE/KEY
    "oss": Backend(
        (Part("bucket"), Part("prefix", "env:", object_path), Part("key", "terraform.tfstate", object_path)),
        in_workspace=workspace_in_object,
    ),
    # cos/backend.go: a bucket's name has the id of the account in it. cos/backend_state.go, stateFile
    "cos": Backend(
        (Part("bucket"), Part("prefix", "", object_path), Part("key", "terraform.tfstate", object_path)),
        in_workspace=workspace_in_object,
    ),
    # oci/backend.go, oci/constants.go: names of buckets are unique in one region of a namespace.
    "oci": Backend(
        (Part("namespace"), Part("bucket"), Part("key", "terraform.tfstate", object_path)),
        (Part("region", normal=fold_case),),
        workspace_as_folder("tf-state-env"),
    ),
}
