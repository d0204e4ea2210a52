"""Weaviate's own backups as jobs: created, followed, cancelled and restored, resumable at any step.

``requests`` is what the API can be asked, ``traps`` what must be known before it is asked,
``following`` waits for the server, ``engine`` does the jobs. Facts are from Weaviate 1.39.0.
"""
