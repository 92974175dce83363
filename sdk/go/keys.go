package sekisho

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The issuer's public keys: where they come from and when they are fetched again; and whether one of them signed a token.

const (
	keysMaxAge   = 10 * time.Minute
	keysCooldown = 30 * time.Second
	keysMaxStale = 24 * time.Hour
	maxKeys      = 100
)

var shape = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)

// errUnknownKey: the token names a key that is not here.
var errUnknownKey = errors.New("unknown key")

type keys struct {
	transport  *transport
	clock      *clock
	issuer     string
	algorithms []jose.SignatureAlgorithm
	life       context.Context

	mu       sync.Mutex
	set      []jose.JSONWebKey
	haveSet  bool
	text     string
	jwksURI  string
	loaded   time.Duration
	missed   time.Duration
	asked    bool // missed says something
	failed   time.Duration
	failures int
	running  chan struct{} // closed when the fetch that is running ends
	etag     string
	etagSeen bool
	// generation changes whenever the keys do; what was verified under another one must be verified again.
	generation uint64
}

func (k *keys) usableLocked() bool { return k.haveSet && k.clock.mono()-k.loaded <= keysMaxStale }

func (k *keys) usable() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.usableLocked()
}

func (k *keys) restingLocked() bool {
	pause := keysCooldown
	if !k.haveSet {
		pause = min(time.Second<<max(k.failures-1, 0), keysCooldown)
	}
	return k.running == nil && k.failures > 0 && k.clock.mono()-k.failed < pause
}

// ensure fetches keys if there are none, and in the background if they have grown old. It gives the generation.
func (k *keys) ensure(ctx context.Context) (uint64, error) {
	k.mu.Lock()
	if !k.usableLocked() && !k.restingLocked() {
		done := k.fetchLocked()
		k.mu.Unlock()
		if err := wait(ctx, done); err != nil {
			return 0, err
		}
		k.mu.Lock()
	}
	defer k.mu.Unlock()
	if !k.usableLocked() {
		return 0, refuse("no_keys")
	}
	if k.clock.mono()-k.loaded > keysMaxAge && !k.restingLocked() {
		k.fetchLocked()
	}
	return k.generation, nil
}

// missing fetches keys for a token whose key is not here; at most once in 30 s, since anybody can make up such tokens.
func (k *keys) missing(ctx context.Context) error {
	k.mu.Lock()
	now := k.clock.mono()
	if k.running == nil && k.asked && now-k.missed < keysCooldown {
		defer k.mu.Unlock()
		if k.failures > 0 {
			return refuse("no_keys")
		}
		return nil
	}
	k.missed, k.asked = now, true
	done := k.fetchLocked()
	k.mu.Unlock()
	if err := wait(ctx, done); err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failures > 0 {
		return refuse("no_keys")
	}
	return nil
}

// announced: the feed says which key set is published; when it is another one than before, it is fetched.
func (k *keys) announced(etag string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	same := !k.etagSeen || k.etag == etag
	if (k.usableLocked() && same) || k.running != nil || k.restingLocked() {
		// What cannot be fetched now is fetched at a later heartbeat, since the tag stays unknown until then.
		if !k.etagSeen {
			k.etag, k.etagSeen = etag, true
		}
		return
	}
	k.etag, k.etagSeen = etag, true
	k.fetchLocked()
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetchLocked begins a fetch, or joins the one that is running. It belongs to all who wait for it.
func (k *keys) fetchLocked() <-chan struct{} {
	if k.running == nil {
		done := make(chan struct{})
		k.running = done
		go k.fetch(done)
	}
	return k.running
}

func (k *keys) fetch(done chan struct{}) {
	began := k.clock.mono()
	text, uri, err := k.load()
	var set []jose.JSONWebKey
	if err == nil {
		set, err = parseKeys(text)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(done)
	k.running = nil
	k.jwksURI = uri
	if err != nil {
		k.failures = min(k.failures+1, 16)
		k.failed = k.clock.mono()
		k.etag = ""
		return
	}
	k.failures = 0
	k.loaded = began
	if !k.haveSet || k.text != string(text) {
		k.set, k.text, k.haveSet = set, string(text), true
		k.generation++
	}
}

func (k *keys) load() (text []byte, uri string, err error) {
	k.mu.Lock()
	uri = k.jwksURI
	k.mu.Unlock()
	if uri == "" {
		place := strings.TrimSuffix(k.issuer, "/") + "/.well-known/openid-configuration"
		data, err := k.transport.read(k.life, call{url: place, fresh: true})
		if err != nil {
			return nil, "", err
		}
		var found struct {
			Issuer  string `json:"issuer"`
			JWKSURI string `json:"jwks_uri"`
		}
		if err := json.Unmarshal(data, &found); err != nil {
			return nil, "", err
		}
		if found.Issuer != k.issuer {
			return nil, "", fmt.Errorf("the discovery document names another issuer: %q", found.Issuer)
		}
		if err := checkURL(found.JWKSURI, k.issuer); err != nil {
			return nil, "", err
		}
		uri = found.JWKSURI
	}
	text, err = k.transport.read(k.life, call{url: uri, fresh: true})
	if err != nil {
		return nil, "", err
	}
	return text, uri, nil
}

// parseKeys leaves out what cannot verify a signature, and symmetric keys: one that is published is no secret.
func parseKeys(text []byte) ([]jose.JSONWebKey, error) {
	var published struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &published); err != nil {
		return nil, err
	}
	if published.Keys == nil || len(published.Keys) > maxKeys {
		return nil, errors.New("not a key set that is read here")
	}
	var set []jose.JSONWebKey
	for _, raw := range published.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || !key.Valid() || !key.IsPublic() || (key.Use != "" && key.Use != "sig") {
			continue
		}
		if public, ok := key.Key.(*rsa.PublicKey); ok && public.N.BitLen() < 2048 {
			continue
		}
		set = append(set, key)
	}
	return set, nil
}

// find gives the key of this name that is meant for this algorithm.
func (k *keys) find(kid, algorithm string) (any, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.set {
		if key.KeyID == kid && (key.Algorithm == "" || key.Algorithm == algorithm) {
			return key.Key, true
		}
	}
	return nil, false
}

// A signed token: what of its header matters, and its payload.
type signed struct {
	kid     string
	typ     any
	payload []byte
}

// verify reads a token that one of these keys signed. The error is errUnknownKey or a Refusal.
func (k *keys) verify(token string) (*signed, error) {
	if !shape.MatchString(token) {
		return nil, refuse("malformed")
	}
	jws, err := jose.ParseSignedCompact(token, k.algorithms)
	if err != nil {
		var unexpected *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &unexpected) {
			return nil, refuse("algorithm")
		}
		return nil, refuse("malformed")
	}
	header := jws.Signatures[0].Protected
	if _, critical := header.ExtraHeaders["crit"]; critical {
		return nil, refuse("malformed")
	}
	if header.KeyID == "" {
		return nil, refuse("no_key_id")
	}
	key, found := k.find(header.KeyID, header.Algorithm)
	if !found {
		return nil, errUnknownKey
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, refuse("signature")
	}
	return &signed{kid: header.KeyID, typ: header.ExtraHeaders[jose.HeaderType], payload: payload}, nil
}
