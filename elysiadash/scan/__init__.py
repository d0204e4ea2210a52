"""Reading whole collections to prove what they hold: ids with times, digests, comparison.

Verification's own reader; it shares nothing with the reader that copies. ``ids`` and ``digests``
are the two scans, ``walk`` is how both go through a range, ``canonical`` says when two objects
are equal, ``compare`` and ``fields`` say where they are not, ``ledger`` keeps what was seen.
"""
