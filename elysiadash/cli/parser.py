"""The full parser: help, hints and every spelling, made from the list of commands."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from elysiadash.cli.command_list import APP, COMMANDS, GROUPS, Command, Group
from elysiadash.cli.flags import ClusterFlags, Option

_TYPES: dict[str, Any] = {
    "text": str | None,
    "texts": list[str] | None,
    "switch": bool,
    "seconds": float | None,
    "whole": int | None,
    "path": Path | None,
}
_VERSION = Option(
    name="version", words=("--version",), kind="switch", default=False, help="The release."
)


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


def build() -> typer.Typer:
    """The whole command line; takes an ``Invocation`` as its ``obj``."""
    app = _group(APP.help, invoke_without_command=True)
    app.callback()(_root())
    groups = {name: _group_of(group) for name, group in GROUPS.items()}
    for command in COMMANDS:
        *above, name = command.path
        (groups[above[0]] if above else app).command(name, help=command.help)(_runner(command))
    for name, group in groups.items():
        app.add_typer(group, name=name)
    return app


def _runner(command: Command) -> Callable[..., None]:
    def run(ctx: typer.Context, **given: Any) -> None:
        flags = ClusterFlags()
        if command.about_cluster:
            flags = ClusterFlags.of(given).over(ctx.obj.flags)
        ctx.obj.end_with(lambda: command.run(flags, command.own_part(given)))

    arguments = map(_argument, command.arguments())
    return _shaped(run, [*arguments, *map(_parameter, command.all_options())])


def _root() -> Callable[..., None]:
    """Options before the command hold for it; without a command the app starts."""

    def root(ctx: typer.Context, **given: Any) -> None:
        if given["version"]:
            from elysiadash.cli.main import tell_version

            ctx.obj.code = tell_version()
            raise typer.Exit
        ctx.obj.flags = ClusterFlags.of(given)
        own = {option.name: given[option.name] for option in APP.options}
        if ctx.invoked_subcommand is None:
            ctx.obj.end_with(lambda: APP.run(ctx.obj.flags, own))
        elif any(own[option.name] != option.default for option in APP.options):
            raise typer.BadParameter(f"options of the app belong after {ctx.invoked_subcommand}")

    return _shaped(root, map(_parameter, (_VERSION, *APP.all_options())))


def _group_of(of: Group) -> typer.Typer:
    """Commands under one word."""
    alone = of.alone
    if alone is None:
        return _group(of.help, no_args_is_help=True)
    group = _group(of.help, invoke_without_command=True)
    run = _runner(alone)

    def unless_below(ctx: typer.Context, **given: Any) -> None:
        if ctx.invoked_subcommand is None:
            run(ctx, **given)
        elif any(given[option.name] != option.default for option in alone.all_options()):
            raise typer.BadParameter(f"options belong after {ctx.invoked_subcommand}")

    group.callback()(_shaped(unless_below, map(_parameter, alone.all_options())))
    return group


def _group(help: str, **more: Any) -> typer.Typer:
    return typer.Typer(
        help=help,
        # Rich would cost time at each start, and its tracebacks print local variables.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        **more,
    )


def _parameter(option: Option) -> inspect.Parameter:
    words = list(option.words)
    if option.off is not None:
        words = [f"{option.words[0]}/{option.off}"]
    shown = typer.Option(
        *words,
        metavar=option.metavar,
        help=option.help,
        min=option.least,
        max=option.most,
        show_default=option.kind != "switch" and option.default is not None,
    )
    # The parser reads choices from a Literal.
    kind = Literal[option.choices] if option.choices else _TYPES[option.kind]
    return _keyword(option.name, Annotated[kind, shown], option.default)


def _argument(option: Option) -> inspect.Parameter:
    shown = typer.Argument(metavar=option.metavar, help=option.help, show_default=False)
    return _keyword(option.name, Annotated[_TYPES[option.kind], shown], option.default)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _shaped(
    run: Callable[..., None], parameters: Iterable[inspect.Parameter]
) -> Callable[..., None]:
    """``run`` with the signature that the parser is to see."""
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    shown = [context, *parameters]
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    return run
