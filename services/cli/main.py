"""The command line: `loadstone VERB`. A verb's module is imported when the verb is used, not before."""

import errno
import importlib
import importlib.util
from collections.abc import Mapping, Sequence

import rich_click as click
from click.exceptions import Abort, ClickException
from click.exceptions import Exit as Ended

from services.cli.exits import MEANINGS, Exit, status
from shared.errors import LoadstoneError

PROGRAM = "loadstone"


class Listed(click.RichCommand):
    """A verb as it is listed; its module is not imported for that."""

    def __init__(self, name: str, summary: str, *, module: str | None = None) -> None:
        super().__init__(name=name, short_help=summary)
        self.module = f"services.cli.{module or name}"


_ALL = [
    Listed("up", "Run everything on this machine, servers included."),
    Listed("demo", "Show on real flights what Loadstone does."),
    Listed("doctor", "Check settings, servers and API, and say what to do about each failure."),
    Listed("migrate", "Bring the catalog's tables up to date."),
    Listed("plan", "Show what `apply` would change."),
    Listed("apply", "Make the datasets in files the ones that hold."),
    Listed("infer", "Write a first dataset document from a sample file."),
    Listed("preview", "Say what the first MiB of a file tells, and what it can't."),
    Listed("check", "Read a local file as the worker would, without any server."),
    Listed(
        "import", "Import a dataset's delivery of one business date, and follow the run.", module="importing"
    ),
    Listed("datasets", "List the datasets and their live versions."),
    Listed("runs", "List runs, newest first."),
    Listed("run", "Show one run: state, attempts, objects, what it found."),
    Listed("cancel", "Cancel a run that is not final."),
    Listed("approve", "Make the version of a held run live."),
    Listed("reject", "End a held run; its version never goes live."),
    Listed("versions", "List a dataset's versions, newest first."),
    Listed("version", "Show one version of a dataset, and the profile of its columns."),
    Listed("diff", "Show which rows a version added, removed and changed."),
    Listed("rollback", "Make an earlier version of a dataset live again."),
    Listed("rows", "Show rows of a dataset's live version, or another one."),
    Listed("quarantine", "List the records that a run rejected."),
    Listed("requeue", "Add corrected records of a run to the live version."),
    Listed("completion", "Print the shell's completion script."),
]
VERBS: Mapping[str, Listed] = {str(verb.name): verb for verb in _ALL}


def load(verb: Listed) -> click.Command:
    """The command itself: the attribute `command` of the verb's module."""
    command: click.Command = importlib.import_module(verb.module).command
    return command


class Verbs(click.RichGroup):
    """All verbs, listed without being imported; every error ends here as a message and an exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The verbs in the order in which one meets them."""
        return [name for name, verb in VERBS.items() if importlib.util.find_spec(verb.module)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """What is needed to list a verb."""
        return VERBS[cmd_name] if cmd_name in self.list_commands(ctx) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is asked for, imported."""
        name, verb, rest = super().resolve_command(ctx, args)
        return name, load(verb) if isinstance(verb, Listed) else verb, rest

    def invoke(self, ctx: click.Context) -> object:
        """Runs the verb. Never ends in a traceback, except with --debug."""
        try:
            return super().invoke(ctx)
        except (ClickException, Ended, Abort):
            raise
        except Exception as error:
            if ctx.params["debug"] or _reader_is_gone(error):
                raise
            ctx.exit(_report(error))


def _reader_is_gone(error: Exception) -> bool:
    """`loadstone rows flights | head`: click ends quietly."""
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def _report(error: Exception) -> Exit:
    from services.cli import output

    if isinstance(error, LoadstoneError):
        output.error(error)
        return status(error)
    defect = f"{type(error).__name__}: {error}"
    output.error(LoadstoneError(defect, hint="`loadstone --debug …` shows where this comes from."))
    return Exit.FAILURE


# rich-click makes a line of each paragraph.
STATUSES = "\n\n".join(["Exit status:", *(f"{code.value:>3}  {told}" for code, told in MEANINGS.items())])


@click.command(PROGRAM, cls=Verbs, epilog=STATUSES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="loadstone", prog_name=PROGRAM)
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error.")
def cli(debug: bool) -> None:
    """Daily files from S3 into PostgreSQL, as checked, numbered, reversible versions.

    The settings come from LOADSTONE_… variables and from `.env`; without them, the stack that `loadstone up`
    runs from this folder is used.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script."""
    cli.main(arguments if arguments is None else list(arguments), prog_name=PROGRAM)


if __name__ == "__main__":
    main()
