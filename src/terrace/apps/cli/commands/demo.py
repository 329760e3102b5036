"""`terrace demo`."""

from __future__ import annotations

import click


@click.command()
@click.option("--folder", "target", metavar="DIR", help="Folder of the demo. [default: a new folder]")
@click.option("--binary", default="auto", metavar="NAME", help="auto, terraform, tofu, embedded, or a path.")
def demo(target: str | None, binary: str) -> int:
    """Run a demo on an embedded cloud: branch, check, merge, deploy, approve, prod."""
    from terrace.apps.demo.story import demo

    return demo(target, binary)
