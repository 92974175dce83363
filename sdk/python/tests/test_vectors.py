"""The vectors that every language's verifier agrees on."""

import json
from pathlib import Path
from typing import Any

import pytest
from sekisho_verify import Proof, Refusal
from sekisho_verify._claims import check_scope, check_times, judge
from sekisho_verify._record import (
    FeedError,
    HashKey,
    Position,
    Snapshot,
    Subject,
    parse_batch,
    parse_heartbeat,
    parse_record,
    parse_snapshot,
)
from sekisho_verify._revocations import Applied, Revocations, State, say

VECTORS = Path(__file__).parents[2] / "vectors"
FEED = json.loads((VECTORS / "revocation.json").read_text("utf-8"))
TOKENS = json.loads((VECTORS / "tokens.json").read_text("utf-8"))


def test_record_keys() -> None:
    hash = HashKey(FEED["hash_key"])
    for vector in FEED["keys"]:
        assert f"{hash.key(vector['kind'], vector['id']):016x}" == vector["key"], vector


def test_a_record_ends_the_tokens_that_the_vectors_say_and_no_other() -> None:
    for vector in FEED["records"]:
        known = Revocations(max_stale=30_000)
        known.snapshot(Snapshot(Position("f", 1, 1, ""), FEED["hash_key"], [parse_record(vector["record"])]), 0)
        for name, token in FEED["tokens"].items():
            kind = _hit(known, token)
            assert kind == (vector["record"][0] if name in vector["hits"] else None), (vector["name"], name)


def _hit(known: Revocations, token: dict[str, Any]) -> str | None:
    subject = Subject(**{**token, "actors": tuple(token.get("actors", ()))})
    return known.hit(known.hash.subject(subject)) if known.hash else None


def test_what_is_said_of_a_good_token_is_what_the_vectors_say() -> None:
    for vector in FEED["policies"]:
        for policy in ("closed", "introspect", "until_exp"):
            assert say(State(vector["state"]), policy).value == vector[policy], (vector["state"], policy)


@pytest.mark.parametrize("sequence", FEED["sequences"], ids=lambda sequence: sequence["name"])
def test_sequence(sequence: dict[str, Any]) -> None:
    known, offset = Revocations(max_stale=30_000), 0
    for step in sequence["steps"]:
        what, document = next(iter(step.items()))
        text = json.dumps(document)
        if what == "snapshot":
            known.snapshot(parse_snapshot(text), 0)
        elif what in ("batch", "heartbeat"):
            assert _take(known, what, text) == step["then"], step
        elif what == "not_understood":
            known.suspect = True
        elif what == "offset":
            offset = document
        elif what == "sweep":
            known.sweep(document)
        elif what == "restart":
            kept, known = known, Revocations(max_stale=30_000)
            known.restore(parse_snapshot(json.dumps(kept.document())), document + offset, 0)
        else:
            assert what == "look"
            assert known.state(document["at"], offset, 0).value == document["state"], step
            assert "age" not in document or known.age(document["at"], offset, 0) == document["age"], step
            assert [name for name, token in FEED["tokens"].items() if _hit(known, token)] == document["revoked"], step
            assert "position" not in document or [known.feed_id, known.seq] == document["position"], step


def _take(known: Revocations, what: str, text: str) -> str:
    try:
        taken = known.batch(parse_batch(text), 0) if what == "batch" else known.heartbeat(parse_heartbeat(text), 0)
    except FeedError:
        known.suspect = True
        return "snapshot"
    return "applied" if taken is Applied.YES else "snapshot"


def test_what_the_vectors_refuse_is_refused() -> None:
    for vector in FEED["refused_records"]:
        with pytest.raises(FeedError) as caught:
            parse_record(vector["record"])
        assert caught.value.kind == vector["error"], vector["name"]


@pytest.mark.parametrize("case", TOKENS["cases"], ids=lambda case: case["name"])
def test_claims_are_judged_as_the_vectors_say(case: dict[str, Any]) -> None:
    header = {**TOKENS["header"], **case.get("header", {})}
    claims = {**TOKENS["claims"], **case.get("claims", {})}
    for name in case.get("without", ()):
        del claims[name]
    for name in case.get("without_header", ()):
        del header[name]
    proof = Proof(**case["proof"]) if "proof" in case else None
    found = None
    try:
        judged, _ = judge(header, claims, issuer=TOKENS["issuer"], audiences=[TOKENS["audience"]], proof=proof)
        check_times(judged, TOKENS["now"], case.get("leeway", TOKENS["leeway"]))
        check_scope(judged.scope, case.get("scope", "").split())
    except Refusal as refusal:
        found = refusal.reason
    assert found == case["refused"]
