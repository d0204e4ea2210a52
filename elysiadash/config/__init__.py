"""Settings and profiles: files, precedence, and where each value came from."""
