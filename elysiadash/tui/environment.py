"""The colour that says which environment a cluster is: the profile's own, else the theme's."""

from __future__ import annotations

from collections.abc import Mapping

from textual.color import Color, ColorParseError


def colour_of(own: str | None, variables: Mapping[str, str], *, demo: bool = False) -> str:
    """``#rrggbb``; ``own`` is the profile's colour, ``variables`` are the theme's."""
    usual = variables.get("env-demo" if demo else "env-default", "")
    for wanted in (own, usual):
        try:
            if wanted:
                return Color.parse(wanted).hex6
        except ColorParseError:
            continue
    return "#3a6ea5"


def text_on(colour: str) -> str:
    """Black or white, whichever can be read on ``colour``."""
    return "#000000" if Color.parse(colour).brightness > 0.55 else "#ffffff"


def chip(colour: str) -> str:
    """A style: bold text that can be read, on the colour."""
    return f"bold {text_on(colour)} on {colour}"
