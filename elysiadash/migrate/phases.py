"""The words of a migration: the phases it goes through and the ways it ends."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """Where a migration stands; entering one is a transaction."""

    PLANNED = "PLANNED"
    PREFLIGHT = "PREFLIGHT"
    PREPARE = "PREPARE"
    """Collections and tenants are made in the target."""
    WAVES = "WAVES"
    """Tenants that sleep are woken, copied and proven some at a time, and put to sleep again."""
    COPY = "COPY"
    DELTA = "DELTA"
    """Generations that catch up with what changed since."""
    PROVE = "PROVE"
    """Both sides are read whole and compared."""
    PROVEN = "PROVEN"
    """Proof stands, the operator or the freeze ladder is waited for."""
    FREEZE = "FREEZE"
    FINAL_DELTA = "FINAL_DELTA"
    CUT_OVER = "CUT_OVER"
    HELD = "HELD"
    """The source stays frozen until the operator says that the application has moved."""
    REPORT = "REPORT"
    ROLL_BACK = "ROLL_BACK"


class Ending(StrEnum):
    """How a migration ended, in one word."""

    VERIFIED = "VERIFIED"
    """Done, and all that was asked to be verified was, without a difference."""
    NOT_VERIFIED = "NOT_VERIFIED"
    """Done without verification, as was asked."""
    CAUGHT_UP = "CAUGHT_UP"
    """``--freeze none``: proven, and a generation was small enough."""
    DIFFERENT = "DIFFERENT"
    """Verification failed, or objects are in the dead letters."""
    REFUSED = "REFUSED"
    """Preflight blocks it."""
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    ROLLED_BACK = "ROLLED_BACK"
    DELETED = "DELETED"
    """The old collection is deleted, as was asked for by its name."""
    CHECKED = "CHECKED"
    """A preflight or a rehearsal alone: nothing was to be copied."""


class Verify(StrEnum):
    """How deep verification goes; each includes those before."""

    NONE = "none"
    V0 = "V0"
    """Counts."""
    V1 = "V1"
    """Ids."""
    V2 = "V2"
    """Digests of whole objects."""
    V3 = "V3"
    """Field by field where a digest differs."""
    V4 = "V4"
    """Search parity on samples."""


class Freeze(StrEnum):
    """How writers of the source are kept out; ``AUTO`` takes the best that works."""

    AUTO = "auto"
    STOPPED = "stopped"
    """The operator stopped them, and says so."""
    ROLES = "roles"
    MODE = "mode"
    READONLY = "readonly"
    NONE = "none"


class Strategy(StrEnum):
    """See ``Spec.strategy``."""

    ONLINE = "online"
    OFFLINE = "offline"
    BACKUP = "backup"
