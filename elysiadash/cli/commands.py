"""Every command with its options. What a command does is loaded only when it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import (
    CHECK_OPTIONS,
    CLUSTER_OPTIONS,
    SCENARIOS,
    SELF_METRICS,
    ClusterFlags,
    Option,
)
from elysiadash.cli.options import as_command, as_parameter, shaped, with_cluster
from elysiadash.cli.output import Format

FormatOption = Annotated[Format, typer.Option("--format", help="table, json or csv.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
FilterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        metavar="TEXT",
        help="Only names that match the regular expression, !TEXT for the others, or "
        "FIELD:>10; may be repeated.",
    ),
]
SortOption = Annotated[
    str | None,
    typer.Option("--sort", metavar="FIELD", help="Sort by a field; -FIELD for the largest first."),
]
SelfMetricsOption = Annotated[
    Path | None,
    typer.Option("--self-metrics", metavar=SELF_METRICS.metavar, help=SELF_METRICS.help),
]
Metrics = Literal["all", "basic", "performance"]
_VERSION = Option(
    name="version", words=("--version",), kind="switch", default=False, help="The release."
)


def stats(
    flags: ClusterFlags,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One collection.")] = None,
    format: FormatOption = "table",
    json: JsonOption = False,
    metrics: Annotated[
        Metrics,
        typer.Option("--metrics", help="basic leaves the nodes' metrics unread."),
    ] = "all",
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Again and again.")] = False,
    interval: Annotated[
        float | None,
        typer.Option("--interval", "-n", min=1, metavar="SECONDS", help="With --watch."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, metavar="N", help="With --watch: end after so many."),
    ] = None,
    rates: Annotated[
        float | None,
        typer.Option(
            "--rates",
            min=1,
            max=600,
            metavar="SECONDS",
            help="Read the metrics twice, so far apart, for rates and latencies.",
        ),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Ask for exact counts; costs a request each.")
    ] = False,
    filter: FilterOption = None,
    sort: SortOption = None,
    self_metrics: SelfMetricsOption = None,
) -> int:
    """Objects, traffic and index of every collection."""
    from elysiadash.cli.stats_command import stats as run
    from elysiadash.cli.stats_document import StatsWish

    if not watch and (interval is not None or count is not None):
        raise CommandFailed("--interval and --count need --watch", code=Exit.USAGE)
    if watch and (exact or rates is not None):
        raise CommandFailed(
            "--exact and --rates are for a single look; --watch has rates by itself",
            code=Exit.USAGE,
        )
    wish = StatsWish(
        name=name,
        format="json" if json else format,
        metrics=metrics,
        watch=watch,
        interval=interval,
        times=count,
        rates=rates,
        exact=exact,
        filters=tuple(filter or ()),
        sort=sort,
        self_metrics=self_metrics,
    )
    return run(flags, wish)


def nodes(
    flags: ClusterFlags,
    format: FormatOption = "table",
    json: JsonOption = False,
    self_metrics: SelfMetricsOption = None,
) -> int:
    """The nodes: who is there, who should be, and how each of them is."""
    from elysiadash.cli.nodes_command import nodes as run

    return run(flags, "json" if json else format, self_metrics)


def collections(
    flags: ClusterFlags,
    format: FormatOption = "table",
    json: JsonOption = False,
    filter: FilterOption = None,
    sort: SortOption = None,
) -> int:
    """The collections: shards, replicas, tenants, index, compression, aliases."""
    from elysiadash.cli.collections_command import collections as run

    return run(flags, "json" if json else format, tuple(filter or ()), sort)


def check(flags: ClusterFlags, **wish: Any) -> int:
    """A monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."""
    from elysiadash.cli.check_command import CheckWish
    from elysiadash.cli.check_command import check as run

    return run(flags, CheckWish(**wish))


def demo(
    scenario: Annotated[
        str,
        typer.Option("--scenario", metavar="NAME", help=f"{', '.join(SCENARIOS)} or both."),
    ] = "healthy",
    seed: Annotated[
        int | None, typer.Option("--seed", help="Another seed, other names and numbers.")
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option("--scale", metavar="CxS", help="C collections of S shards, as 5000x10."),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="No app: print the addresses and serve until Ctrl-C.")
    ] = False,
    port_base: Annotated[
        int | None, typer.Option("--port-base", min=1024, max=65000, help="The first port.")
    ] = None,
) -> int:
    """Simulated clusters, to try everything without a server."""
    if serve:
        from elysiadash.cli.demo_command import serve_demo

        return serve_demo(scenario, seed, scale, port_base)
    from elysiadash.cli.demo_command import show_demo

    return show_demo(scenario, seed, scale, port_base)


def diag(flags: ClusterFlags, json: AsJson = False) -> int:
    """Pack versions, settings, log and last state into an archive, without secrets."""
    from elysiadash.cli.diag_command import diag as run

    return run(flags, json)


def config_init(flags: ClusterFlags) -> int:
    """Write a starter file that explains every setting; never over another."""
    from elysiadash.cli.config_command import config_init as run

    return run(flags)


def config_show(flags: ClusterFlags, json: AsJson = False) -> int:
    """Every setting, its value and where it comes from."""
    from elysiadash.cli.config_command import config_show as run

    return run(flags, json)


def config_check(flags: ClusterFlags, json: AsJson = False) -> int:
    """List every mistake in the settings."""
    from elysiadash.cli.config_command import config_check as run

    return run(flags, json)


def config_path(flags: ClusterFlags) -> int:
    """Where your settings are."""
    from elysiadash.cli.config_command import config_path as run

    return run(flags)


def build() -> typer.Typer:
    """The whole command line."""
    app = _group(
        "The operations console for Weaviate. Without a command it starts the app; "
        "the commands are for scripts.",
        invoke_without_command=True,
    )
    app.callback()(_root())
    col = _group("Commands about collections.", no_args_is_help=True)
    config = _group("Settings: write, show, check.", no_args_is_help=True)
    about_clusters: tuple[tuple[typer.Typer, str, Callable[..., int]], ...] = (
        (app, "stats", stats),
        (app, "nodes", nodes),
        (app, "collections", collections),
        (app, "diag", diag),
        (col, "stats", stats),
        (col, "list", collections),
        (config, "init", config_init),
        (config, "show", config_show),
        (config, "check", config_check),
        (config, "path", config_path),
    )
    for group, name, command in about_clusters:
        group.command(name)(with_cluster(command))
    app.command("check")(with_cluster(check, CHECK_OPTIONS))
    app.command("demo")(as_command(demo))
    app.add_typer(config, name="config")
    app.add_typer(col, name="col")
    return app


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


def _root() -> Callable[..., None]:
    """Options before the command hold for it; without a command the app starts."""

    def root(ctx: typer.Context, **given: Any) -> None:
        if given["version"]:
            from elysiadash.cli.main import tell_version

            ctx.obj.code = tell_version()
            raise typer.Exit
        ctx.obj.flags = ClusterFlags.of(given)
        if ctx.invoked_subcommand is None:
            from elysiadash.cli.start_app import start_app

            ctx.obj.end_with(lambda: start_app(ctx.obj.flags))

    return shaped(root, root, map(as_parameter, (_VERSION, *CLUSTER_OPTIONS)))
