"""Findings about a cluster, each with a stable code, a severity and its evidence."""
