"""The checks: pure functions from a picture to findings."""
