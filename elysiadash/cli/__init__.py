"""The headless face: commands, output and exit codes."""
