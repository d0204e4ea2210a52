"""The options for the full parser, and how commands get what it found."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from elysiadash.cli.flags import CLUSTER_OPTIONS, ClusterFlags, Option

_TYPES: dict[str, Any] = {
    "text": str | None,
    "texts": list[str] | None,
    "switch": bool,
    "seconds": float,
    "path": Path | None,
}


class Invocation:
    """One run of the command line: flags given before the command, and how it ended."""

    def __init__(self) -> None:
        self.flags = ClusterFlags()
        self.code = 0
        self.raised: BaseException | None = None

    def end_with(self, command: Callable[[], int]) -> None:
        """Run the command. What parsers would turn into an exit code of theirs is kept here."""
        try:
            self.code = command()
        except (KeyboardInterrupt, OSError) as error:
            self.raised = error


def with_cluster(
    command: Callable[..., int], options: Iterable[Option] | None = None
) -> Callable[..., None]:
    """``command(flags, **its own options)`` as a command with the options of a cluster too.

    Its own options are those of its signature, or ``options``. Its result is the exit code.
    """

    def run(ctx: typer.Context, **given: Any) -> None:
        flags = ClusterFlags.of(given).over(ctx.obj.flags)
        own = {name: value for name, value in given.items() if name not in _CLUSTER_NAMES}
        ctx.obj.end_with(lambda: command(flags, **own))

    if options is None:
        own = [p for p in _parameters_of(command) if p.name != "flags"]
    else:
        own = [as_parameter(option) for option in options]
    return shaped(run, command, [*own, *map(as_parameter, CLUSTER_OPTIONS)])


def as_command(command: Callable[..., int]) -> Callable[..., None]:
    """A command that knows no cluster; its result is the exit code."""

    def run(ctx: typer.Context, **given: Any) -> None:
        ctx.obj.end_with(lambda: command(**given))

    return shaped(run, command, _parameters_of(command))


def as_parameter(option: Option) -> inspect.Parameter:
    """The option as a parameter of a function."""
    words = list(option.words)
    if option.off is not None:
        words = [f"{option.words[0]}/{option.off}"]
    shown = typer.Option(
        *words,
        metavar=option.metavar,
        help=option.help,
        min=option.least,
        max=option.most,
        show_default=option.kind == "seconds",
    )
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=option.default,
        annotation=Annotated[_TYPES[option.kind], shown],
    )


def shaped(
    run: Callable[..., None], command: Callable[..., Any], parameters: Iterable[inspect.Parameter]
) -> Callable[..., None]:
    """``run`` with the signature that the parser is to see, and the words of ``command``."""
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    shown = [context, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters)]
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


_CLUSTER_NAMES = frozenset(option.name for option in CLUSTER_OPTIONS)


def _parameters_of(command: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(command, eval_str=True).parameters.values())
