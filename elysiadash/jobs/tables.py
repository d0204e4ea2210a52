"""The tables of ``jobs.db``, as the list of steps from an empty file to the newest version.

A released step is never changed; what is new is a step at the end. No RETURNING and no STRICT:
the SQLite of supported systems is as old as 3.34.
"""

from __future__ import annotations

APPLICATION_ID = 0x656C796A

_FIRST = (
    # Age is `seq`, not a time: clocks jump.
    """CREATE TABLE jobs (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        parent TEXT REFERENCES jobs (id) ON DELETE CASCADE,
        is_parent INTEGER NOT NULL DEFAULT 0,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        spec TEXT NOT NULL,
        spec_hash TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN
            ('QUEUED', 'RUNNING', 'PAUSED', 'DONE', 'FAILED', 'CANCELLED')),
        phase TEXT NOT NULL DEFAULT '',
        checkpoint TEXT NOT NULL DEFAULT '{}',
        ending TEXT,
        reason TEXT,
        priority INTEGER NOT NULL DEFAULT 0,
        rate REAL,
        not_before REAL,
        expected INTEGER,
        created REAL NOT NULL,
        created_by TEXT NOT NULL,
        started REAL,
        ended REAL,
        engine_version TEXT NOT NULL,
        token INTEGER NOT NULL DEFAULT 0,
        crashes INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX jobs_by_turn ON jobs (state, priority DESC, seq)",
    "CREATE INDEX jobs_by_parent ON jobs (parent, seq)",
    "CREATE INDEX jobs_by_spec ON jobs (spec_hash)",
    """CREATE TABLE job_clusters (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        name TEXT NOT NULL,
        url TEXT NOT NULL,
        hosts TEXT NOT NULL,
        PRIMARY KEY (job, place)) WITHOUT ROWID""",
    # One row at most for a job; its token is the one that may write.
    """CREATE TABLE claims (
        job TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
        token INTEGER NOT NULL,
        worker TEXT NOT NULL,
        pid INTEGER NOT NULL,
        started TEXT NOT NULL,
        boot TEXT NOT NULL,
        place TEXT NOT NULL,
        taken REAL NOT NULL,
        beat_steady REAL NOT NULL,
        beat_wall REAL NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE control (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        verb TEXT NOT NULL,
        value TEXT NOT NULL DEFAULT 'null',
        asked REAL NOT NULL,
        asked_by TEXT NOT NULL,
        applied REAL,
        applied_by TEXT,
        outcome TEXT)""",
    "CREATE INDEX control_by_job ON control (job, id)",
    "CREATE INDEX control_open ON control (job, verb) WHERE applied IS NULL",
    """CREATE TABLE steps (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        name TEXT NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN
            ('WAITING', 'RUNNING', 'DONE', 'FAILED', 'SKIPPED', 'UNDONE')),
        data TEXT NOT NULL DEFAULT '{}',
        undo TEXT,
        owed INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        started REAL,
        ended REAL,
        PRIMARY KEY (job, name)) WITHOUT ROWID""",
    "CREATE INDEX steps_owed ON steps (job) WHERE owed = 1",
    """CREATE TABLE ranges (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        generation INTEGER NOT NULL,
        tenant TEXT NOT NULL,
        lower BLOB NOT NULL CHECK (length(lower) = 16),
        upper BLOB NOT NULL CHECK (length(upper) = 16 AND upper >= lower),
        watermark BLOB CHECK (watermark BETWEEN lower AND upper),
        state TEXT NOT NULL DEFAULT 'WAITING' CHECK (state IN ('WAITING', 'TAKEN', 'DONE')),
        token INTEGER,
        slot INTEGER,
        objects INTEGER NOT NULL DEFAULT 0,
        bytes INTEGER NOT NULL DEFAULT 0,
        seconds REAL NOT NULL DEFAULT 0,
        extra TEXT NOT NULL DEFAULT '{}',
        touched REAL NOT NULL,
        UNIQUE (job, generation, tenant, lower))""",
    "CREATE INDEX ranges_by_state ON ranges (job, state, id)",
    "CREATE UNIQUE INDEX ranges_by_slot ON ranges (job, token, slot) WHERE state = 'TAKEN'",
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        text TEXT NOT NULL,
        data TEXT NOT NULL DEFAULT '{}')""",
    "CREATE INDEX events_by_job ON events (job, id)",
    """CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        tenant TEXT NOT NULL,
        object BLOB NOT NULL CHECK (length(object) = 16),
        generation INTEGER NOT NULL,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        at REAL NOT NULL,
        settled REAL,
        UNIQUE (job, tenant, object, generation))""",
    "CREATE INDEX dead_letters_open ON dead_letters (job, id) WHERE settled IS NULL",
    """CREATE TABLE leases (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        resource TEXT NOT NULL,
        places INTEGER NOT NULL CHECK (places > 0),
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        token INTEGER NOT NULL,
        taken REAL NOT NULL)""",
    "CREATE INDEX leases_by_resource ON leases (resource)",
    "CREATE INDEX leases_by_job ON leases (job)",
    """CREATE TABLE files (
        job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        length INTEGER NOT NULL CHECK (length >= 0),
        PRIMARY KEY (job, name)) WITHOUT ROWID""",
)

_AFTER = (
    "ALTER TABLE jobs ADD COLUMN after TEXT REFERENCES jobs (id) ON DELETE SET NULL",
    "CREATE INDEX jobs_by_after ON jobs (after) WHERE after IS NOT NULL",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _AFTER)
"""Step n brings a file from version n to n + 1 (``PRAGMA user_version``)."""

VERSION = len(MIGRATIONS)
