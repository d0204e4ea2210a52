"""Which handler answers which route, and what a server says to routes and methods it lacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from elysiadash.demo.messages import Answer, Request, library_failure
from elysiadash.demo.world import World

Handler = Callable[[World, Request], Awaitable[Answer]]
Methods = dict[str, Handler | None]


@dataclass(frozen=True, slots=True)
class Route:
    """A method on a path; `None` is a route that a real server has and the simulator has not."""

    method: str
    template: str
    handler: Handler | None


class Router:
    """Routes by path; literal segments win over placeholders.

    `missing` is the answer to unknown paths, else it is the API's own. `asks_keys`: whether
    API keys, where the cluster has any, are asked for here.
    """

    def __init__(
        self, routes: Sequence[Route], missing: Answer | None = None, *, asks_keys: bool = False
    ) -> None:
        self._missing = missing
        self.asks_keys = asks_keys
        self._by_length: dict[
            int, list[tuple[tuple[str, ...], str, dict[str, Handler | None]]]
        ] = {}
        templates: dict[str, Methods] = {}
        for route in routes:
            templates.setdefault(route.template, {})[route.method] = route.handler
        for template, methods in templates.items():
            segments = tuple(template.strip("/").split("/"))
            self._by_length.setdefault(len(segments), []).append((segments, template, methods))
        for known in self._by_length.values():
            known.sort(key=lambda entry: [segment.startswith("{") for segment in entry[0]])

    def find(self, method: str, path: str) -> tuple[str, dict[str, str], Handler | Answer]:
        """The route's template, its values, and who answers (or what is answered instead).

        An unknown path is its own template, as it is in the server's metrics.
        """
        segments = path.strip("/").split("/")
        for pattern, template, methods in self._by_length.get(len(segments), []):
            values = _match(pattern, segments)
            if values is None:
                continue
            if method not in methods:
                return template, values, _wrong_method(method, list(methods))
            handler = methods[method]
            if handler is None:
                return template, values, _not_simulated(method, template)
            return template, values, handler
        return path, {}, self._missing or library_failure(404, f"path {path} was not found")


def _match(pattern: tuple[str, ...], segments: list[str]) -> dict[str, str] | None:
    values = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not given:
                return None
            values[expected[1:-1]] = unquote(given)
        elif expected != given:
            return None
    return values


def _wrong_method(method: str, allowed: list[str]) -> Answer:
    names = ",".join(allowed)
    answer = library_failure(405, f"method {method} is not allowed, but [{names}] are")
    return Answer(answer.status, answer.body, answer.content_type, {"allow": names})


def _not_simulated(method: str, template: str) -> Answer:
    """A real server answers a route without a handler with a bare JSON string, too."""
    body = f'"operation {method} {template} has not yet been implemented"\n'
    return Answer(501, body.encode())
