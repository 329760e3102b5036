"""Resources and data sources whose attributes lead to something else: another object, or a policy document."""

from __future__ import annotations

from fnmatch import fnmatchcase

from terrace.clouds.all import CLOUDS
from terrace.clouds.cloud import Clouds


def find_naming_argument(type_: str, attribute: str, clouds: Clouds = CLOUDS) -> str | None:
    """Returns the argument that names the object whose identifier an attribute is; None for a resource's own attribute.

    `id` of an `aws_s3_bucket_versioning` is that of the bucket that its `bucket` names.
    """
    for cloud in clouds.values():
        for shared in cloud.shared_identifiers:
            if attribute in shared.attributes and any(fnmatchcase(type_, pattern) for pattern in shared.types):
                return shared.argument
    return None


def is_policy_document(type_: str, clouds: Clouds = CLOUDS) -> bool:
    """Returns whether a data source of that type writes a policy document from blocks `statement`."""
    return any(type_ in cloud.policy_documents for cloud in clouds.values())
