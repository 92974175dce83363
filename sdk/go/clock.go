package sekisho

import (
	"net/http"
	"sync"
	"time"
)

// This host's clock, and how far the issuer's is from it. The difference is bounded by each answer's Date: it was written between
// our sending and our receiving. Never by when an event arrives, which proxies may delay.

const boundsKept = 5 * time.Minute

type clock struct {
	wall func() time.Time
	mono func() time.Duration

	mu        sync.Mutex
	measured  bool
	low, high time.Duration
	since     time.Duration
	ahead     time.Duration
}

func newClock() *clock {
	began := time.Now()
	return &clock{wall: time.Now, mono: func() time.Duration { return time.Since(began) }}
}

// now is Unix milliseconds by our clock.
func (c *clock) now() int64 { return c.wall().UnixMilli() }

// offset is the issuer's clock less ours.
func (c *clock) offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

func (c *clock) setOffset(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead = offset
}

// roundTrip takes one into account: its times by our clock, and the Date of the answer.
func (c *clock) roundTrip(sent, received time.Time, date string) {
	told, err := http.ParseTime(date)
	if err != nil {
		return
	}
	// The header holds whole seconds: the true time lay in the second that it names.
	low, high := told.Sub(received.Round(0)), told.Add(time.Second).Sub(sent.Round(0))
	c.mu.Lock()
	defer c.mu.Unlock()
	if joinedLow, joinedHigh := max(c.low, low), min(c.high, high); c.measured && joinedLow <= joinedHigh && c.mono()-c.since < boundsKept {
		c.low, c.high = joinedLow, joinedHigh
	} else {
		c.low, c.high, c.since, c.measured = low, high, c.mono(), true
	}
	c.ahead = (c.low + c.high) / 2
}
