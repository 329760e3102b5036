"""Opens an S3 or Google bucket, or an Azure storage container."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore.store import ObjectStore


def open_store(url: str) -> ObjectStore:
    """Returns the store at a URL such as `s3://BUCKET/PREFIX`, with the credentials of this process. Raises OSError
    with the library's message where it cannot be used.
    """
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    try:
        # S3 requires checksums in buckets with a default retention of Object Lock.
        if url.startswith(("s3://", "s3a://")):
            return from_url(url, checksum_algorithm="SHA256")
        return from_url(url)
    except (BaseError, ValueError) as error:
        raise OSError(str(error)) from error
