"""Durable jobs: what was asked for, who works on it, how far it came, and how it is steered.

The room knows no kind of job: engines bring their words for phase and ending, their spec and
their checkpoint as JSON. Everything is kept in one SQLite file per user (``database``) and one
folder per job (``folder``); a file counts only up to the length that a transaction committed.

All calls are synchronous and wait for the disk: engines make them in threads and worker
processes, never on an event loop. Reads take a ``Reading``, what a face asks for takes a
``Transaction``, and what a worker writes takes a ``Claimed``: only ``claims.held`` gives one, and
only while the claim is the worker's.
"""
