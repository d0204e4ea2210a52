"""On which line of a TOML text a key stands. ``tomllib`` parses values and forgets their places."""

from __future__ import annotations

import tomllib
from bisect import bisect_left

KeyPath = tuple[str | int, ...]
"""Keys from the top; the number of an element where the value above is an array."""


def key_lines(text: str) -> dict[KeyPath, int]:
    """Path -> line, from 1, of every table, key and array element in a valid TOML text.

    Handles table headers, arrays of tables, dotted and quoted keys, inline tables and multi-line
    strings and arrays. A text that is not valid TOML gives the lines up to the first oddity.
    """
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (_Oddity, RecursionError):
        # Better some lines than none: the caller falls back to the nearest table above.
        return scanner.lines
    return scanner.lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """The line of ``path``, or of the nearest thing above it that has one."""
    for length in range(len(path), 0, -1):
        line = lines.get(path[:length])
        if line is not None:
            return line
    return None


class _Oddity(Exception):
    """The text is not what TOML allows here."""


class _Scanner:
    """Walks the text once; knows TOML's structure, not its values."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._line_ends = [at for at, char in enumerate(text) if char == "\n"]
        self._last_element: dict[KeyPath, int] = {}
        """Path of an array of tables -> number of its last element."""

    def document(self) -> None:
        table: KeyPath = ()
        while self._skip_blank_lines():
            if self._text.startswith("[[", self._at):
                table = self._array_header()
            elif self._peek() == "[":
                table = self._table_header()
            else:
                self._pair(table)

    def _table_header(self) -> KeyPath:
        line = self._line()
        self._at += 1
        path = self._within_arrays(self._key())
        self._expect("]")
        self._note(path, line)
        # The table may have been seen in passing, as a part of the name of another.
        self.lines[path] = line
        return path

    def _array_header(self) -> KeyPath:
        line = self._line()
        self._at += 2
        *above, last = self._key()
        array = (*self._within_arrays(tuple(above)), last)
        self._expect("]]")
        number = self._last_element.get(array, -1) + 1
        self._last_element[array] = number
        self._note((*array, number), line)
        return (*array, number)

    def _within_arrays(self, keys: tuple[str, ...]) -> KeyPath:
        """``[a.b]`` after ``[[a]]`` is a part of the last element of ``a``."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._last_element:
                path = (*path, self._last_element[path])
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = (*table, *self._key())
        self._note(path, line)
        self._expect("=")
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._skip_spaces()
        char = self._peek()
        if char in "\"'":
            self._string()
        elif char == "[":
            self._array(path)
        elif char == "{":
            self._inline_table(path)
        else:
            while self._peek() not in ",]}#\n":
                self._at += 1

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        number = 0
        while self._skip_blank_lines() and self._peek() != "]":
            self._note((*path, number), self._line())
            self._value((*path, number))
            number += 1
            self._skip_blank_lines()
            if self._peek() != "]":
                self._expect(",")
        self._expect("]")

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        # Blank lines inside are TOML 1.1; skipping them costs nothing.
        while self._skip_blank_lines() and self._peek() != "}":
            self._pair(path)
            self._skip_blank_lines()
            if self._peek() != "}":
                self._expect(",")
        self._expect("}")

    def _key(self) -> tuple[str, ...]:
        parts = [self._key_part()]
        self._skip_spaces()
        while self._peek() == ".":
            self._at += 1
            parts.append(self._key_part())
            self._skip_spaces()
        return tuple(parts)

    def _key_part(self) -> str:
        self._skip_spaces()
        start = self._at
        if self._peek() in "\"'":
            self._string()
            token = self._text[start : self._at]
            if "\\" not in token:
                return token[1:-1]
            try:
                return str(tomllib.loads(f"key = {token}")["key"])
            except tomllib.TOMLDecodeError:
                raise _Oddity from None
        while self._peek().isalnum() or self._peek() in "-_":
            self._at += 1
        if start == self._at:
            raise _Oddity
        return self._text[start : self._at]

    def _string(self) -> None:
        quote = self._peek()
        if self._text.startswith(quote * 3, self._at):
            self._multi_line_string(quote)
            return
        self._at += 1
        while self._peek() != quote:
            if self._peek() == "\n":
                raise _Oddity
            self._at += 2 if quote == '"' and self._peek() == "\\" else 1
        self._at += 1

    def _multi_line_string(self, quote: str) -> None:
        self._at += 3
        while not self._text.startswith(quote * 3, self._at):
            if self._at >= len(self._text):
                raise _Oddity
            self._at += 2 if quote == '"' and self._peek() == "\\" else 1
        self._at += 3
        # Up to two quotes before the closing three belong to the text.
        for _ in range(2):
            if self._text.startswith(quote, self._at):
                self._at += 1

    def _peek(self) -> str:
        """The character here; a line end when the text is over."""
        return self._text[self._at] if self._at < len(self._text) else "\n"

    def _expect(self, mark: str) -> None:
        self._skip_spaces()
        if not self._text.startswith(mark, self._at):
            raise _Oddity
        self._at += len(mark)

    def _skip_spaces(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in " \t":
            self._at += 1

    def _skip_blank_lines(self) -> bool:
        """Go to the next thing that is neither space nor comment; whether there is one."""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif char in " \t\r\n":
                self._at += 1
            else:
                return True
        return False

    def _line(self) -> int:
        return bisect_left(self._line_ends, self._at) + 1

    def _note(self, path: KeyPath, line: int) -> None:
        """Note the path and, for dotted keys, the tables that exist only through it."""
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)
