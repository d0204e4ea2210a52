"""How rows leave the screen: to the terminal's clipboard, and into files."""
