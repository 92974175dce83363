"""The vectors that every language's verifier agrees on."""

import json
from pathlib import Path
from typing import Any

import pytest
from sekisho_verify import Proof, Refusal
from sekisho_verify._claims import check_scope, check_times, judge
from sekisho_verify._record import FeedError, HashKey, Position, Snapshot, Subject, parse_record
from sekisho_verify._revocations import Revocations

VECTORS = Path(__file__).parents[2] / "vectors"
FEED = json.loads((VECTORS / "revocation.json").read_text("utf-8"))
TOKENS = json.loads((VECTORS / "tokens.json").read_text("utf-8"))


def test_record_keys() -> None:
    hash = HashKey(FEED["hash_key"])
    for vector in FEED["keys"]:
        assert f"{hash.key(vector['kind'], vector['id']):016x}" == vector["key"], vector


def test_a_record_ends_the_tokens_that_the_vectors_say_and_no_other() -> None:
    for vector in FEED["records"]:
        known = Revocations(max_stale=30_000, leeway=0)
        known.snapshot(Snapshot(Position("f", 1, 1, ""), FEED["hash_key"], [parse_record(vector["record"])]), 0)
        for name, token in FEED["tokens"].items():
            assert known.hash is not None
            kind = known.hit(known.hash.subject(Subject(**{**token, "actors": tuple(token.get("actors", ()))})))
            assert kind == (vector["record"][0] if name in vector["hits"] else None), (vector["name"], name)


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
