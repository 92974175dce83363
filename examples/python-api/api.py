"""An API whose tokens are issued by Sekisho: no call per request, and a revoked token is refused within a second."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, Response
from sekisho_verify import Claims, from_environment
from sekisho_verify.fastapi import RequireToken, install

verifier = from_environment()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with verifier:
        yield


app = FastAPI(lifespan=lifespan)
install(app)


@app.get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@app.get("/notes")
async def notes(claims: Annotated[Claims, Depends(RequireToken(verifier, scope="read:notes"))]) -> dict[str, str]:
    return {"sub": claims.sub}


@app.get("/ready")
async def ready(response: Response) -> dict[str, Any]:
    status = verifier.status()
    response.status_code = 200 if status.ready else 503
    return asdict(status)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "3001"))))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
