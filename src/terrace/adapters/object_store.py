"""Opens a bucket of S3 or Google, or a container of Azure storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore.store import ObjectStore


def open_store(url: str) -> ObjectStore:
    """Returns the store of a URL such as `s3://BUCKET/PREFIX`, with the credentials of this process.

    Raises OSError, with what the library says, where the URL names none that can be used.
    """
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    try:
        # S3 takes nothing without a checksum into a bucket whose Object Lock retains what is written.
        if url.startswith(("s3://", "s3a://")):
            return from_url(url, checksum_algorithm="SHA256")
        return from_url(url)
    except (BaseError, ValueError) as error:
        raise OSError(str(error)) from error
