"""Tokens whose signature or shape is wrong, the keys they need, the cache, and the answers of the middleware."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from conftest import Open, SetClock, reason, until
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import Depends, FastAPI, Request
from issuer import Issuer
from sekisho_verify import Claims, Proof, Verifier, from_environment
from sekisho_verify.asgi import RequireToken as Middleware
from sekisho_verify.fastapi import RequireToken, install

pytestmark = pytest.mark.anyio


async def test_what_is_not_a_signed_jwt_of_the_issuer_is_refused(issuer: Issuer, verifier: Verifier) -> None:
    good = issuer.token()
    head, body, signature = good.split(".")
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    header = {"typ": "JWT", "kid": "k1"}
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"k1"}').rstrip(b"=").decode()
    cases = {
        "not_jwt": ["at_opaque", f"{good}.x", "a.b", ""],
        "too_long": ["a" * 16_385],
        "malformed": [
            "..",
            f"{head[1:]}.{body}.{signature}",
            f"{head}.{body}.{signature[:9]}!{signature[9:]}",
            f"{base64.urlsafe_b64encode(b'[' * 6_000).decode().rstrip('=')}.{body}.{signature}",
            issuer.sign(b"[]", header),
            issuer.sign(b"not json", header),
            issuer.sign(b"{}", {**header, "crit": ["exp"], "exp": 1}),
        ],
        "algorithm": [f"{none}.{body}.{signature}", issuer.sign(b"{}", header, b"k" * 32, "HS256")],
        "signature": [f"{head}.{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}", issuer.sign(b"{}", header, other)],
        "unknown_key": [issuer.token({"kid": "k9"})],
        "no_key_id": [issuer.sign(b"{}", {"typ": "JWT"})],
    }
    for expected, tokens in cases.items():
        for token in tokens:
            assert await reason(verifier, token) == expected, token[:60]


async def test_keys_are_fetched_when_missing_once_and_when_the_feed_announces_others(issuer: Issuer, verifier: Verifier) -> None:
    made = issuer.token({"kid": "k2"})
    before = issuer.seen["jwks"]
    await asyncio.gather(*(reason(verifier, made) for _ in range(3)))
    assert issuer.seen["jwks"] == before + 1
    assert await reason(verifier, made) == "unknown_key"
    assert issuer.seen["jwks"] == before + 1
    issuer.kids, issuer.etag = ["k1", "k2"], '"2"'

    async def refused_for(expected: str | None) -> bool:
        return await reason(verifier, made) == expected

    await until(lambda: refused_for(None))
    issuer.kids, issuer.etag = ["k1"], '"3"'
    await until(lambda: refused_for("unknown_key"))


async def test_without_keys_the_answer_is_that_there_are_none(issuer: Issuer) -> None:
    async with Verifier(issuer="http://127.0.0.1:9/", audience="a", client_id="c", client_secret="s") as verifier:
        assert await reason(verifier, issuer.token()) == "no_keys"


async def test_the_cache_answers_for_the_same_bytes_only_and_dies_with_expiry(issuer: Issuer, opened: Open) -> None:
    clock = SetClock()
    verifier = await opened(clock=clock, cache_size=2)
    await verifier.ready()
    token = issuer.token(exp=int(time.time()) + 20)
    for _ in range(3):
        assert await reason(verifier, token) is None
    assert verifier.metrics()["cache_hits"] == 2
    assert await reason(verifier, token[:-4] + "AAAA") is not None
    assert await reason(verifier, token, scope="write:notes") == "scope"
    for jti in "abc":
        await verifier.check(issuer.token(jti=jti))
    hits = verifier.metrics()["cache_hits"]
    await verifier.check(token)
    assert verifier.metrics()["cache_hits"] == hits
    clock.wall += 20
    assert await reason(verifier, token) == "expired"


async def test_a_bound_token_needs_its_proof_each_time(issuer: Issuer, verifier: Verifier) -> None:
    token = issuer.token(cnf={"jkt": "T"})
    assert await reason(verifier, token, proof=Proof(jkt="T")) is None
    assert await reason(verifier, token) == "bound"


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": ""},
        {"issuer": "http://id.example.com/"},
        {"audience": ""},
        {"audience": []},
        {"client_id": ""},
        {"on_stale": "open"},
        {"max_stale": 0},
        {"leeway": 61},
        {"algorithms": ["HS256"]},
        {"algorithms": []},
    ],
)
async def test_options_that_could_never_work_are_refused(wrong: dict[str, Any]) -> None:
    good = {"issuer": "https://id.example.com/", "audience": "a", "client_id": "c", "client_secret": "s"}
    with pytest.raises(ValueError):
        Verifier(**{**good, **wrong})


async def test_the_environment_is_read_and_what_is_missing_named() -> None:
    env = {"SEKISHO_ISSUER": "https://id.example.com/", "SEKISHO_AUDIENCE": "a", "SEKISHO_CLIENT_ID": "c", "SEKISHO_MAX_STALE": "60"}
    with pytest.raises(ValueError, match="^missing: SEKISHO_CLIENT_SECRET$"):
        from_environment(env)
    await from_environment({**env, "SEKISHO_CLIENT_SECRET": "s"}).close()


def _fastapi(verifier: Verifier) -> FastAPI:
    app = FastAPI()
    install(app)

    @app.get("/notes")
    async def notes(claims: Annotated[Claims, Depends(RequireToken(verifier, scope="read:notes"))]) -> dict[str, str]:
        return {"sub": claims.sub}

    return app


def _asgi(verifier: Verifier) -> Any:
    app = FastAPI()

    @app.get("/notes")
    async def notes(request: Request) -> dict[str, str]:
        return {"sub": request.auth.sub}

    return Middleware(app, verifier, scope="read:notes")


@asynccontextmanager
async def _client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        yield client


@pytest.mark.parametrize("make", [_fastapi, _asgi])
async def test_the_answers_are_those_of_rfc_6750(issuer: Issuer, opened: Open, make: Any) -> None:
    clock = SetClock()
    verifier = await opened(clock=clock)
    await verifier.ready()
    token = issuer.token()
    async with _client(make(verifier)) as client:

        async def ask(*headers: str) -> httpx.Response:
            return await client.get("/notes", headers=[("authorization", header) for header in headers])

        assert (await ask(f"bearer  {token}")).json() == {"sub": "auth0|u1"}
        for none in ([], ["Basic eDp5"]):
            answer = await ask(*none)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert answer.json()["error"] == "invalid_token"
        for bad in (["Bearer"], ["Bearer a b"], [f"Bearer {token}", f"Bearer {token}"]):
            assert (await ask(*bad)).status_code == 400
        answer = await ask("Bearer a.b.c")
        assert (answer.status_code, answer.headers["cache-control"]) == (401, "no-store")
        assert answer.headers["content-type"] == "application/json"
        described = 'Bearer error="invalid_token", error_description="The token is not a well-formed JWT"'
        assert answer.headers["www-authenticate"] == described
        answer = await ask(f"Bearer {issuer.token(scope='openid')}")
        assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
        lacks = 'error_description="The token lacks the scope: read:notes", scope="read:notes"'
        assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", {lacks}'

        async def revoked() -> bool:
            answer = await ask(f"Bearer {token}")
            return answer.status_code == 401 and "The token was revoked" in answer.headers["www-authenticate"]

        issuer.revoke(issuer.record("S", "s1"))
        await until(revoked)
        await issuer.down()
        clock.ahead += 31
        await until(lambda: verifier.status().state == "too_old")
        answer = await ask(f"Bearer {issuer.token(sid='s2')}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "www-authenticate" not in answer.headers
        assert answer.json()["error"] == "temporarily_unavailable"
        await issuer.up()


async def test_public_paths_pass_and_websockets_without_a_token_are_closed(verifier: Verifier) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "passed"})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    guarded = Middleware(app, verifier, public=["/"])
    await guarded({"type": "http", "path": "/", "headers": []}, None, send)  # type: ignore[arg-type]
    await guarded({"type": "lifespan"}, None, send)  # type: ignore[arg-type]
    await guarded({"type": "websocket", "path": "/ws", "headers": []}, None, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["passed", "passed", "websocket.close"]


async def test_the_openapi_document_names_the_bearer_scheme(verifier: Verifier) -> None:
    document = _fastapi(verifier).openapi()
    assert document["components"]["securitySchemes"]["AccessToken"]["scheme"] == "bearer"
    assert json.dumps(document["paths"]["/notes"]["get"]["security"]) == '[{"AccessToken": []}]'
