"""The backend of AWS. Comments name files below internal/backend/remote-state in Terraform's source code."""

from __future__ import annotations

from terrace.clouds.state_location import Backend, Part, object_path, url, workspace_as_folder


def endpoint(text: str) -> str:
    """Returns the endpoint of an object store; `aws` for every official endpoint of AWS."""
    location = url(text)
    host = location.partition("/")[0]
    return "aws" if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) else location


# Bucket names are unique across regions. s3/backend_state.go, path: WORKSPACE_KEY_PREFIX/WORKSPACE/KEY
S3 = Backend(
    (Part("bucket"), Part("key", normal=object_path)),
    (Part("endpoint", normal=endpoint, instead=("endpoints.s3",)),),
    workspace_as_folder("env:"),
)
