"""How a profile proves who it is: API key, bearer token, or OIDC client credentials.

Weaviate takes all of them as ``Authorization: Bearer ...`` (exactly that form).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from elysiadash.config.profile import Auth, Secret, SecretUnavailable
from elysiadash.config.redaction import register_secret
from elysiadash.weaviate.errors import CredentialsUnavailable

if TYPE_CHECKING:
    import httpx

_RENEW_BEFORE_S = 30.0
T = TypeVar("T")


class _Discovery(msgspec.Struct, gc=False):
    """``GET /v1/.well-known/openid-configuration``: where the issuer describes itself."""

    href: str
    client_id: str | None = msgspec.field(name="clientId", default=None)
    scopes: list[str] | None = None


class _Issuer(msgspec.Struct, gc=False):
    token_endpoint: str


class _Token(msgspec.Struct, gc=False):
    access_token: str
    expires_in: float = 300.0


class Authenticator:
    """Yields the Authorization header of one profile; OIDC tokens are renewed before they end.

    ``fetch`` gives the httpx client for the issuer, ``timeout`` is seconds for one token.
    """

    def __init__(
        self,
        auth: Auth,
        url: str,
        fetch: Callable[[], httpx.AsyncClient],
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._auth = auth
        self._url = url
        self._fetch = fetch
        self._timeout = timeout
        self._clock = clock
        self._value: str | None = None
        self._good_until = 0.0
        self._renewing = asyncio.Lock()

    async def header(self) -> str | None:
        """The header's value, or None for anonymous access.

        Raises ``CredentialsUnavailable`` when the secret or the token cannot be had.
        """
        if self._auth.method == "none":
            return None
        if self._value is None or self._clock() >= self._good_until:
            async with self._renewing:
                if self._value is None or self._clock() >= self._good_until:
                    await self._renew()
        return self._value

    def forget(self) -> bool:
        """Drop the value after a 401; True when a new one may differ and a retry makes sense."""
        self._value = None
        return self._auth.method == "oidc"

    async def _renew(self) -> None:
        if self._auth.method == "oidc":
            token = await self._token_in_time()
            register_secret(token.access_token)
            self._value = f"Bearer {token.access_token}"
            self._good_until = self._clock() + max(1.0, token.expires_in - _RENEW_BEFORE_S)
            return
        self._value = f"Bearer {await reveal(self._auth.key, 'auth key')}"
        self._good_until = float("inf")

    async def _token_in_time(self) -> _Token:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._token()
        except TimeoutError:
            raise CredentialsUnavailable(
                f"the identity provider gave no token within {self._timeout:g} s",
                hint="check token_url and the network",
            ) from None

    async def _token(self) -> _Token:
        client_id, token_url, scopes = self._auth.client_id, self._auth.token_url, self._auth.scopes
        if token_url is None:
            address = f"{self._url}/v1/.well-known/openid-configuration"
            discovery = await self._ask(_Discovery, "GET", address)
            client_id = client_id or discovery.client_id
            scopes = scopes or tuple(discovery.scopes or ())
            token_url = (await self._ask(_Issuer, "GET", discovery.href)).token_endpoint
        secret = await reveal(self._auth.client_secret, "OIDC client secret")
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id or "",
            "client_secret": secret,
        }
        if scopes:
            form["scope"] = " ".join(scopes)
        return await self._ask(_Token, "POST", token_url, form)

    async def _ask(
        self, kind: type[T], method: str, url: str, form: dict[str, str] | None = None
    ) -> T:
        import httpx

        request = f"{method} {url}"
        try:
            answer = await self._fetch().request(method, url, data=form)
            if answer.status_code >= 400:
                raise CredentialsUnavailable(
                    f"the identity provider answered {answer.status_code}",
                    request=request,
                    hint="check client_id, client_secret and token_url of the profile",
                )
            return msgspec.json.decode(answer.content, type=kind)
        except httpx.HTTPError as error:
            raise CredentialsUnavailable(
                f"the identity provider cannot be asked ({type(error).__name__})",
                request=request,
                hint="check token_url and the network",
            ) from None
        except msgspec.DecodeError as error:
            raise CredentialsUnavailable(
                f"the identity provider's answer is not understood ({error})", request=request
            ) from None


async def reveal(secret: Secret | None, what: str) -> str:
    """A secret's value, resolved off the event loop (a command may take seconds).

    Raises ``CredentialsUnavailable``, which names the secret's source and never its value.
    """
    if secret is None:
        raise CredentialsUnavailable(f"the profile names no {what}", hint="add it to the profile")
    try:
        return await asyncio.to_thread(secret.reveal)
    except SecretUnavailable as error:
        raise CredentialsUnavailable(f"the {what} cannot be had: {error}") from None
