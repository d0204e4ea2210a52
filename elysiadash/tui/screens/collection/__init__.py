"""The detail of one collection: five panes, and the screen that shows as many as fit."""

from elysiadash.tui.screens.collection.screen import CollectionScreen

__all__ = ["CollectionScreen"]
