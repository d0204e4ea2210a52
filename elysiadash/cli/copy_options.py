"""The options of ``copy`` and ``migrate``."""

from __future__ import annotations

from elysiadash.cli.flags import Option


def _switch(name: str, *words: str, help: str) -> Option:
    return Option(name=name, words=words, kind="switch", default=False, help=help)


def _text(name: str, *words: str, metavar: str, help: str) -> Option:
    return Option(name=name, words=words, kind="text", metavar=metavar, help=help)


SOURCE = Option(name="source", kind="text", metavar="SOURCE", help="The collection.")
TARGET_NAME = Option(
    name="target_name",
    kind="text",
    metavar="NAME",
    help="What its copy is called; with --target the same if not given.",
)
COLLECTIONS = Option(
    name="collections",
    kind="texts",
    metavar="COLLECTION...",
    help="Collections; NAME=OTHER gives one another name in the target.",
)

TARGET = (
    _text(
        "target", "--target", metavar="PROFILE|URL",
        help="The cluster to copy to; the same one if not given.",
    ),
    _text("target_grpc", "--target-grpc", metavar="HOST:PORT", help="Its gRPC address."),
    Option(
        name="target_node",
        words=("--target-node",),
        kind="texts",
        metavar="[NAME=]URL",
        help="The address of one of its nodes, or one with {node}; may be repeated.",
    ),
    _text(
        "target_auth", "--target-auth", metavar="SOURCE",
        help="Where its API key is; without it --auth means the target where --target is given.",
    ),
)  # fmt: skip

WHAT = (
    Option(
        name="tenants",
        words=("--tenant",),
        kind="texts",
        metavar="NAME",
        help="Only this tenant; may be repeated.",
    ),
    _switch("schema_only", "--schema-only", help="The definitions, and no objects."),
    Option(
        name="include_data",
        words=("--include-data",),
        off="--no-data",
        kind="switch",
        default=True,
        help="Objects too, as is usual; --no-data is --schema-only.",
    ),
    Option(
        name="settings",
        words=("--set",),
        kind="texts",
        metavar="PATH=VALUE",
        help="Changed on the way, such as replicationConfig.factor=1; may be repeated.",
    ),
    Option(
        name="transform",
        words=("--transform",),
        kind="path",
        metavar="FILE",
        help="A Python file whose transform(obj) each object goes through.",
    ),
    _switch(
        "overwrite", "--overwrite", help="Replace a collection of that name; its name is asked for."
    ),
)

HOW = (
    Option(
        name="verify",
        words=("--verify",),
        off="--no-verify",
        kind="switch",
        default=True,
        help="Compare all objects on both sides.",
    ),
    Option(
        name="verify_level",
        words=("--verify-level",),
        kind="choice",
        choices=("V0", "V1", "V2", "V3", "V4"),
        default="V2",
        help="V0 counts, V1 ids, V2 whole objects, V3 fields of those that differ, V4 searches.",
    ),
    Option(
        name="freeze_limit",
        words=("--freeze-limit",),
        kind="seconds",
        metavar="SECONDS",
        default=60.0,
        least=1,
        most=86_400,
        help="Writers are let in again after so long.",
    ),
    Option(
        name="after",
        words=("--after",),
        kind="choice",
        choices=("hold", "thaw"),
        default="hold",
        help="Keep the source frozen until jobs thaw, or let writers in at once.",
    ),
    Option(
        name="hold_limit",
        words=("--hold-limit",),
        kind="seconds",
        metavar="SECONDS",
        default=900.0,
        least=1,
        most=604_800,
        help="End of the hold at the latest.",
    ),
    _text(
        "writer_key", "--writer-key", metavar="SOURCE",
        help="Where a writer's key is (env:NAME, file:PATH, command:LINE): a freeze by roles is "
        "believed once that writer was seen refused.",
    ),
    _text(
        "window", "--window", metavar="HH:MM-HH:MM", help="Move objects only at this time, UTC."
    ),
    Option(
        name="rate",
        words=("--rate",),
        kind="whole",
        metavar="N",
        least=1,
        help="Objects a second at most, in copies and proofs; not while writers are kept out.",
    ),
    Option(
        name="executor",
        words=("--executor",),
        kind="choice",
        choices=("local", "dask"),
        default="local",
        help="Processes of this machine, or the workers of a dask scheduler.",
    ),
    _text("scheduler", "--scheduler", metavar="ADDRESS", help="With --executor dask: where it is."),
    Option(
        name="processes",
        words=("--processes",),
        kind="whole",
        metavar="N",
        least=1,
        most=64,
        help="Processes that copy; as many as there are cores if not given, at most 4.",
    ),
    Option(
        name="accepted",
        words=("--accept",),
        kind="texts",
        metavar="CODE",
        help="Lift a block of the preflight that may be lifted; may be repeated.",
    ),
)  # fmt: skip

RUN = (
    _switch("dry_run", "--dry-run", help="Check and forecast only; nothing is written."),
    _switch("rehearse", "--rehearse", help="As --dry-run, with the first objects to measure by."),
    _switch("yes", "--yes", "-y", help="Do not ask what can be undone."),
    Option(
        name="confirm",
        words=("--confirm",),
        kind="texts",
        metavar="NAME",
        help="Answers where a name has to be typed; may be repeated.",
    ),
    _switch("detach", "--detach", "-d", help="Print the job's name and leave it to the worker."),
    _switch("as_json", "--json", help="One JSON document."),
)


def _freeze(help: str) -> Option:
    return Option(
        name="freeze",
        words=("--freeze",),
        kind="choice",
        choices=("auto", "stopped", "roles", "mode", "readonly", "none"),
        help=help,
    )


def _strategy(*choices: str) -> Option:
    return Option(
        name="strategy",
        words=("--strategy",),
        kind="choice",
        choices=choices,
        default="online",
        help="online: writers go on; offline: they were stopped before"
        + ("; backup: by Weaviate's own backup." if "backup" in choices else "."),
    )


COPY = (
    *TARGET,
    *WHAT,
    _strategy("online", "offline"),
    _freeze("How writers are kept out at the end; none if not given."),
    _text(
        "alias", "--alias", metavar="NAME",
        help="Bring this alias to the copy at the end; writers are kept out meanwhile.",
    ),
    *HOW,
    *RUN,
)  # fmt: skip
MIGRATE = (
    *TARGET,
    *WHAT,
    _strategy("online", "offline", "backup"),
    _freeze("How writers are kept out at the end; auto if not given."),
    _text("alias", "--alias", metavar="NAME", help="Inside a cluster: bring it to the copy."),
    _text("backend", "--backend", metavar="NAME", help="With --strategy backup: where to."),
    *HOW,
    *RUN,
)


_NAMES = ("freeze_limit", "after", "hold_limit", "writer_key", "window", "rate", "accepted")
ROLL_BACK = (
    _freeze("How writers of the new place are kept out at the end; as in the move if not given."),
    *(option for option in HOW if option.name in _NAMES),
    _switch("write", "--write", help="The old place may be written to, although its profile says "
            "read-only."),
    *(option for option in RUN if option.name != "rehearse"),
)  # fmt: skip
DELETE_OLD = tuple(option for option in RUN if option.name in ("confirm", "detach", "as_json"))
