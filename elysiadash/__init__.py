"""The operations console for Weaviate: a terminal app and the same engine as commands."""

__version__ = "0.1.0"
