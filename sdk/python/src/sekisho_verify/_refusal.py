"""Why a token was not accepted, and how that is said over HTTP (RFC 6750 section 3).

The names and sentences are the same in every language's verifier.
"""

from __future__ import annotations

_SENTENCES = {
    "too_long": "The token is too long",
    "not_jwt": "The token is not a JWT; was the audience of this API asked for at login?",
    "malformed": "The token is not a well-formed JWT",
    "algorithm": "The token is signed with an algorithm that is not accepted here",
    "no_key_id": "The token does not name its key (kid)",
    "unknown_key": "The token is signed with a key that the issuer does not publish",
    "signature": "The signature does not hold",
    "type": "The token is of another type (typ)",
    "issuer": "The token is from another issuer",
    "id_token": "This is an ID token, which tells the app who the user is; an API needs the access token",
    "logout_token": "This is a logout token; an API needs the access token",
    "bound": "The token is bound to a key whose proof is not accepted here",
    "audience": "The token is for another audience; an API needs an access token made for it, not an ID token",
    "party": "The token names two different clients",
    "expired": "The token has expired",
    "not_yet_valid": "The token is not valid yet",
    "issued_in_future": "The token was issued in the future",
    "revoked": "The token was revoked",
    "no_token": "An access token is needed",
    "bad_request": "The Authorization header is not of the form: Bearer token",
    "no_keys": "The keys of the issuer cannot be had",
    "not_ready": "What was revoked is not known yet",
    "stale": "What was revoked lately is not known",
    "introspection": "The issuer cannot be asked about the token",
    "claim_missing": "The claim {} is missing",
    "claim_mistyped": "The claim {} has the wrong type or is out of range",
    "scope": "The token lacks the scope: {}",
}

_STATUS = {"no_keys": 503, "not_ready": 503, "stale": 503, "introspection": 503, "scope": 403, "bad_request": 400}
_CODE = {400: "invalid_request", 401: "invalid_token", 403: "insufficient_scope", 503: "temporarily_unavailable"}


class Refusal(Exception):
    """A token that was not accepted. ``reason`` is stable, for tests and metrics; ``str()`` may be shown to the sender."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(_SENTENCES[reason].format(detail))
        self.reason = reason
        self.detail = detail

    @property
    def status(self) -> int:
        """The status that answers the request: 400, 401, 403 or 503."""
        return _STATUS.get(self.reason, 401)

    @property
    def code(self) -> str:
        """The error code of the answer."""
        return _CODE[self.status]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        if self.status == 503:
            return {**headers, "retry-after": "1"}
        challenge = "Bearer"
        if self.reason != "no_token":
            challenge += f' error="{self.code}", error_description="{self}"'
        if self.reason == "scope":
            challenge += f', scope="{self.detail}"'
        return {**headers, "www-authenticate": challenge}

    @property
    def body(self) -> dict[str, str]:
        """The body of the answer."""
        return {"error": self.code, "error_description": str(self)}


def bearer(*headers: str) -> str:
    """The token of ``Authorization: Bearer <token>``, given all headers of that name (RFC 6750 section 2.1)."""
    if not headers:
        raise Refusal("no_token")
    if len(headers) > 1:
        raise Refusal("bad_request")
    scheme, _, rest = headers[0].partition(" ")
    if scheme.lower() != "bearer":
        raise Refusal("no_token")
    token = rest.strip(" ")
    if not token or " " in token:
        raise Refusal("bad_request")
    return token
