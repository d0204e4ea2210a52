"""Migrations without the worker: phases run on their own."""
