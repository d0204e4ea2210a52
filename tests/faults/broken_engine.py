"""An engine that cannot be loaded."""

raise OSError("a library is missing")
