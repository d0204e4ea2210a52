"""Every option of the commands; those that say which cluster are in ``flags``."""

from __future__ import annotations

from elysiadash.cli.flags import SCENARIOS, Option


def _switch(name: str, *words: str, help: str) -> Option:
    return Option(name=name, words=words, kind="switch", default=False, help=help)


FORMAT = Option(
    name="format",
    words=("--format",),
    kind="choice",
    choices=("table", "json", "csv"),
    default="table",
    help="How to print.",
)
JSON = _switch("as_json", "--json", help="The same as --format json.")
DOCUMENT = _switch("as_json", "--json", help="One JSON document.")
FILTER = Option(
    name="filters",
    words=("--filter",),
    kind="texts",
    metavar="TEXT",
    help="Only names that match the regular expression, !TEXT for the others, or FIELD:>10; "
    "may be repeated.",
)
SORT = Option(
    name="sort",
    words=("--sort",),
    kind="text",
    metavar="FIELD",
    help="Sort by a field; --sort=-FIELD for the largest first.",
)
SELF_METRICS = Option(
    name="self_metrics",
    words=("--self-metrics",),
    kind="path",
    metavar="FILE",
    help="Write our own counters for a Prometheus textfile collector.",
)
STATS = (
    FORMAT,
    JSON,
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
    FILTER,
    SORT,
    SELF_METRICS,
)
EVENTS = (
    FORMAT,
    JSON,
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
RECORD = (
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
ASCII = _switch("ascii", "--ascii", help="The app draws with ASCII signs only.")
REPLAY = (
    ASCII,
    Option(
        name="at",
        words=("--at",),
        kind="text",
        metavar="TIME",
        help="Where to begin: 30m before the end, 03:12, or a moment as 2026-11-24T03:12:00Z.",
    ),
)
RECORDING = Option(
    name="path", kind="text", metavar="FILE", help="A recording; without it, the cluster's own."
)
CHECK = (
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
    DOCUMENT,
    SELF_METRICS,
)
DEMO = (
    ASCII,
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
CHANGE = Option(
    name="change",
    kind="text",
    metavar="ACTION=KEYS",
    help="Such as screen.refresh=f5,r; none for no key.",
)
ACTION = Option(name="action", kind="text", metavar="ACTION", help="Such as screen.refresh.")
TEMPLATE = Option(name="name", kind="text", metavar="NAME", help="The template.")
_COLLECTION = Option(
    name="collection",
    words=("--collection",),
    kind="text",
    metavar="NAME",
    help="The collection.",
)
_SET = Option(
    name="settings",
    words=("--set",),
    kind="texts",
    metavar="PATH=VALUE",
    help="Such as replicationConfig.factor=3; null leaves it to the server; may be repeated.",
)
TEMPLATE_SAVE = (
    _COLLECTION,
    _SET,
    Option(
        name="about", words=("--about",), kind="text", metavar="TEXT", help="What it is, in a line."
    ),
    _switch("overwrite", "--overwrite", help="In the place of the one of this name."),
    DOCUMENT,
)
TEMPLATE_CREATE = (
    _COLLECTION,
    _SET,
    _switch("dry_run", "--dry-run", help="Print what would be sent, and send nothing."),
    _switch("yes", "--yes", "-y", help="Do not ask."),
    DOCUMENT,
)
WORKER = (
    _switch("detached", "--detached", help="As a process of its own, which outlives the terminal."),
    Option(
        name="idle",
        words=("--idle",),
        kind="seconds",
        metavar="SECONDS",
        least=0,
        help="End after so long with nothing to do; 60 if not given.",
    ),
    _switch("stop", "--stop", help="End the worker that lives; its jobs go back into the queue."),
)
JOB = Option(
    name="name",
    kind="text",
    metavar="JOB",
    help="A job; an end of its name is enough where only one ends so.",
)
PRIORITY = Option(
    name="value",
    kind="text",
    metavar="N",
    help="-1000 to 1000, a negative one behind --; the highest goes first.",
)
RATE = Option(
    name="value", kind="text", metavar="RATE", help="Objects a second at most; none: no limit."
)
ANSWER = Option(name="value", kind="text", metavar="ANSWER", help="A word that the job asks for.")
WHEN = Option(
    name="value",
    kind="text",
    metavar="TIME",
    help="From now: 30m, 2h; the next 03:12; or a moment as 2026-11-24T03:12:00Z.",
)
JOBS_LIST = (
    FORMAT,
    JSON,
    Option(
        name="states",
        words=("--state",),
        kind="texts",
        metavar="STATE",
        help="Only queued, running, paused, done, failed or cancelled ones; may be repeated.",
    ),
    Option(
        name="job_kind",
        words=("--kind",),
        kind="text",
        metavar="KIND",
        help="Only copy, migrate, backup, ...",
    ),
    _switch("everything", "--all", help="Also those that belong to another job."),
    Option(
        name="limit",
        words=("--limit",),
        kind="whole",
        metavar="N",
        default=50,
        least=1,
        help="At most so many.",
    ),
)
YES = _switch("yes", "--yes", "-y", help="Do not ask.")
AUDIT = (
    FORMAT,
    JSON,
    Option(
        name="since",
        words=("--since",),
        kind="text",
        metavar="TIME",
        help="Not before: 30m, 1h, 2d ago, or a moment as 2026-11-24T03:12:00Z.",
    ),
    Option(
        name="job",
        words=("--job",),
        kind="text",
        metavar="JOB",
        help="Only of a job, and of those that belong to it.",
    ),
    Option(name="user", words=("--user",), kind="text", metavar="USER", help="Only of a user."),
    Option(
        name="profile",
        words=("--profile",),
        kind="text",
        metavar="NAME",
        help="Only what was sent to this cluster.",
    ),
    Option(
        name="result",
        words=("--result",),
        kind="text",
        metavar="RESULT",
        help="Only lines of a result, such as refused.",
    ),
    Option(
        name="limit",
        words=("--limit",),
        kind="whole",
        metavar="N",
        default=100,
        least=1,
        help="At most so many, the newest.",
    ),
    _switch("follow", "--follow", "-f", help="Then print what is written from now on."),
)
BACKUP = Option(name="name", kind="text", metavar="ID", help="Small letters, digits, - and _ only.")
_BACKEND = Option(
    name="backend",
    words=("--backend",),
    kind="text",
    metavar="NAME",
    help="s3, gcs, azure or filesystem; not needed where one is switched on.",
)
_OF_RESTORE = _switch("restore", "--restore", help="Not the backup, but the restore of it.")
BACKUP_LIST = (FORMAT, JSON, _BACKEND)
BACKUP_STATUS = (_BACKEND, DOCUMENT)
BACKUP_CANCEL = (_BACKEND, _OF_RESTORE, YES, DOCUMENT)
_BACKUP_CHOICE = (
    _BACKEND,
    Option(
        name="include",
        words=("--include",),
        kind="texts",
        metavar="COLLECTION",
        help="Only these; may have * and be repeated.",
    ),
    Option(
        name="exclude",
        words=("--exclude",),
        kind="texts",
        metavar="COLLECTION",
        help="All but these; may have * and be repeated.",
    ),
)
_BACKUP_JOB = (
    Option(
        name="cpu",
        words=("--cpu",),
        kind="whole",
        metavar="PERCENT",
        least=1,
        most=80,
        help="Of the nodes' CPU at most.",
    ),
    Option(
        name="accept",
        words=("--accept",),
        kind="texts",
        metavar="CODE",
        help="Go on although this check blocks; may be repeated.",
    ),
    _switch("dry_run", "--dry-run", help="Look only: what is checked, what would be sent."),
    _switch("detach", "--detach", help="Do not follow the job."),
    YES,
    DOCUMENT,
)
BACKUP_CREATE = (
    *_BACKUP_CHOICE,
    Option(
        name="base",
        words=("--base",),
        kind="text",
        metavar="ID",
        help="Keep only what changed since this backup (incremental).",
    ),
    *_BACKUP_JOB,
)
BACKUP_RESTORE = (
    *_BACKUP_CHOICE,
    Option(
        name="node_mapping",
        words=("--node-mapping",),
        kind="texts",
        metavar="OLD=NEW",
        help="A node of the backup and the one here that takes its shards; once for each.",
    ),
    _switch(
        "overwrite_alias",
        "--overwrite-alias",
        help="Aliases of the backup that exist are turned to what is restored.",
    ),
    *_BACKUP_JOB,
)
NAME = Option(name="name", kind="text", metavar="NAME", help="One collection.")

OBJECT = Option(
    name="name",
    kind="text",
    metavar="NAME",
    help="A node, collection, alias, shard, backup, ...",
)
