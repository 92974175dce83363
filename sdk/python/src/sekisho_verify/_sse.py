"""Server-sent events as the HTML standard writes them (section 9.2.6), from bytes to events."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import NamedTuple

_LIMIT = 16 * 1024 * 1024
_LINE = re.compile(rb"\r\n|\n|\r(?!\Z)")


class Event(NamedTuple):
    """One event."""

    name: str
    data: str


async def events(body: AsyncIterator[bytes]) -> AsyncGenerator[Event, None]:
    """Reads events; ends with the body."""
    rest = b""
    name = ""
    data: list[str] = []
    async for chunk in body:
        rest += chunk
        if len(rest) > _LIMIT:
            raise ValueError("an event is longer than is allowed")
        *lines, rest = _LINE.split(rest)
        for line in lines:
            if not line:
                if data:
                    yield Event(name or "message", "\n".join(data))
                name, data = "", []
                continue
            field, _, value = line.decode("utf-8", "replace").partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
