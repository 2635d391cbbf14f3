"""`loadstone completion`: what a shell needs to complete verbs, options and names of datasets."""

import rich_click as click
from click import get_current_context
from click.shell_completion import get_completion_class

from services.cli import output
from services.cli.verb import verb

VARIABLE = "_LOADSTONE_COMPLETE"


@verb("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the shell's completion script.

    \b
    bash   eval "$(loadstone completion bash)"      in ~/.bashrc
    zsh    eval "$(loadstone completion zsh)"       in ~/.zshrc
    fish   loadstone completion fish | source       in ~/.config/fish/config.fish
    """
    root = get_current_context().find_root()
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows the shells that it offers
    script = kind(root.command, {}, "loadstone", VARIABLE).source()
    output.answer({"shell": shell, "script": script}, lambda: script)
