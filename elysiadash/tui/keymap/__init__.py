"""The user's own keys: a TOML file of action ids, read and checked before anything is bound."""

from elysiadash.tui.keymap.keymap import Keymap, keymap_file, read_keymap
from elysiadash.tui.keymap.names import KeyNameError, canonical, shown

__all__ = ["KeyNameError", "Keymap", "canonical", "keymap_file", "read_keymap", "shown"]
