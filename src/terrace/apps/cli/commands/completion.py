"""`terrace completion`."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the shell completion script. Use it with `eval "$(terrace completion bash)"`.

    It completes commands, options, environments, stacks, rules and tools. They come from the working tree.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "click supports the shells of the argument"
    sys.stdout.write(kind(context.find_root().command, {}, "terrace", "_TERRACE_COMPLETE").source() + "\n")
    return 0
