package sekisho

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// counterNames are the same in every language's verifier.
var counterNames = []string{
	"accepted", "accepted_stale", "refused", "revoked", "unavailable", "introspected", "cache_hits",
	"snapshots", "snapshots_asked", "batches", "records", "heartbeats", "polls", "connects", "reauths", "acks", "ack_errors",
	"gaps", "other_feeds", "unknown_events", "unknown_kinds", "malformed", "version_refused", "stalls", "feed_errors",
}

// An Event is a change of state (Name "state") or a failure ("feed_error", "state_file_error").
type Event struct {
	Name       string
	State, Was State
	Age        time.Duration
	Err        error
}

type metrics struct {
	counts   map[string]*atomic.Uint64 // never changed after it was made
	listener func(Event)
}

func newMetrics(listener func(Event)) *metrics {
	m := &metrics{counts: make(map[string]*atomic.Uint64, len(counterNames)), listener: listener}
	for _, name := range counterNames {
		m.counts[name] = new(atomic.Uint64)
	}
	if listener == nil {
		m.listener = warn
	}
	return m
}

func (m *metrics) count(name string) { m.counts[name].Add(1) }

func (m *metrics) read() map[string]uint64 {
	found := make(map[string]uint64, len(m.counts))
	for name, count := range m.counts {
		found[name] = count.Load()
	}
	return found
}

// warn logs when revocations stop coming, and when they come again.
func warn(e Event) {
	switch {
	case e.Name != "state":
		slog.Info("sekisho: "+e.Name, "error", e.Err)
	case e.State == Fresh && e.Was != NeverLoaded:
		slog.Info("sekisho: the revocation feed is back", "was", e.Was)
	case e.State != Fresh:
		slog.Warn("sekisho: the revocation feed is late", "state", e.State, "was", e.Was, "age", e.Age)
	}
}
