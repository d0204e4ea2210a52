"""Snapshots in xdist's workers."""

from __future__ import annotations

import os
import tempfile

# The snapshot plugin hands its folder to the workers in this variable, and a plain terminal has
# no variables of that kind; without the folder every comparison would fail.
os.environ.setdefault("TEXTUAL_SNAPSHOT_TEMPDIR", tempfile.mkdtemp(prefix="elysiadash-snapshots-"))
