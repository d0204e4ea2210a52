"""The options that every command about a cluster has, and how commands get them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import typer

SCENARIOS = ("healthy", "troubled", "empty")
_PANEL = "Which cluster"


class ClusterFlags(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the command line says about the cluster; None and empty are "not given"."""

    profile: str | None = None
    url: str | None = None
    grpc: str | None = None
    node: tuple[str, ...] = ()
    metrics_url: tuple[str, ...] = ()
    auth: str | None = None
    write: bool = False
    demo: bool = False
    scenario: str | None = None
    config: str | None = None
    log_level: str | None = None

    def over(self, others: ClusterFlags) -> ClusterFlags:
        """These flags, and where one was not given, that of ``others``."""
        values = {
            name: getattr(self, name) or getattr(others, name) for name in self.__struct_fields__
        }
        return ClusterFlags(**values)

    def for_settings(self) -> dict[str, Any]:
        """The flags in the form that ``config.configuration.load`` takes."""
        return {
            "profile": self.profile,
            "url": self.url,
            "grpc": self.grpc,
            "node": list(self.node),
            "metrics_url": list(self.metrics_url),
            "auth": self.auth,
            "write": True if self.write else None,
            "log_level": self.log_level.lower() if self.log_level else None,
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


def _option(*names: str, **more: Any) -> Any:
    return typer.Option(*names, rich_help_panel=_PANEL, show_default=False, **more)


_OPTIONS: dict[str, tuple[Any, Any]] = {
    "profile": (
        Annotated[
            str | None,
            _option("--profile", metavar="NAME", help="A profile of the settings."),
        ],
        None,
    ),
    "url": (
        Annotated[
            str | None, _option("--url", metavar="URL", help="The REST address of a cluster.")
        ],
        None,
    ),
    "grpc": (
        Annotated[str | None, _option("--grpc", metavar="HOST:PORT", help="Its gRPC address.")],
        None,
    ),
    "node": (
        Annotated[
            list[str] | None,
            _option(
                "--node",
                metavar="[NAME=]URL",
                help="The address of one node, or one with {node} for all; may be repeated.",
            ),
        ],
        None,
    ),
    "metrics_url": (
        Annotated[
            list[str] | None,
            _option(
                "--metrics-url",
                metavar="[NAME=]URL",
                help="Where one node serves its metrics, written as --node is.",
            ),
        ],
        None,
    ),
    "auth": (
        Annotated[
            str | None,
            _option(
                "--auth",
                metavar="SOURCE",
                help="Where the API key is: env:NAME, file:PATH or command:LINE.",
            ),
        ],
        None,
    ),
    "demo": (
        Annotated[bool, _option("--demo", help="A simulated cluster instead of a real one.")],
        False,
    ),
    "scenario": (
        Annotated[
            str | None,
            _option(
                "--scenario",
                metavar="NAME",
                help=f"Which simulated cluster: {', '.join(SCENARIOS)}.",
            ),
        ],
        None,
    ),
    "write": (
        Annotated[bool, _option("--write", help="Allow changes; without it all is read-only.")],
        False,
    ),
    "config": (
        Annotated[
            str | None, _option("--config", metavar="FILE", help="Settings instead of your own.")
        ],
        None,
    ),
    "log_level": (
        Annotated[
            str | None,
            _option("--log-level", metavar="LEVEL", help="debug, info, warning or error."),
        ],
        None,
    ),
}


def cluster_flags(given: dict[str, Any]) -> ClusterFlags:
    """The flags out of what the parser hands over."""
    values = {name: given[name] for name in _OPTIONS}
    for name in ("node", "metrics_url"):
        values[name] = tuple(values[name] or ())
    return ClusterFlags(**values)


def with_cluster(command: Callable[..., int]) -> Callable[..., None]:
    """``command(flags, **its own options)`` as a command with the options of a cluster too.

    Its result is the exit code.
    """

    def run(ctx: typer.Context, **given: Any) -> None:
        flags = cluster_flags(given)
        own = {name: value for name, value in given.items() if name not in _OPTIONS}
        ctx.obj.end_with(lambda: command(flags.over(ctx.obj.flags), **own))

    own = [
        parameter
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.name != "flags"
    ]
    return _shaped(run, command, [*own, *cluster_parameters()])


def as_command(command: Callable[..., int]) -> Callable[..., None]:
    """A command that knows no cluster; its result is the exit code."""

    def run(ctx: typer.Context, **given: Any) -> None:
        ctx.obj.end_with(lambda: command(**given))

    return _shaped(
        run, command, list(inspect.signature(command, eval_str=True).parameters.values())
    )


def cluster_parameters() -> list[inspect.Parameter]:
    """The options of a cluster as parameters of a function."""
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in _OPTIONS.items()
    ]


def _shaped(
    run: Callable[..., None], command: Callable[..., Any], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    """``run`` with the signature that the parser is to see."""
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    shown = [context, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters)]
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run
