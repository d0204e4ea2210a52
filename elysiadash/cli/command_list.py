"""Every command: its words, its options, and what to load when it runs. Knows no parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import CLUSTER_OPTIONS, SCENARIOS, ClusterFlags, Option

Given = dict[str, Any]
"""Option -> its value."""


class Command(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One command. ``run`` takes the cluster's flags and its own options, and returns the exit
    code; a command that is not ``about_cluster`` gets empty flags."""

    path: tuple[str, ...]
    help: str
    run: Callable[[ClusterFlags, Given], int]
    options: tuple[Option, ...] = ()
    argument: Option | None = None
    about_cluster: bool = True

    def all_options(self) -> tuple[Option, ...]:
        """Its own, then those of the cluster."""
        return (*self.options, *CLUSTER_OPTIONS) if self.about_cluster else self.options

    def own_part(self, given: Given) -> Given:
        """What a parser found, without the options of the cluster."""
        if not self.about_cluster:
            return given
        others = {option.name for option in CLUSTER_OPTIONS}
        return {name: value for name, value in given.items() if name not in others}


def _app(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.start_app import start_app

    return start_app(flags, ascii=given["ascii"])


def _stats(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.stats_command import stats
    from elysiadash.cli.stats_document import StatsWish

    watch = given["watch"]
    if not watch and (given["interval"] is not None or given["times"] is not None):
        raise CommandFailed("--interval and --count need --watch", code=Exit.USAGE)
    if watch and (given["exact"] or given["rates"] is not None):
        raise CommandFailed(
            "--exact and --rates are for a single look; --watch has rates by itself",
            code=Exit.USAGE,
        )
    wish = {name: value for name, value in given.items() if name != "as_json"}
    wish["format"] = _format(given)
    wish["filters"] = tuple(given["filters"] or ())
    return stats(flags, StatsWish(**wish))


def _nodes(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.nodes_command import nodes

    return nodes(flags, _format(given), given["self_metrics"])


def _collections(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.collections_command import collections

    return collections(flags, _format(given), tuple(given["filters"] or ()), given["sort"])


def _events(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.events_command import EventsWish, events

    wish = {name: value for name, value in given.items() if name != "as_json"}
    wish["format"] = _format(given)
    return events(flags, EventsWish(**wish))


def _record(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.record_command import RecordWish, record

    return record(flags, RecordWish(**given))


def _replay(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.replay_command import replay

    return replay(flags, given["path"], given["at"], ascii=given["ascii"])


def _check(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.check_command import CheckWish, check

    return check(flags, CheckWish(**given))


def _diag(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.diag_command import diag

    return diag(flags, given["as_json"])


def _demo(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli import demo_command

    serve = given["serve"]
    usual = "healthy" if serve or given["scale"] else "all"
    wanted = (given["scenario"] or usual, given["seed"], given["scale"], given["port_base"])
    if serve:
        return demo_command.serve_demo(*wanted)
    return demo_command.show_demo(*wanted, ascii=given["ascii"])


def _config_init(flags: ClusterFlags, _: Given) -> int:
    from elysiadash.cli.config_command import config_init

    return config_init(flags)


def _config_show(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.config_command import config_show

    return config_show(flags, given["as_json"])


def _config_check(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.config_command import config_check

    return config_check(flags, given["as_json"])


def _config_path(flags: ClusterFlags, _: Given) -> int:
    from elysiadash.cli.config_command import config_path

    return config_path(flags)


def _keys_list(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.keys_command import keys_list

    return keys_list(given["as_json"])


def _keys_check(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.keys_command import keys_check

    return keys_check(given["as_json"])


def _keys_set(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.keys_command import keys_set

    return keys_set(given["change"] or "")


def _keys_unset(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.keys_command import keys_unset

    return keys_unset(given["action"] or "")


def _keys_path(_: ClusterFlags, __: Given) -> int:
    from elysiadash.cli.keys_command import keys_path

    return keys_path()


def _format(given: Given) -> Any:
    return "json" if given["as_json"] else given["format"]


def _switch(name: str, *words: str, help: str) -> Option:
    return Option(name=name, words=words, kind="switch", default=False, help=help)


_FORMAT = Option(
    name="format",
    words=("--format",),
    kind="choice",
    choices=("table", "json", "csv"),
    default="table",
    help="How to print.",
)
_JSON = _switch("as_json", "--json", help="The same as --format json.")
_DOCUMENT = _switch("as_json", "--json", help="One JSON document.")
_FILTER = Option(
    name="filters",
    words=("--filter",),
    kind="texts",
    metavar="TEXT",
    help="Only names that match the regular expression, !TEXT for the others, or FIELD:>10; "
    "may be repeated.",
)
_SORT = Option(
    name="sort",
    words=("--sort",),
    kind="text",
    metavar="FIELD",
    help="Sort by a field; --sort=-FIELD for the largest first.",
)
_SELF_METRICS = Option(
    name="self_metrics",
    words=("--self-metrics",),
    kind="path",
    metavar="FILE",
    help="Write our own counters for a Prometheus textfile collector.",
)
_STATS = (
    _FORMAT,
    _JSON,
    Option(
        name="metrics",
        words=("--metrics",),
        kind="choice",
        choices=("all", "basic", "performance"),
        default="all",
        help="Which columns; basic leaves the nodes' metrics unread.",
    ),
    _switch("watch", "--watch", "-w", help="Again and again."),
    Option(
        name="interval",
        words=("--interval", "-n"),
        kind="seconds",
        metavar="SECONDS",
        least=1,
        help="With --watch: seconds between two looks.",
    ),
    Option(
        name="times",
        words=("--count",),
        kind="whole",
        metavar="N",
        least=1,
        help="With --watch: end after so many.",
    ),
    Option(
        name="rates",
        words=("--rates",),
        kind="seconds",
        metavar="SECONDS",
        least=1,
        most=600,
        help="Read the metrics twice, so far apart, for rates and latencies.",
    ),
    _switch("exact", "--exact", help="Ask for exact counts; costs a request each."),
    _FILTER,
    _SORT,
    _SELF_METRICS,
)
_EVENTS = (
    _FORMAT,
    _JSON,
    Option(
        name="since",
        words=("--since",),
        kind="text",
        metavar="TIME",
        help="Not before: 30m, 1h, 2d ago, or a moment as 2026-11-24T03:12:00Z.",
    ),
    Option(
        name="until",
        words=("--until",),
        kind="text",
        metavar="TIME",
        help="Not after; written as for --since.",
    ),
    Option(
        name="kind",
        words=("--kind",),
        kind="text",
        metavar="PREFIX",
        help="Only kinds that begin so: node, leader, collection.created.",
    ),
    Option(
        name="severity",
        words=("--severity",),
        kind="choice",
        choices=("info", "warning", "critical"),
        help="Only what is at least so grave.",
    ),
    Option(
        name="limit",
        words=("--limit",),
        kind="whole",
        metavar="N",
        default=100,
        least=1,
        help="At most so many.",
    ),
    _switch("follow", "--follow", "-f", help="Watch, and print what changes as it is seen."),
)
_RECORD = (
    Option(
        name="span",
        words=("--for",),
        kind="text",
        metavar="SPAN",
        help="End after 30m, 1h, 2d; without it, when told to.",
    ),
    Option(
        name="file",
        words=("--file",),
        kind="path",
        metavar="FILE",
        help="Another file than the cluster's own recording.",
    ),
)
_ASCII = _switch("ascii", "--ascii", help="The app draws with ASCII signs only.")
_REPLAY = (
    _ASCII,
    Option(
        name="at",
        words=("--at",),
        kind="text",
        metavar="TIME",
        help="Where to begin: 30m before the end, 03:12, or a moment as 2026-11-24T03:12:00Z.",
    ),
)
_RECORDING = Option(
    name="path", kind="text", metavar="FILE", help="A recording; without it, the cluster's own."
)
_CHECK = (
    Option(
        name="timeout",
        words=("--timeout", "-t"),
        kind="seconds",
        metavar="SECONDS",
        default=5.0,
        least=1,
        most=120,
        help="Seconds for everything.",
    ),
    _switch("warn_only", "--warn-only", help="Say WARNING where it is CRITICAL."),
    _switch(
        "advice",
        "--advice",
        help="Also what is no trouble now: replication factor 1, releases with known faults.",
    ),
    _switch("metrics", "--metrics", help="Also read the nodes' metrics (tombstones)."),
    Option(
        name="shards",
        words=("--shards",),
        off="--no-shards",
        kind="switch",
        default=True,
        help="Look at every shard.",
    ),
    _DOCUMENT,
    _SELF_METRICS,
)
_DEMO = (
    _ASCII,
    Option(
        name="scenario",
        words=("--scenario",),
        kind="text",
        metavar="NAME",
        help=f"{', '.join(SCENARIOS)}, both (healthy and troubled) or all. If not given: all, "
        "the healthy one first; with --serve or --scale, healthy.",
    ),
    Option(
        name="seed",
        words=("--seed",),
        kind="whole",
        metavar="N",
        help="Another seed, other names and numbers.",
    ),
    Option(
        name="scale",
        words=("--scale",),
        kind="text",
        metavar="CxS",
        help="C collections of S shards, as 5000x10.",
    ),
    _switch("serve", "--serve", help="No app: print the addresses and serve until Ctrl-C."),
    Option(
        name="port_base",
        words=("--port-base",),
        kind="whole",
        metavar="PORT",
        least=1024,
        most=65000,
        help="The first port; free ones if not given.",
    ),
)
_CHANGE = Option(
    name="change",
    kind="text",
    metavar="ACTION=KEYS",
    help="Such as screen.refresh=f5,r; none for no key.",
)
_ACTION = Option(name="action", kind="text", metavar="ACTION", help="Such as screen.refresh.")
_NAME = Option(name="name", kind="text", metavar="NAME", help="One collection.")

_OBJECT = Option(
    name="name",
    kind="text",
    metavar="NAME",
    help="A node, collection, alias, shard, backup, ...",
)

_STATS_HELP = "Objects, traffic and index of every collection."
_LIST_HELP = "How the collections are made."

APP = Command(
    path=(),
    help="The operations console for Weaviate. Without a command it starts the app; "
    "the commands are for scripts.",
    run=_app,
    options=(_ASCII,),
)
"""What runs without a command."""

GROUPS: dict[str, str] = {
    "config": "Settings: write, show, check.",
    "col": "Commands about collections.",
    "keys": "Keys of the app: list (without a command), check, change.",
}
"""Words that have commands below them, and what these are about."""

COMMANDS: tuple[Command, ...] = (
    Command(path=("stats",), help=_STATS_HELP, run=_stats, options=_STATS, argument=_NAME),
    Command(
        path=("nodes",),
        help="The nodes: who is there, and who should be.",
        run=_nodes,
        options=(_FORMAT, _JSON, _SELF_METRICS),
    ),
    Command(
        path=("collections",),
        help=_LIST_HELP,
        run=_collections,
        options=(_FORMAT, _JSON, _FILTER, _SORT),
    ),
    Command(
        path=("events",),
        help="What changed: nodes, leader, schema, aliases, tenants, shards, backups.",
        run=_events,
        options=_EVENTS,
        argument=_OBJECT,
    ),
    Command(
        path=("record",),
        help="Keep the past of a cluster without the app, until Ctrl-C or SIGTERM.",
        run=_record,
        options=_RECORD,
    ),
    Command(
        path=("replay",),
        help="The app on a recording: step, jump and play through the past.",
        run=_replay,
        options=_REPLAY,
        argument=_RECORDING,
    ),
    Command(
        path=("check",),
        help="A monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
        run=_check,
        options=_CHECK,
    ),
    Command(
        path=("demo",),
        help="Simulated clusters, to try everything without a server.",
        run=_demo,
        options=_DEMO,
        about_cluster=False,
    ),
    Command(
        path=("diag",),
        help="Pack what a bug report needs, without secrets.",
        run=_diag,
        options=(_DOCUMENT,),
    ),
    Command(
        path=("config", "init"),
        help="Write a starter file, never over another.",
        run=_config_init,
    ),
    Command(
        path=("config", "show"),
        help="Every setting, its value and where it comes from.",
        run=_config_show,
        options=(_DOCUMENT,),
    ),
    Command(
        path=("config", "check"),
        help="List every mistake in the settings.",
        run=_config_check,
        options=(_DOCUMENT,),
    ),
    Command(path=("config", "path"), help="Where your settings are.", run=_config_path),
    Command(
        path=("keys", "list"),
        help="Every action of the app with its keys.",
        run=_keys_list,
        options=(_DOCUMENT,),
        about_cluster=False,
    ),
    Command(
        path=("keys", "check"),
        help="List every mistake in your keymap, by line.",
        run=_keys_check,
        options=(_DOCUMENT,),
        about_cluster=False,
    ),
    Command(
        path=("keys", "set"),
        help="Give an action other keys; a collision is refused.",
        run=_keys_set,
        argument=_CHANGE,
        about_cluster=False,
    ),
    Command(
        path=("keys", "unset"),
        help="Give an action its usual keys again.",
        run=_keys_unset,
        argument=_ACTION,
        about_cluster=False,
    ),
    Command(
        path=("keys", "path"),
        help="Where your keymap is.",
        run=_keys_path,
        about_cluster=False,
    ),
    # After those below it: the first whose words fit is taken.
    Command(
        path=("keys",),
        help=GROUPS["keys"],
        run=_keys_list,
        options=(_DOCUMENT,),
        about_cluster=False,
    ),
    Command(path=("col", "stats"), help=_STATS_HELP, run=_stats, options=_STATS, argument=_NAME),
    Command(
        path=("col", "list"),
        help=_LIST_HELP,
        run=_collections,
        options=(_FORMAT, _JSON, _FILTER, _SORT),
    ),
)
