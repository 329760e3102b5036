"""Everything that Terrace knows about Kubernetes, other services, and providers that help the configuration."""

from __future__ import annotations

from terrace.clouds.cloud import Cloud
from terrace.clouds.others import renamed, types
from terrace.clouds.others.backends import BACKENDS

OTHERS = Cloud(
    name="others",
    title="Kubernetes and other providers",
    stateful_types=types.STATEFUL,
    security_types=types.SECURITY,
    rights_types=types.RIGHTS,
    renamed_types=renamed.TYPES,
    backends=BACKENDS,
    variables={
        "kubernetes": ("KUBE_CONFIG_PATH", "KUBE_CTX"),
        "helm": ("KUBE_CONFIG_PATH", "KUBE_CTX"),
        "github": ("GITHUB_TOKEN", "GITHUB_OWNER"),
        "gitlab": ("GITLAB_TOKEN", "GITLAB_BASE_URL"),
        "cloudflare": ("CLOUDFLARE_API_TOKEN",),
        "datadog": ("DD_API_KEY", "DD_APP_KEY"),
        "vault": ("VAULT_ADDR", "VAULT_TOKEN"),
        "digitalocean": ("DIGITALOCEAN_TOKEN",),
        "hcloud": ("HCLOUD_TOKEN",),
    },
)
