"""What each command does with its options: it loads what it needs only when it runs."""

from __future__ import annotations

from typing import Any

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags

Given = dict[str, Any]
"""Option -> its value."""


def run_app(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.start_app import start_app

    return start_app(flags, ascii=given["ascii"])


def run_stats(flags: ClusterFlags, given: Given) -> int:
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


def run_nodes(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.nodes_command import nodes

    return nodes(flags, _format(given), given["self_metrics"])


def run_collections(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.collections_command import collections

    return collections(flags, _format(given), tuple(given["filters"] or ()), given["sort"])


def run_events(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.events_command import EventsWish, events

    wish = {name: value for name, value in given.items() if name != "as_json"}
    wish["format"] = _format(given)
    return events(flags, EventsWish(**wish))


def run_record(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.record_command import RecordWish, record

    return record(flags, RecordWish(**given))


def run_replay(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.replay_command import replay

    return replay(flags, given["path"], given["at"], ascii=given["ascii"])


def run_check(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.check_command import CheckWish, check

    return check(flags, CheckWish(**given))


def run_diag(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.diag_command import diag

    return diag(flags, given["as_json"])


def run_demo(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli import demo_command

    serve = given["serve"]
    usual = "healthy" if serve or given["scale"] else "all"
    wanted = (given["scenario"] or usual, given["seed"], given["scale"], given["port_base"])
    if serve:
        return demo_command.serve_demo(*wanted)
    return demo_command.show_demo(*wanted, ascii=given["ascii"])


def run_config_init(flags: ClusterFlags, _: Given) -> int:
    from elysiadash.cli.config_command import config_init

    return config_init(flags)


def run_config_show(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.config_command import config_show

    return config_show(flags, given["as_json"])


def run_config_check(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.config_command import config_check

    return config_check(flags, given["as_json"])


def run_config_path(flags: ClusterFlags, _: Given) -> int:
    from elysiadash.cli.config_command import config_path

    return config_path(flags)


def run_keys_list(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.keys_command import keys_list

    return keys_list(given["as_json"])


def run_keys_check(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.keys_command import keys_check

    return keys_check(given["as_json"])


def run_keys_set(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.keys_command import keys_set

    return keys_set(given["change"] or "")


def run_keys_unset(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.keys_command import keys_unset

    return keys_unset(given["action"] or "")


def run_keys_path(_: ClusterFlags, __: Given) -> int:
    from elysiadash.cli.keys_command import keys_path

    return keys_path()


def run_template_list(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.template_command import template_list

    return template_list(given["as_json"])


def run_template_show(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.template_command import template_show

    return template_show(given["name"], given["as_json"])


def run_template_delete(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.template_command import template_delete

    return template_delete(given["name"])


def run_template_save(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.template_command import SaveWish, template_save

    return template_save(flags, SaveWish(**{**given, "settings": tuple(given["settings"] or ())}))


def run_template_create(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.template_creation import CreateWish, template_create

    wish = CreateWish(**{**given, "settings": tuple(given["settings"] or ())})
    return template_create(flags, wish)


def run_worker(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.worker_command import worker

    return worker(detached=given["detached"], idle_s=given["idle"], end=given["stop"])


def run_jobs_list(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_command import ListWish, jobs_list

    return jobs_list(
        ListWish(
            states=tuple(given["states"] or ()),
            kind=given["job_kind"],
            everything=given["everything"],
            limit=given["limit"],
            format=_format(given),
        )
    )


def run_jobs_show(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_command import jobs_show

    return jobs_show(given["name"], given["as_json"])


def run_jobs_report(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_command import jobs_report

    return jobs_report(given["name"], given["as_json"])


def run_jobs_attach(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_command import jobs_attach

    return jobs_attach(given["name"], given["as_json"])


def run_jobs_pause(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_steering import jobs_pause

    return jobs_pause(given["name"], given["as_json"])


def run_jobs_resume(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_steering import jobs_resume

    return jobs_resume(given["name"], given["as_json"])


def run_jobs_cancel(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_steering import jobs_cancel

    return jobs_cancel(given["name"], given["yes"], given["as_json"])


def run_jobs_priority(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_steering import jobs_priority

    return jobs_priority(given["name"], given["value"], given["as_json"])


def run_jobs_rate(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_steering import jobs_rate

    return jobs_rate(given["name"], given["value"], given["as_json"])


def run_jobs_postpone(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_steering import jobs_postpone

    return jobs_postpone(given["name"], given["value"], given["as_json"])


def run_jobs_answer(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_steering import jobs_answer

    return jobs_answer(given["name"], given["value"], given["as_json"])


def run_jobs_thaw(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.jobs_steering import jobs_thaw

    return jobs_thaw(given["name"], given["as_json"])


def run_jobs_roll_back(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.roll_back_command import RollBackWish, roll_back

    lists = ("accepted", "confirm")
    wish: Given = {
        name: tuple(value or ()) if name in lists else value for name, value in given.items()
    }
    return roll_back(wish.pop("name"), RollBackWish(**wish))


def run_jobs_delete_old(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.delete_old_command import delete_old

    return delete_old(
        given["name"], tuple(given["confirm"] or ()), detach=given["detach"],
        as_json=given["as_json"],
    )  # fmt: skip


def run_backup_list(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.backup_command import BackupWish, backup_list

    return backup_list(flags, BackupWish(backend=given["backend"], format=_format(given)))


def run_backup_status(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.backup_command import BackupWish, backup_status

    wish = BackupWish(
        id=given["name"], backend=given["backend"], format="json" if given["as_json"] else "table"
    )
    return backup_status(flags, wish)


def run_backup_cancel(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.backup_command import BackupWish, backup_cancel

    wish = BackupWish(
        id=given["name"], backend=given["backend"], restore=given["restore"], yes=given["yes"],
        format="json" if given["as_json"] else "table",
    )  # fmt: skip
    return backup_cancel(flags, wish)


def run_backup_create(flags: ClusterFlags, given: Given) -> int:
    return _backup_job(flags, "backup", given)


def run_backup_restore(flags: ClusterFlags, given: Given) -> int:
    return _backup_job(flags, "restore", given)


def _backup_job(flags: ClusterFlags, kind: str, given: Given) -> int:
    from elysiadash.cli.backup_jobs import BackupJobWish, backup_job

    lists = ("include", "exclude", "accept", "node_mapping")
    wish: Given = {
        name: tuple(value or ()) if name in lists else value for name, value in given.items()
    }
    return backup_job(flags, kind, BackupJobWish(id=wish.pop("name"), **wish))


def run_audit(_: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.audit_command import AuditWish, audit

    wish = {name: value for name, value in given.items() if name != "as_json"}
    wish["format"] = _format(given)
    return audit(AuditWish(**wish))


def run_copy(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.copy_command import copy
    from elysiadash.migrate.spec import COPY

    source, name = given["source"], given["target_name"]
    if not source or not (name or given["target"]):
        raise CommandFailed(
            "copy which collection to what?",
            "elysiadash copy NAME OTHER, or elysiadash copy NAME --target PROFILE",
            Exit.USAGE,
        )
    return copy(flags, _copy_wish(given, COPY, ((source, name or source),)))


def run_migrate(flags: ClusterFlags, given: Given) -> int:
    from elysiadash.cli.copy_command import copy, pairs_of
    from elysiadash.migrate.spec import MIGRATE

    return copy(flags, _copy_wish(given, MIGRATE, pairs_of(given["collections"])))


def _copy_wish(given: Given, kind: str, pairs: tuple[tuple[str, str], ...]) -> Any:
    from elysiadash.cli.copy_spec import CopyWish

    others = ("source", "target_name", "collections", "include_data")
    wish = {name: value for name, value in given.items() if name not in others}
    for name in ("target_node", "tenants", "settings", "accepted", "confirm"):
        wish[name] = tuple(wish[name] or ())
    wish["schema_only"] = wish["schema_only"] or not given["include_data"]
    return CopyWish(kind=kind, pairs=pairs, **wish)


def _format(given: Given) -> Any:
    return "json" if given["as_json"] else given["format"]
