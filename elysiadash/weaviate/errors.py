"""One family of errors: what happened, to which request, and what to try."""

from __future__ import annotations

from typing import ClassVar

from elysiadash.config.redaction import redact


class WeaviateError(Exception):
    """Something a server, or the way to it, did not do as asked.

    ``what`` says what happened, ``request`` to which request (method and address, never a
    header or a body), ``hint`` what to try, ``status`` is the HTTP status where there was one,
    ``detail`` the server's own words (plain text, never markup, cut to a readable length).
    """

    kind: ClassVar[str] = "error"

    def __init__(
        self,
        what: str,
        *,
        request: str | None = None,
        hint: str | None = None,
        status: int | None = None,
        detail: str | None = None,
    ) -> None:
        # A server or a proxy may echo what we sent: no secret may reach a screen through it.
        self.what = redact(what)
        super().__init__(self.what)
        self.request = request
        self.hint = hint
        self.status = status
        self.detail = redact(detail) if detail else detail

    def __str__(self) -> str:
        parts = [self.what]
        if self.request:
            parts.append(f"request: {self.request}")
        if self.detail:
            parts.append(f"the server said: {self.detail}")
        if self.hint:
            parts.append(self.hint)
        return "; ".join(parts)


class Unreachable(WeaviateError):
    """No connection: refused, no such host, no route, or the TLS handshake failed."""

    kind = "unreachable"


class NoAnswer(WeaviateError):
    """Connected, but no answer within the time limit."""

    kind = "no answer"


class ConnectionLost(WeaviateError):
    """The connection ended before the answer was complete."""

    kind = "connection lost"


class Unauthorized(WeaviateError):
    """401: no key, a wrong key, or a key where the server has no authentication."""

    kind = "unauthorized"


class Forbidden(WeaviateError):
    """403: the user lacks the permission for this one request."""

    kind = "forbidden"


class NotFound(WeaviateError):
    """404 of a thing (collection, tenant, object), not of a route."""

    kind = "not found"


class NotSupported(WeaviateError):
    """The server has no such route, or the feature is switched off (404 route, 405, 501)."""

    kind = "not supported"


class Rejected(WeaviateError):
    """The server understood and refused (400, 409, 415, 422, 429 and the other 4xx)."""

    kind = "rejected"


class ServerFault(WeaviateError):
    """5xx."""

    kind = "server fault"


class BadAnswer(WeaviateError):
    """The answer is not what Weaviate sends: HTML, truncated, or of wrong types."""

    kind = "bad answer"


class AnswerTooLarge(WeaviateError):
    """The answer passed the size limit and was dropped."""

    kind = "too large"


class Refused(WeaviateError):
    """We refused to send it: the guard, or our own request budget."""

    kind = "refused"


class CredentialsUnavailable(WeaviateError):
    """The secret or token that the profile names could not be had."""

    kind = "no credentials"
