package sekisho

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// What is revoked, as far as this process knows, and how far that is: the tables, the place in the feed, and how fresh it is. It
// reads no clock and does no input or output. Times are Unix milliseconds, in records Unix seconds.

const (
	// freshFor is the age up to which what is known counts as fresh.
	freshFor = 2 * time.Second
	// maxOffset is the difference of the clocks beyond which nothing counts as fresh.
	maxOffset = 60 * time.Second
	// kept is for how many seconds after its expiry a record is kept: the greatest leeway.
	kept = 60
)

// A State says how much what is known of the feed is worth.
type State string

// The states of a verifier.
const (
	NeverLoaded State = "never_loaded"
	Fresh       State = "fresh"
	Stale       State = "stale"
	TooOld      State = "too_old"
)

// An OnStale says what happens when the feed was silent for longer than MaxStale.
type OnStale string

// The policies.
const (
	// Closed answers 503: nothing is accepted that might be revoked.
	Closed OnStale = "closed"
	// Introspect asks the issuer about each token; an answer holds for 5 s.
	Introspect OnStale = "introspect"
	// UntilExp accepts until the token expires.
	UntilExp OnStale = "until_exp"
)

func (p OnStale) known() bool { return p == Closed || p == Introspect || p == UntilExp }

// say is what may be said of a good token that nothing known revokes.
func say(state State, policy OnStale) string {
	switch {
	case state == Fresh:
		return "accept"
	case state == Stale, policy == UntilExp && state == TooOld:
		return "accept_stale"
	case policy == Introspect:
		return "ask"
	default:
		return "nothing"
	}
}

// outcomes of batches and heartbeats, by the name of their counter; taken has none.
const (
	taken     = ""
	gap       = "gaps"
	otherFeed = "other_feeds"
)

type span struct{ exp, nbf int64 }

type revocations struct {
	maxStale time.Duration

	mu       sync.RWMutex
	whole    map[byte]map[uint64]int64 // S G J K: exp
	since    map[byte]map[uint64]span  // U C I
	hash     *hashKey
	feedID   string
	seq      int64
	asOf     int64
	jwksETag string
	arrived  time.Duration // of the monotonic clock
	loaded   bool          // the feed was followed, here or, not long ago, by the process that left its state
	suspect  bool          // something was missed or not understood since the last snapshot
}

func newRevocations(maxStale time.Duration) *revocations {
	r := &revocations{maxStale: maxStale}
	r.forget()
	return r
}

func (r *revocations) forget() {
	r.whole = map[byte]map[uint64]int64{'S': {}, 'G': {}, 'J': {}, 'K': {}}
	r.since = map[byte]map[uint64]span{'U': {}, 'C': {}, 'I': {}}
}

// needsSnapshot says whether only a snapshot can say what is revoked.
func (r *revocations) needsSnapshot() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.feedID == "" || r.suspect
}

// place is where to go on.
func (r *revocations) place() (feedID string, seq int64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.feedID, r.seq
}

func (r *revocations) etag() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.jwksETag
}

func (r *revocations) size() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	size := 0
	for _, table := range r.whole {
		size += len(table)
	}
	for _, table := range r.since {
		size += len(table)
	}
	return size
}

func (r *revocations) distrust() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.suspect = true
}

// snapshot takes one. It is merged: what was held stays until it expires, so that neither a restored feed nor a snapshot from a
// cache can bring a token back to life.
func (r *revocations) snapshot(s snapshot, mono time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.load(s, mono)
}

func (r *revocations) load(s snapshot, mono time.Duration) {
	if r.hash == nil || r.hash.hex != s.hashKey {
		// Records under another key can hit nothing any more.
		r.forget()
		r.hash = newHashKey(s.hashKey)
	}
	r.add(s.records)
	r.feedID = s.feedID
	r.suspect = false
	r.reach(s.position, mono)
}

// batch takes one, if it goes on from here.
func (r *revocations) batch(b batch, mono time.Duration) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	outcome := r.fits(b.feedID, b.prev)
	if outcome == taken {
		r.add(b.records)
		r.reach(b.position, mono)
	}
	return outcome
}

// heartbeat takes one, if nothing was missed before it.
func (r *revocations) heartbeat(at position, mono time.Duration) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	outcome := r.fits(at.feedID, at.seq)
	if outcome == taken {
		r.reach(at, mono)
	}
	return outcome
}

func (r *revocations) fits(feedID string, from int64) string {
	if feedID == r.feedID && from == r.seq && !r.suspect {
		return taken
	}
	r.suspect = true
	if feedID != r.feedID {
		return otherFeed
	}
	return gap
}

func (r *revocations) reach(at position, mono time.Duration) {
	r.seq, r.asOf, r.jwksETag = at.seq, at.asOf, at.jwksETag
	r.arrived = mono
	r.loaded = true
}

// add: records under one key are one record that ends at the later time; nbf likewise.
func (r *revocations) add(records []record) {
	for _, one := range records {
		if table, ok := r.whole[one.kind]; ok {
			table[one.key] = max(table[one.key], one.exp)
			continue
		}
		table := r.since[one.kind]
		held := table[one.key]
		table[one.key] = span{exp: max(held.exp, one.exp), nbf: max(held.nbf, one.nbf)}
	}
}

// hit says whether a record ends the token, under the present hash key.
func (r *revocations) hit(token *hashedSubject) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, named := range token.keys {
		if table, ok := r.whole[named.kind]; ok {
			if _, ended := table[named.key]; ended {
				return true
			}
		} else if token.iat < r.since[named.kind][named.key].nbf {
			return true
		}
	}
	return token.iat < r.since['I'][0].nbf
}

// present is the hash key; nil before the first snapshot.
func (r *revocations) present() *hashKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.hash
}

// sweep drops records that no live token can be hit by any more, by our clock and the issuer's: one that is wrong forgets nothing.
func (r *revocations) sweep(now int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.loaded {
		return
	}
	dead := min(now, r.asOf)/1000 - kept
	for _, table := range r.whole {
		for key, exp := range table {
			if exp <= dead {
				delete(table, key)
			}
		}
	}
	for _, table := range r.since {
		for key, held := range table {
			if held.exp <= dead {
				delete(table, key)
			}
		}
	}
}

// state is how much what is known is worth now, and how old it is. The time since it arrived is counted on the monotonic clock
// too: setting our clock back makes nothing young. What is as of a time to come is not believed more than what is as old.
func (r *revocations) state(now int64, offset, mono time.Duration) (State, time.Duration) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !r.loaded {
		return NeverLoaded, 0
	}
	age := max((time.Duration(now-r.asOf)*time.Millisecond + offset).Abs(), mono-r.arrived)
	switch {
	case age > r.maxStale:
		return TooOld, age
	case age > freshFor || offset.Abs() > maxOffset || r.suspect:
		return Stale, age
	default:
		return Fresh, age
	}
}

// export gives the state as one document, for a file; nil when there is nothing worth keeping.
func (r *revocations) export() map[string]any {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !r.loaded || r.suspect {
		return nil
	}
	records := make([]json.RawMessage, 0)
	for kind, table := range r.whole {
		for key, exp := range table {
			records = append(records, fmt.Appendf(nil, `["%c","%016x",%d]`, kind, key, exp))
		}
	}
	for kind, table := range r.since {
		for key, held := range table {
			name := fmt.Sprintf("%016x", key)
			if kind == 'I' {
				name = ""
			}
			records = append(records, fmt.Appendf(nil, `["%c","%s",%d,%d]`, kind, name, held.exp, held.nbf))
		}
	}
	return map[string]any{
		"v": feedVersion, "feed_id": r.feedID, "seq": r.seq, "as_of": r.asOf,
		"hash_key": r.hash.hex, "jwks_etag": r.jwksETag, "records": records,
	}
}

// restore starts from what a file held. Only a young enough one counts as having followed the feed; an old one saves a snapshot.
func (r *revocations) restore(s snapshot, now int64, mono time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	age := (time.Duration(now-s.asOf) * time.Millisecond).Abs()
	r.load(s, mono-age)
	r.loaded = age <= r.maxStale
}
