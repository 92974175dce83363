package sekisho

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The feed against an issuer that misbehaves: what is applied, when a snapshot is fetched, and what is answered meanwhile.

func TestARecordOfEachKindEndsATokenThatWasGood(t *testing.T) {
	for kind, id := range map[byte]string{'S': "s1", 'G': "g1", 'J': "j1", 'U': "auth0|u1", 'C': "c1", 'I': "", 'K': "k1"} {
		t.Run(string(kind), func(t *testing.T) {
			i := newIssuer(t)
			v := i.ready(nil, nil)
			token := i.token(nil)
			claims, err := v.Check(t.Context(), token, Demands{})
			if err != nil {
				t.Fatal(err)
			}
			want(t, claims.Subject, "auth0|u1")
			i.revoke(i.record(kind, id))
			until(t, func() bool { return reason(t, v, token, Demands{}) == "revoked" })
			want(t, v.Metrics()["revoked"] > 0, true)
		})
	}
}

func TestARecordNamesAnActorAndSparesTokensIssuedAfterItsNbf(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	acted := i.token(doc{"act": doc{"sub": "x", "act": doc{"sub": "auth0|agent"}}})
	later := i.token(doc{"jti": "later"})
	old := i.record('U', "auth0|u1")
	old[3] = time.Now().Unix() - 60
	i.revoke(i.record('U', "auth0|agent"), old)
	until(t, func() bool { return reason(t, v, acted, Demands{}) == "revoked" })
	want(t, reason(t, v, later, Demands{}), "")
}

func TestWhatWasRevokedBeforeTheStartIsInTheSnapshot(t *testing.T) {
	i := newIssuer(t)
	i.revoke(i.record('S', "s1"))
	v := i.ready(nil, nil)
	want(t, reason(t, v, i.token(nil), Demands{}), "revoked")
	want(t, v.Status().Seq, 1)
	want(t, v.Status().Records, 1)
}

func TestAVerifierWithoutASnapshotIsNotReadyAndAcceptsNothing(t *testing.T) {
	for _, policy := range []OnStale{Closed, UntilExp} {
		i := newIssuer(t)
		i.with(func() { i.snapshotStatus = 500 })
		v := i.open(func(o *Options) { o.OnStale = policy }, nil)
		until(t, func() bool { return i.count("snapshots") > 1 })
		want(t, reason(t, v, i.token(nil), Demands{}), "not_ready")
		want(t, v.Status().Ready, false)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := v.Ready(ctx); err == nil || !strings.Contains(err.Error(), "not ready") {
			t.Fatal(err)
		}
		cancel()
		i.with(func() { i.snapshotStatus = 200 })
		await(t, v)
		want(t, reason(t, v, i.token(nil), Demands{}), "")
	}
}

func TestAGapIsNoticedByTheNextHeartbeatAndFilled(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	until(t, i.streaming)
	i.lose(i.record('S', "s1"))
	until(t, func() bool { return reason(t, v, i.token(nil), Demands{}) == "revoked" })
	want(t, v.Metrics()["gaps"] > 0, true)
}

func TestABatchThatDoesNotGoOnFromHereIsNotAppliedASnapshotIs(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	until(t, i.streaming)
	i.with(func() { i.silent = true })
	snapshots := i.count("snapshots")
	i.lose(i.record('S', "lost"))
	i.revoke(i.record('S', "s1"))
	until(t, func() bool { return v.Status().Seq == 2 })
	want(t, i.count("snapshots") > snapshots, true)
}

func TestAnotherFeedIsMerged(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	token := i.token(nil)
	i.revoke(i.record('S', "s1"))
	until(t, func() bool { return reason(t, v, token, Demands{}) == "revoked" })
	i.with(func() { i.feedID, i.records = "fd_2", nil })
	until(t, func() bool { return v.Status().FeedID == "fd_2" })
	want(t, reason(t, v, token, Demands{}), "revoked")
	want(t, v.Metrics()["other_feeds"] > 0, true)
}

func TestWhatIsNotUnderstoodLeadsToASnapshotAndIsCounted(t *testing.T) {
	place := func(more doc) doc {
		all := doc{"v": 1, "feed_id": "fd_1", "seq": 0, "as_of": 1, "jwks_etag": ""}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	for _, one := range []struct {
		name    string
		data    any
		counter string
	}{
		{"records", "x", "malformed"},
		{"records", place(doc{"prev": 0, "seq": 2, "records": []any{}}), "malformed"},
		{"heartbeat", place(doc{"v": 2}), "malformed"},
		{"news", doc{}, "unknown_events"},
		{"snapshot", doc{"reason": "slow"}, "snapshots_asked"},
		{"heartbeat", place(nil), "gaps"},
	} {
		t.Run(one.name+" "+one.counter, func(t *testing.T) {
			i := newIssuer(t)
			i.revoke(i.record('S', "other"))
			v := i.ready(nil, nil)
			until(t, i.streaming)
			snapshots := i.count("snapshots")
			i.event(one.name, one.data)
			until(t, func() bool { return i.count("snapshots") > snapshots })
			until(t, func() bool { return v.Status().State == Fresh })
			want(t, v.Metrics()[one.counter], 1)
		})
	}
}

func TestAnUnknownKindOfRecordMakesAVerifierStaleThenClosed(t *testing.T) {
	i, skips := newIssuer(t), &testClock{}
	v := i.ready(nil, skips)
	i.revoke([]any{"Z", "0000000000000001", 9_999_999_999})
	until(t, func() bool { return v.Metrics()["unknown_kinds"] > 2 })
	want(t, v.Status().State, Stale)
	want(t, reason(t, v, i.token(nil), Demands{}), "")
	skips.skip(0, 31*time.Second)
	until(t, func() bool { return reason(t, v, i.token(nil), Demands{}) == "stale" })
}

func TestAStreamThatStallsIsLeftAndAnotherOpened(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	until(t, i.streaming)
	i.with(func() { i.silent = true })
	until(t, func() bool { return i.count("streams") > 1 })
	want(t, v.Metrics()["stalls"] > 0, true)
}

func TestWhereStreamsStayMuteRevocationsComeByLongPoll(t *testing.T) {
	i := newIssuer(t)
	i.with(func() { i.mute = true })
	v := i.ready(nil, nil)
	until(t, func() bool { return i.count("polls") > 2 })
	want(t, reason(t, v, i.token(nil), Demands{}), "")
	i.revoke(i.record('S', "s1"))
	until(t, func() bool { return reason(t, v, i.token(nil), Demands{}) == "revoked" })
	want(t, v.Status().State, Fresh)
}

func TestAFeedThatStopsIsFreshStaleClosedAndComesBack(t *testing.T) {
	i, skips := newIssuer(t), &testClock{}
	var mu sync.Mutex
	var told []State
	v := i.ready(func(o *Options) {
		o.OnEvent = func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e.State)
		}
	}, skips)
	token, dead := i.token(nil), i.token(doc{"sid": "s2"})
	i.revoke(i.record('S', "s2"))
	until(t, func() bool { return reason(t, v, dead, Demands{}) == "revoked" })
	i.down()
	skips.skip(0, 3*time.Second)
	until(t, func() bool { return v.Status().State == Stale })
	want(t, reason(t, v, token, Demands{}), "")
	want(t, v.Metrics()["accepted_stale"] > 0, true)
	skips.skip(0, 28*time.Second)
	want(t, reason(t, v, token, Demands{}), "stale")
	want(t, reason(t, v, dead, Demands{}), "revoked")
	want(t, v.Status().Ready, false)
	until(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(told, TooOld)
	})
	i.up()
	until(t, func() bool { return reason(t, v, token, Demands{}) == "" })
	want(t, reason(t, v, dead, Demands{}), "revoked")
}

func TestBeyondMaxStaleARouteMayAskTheIssuerOrGoOnUntilExp(t *testing.T) {
	i, skips := newIssuer(t), &testClock{}
	v := i.ready(nil, skips)
	token := i.token(nil)
	// The feed says nothing any more, the rest of the issuer answers.
	i.with(func() { i.silent, i.mute, i.snapshotStatus, i.feedID = true, true, 500, "fd_2" })
	skips.skip(0, 31*time.Second)
	until(t, func() bool { return reason(t, v, token, Demands{}) == "stale" })
	want(t, reason(t, v, token, Demands{OnStale: UntilExp}), "")
	want(t, reason(t, v, token, Demands{OnStale: Introspect}), "")
	i.with(func() { i.inactive = true })
	want(t, reason(t, v, token, Demands{OnStale: Introspect}), "")
	want(t, i.count("introspections"), 1)
	skips.skip(0, 5*time.Second)
	want(t, reason(t, v, token, Demands{OnStale: Introspect}), "revoked")
	i.down()
	want(t, reason(t, v, i.token(doc{"jti": "j2"}), Demands{OnStale: Introspect}), "introspection")
}

func TestTheOffsetOfTheClocksComesFromRoundTrips(t *testing.T) {
	i := newIssuer(t)
	i.with(func() { i.shift = -10 * time.Second })
	v := i.ready(nil, nil)
	want(t, (v.Status().Offset+10*time.Second).Abs() < 1500*time.Millisecond, true)
	until(t, func() bool { return v.Status().State == Fresh })
	i.with(func() { i.shift = 90 * time.Second })
	want(t, i.ready(nil, nil).Status().State, Stale)
}

func TestSettingTheClockBackMakesNothingYoung(t *testing.T) {
	i, skips := newIssuer(t), &testClock{}
	v := i.ready(nil, skips)
	i.down()
	skips.skip(-time.Hour, 31*time.Second)
	until(t, func() bool { return v.Status().State == TooOld })
}

func TestWhatIsAppliedIsAcknowledgedManyBatchesAtATime(t *testing.T) {
	i := newIssuer(t)
	i.ready(nil, nil)
	for n := range 20 {
		i.revoke(i.record('S', fmt.Sprintf("x%d", n)))
	}
	var acks []doc
	until(t, func() bool {
		i.with(func() { acks = slices.Clone(i.acks) })
		return len(acks) > 0 && acks[len(acks)-1]["seq"] == 20.0
	})
	want(t, len(acks) < 10, true)
	for _, ack := range acks {
		want(t, ack["verifier"], acks[0]["verifier"])
		want(t, len(ack["verifier"].(string)), 22)
	}
}

func TestWhenAskedToTheVerifierComesAgainWithAnotherToken(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	until(t, i.streaming)
	tokens, streams := i.count("tokens"), i.count("streams")
	i.event("reauth", doc{})
	until(t, func() bool { return i.count("tokens") > tokens && i.count("streams") > streams })
	want(t, v.Status().State, Fresh)
}

func TestAStateFileSparesTheSnapshotAndCountsOnlyWhileItIsYoung(t *testing.T) {
	i := newIssuer(t)
	path := filepath.Join(t.TempDir(), "state.json")
	withFile := func(o *Options) { o.StateFile = path }
	v := i.ready(withFile, nil)
	i.revoke(i.record('S', "s1"))
	until(t, func() bool { return v.Status().Seq == 1 })
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	want(t, info.Mode().Perm(), 0o600)
	snapshots := i.count("snapshots")
	i.with(func() { i.silent = true })
	again := i.ready(withFile, nil)
	want(t, reason(t, again, i.token(nil), Demands{}), "revoked")
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var kept doc
	if err := json.Unmarshal(data, &kept); err != nil {
		t.Fatal(err)
	}
	kept["as_of"] = int64(kept["as_of"].(float64)) - 31_000
	kept["seq"] = int64(kept["seq"].(float64))
	data, _ = json.Marshal(kept)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	old := i.open(withFile, nil)
	want(t, old.Status().Ready, false)
	want(t, old.Status().Records, 1)
	i.with(func() { i.silent = false })
	await(t, old)
	want(t, i.count("snapshots"), snapshots)
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("not JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	i.ready(withFile, nil)
	want(t, i.count("snapshots"), snapshots+1)
}
