"""A story in numbered steps. A step holds when it made claims and everything that it claims was seen."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console
from rich.text import Text

from services.cli import output
from shared.errors import LoadstoneError


class Step:
    """What is told while a step goes on: facts, and claims with what was seen of them."""

    def __init__(self, console: Console) -> None:
        self.held: list[str] = []
        self.broken: list[str] = []
        self._console = console

    def tell(self, text: str | Text) -> None:
        """Prints something that was seen, exactly as it is given."""
        shown = text if isinstance(text, Text) else Text(output.printable(text))
        self._console.print(Text("     ") + shown, soft_wrap=True)

    def check(self, seen: bool, claim: str) -> None:
        """Claims something, and prints whether that is what was seen."""
        (self.held if seen else self.broken).append(claim)
        mark = ("✓", "green") if seen else ("✗ NOT SO:", "bold red")
        self._console.print(Text.assemble("   ", mark, " ", output.printable(claim)), soft_wrap=True)


type Act = Callable[[Step], Awaitable[None]]


class Story:
    """The steps that were told, and whether they held."""

    def __init__(self, console: Console) -> None:
        self.broken: list[str] = []
        self.ended = False
        self._console = console
        self._count = 0
        self._started = time.monotonic()

    async def tell(self, title: str, act: Act) -> None:
        """Tells one step. Whatever breaks it off is printed, and the step did not hold."""
        self._count += 1
        step = Step(self._console)
        self._console.print(Text.assemble("\n", (f"{self._count}. {title}", "bold")), soft_wrap=True)
        try:
            with self._busy():
                await act(step)
        except LoadstoneError as error:
            step.check(False, f"broken off by {error.code}: {error.message}")
        except Exception as error:  # noqa: BLE001 - whatever it was, this step did not hold, and the next is told
            step.check(False, f"broken off by {type(error).__name__}: {error}")
        if step.broken or not step.held:
            self.broken.append(f"{self._count}. {title}")

    def end(self) -> None:
        """Prints what became of all steps."""
        self.ended = True
        took = time.monotonic() - self._started
        if self.broken:
            names = "".join(f"\n  {title}" for title in self.broken)
            told = Text(f"\n{len(self.broken)} of {self._count} steps did not hold:{names}", style="bold red")
        else:
            told = Text(f"\nAll {self._count} steps held, in {took:.0f} s.", style="bold green")
        self._console.print(told, soft_wrap=True)

    def _busy(self) -> AbstractContextManager[object]:
        """Something that moves, where somebody looks."""
        return (
            self._console.status(Text("working", style="dim")) if self._console.is_terminal else nullcontext()
        )
