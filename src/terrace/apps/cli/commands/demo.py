"""`terrace demo`."""

from __future__ import annotations

import click


@click.command()
@click.option("--folder", "target", metavar="DIR", help="Where to play it; a new folder if not said.")
@click.option("--binary", default="auto", metavar="NAME", help="auto, terraform, tofu, embedded, or a path.")
def demo(target: str | None, binary: str) -> int:
    """Play the whole story on an embedded cloud: branch, check, merge, deploy, approve, prod."""
    from terrace.apps.demo.story import demo

    return demo(target, binary)
