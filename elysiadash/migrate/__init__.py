"""Copies and migrates collections without losing an object.

``spec`` says what is asked for, ``checkpoint`` what the engine knows at a moment (both are JSON in
the job's row, read by faces), ``site`` is an open cluster, ``parts`` names what is copied.
``engine`` goes through the phases; each phase is a module of its own.
"""
