"""What the claims of a token must be before an API believes it.

Same checks, order and names as in every language's verifier; the signature was checked before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ._record import MAX_NUMBER, Subject
from ._refusal import Refusal

_MOST_ACTORS = 8
"""Nobody hands a token on more often, and each costs a look at the revocations."""

_SCOPE = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*", re.ASCII)


@dataclass(frozen=True)
class Proof:
    """What the caller has checked: the thumbprint of a DPoP proof's key, or of the client's certificate."""

    jkt: str | None = None
    x5t_s256: str | None = None


@dataclass(frozen=True)
class Claims:
    """The claims of a token that was accepted. Times are Unix seconds; everything that was signed is in ``payload``."""

    iss: str
    sub: str
    aud: tuple[str, ...]
    exp: int
    iat: int
    gid: str
    nbf: int | None
    scope: frozenset[str]
    permissions: tuple[str, ...]
    client_id: str | None
    jti: str | None
    sid: str | None
    payload: Mapping[str, Any] = field(repr=False)


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    if name not in claims:
        return None
    value = claims[name]
    if not isinstance(value, str) or not value:
        raise Refusal("claim_mistyped", name)
    return value


def _need_text(claims: Mapping[str, Any], name: str) -> str:
    value = _text(claims, name)
    if value is None:
        raise Refusal("claim_missing", name)
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> int | None:
    if name not in claims:
        return None
    value = claims[name]
    if type(value) is not int or not 0 <= value <= MAX_NUMBER:
        raise Refusal("claim_mistyped", name)
    return value


def _need_seconds(claims: Mapping[str, Any], name: str) -> int:
    value = _seconds(claims, name)
    if value is None:
        raise Refusal("claim_missing", name)
    return value


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = claims.get(name, ())
    if name in claims and (not isinstance(value, list) or not all(isinstance(one, str) for one in value)):
        raise Refusal("claim_mistyped", name)
    return tuple(value)


def _check_type(typ: Any) -> str:
    """``typ`` (RFC 7515 section 4.1.9, RFC 9068 section 2.1): a media type, so case does not count."""
    short = typ.lower().removeprefix("application/") if isinstance(typ, str) else ""
    if short == "logout+jwt":
        raise Refusal("logout_token")
    if short not in ("jwt", "at+jwt"):
        raise Refusal("type")
    return short


def _check_binding(cnf: Any, proof: Proof | None) -> None:
    """The confirmation claim (RFC 7800): each of its members must be proven by what the caller passes in."""
    given = {"jkt": proof.jkt, "x5t#S256": proof.x5t_s256} if proof else {}
    members = cnf if isinstance(cnf, dict) else {}
    if not members or not all(isinstance(value, str) and value and given.get(name) == value for name, value in members.items()):
        raise Refusal("bound")


def _actors(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Every ``sub`` in the chain of ``act`` (RFC 8693 section 4.1)."""
    found: list[str] = []
    holder: Mapping[str, Any] = claims
    while "act" in holder:
        act = holder["act"]
        if not isinstance(act, dict):
            raise Refusal("claim_mistyped", "act")
        sub = _text(act, "sub")
        if sub is not None:
            found.append(sub)
        holder = act
    if len(found) > _MOST_ACTORS:
        raise Refusal("claim_mistyped", "act")
    return tuple(found)


def judge(
    header: Mapping[str, Any], claims: dict[str, Any], *, issuer: str, audiences: Sequence[str], proof: Proof | None
) -> tuple[Claims, Subject]:
    """Judges claims whose signature holds; their times and scope are checked at each use."""
    typ = _check_type(header.get("typ"))
    if "iss" not in claims:
        raise Refusal("claim_missing", "iss")
    if not isinstance(claims["iss"], str):
        raise Refusal("claim_mistyped", "iss")
    if claims["iss"] != issuer:
        raise Refusal("issuer")
    if "events" in claims:
        raise Refusal("logout_token")
    if any(name in claims for name in ("nonce", "at_hash", "c_hash")):
        raise Refusal("id_token")
    if "cnf" in claims:
        _check_binding(claims["cnf"], proof)
    if "gid" not in claims:
        raise Refusal("id_token") if typ == "jwt" else Refusal("claim_missing", "gid")

    aud = (claims["aud"],) if isinstance(claims.get("aud"), str) else _texts(claims, "aud")
    if not aud:
        raise Refusal("claim_mistyped" if "aud" in claims else "claim_missing", "aud")
    scope = claims.get("scope", "")
    if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
        raise Refusal("claim_mistyped", "scope")
    permissions = _texts(claims, "permissions")
    azp, client_id = _text(claims, "azp"), _text(claims, "client_id")
    if azp and client_id and azp != client_id:
        raise Refusal("party")
    judged = Claims(
        iss=issuer,
        sub=_need_text(claims, "sub"),
        aud=aud,
        exp=_need_seconds(claims, "exp"),
        iat=_need_seconds(claims, "iat"),
        nbf=_seconds(claims, "nbf"),
        jti=_text(claims, "jti"),
        gid=_need_text(claims, "gid"),
        sid=_text(claims, "sid"),
        scope=frozenset(word for word in scope.split(" ") if word),
        permissions=permissions,
        client_id=client_id or azp,
        payload=MappingProxyType(claims),
    )
    subject = Subject(
        iat=judged.iat,
        kid=header.get("kid"),
        jti=judged.jti,
        gid=judged.gid,
        sid=judged.sid,
        sub=judged.sub,
        actors=_actors(claims),
        client=judged.client_id,
    )
    if not any(one in audiences for one in aud):
        raise Refusal("audience")
    return judged, subject


def check_times(claims: Claims, now: int, leeway: int) -> None:
    """RFC 7519 sections 4.1.4 to 4.1.6: dead at ``exp``, alive at ``nbf``."""
    if now >= claims.exp + leeway:
        raise Refusal("expired")
    if (claims.nbf or 0) > now + leeway:
        raise Refusal("not_yet_valid")
    if claims.iat > now + leeway:
        raise Refusal("issued_in_future")


def check_scope(held: frozenset[str], wanted: Iterable[str]) -> None:
    """Demands every word."""
    missing = [word for word in wanted if word not in held]
    if missing:
        raise Refusal("scope", " ".join(missing))
