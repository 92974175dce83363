"""The feed against an issuer that misbehaves: what is applied, when a snapshot is fetched, and what is answered meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Open, SetClock, reason, until
from issuer import Issuer
from sekisho_verify import Verifier
from sekisho_verify._feed import Feed

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("kind", "id"), [("S", "s1"), ("G", "g1"), ("J", "j1"), ("U", "auth0|u1"), ("C", "c1"), ("I", ""), ("K", "k1")]
)
async def test_a_record_of_each_kind_ends_a_token_that_was_good(issuer: Issuer, verifier: Verifier, kind: str, id: str) -> None:
    token = issuer.token()
    assert (await verifier.check(token)).sub == "auth0|u1"
    issuer.revoke(issuer.record(kind, id))
    await until(lambda: _is(verifier, token, "revoked"))
    assert verifier.metrics()["revoked"] > 0


async def _is(verifier: Verifier, token: str, expected: str | None, **demands: Any) -> bool:
    return await reason(verifier, token, **demands) == expected


async def test_a_record_names_an_actor_and_spares_tokens_issued_after_its_nbf(issuer: Issuer, verifier: Verifier) -> None:
    acted = issuer.token(act={"sub": "x", "act": {"sub": "auth0|agent"}})
    later = issuer.token(jti="later")
    issuer.revoke(issuer.record("U", "auth0|agent"), issuer.record("U", "auth0|u1", nbf=int(time.time()) - 60))
    await until(lambda: _is(verifier, acted, "revoked"))
    assert await reason(verifier, later) is None


async def test_what_was_revoked_before_the_start_is_in_the_snapshot(issuer: Issuer, opened: Open) -> None:
    issuer.revoke(issuer.record("S", "s1"))
    verifier = await opened()
    await verifier.ready()
    assert await reason(verifier, issuer.token()) == "revoked"
    assert (verifier.status().seq, verifier.status().records) == (1, 1)


@pytest.mark.parametrize("on_stale", ["closed", "until_exp"])
async def test_a_verifier_without_a_snapshot_is_not_ready_and_accepts_nothing(issuer: Issuer, opened: Open, on_stale: str) -> None:
    issuer.snapshot_status = 500
    verifier = await opened(on_stale=on_stale)
    await until(lambda: issuer.seen["snapshots"] > 1)
    assert await reason(verifier, issuer.token()) == "not_ready"
    assert not verifier.status().ready
    with pytest.raises(TimeoutError, match="not ready after"):
        await verifier.ready(timeout=0.02)
    issuer.snapshot_status = 200
    await verifier.ready()
    assert await reason(verifier, issuer.token()) is None


async def test_a_gap_is_noticed_by_the_next_heartbeat_and_filled(issuer: Issuer, verifier: Verifier) -> None:
    await until(lambda: issuer.streams)
    issuer.revoke(issuer.record("S", "s1"), quietly=True)
    await until(lambda: _is(verifier, issuer.token(), "revoked"))
    assert verifier.metrics()["gaps"] > 0


async def test_a_batch_that_does_not_go_on_from_here_is_not_applied_a_snapshot_is(issuer: Issuer, verifier: Verifier) -> None:
    await until(lambda: issuer.streams)
    issuer.beats = False
    snapshots = issuer.seen["snapshots"]
    issuer.revoke(issuer.record("S", "lost"), quietly=True)
    issuer.revoke(issuer.record("S", "s1"))
    await until(lambda: verifier.status().seq == 2)
    assert issuer.seen["snapshots"] > snapshots


async def test_another_feed_is_merged_what_was_revoked_stays_revoked(issuer: Issuer, verifier: Verifier) -> None:
    token = issuer.token()
    issuer.revoke(issuer.record("S", "s1"))
    await until(lambda: _is(verifier, token, "revoked"))
    issuer.feed_id, issuer.seq, issuer.records = "fd_2", 0, []
    await until(lambda: verifier.status().feed_id == "fd_2")
    assert await reason(verifier, token) == "revoked"
    assert verifier.metrics()["other_feeds"] > 0


_PLACE = {"v": 1, "feed_id": "fd_1", "as_of": 1, "jwks_etag": ""}


@pytest.mark.parametrize(
    ("name", "data", "counter"),
    [
        ("records", "x", "malformed"),
        ("records", {**_PLACE, "prev": 0, "seq": 2, "records": []}, "malformed"),
        ("heartbeat", {**_PLACE, "seq": 0, "v": 2}, "malformed"),
        ("news", {}, "unknown_events"),
        ("snapshot", {"reason": "slow"}, "snapshots_asked"),
        ("heartbeat", {**_PLACE, "seq": 0}, "gaps"),
    ],
)
async def test_what_is_not_understood_leads_to_a_snapshot_and_is_counted(
    issuer: Issuer, opened: Open, name: str, data: Any, counter: str
) -> None:
    issuer.revoke(issuer.record("S", "other"))
    verifier = await opened()
    await verifier.ready()
    await until(lambda: issuer.streams)
    snapshots = issuer.seen["snapshots"]
    issuer.event(name, data)
    await until(lambda: issuer.seen["snapshots"] > snapshots)
    await until(lambda: verifier.status().state == "fresh")
    assert verifier.metrics()[counter] == 1


async def test_an_unknown_kind_of_record_makes_a_verifier_stale_then_closed(issuer: Issuer, opened: Open) -> None:
    clock = SetClock()
    verifier = await opened(clock=clock)
    await verifier.ready()
    issuer.revoke(["Z", "0000000000000001", 9_999_999_999])
    await until(lambda: verifier.metrics()["unknown_kinds"] > 2)
    assert verifier.status().state == "stale"
    assert await reason(verifier, issuer.token()) is None
    clock.ahead += 31
    await until(lambda: _is(verifier, issuer.token(), "stale"))


async def test_a_stream_that_stalls_is_left_and_another_opened(issuer: Issuer, verifier: Verifier) -> None:
    await until(lambda: issuer.streams)
    issuer.beats = False
    await until(lambda: issuer.seen["streams"] > 1)
    assert verifier.metrics()["stalls"] > 0


async def test_where_streams_stay_mute_revocations_come_by_long_poll(issuer: Issuer, opened: Open) -> None:
    issuer.mute = True
    verifier = await opened()
    await verifier.ready()
    await until(lambda: issuer.seen["polls"] > 2)
    assert await reason(verifier, issuer.token()) is None
    issuer.revoke(issuer.record("S", "s1"))
    await until(lambda: _is(verifier, issuer.token(), "revoked"))
    assert verifier.status().state == "fresh"


async def test_a_feed_that_stops_is_fresh_stale_closed_and_comes_back(issuer: Issuer, opened: Open) -> None:
    clock, told = SetClock(), list[Any]()
    verifier = await opened(clock=clock, on_event=lambda name, detail: told.append((name, detail.get("state"))))
    await verifier.ready()
    token, dead = issuer.token(), issuer.token(sid="s2")
    issuer.revoke(issuer.record("S", "s2"))
    await until(lambda: _is(verifier, dead, "revoked"))
    await until(lambda: issuer.acks and issuer.acks[-1]["seq"] == 1)
    await issuer.down()
    clock.ahead += 3
    await until(lambda: verifier.status().state == "stale")
    assert await reason(verifier, token) is None
    assert verifier.metrics()["accepted_stale"] > 0
    clock.ahead += 28
    assert await reason(verifier, token) == "stale"
    assert await reason(verifier, dead) == "revoked"
    assert not verifier.status().ready
    await until(lambda: ("state", "too_old") in told)
    await issuer.up()
    await until(lambda: _is(verifier, token, None))
    assert await reason(verifier, dead) == "revoked"


async def test_beyond_max_stale_a_route_may_ask_the_issuer_or_go_on_until_exp(issuer: Issuer, opened: Open) -> None:
    clock = SetClock()
    verifier = await opened(clock=clock)
    await verifier.ready()
    token = issuer.token()
    # The feed says nothing any more, the rest of the issuer answers.
    issuer.beats, issuer.mute, issuer.snapshot_status, issuer.feed_id = False, True, 500, "fd_2"
    clock.ahead += 31
    await until(lambda: _is(verifier, token, "stale"))
    assert await reason(verifier, token, on_stale="until_exp") is None
    assert await reason(verifier, token, on_stale="introspect") is None
    issuer.active = False
    assert await reason(verifier, token, on_stale="introspect") is None
    assert issuer.seen["introspections"] == 1
    clock.ahead += 5.001
    assert await reason(verifier, token, on_stale="introspect") == "revoked"
    await issuer.down()
    assert await reason(verifier, issuer.token(jti="j2"), on_stale="introspect") == "introspection"
    await issuer.up()


async def test_the_offset_of_the_clocks_comes_from_round_trips(issuer: Issuer, opened: Open) -> None:
    issuer.shift = -10
    verifier = await opened()
    await verifier.ready()
    assert abs(verifier.status().offset + 10_000) < 1_500
    await until(lambda: verifier.status().state == "fresh")
    issuer.shift = 90
    far = await opened()
    await far.ready()
    assert far.status().state == "stale"


async def test_setting_the_clock_back_makes_nothing_young(issuer: Issuer, opened: Open) -> None:
    clock = SetClock()
    verifier = await opened(clock=clock)
    await verifier.ready()
    await issuer.down()
    clock.wall -= 3_600
    clock.ahead += 31
    await until(lambda: verifier.status().state == "too_old")
    await issuer.up()


async def test_what_is_applied_is_acknowledged_many_batches_at_a_time(issuer: Issuer, verifier: Verifier) -> None:
    for n in range(1, 21):
        issuer.revoke(issuer.record("S", f"x{n}"))
    await until(lambda: issuer.acks and issuer.acks[-1]["seq"] == 20)
    assert len(issuer.acks) < 10
    assert len({ack["verifier"] for ack in issuer.acks}) == 1
    assert 8 <= len(issuer.acks[0]["verifier"]) <= 64


async def test_when_asked_to_the_verifier_comes_again_with_another_token(issuer: Issuer, verifier: Verifier) -> None:
    await until(lambda: issuer.streams)
    tokens, streams = issuer.seen["tokens"], issuer.seen["streams"]
    issuer.event("reauth", {})
    await until(lambda: issuer.seen["tokens"] > tokens and issuer.seen["streams"] > streams)
    assert verifier.status().state == "fresh"


async def test_a_state_file_spares_the_snapshot_and_counts_only_while_it_is_young(issuer: Issuer, opened: Open, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    verifier = await opened(state_file=file)
    await verifier.ready()
    issuer.revoke(issuer.record("S", "s1"))
    await until(lambda: verifier.status().seq == 1)
    await verifier.close()
    assert file.stat().st_mode & 0o777 == 0o600
    snapshots = issuer.seen["snapshots"]
    issuer.beats = False
    again = await opened(state_file=file)
    await again.ready()
    assert await reason(again, issuer.token()) == "revoked"
    await again.close()
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "as_of": kept["as_of"] - 31_000}))
    old = await opened(state_file=file)
    assert (old.status().ready, old.status().records) == (False, 1)
    issuer.beats = True
    await old.ready()
    assert issuer.seen["snapshots"] == snapshots
    file.write_text("not JSON")
    none = await opened(state_file=file)
    await none.ready()
    assert issuer.seen["snapshots"] == snapshots + 1


async def test_closing_is_not_held_up_by_a_cancellation_that_got_lost(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def deaf(_: Feed) -> None:
        for _ in range(3):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)

    monkeypatch.setattr(Feed, "run", deaf)
    verifier = await opened()
    await asyncio.wait_for(verifier.close(), 30)
