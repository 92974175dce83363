package sekisho

import (
	"sync"
	"sync/atomic"
)

// The verified tokens that are remembered. Expiry and revocation are asked on every hit; what depends on the keys is asked again when
// they change. Tokens are compared whole.

type entry struct {
	claims     *Claims
	subject    *subject
	generation uint64
	hashed     atomic.Pointer[hashedSubject]
}

// under is the entry's subject under this hash key, which hardly ever changes.
func (e *entry) under(hash *hashKey) *hashedSubject {
	if hashed := e.hashed.Load(); hashed != nil && hashed.hash == hash {
		return hashed
	}
	hashed := hash.subject(e.subject)
	e.hashed.Store(hashed)
	return hashed
}

// A cache drops the oldest first: only tokens that were verified are in it, so nobody can fill it with others.
type cache struct {
	size int

	mu      sync.RWMutex
	entries map[string]*entry
	order   []string // a ring, as long as it has grown
	next    int
}

func (c *cache) get(token string, generation uint64) *entry {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if held := c.entries[token]; held != nil && held.generation == generation {
		return held
	}
	return nil
}

func (c *cache) keep(token string, one *entry) {
	if c.size == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = make(map[string]*entry)
	}
	if _, present := c.entries[token]; !present {
		if len(c.order) < c.size {
			c.order = append(c.order, token)
		} else {
			delete(c.entries, c.order[c.next])
			c.order[c.next] = token
			c.next = (c.next + 1) % c.size
		}
	}
	c.entries[token] = one
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries, c.order, c.next = nil, nil, 0
}
