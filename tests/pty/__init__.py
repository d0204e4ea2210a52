"""The real process in a terminal of its own: keys in, what is on the screen out."""
