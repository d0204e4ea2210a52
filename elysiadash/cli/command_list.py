"""Every command: its words, its options, and what to load when it runs. Knows no parser."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from elysiadash.cli import copy_options, runners
from elysiadash.cli import option_list as options
from elysiadash.cli.flags import CLUSTER_OPTIONS, ClusterFlags, Option
from elysiadash.cli.runners import Given


class Command(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One command. ``run`` takes the cluster's flags and its own options, and returns the exit
    code; a command that is not ``about_cluster`` gets empty flags."""

    path: tuple[str, ...]
    help: str
    run: Callable[[ClusterFlags, Given], int]
    options: tuple[Option, ...] = ()
    argument: Option | None = None
    second: Option | None = None
    """An argument behind ``argument``."""
    about_cluster: bool = True

    def arguments(self) -> tuple[Option, ...]:
        """What is given without a word before it, in order."""
        return tuple(option for option in (self.argument, self.second) if option is not None)

    def all_options(self) -> tuple[Option, ...]:
        """Its own, then those of the cluster."""
        return (*self.options, *CLUSTER_OPTIONS) if self.about_cluster else self.options

    def own_part(self, given: Given) -> Given:
        """What a parser found, without the options of the cluster."""
        if not self.about_cluster:
            return given
        others = {option.name for option in CLUSTER_OPTIONS}
        return {name: value for name, value in given.items() if name not in others}


class Group(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A word that has commands below it; ``alone`` is what it does without any of them."""

    help: str
    alone: Command | None = None


_STATS_HELP = "Objects, traffic and index of every collection."
_LIST_HELP = "How the collections are made."
_COPY_HELP = "Copy a collection, inside a cluster or to another one, and prove the copy."

APP = Command(
    path=(),
    help="The operations console for Weaviate. Without a command it starts the app; "
    "the commands are for scripts.",
    run=runners.run_app,
    options=(options.ASCII,),
)
"""What runs without a command."""

_TEMPLATES_HELP = "Definitions of collections kept for later: list (without a command), and more."
_JOBS_HELP = "Copies, migrations, backups: list (without a command), follow, steer."
_BACKUPS_HELP = "Weaviate's own backups: list (without a command), make, follow, restore."
_KEYS_HELP = "Keys of the app: list (without a command), check, change."

GROUPS: dict[str, Group] = {
    "config": Group(help="Settings: write, show, check."),
    "col": Group(help="Commands about collections."),
    "keys": Group(
        help=_KEYS_HELP,
        alone=Command(
            path=("keys",),
            help=_KEYS_HELP,
            run=runners.run_keys_list,
            options=(options.DOCUMENT,),
            about_cluster=False,
        ),
    ),
    "backup": Group(
        help=_BACKUPS_HELP,
        alone=Command(
            path=("backup",),
            help=_BACKUPS_HELP,
            run=runners.run_backup_list,
            options=options.BACKUP_LIST,
        ),
    ),
    "jobs": Group(
        help=_JOBS_HELP,
        alone=Command(
            path=("jobs",),
            help=_JOBS_HELP,
            run=runners.run_jobs_list,
            options=options.JOBS_LIST,
            about_cluster=False,
        ),
    ),
    "template": Group(
        help=_TEMPLATES_HELP,
        alone=Command(
            path=("template",),
            help=_TEMPLATES_HELP,
            run=runners.run_template_list,
            options=(options.DOCUMENT,),
            about_cluster=False,
        ),
    ),
}
"""Words that have commands below them, and what these are about."""

COMMANDS: tuple[Command, ...] = (
    Command(
        path=("stats",),
        help=_STATS_HELP,
        run=runners.run_stats,
        options=options.STATS,
        argument=options.NAME,
    ),
    Command(
        path=("nodes",),
        help="The nodes: who is there, and who should be.",
        run=runners.run_nodes,
        options=(options.FORMAT, options.JSON, options.SELF_METRICS),
    ),
    Command(
        path=("collections",),
        help=_LIST_HELP,
        run=runners.run_collections,
        options=(options.FORMAT, options.JSON, options.FILTER, options.SORT),
    ),
    Command(
        path=("events",),
        help="What changed: nodes, leader, schema, aliases, tenants, shards, backups.",
        run=runners.run_events,
        options=options.EVENTS,
        argument=options.OBJECT,
    ),
    Command(
        path=("record",),
        help="Keep the past of a cluster without the app, until Ctrl-C or SIGTERM.",
        run=runners.run_record,
        options=options.RECORD,
    ),
    Command(
        path=("replay",),
        help="The app on a recording: step, jump and play through the past.",
        run=runners.run_replay,
        options=options.REPLAY,
        argument=options.RECORDING,
    ),
    Command(
        path=("backup", "list"),
        help="The backups that a cluster sees: state, size, collections.",
        run=runners.run_backup_list,
        options=options.BACKUP_LIST,
    ),
    Command(
        path=("backup", "status"),
        help="One backup, and the last restore of it.",
        run=runners.run_backup_status,
        options=options.BACKUP_STATUS,
        argument=options.BACKUP,
    ),
    Command(
        path=("backup", "create"),
        help="Back up collections as a job, and follow it.",
        run=runners.run_backup_create,
        options=options.BACKUP_CREATE,
        argument=options.BACKUP,
    ),
    Command(
        path=("backup", "restore"),
        help="Restore a backup as a job, and compare what came.",
        run=runners.run_backup_restore,
        options=options.BACKUP_RESTORE,
        argument=options.BACKUP,
    ),
    Command(
        path=("backup", "cancel"),
        help="End a backup or a restore that runs, and see that it has ended.",
        run=runners.run_backup_cancel,
        options=options.BACKUP_CANCEL,
        argument=options.BACKUP,
    ),
    Command(
        path=("jobs", "list"),
        help="The newest jobs and how far they are.",
        run=runners.run_jobs_list,
        options=options.JOBS_LIST,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "show"),
        help="One job: what was asked, how far it is, what it found, what it owes.",
        run=runners.run_jobs_show,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "attach"),
        help="Follow a job to its end; Ctrl-C leaves it running.",
        run=runners.run_jobs_attach,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "pause"),
        help="Let a job rest until it is resumed.",
        run=runners.run_jobs_pause,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "resume"),
        help="Let a paused or failed job go on.",
        run=runners.run_jobs_resume,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "cancel"),
        help="End a job for good; what it changed for its time is put back.",
        run=runners.run_jobs_cancel,
        options=(options.YES, options.DOCUMENT),
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "priority"),
        help="Say which of those that wait goes first.",
        run=runners.run_jobs_priority,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        second=options.PRIORITY,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "rate"),
        help="Limit a job's objects a second.",
        run=runners.run_jobs_rate,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        second=options.RATE,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "postpone"),
        help="Let a job start later.",
        run=runners.run_jobs_postpone,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        second=options.WHEN,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "answer"),
        help="Answer what a job asks; one that waits for it goes on.",
        run=runners.run_jobs_answer,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        second=options.ANSWER,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "thaw"),
        help="Say that the application has moved: the freeze that a job holds ends.",
        run=runners.run_jobs_thaw,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "roll-back"),
        help="Take a move back: what changed in the new place since goes to the old one.",
        run=runners.run_jobs_roll_back,
        options=copy_options.ROLL_BACK,
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "delete-old"),
        help="Delete the collection that a job brought its alias away from, by its typed name.",
        run=runners.run_jobs_delete_old,
        options=copy_options.DELETE_OLD,
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("jobs", "report"),
        help="What a job's report says; Markdown, or its JSON.",
        run=runners.run_jobs_report,
        options=(options.DOCUMENT,),
        argument=options.JOB,
        about_cluster=False,
    ),
    Command(
        path=("audit",),
        help="Every request that could change a cluster: who, when, what, with which result.",
        run=runners.run_audit,
        options=options.AUDIT,
        about_cluster=False,
    ),
    Command(
        path=("copy",),
        help=_COPY_HELP,
        run=runners.run_copy,
        options=copy_options.COPY,
        argument=copy_options.SOURCE,
        second=copy_options.TARGET_NAME,
    ),
    Command(
        path=("migrate",),
        help="Bring collections to another cluster, proven, and keep both equal until the change.",
        run=runners.run_migrate,
        options=copy_options.MIGRATE,
        argument=copy_options.COLLECTIONS,
    ),
    Command(
        path=("worker",),
        help="Do the jobs: copies, migrations, backups. Faces start it by themselves.",
        run=runners.run_worker,
        options=options.WORKER,
        about_cluster=False,
    ),
    Command(
        path=("check",),
        help="A monitoring plugin: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
        run=runners.run_check,
        options=options.CHECK,
    ),
    Command(
        path=("demo",),
        help="Simulated clusters, to try everything without a server.",
        run=runners.run_demo,
        options=options.DEMO,
        about_cluster=False,
    ),
    Command(
        path=("diag",),
        help="Pack what a bug report needs, without secrets.",
        run=runners.run_diag,
        options=(options.DOCUMENT,),
    ),
    Command(
        path=("config", "init"),
        help="Write a starter file, never over another.",
        run=runners.run_config_init,
    ),
    Command(
        path=("config", "show"),
        help="Every setting, its value and where it comes from.",
        run=runners.run_config_show,
        options=(options.DOCUMENT,),
    ),
    Command(
        path=("config", "check"),
        help="List every mistake in the settings.",
        run=runners.run_config_check,
        options=(options.DOCUMENT,),
    ),
    Command(path=("config", "path"), help="Where your settings are.", run=runners.run_config_path),
    Command(
        path=("keys", "list"),
        help="Every action of the app with its keys.",
        run=runners.run_keys_list,
        options=(options.DOCUMENT,),
        about_cluster=False,
    ),
    Command(
        path=("keys", "check"),
        help="List every mistake in your keymap, by line.",
        run=runners.run_keys_check,
        options=(options.DOCUMENT,),
        about_cluster=False,
    ),
    Command(
        path=("keys", "set"),
        help="Give an action other keys; a collision is refused.",
        run=runners.run_keys_set,
        argument=options.CHANGE,
        about_cluster=False,
    ),
    Command(
        path=("keys", "unset"),
        help="Give an action its usual keys again.",
        run=runners.run_keys_unset,
        argument=options.ACTION,
        about_cluster=False,
    ),
    Command(
        path=("keys", "path"),
        help="Where your keymap is.",
        run=runners.run_keys_path,
        about_cluster=False,
    ),
    Command(
        path=("template", "list"),
        help="Your templates and those that are shipped.",
        run=runners.run_template_list,
        options=(options.DOCUMENT,),
        about_cluster=False,
    ),
    Command(
        path=("template", "show"),
        help="One template, as the file that it is.",
        run=runners.run_template_show,
        options=(options.DOCUMENT,),
        argument=options.TEMPLATE,
        about_cluster=False,
    ),
    Command(
        path=("template", "save"),
        help="Keep the definition of a collection as a template.",
        run=runners.run_template_save,
        options=options.TEMPLATE_SAVE,
        argument=options.TEMPLATE,
    ),
    Command(
        path=("template", "create"),
        help="Create a collection of a template, and read it back.",
        run=runners.run_template_create,
        options=options.TEMPLATE_CREATE,
        argument=options.TEMPLATE,
    ),
    Command(
        path=("template", "delete"),
        help="Delete a template of your own.",
        run=runners.run_template_delete,
        argument=options.TEMPLATE,
        about_cluster=False,
    ),
    Command(
        path=("col", "stats"),
        help=_STATS_HELP,
        run=runners.run_stats,
        options=options.STATS,
        argument=options.NAME,
    ),
    Command(
        path=("col", "copy"),
        help=_COPY_HELP,
        run=runners.run_copy,
        options=copy_options.COPY,
        argument=copy_options.SOURCE,
        second=copy_options.TARGET_NAME,
    ),
    Command(
        path=("col", "list"),
        help=_LIST_HELP,
        run=runners.run_collections,
        options=(options.FORMAT, options.JSON, options.FILTER, options.SORT),
    ),
)
