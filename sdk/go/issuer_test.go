package sekisho

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A stand-in for the issuer: keys, tokens and a revocation feed that can be made to misbehave.

const (
	testAudience = "https://api.example.com/"
	testHash     = "000102030405060708090a0b0c0d0e0f"
)

var testKey = func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}()

type doc = map[string]any

type issuer struct {
	t    *testing.T
	hash *hashKey
	addr string

	server *http.Server
	stop   chan struct{}

	mu             sync.Mutex
	kids           []string
	etag, feedID   string
	records        []any
	streams        map[chan string]bool
	seen           map[string]int
	acks           []doc
	shift          time.Duration
	silent, mute   bool // no heartbeats; streams open and say nothing
	snapshotStatus int
	inactive       bool
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{
		t: t, hash: newHashKey(testHash), kids: []string{"k1"}, etag: `"1"`, feedID: "fd_1",
		streams: map[chan string]bool{}, seen: map[string]int{}, snapshotStatus: 200, addr: "127.0.0.1:0",
	}
	i.up()
	t.Cleanup(func() { i.down() })
	return i
}

func (i *issuer) url() string { return "http://" + i.addr + "/" }

func (i *issuer) up() {
	listener, err := net.Listen("tcp", i.addr)
	for err != nil {
		// Coming back, somebody else may hold the port for a moment.
		time.Sleep(50 * time.Millisecond)
		listener, err = net.Listen("tcp", i.addr)
	}
	i.addr = listener.Addr().String()
	i.server = &http.Server{Handler: http.HandlerFunc(i.answer)}
	i.stop = make(chan struct{})
	server, stop := i.server, i.stop
	go func() { _ = server.Serve(listener) }()
	go func() {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				i.with(func() {
					if !i.silent {
						i.send("heartbeat", i.position())
					}
				})
			case <-stop:
				return
			}
		}
	}()
}

func (i *issuer) down() {
	if i.server == nil {
		return
	}
	close(i.stop)
	_ = i.server.Close()
	i.server = nil
}

// with changes the issuer, or looks at it.
func (i *issuer) with(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

func (i *issuer) count(name string) (n int) {
	i.with(func() { n = i.seen[name] })
	return n
}

func (i *issuer) streaming() (yes bool) {
	i.with(func() { yes = len(i.streams) > 0 })
	return yes
}

func (i *issuer) now() time.Time { return time.Now().Add(i.shift) }

func (i *issuer) position() doc {
	return doc{"v": 1, "feed_id": i.feedID, "seq": len(i.records), "as_of": i.now().UnixMilli(), "jwks_etag": i.etag}
}

func (i *issuer) send(name string, data any) {
	text, _ := json.Marshal(data)
	for stream := range i.streams {
		stream <- fmt.Sprintf("event: %s\ndata: %s\n\n", name, text)
	}
}

// event sends one as it is given.
func (i *issuer) event(name string, data any) { i.with(func() { i.send(name, data) }) }

func (i *issuer) record(kind byte, id string) []any {
	now := time.Now().Unix()
	key := fmt.Sprintf("%016x", i.hash.key(kind, id))
	if kind == 'I' {
		key = ""
	}
	one := []any{string(kind), key, now + 600}
	if strings.ContainsRune("UCI", rune(kind)) {
		one = append(one, now+1)
	}
	return one
}

func (i *issuer) revoke(records ...any) {
	i.with(func() {
		batch := doc{"prev": len(i.records), "records": records}
		i.records = append(i.records, records...)
		maps.Copy(batch, i.position())
		i.send("records", batch)
	})
}

// lose adds a record that no stream is told of.
func (i *issuer) lose(one any) { i.with(func() { i.records = append(i.records, one) }) }

// token makes one; claims put over the usual ones, nil takes one away.
func (i *issuer) token(claims doc) string { return i.tokenWith(doc{"typ": "JWT", "kid": "k1"}, claims) }

func (i *issuer) tokenWith(header, claims doc) string {
	now := time.Now().Unix()
	all := doc{
		"iss": i.url(), "aud": testAudience, "sub": "auth0|u1", "iat": now - 5, "exp": now + 300, "jti": "j1", "gid": "g1", "sid": "s1",
		"azp": "c1", "scope": "read:notes",
	}
	maps.Copy(all, claims)
	payload, _ := json.Marshal(all)
	return i.sign(payload, header, testKey)
}

func (i *issuer) sign(payload []byte, header doc, key any) string {
	algorithm := jose.RS256
	if _, secret := key.([]byte); secret {
		algorithm = jose.HS256
	}
	options := &jose.SignerOptions{}
	for name, value := range header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		i.t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

func (i *issuer) answer(w http.ResponseWriter, r *http.Request) {
	say := func(status int, value any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(value)
	}
	body, _ := io.ReadAll(r.Body)
	i.mu.Lock()
	locked := true
	unlock := func() {
		if locked {
			i.mu.Unlock()
			locked = false
		}
	}
	defer unlock()
	w.Header().Set("Date", i.now().UTC().Format(http.TimeFormat))
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		say(200, doc{"issuer": i.url(), "jwks_uri": i.url() + "keys"})
		return
	case "/keys":
		i.seen["jwks"]++
		set := jose.JSONWebKeySet{}
		for _, kid := range i.kids {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: &testKey.PublicKey, KeyID: kid, Algorithm: "RS256", Use: "sig"})
		}
		say(200, set)
		return
	case "/oauth/token":
		i.seen["tokens"]++
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		_ = r.ParseForm()
		if r.PostForm.Get("client_secret") != "secret" || r.PostForm.Get("audience") != i.url()+"revocations" {
			say(401, doc{"error": "access_denied"})
			return
		}
		say(200, doc{"access_token": "feed-" + strconv.Itoa(i.seen["tokens"]), "expires_in": 3600})
		return
	case "/oauth/introspect":
		i.seen["introspections"]++
		say(200, doc{"active": !i.inactive})
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer feed-") {
		say(401, doc{"error": "invalid_token"})
		return
	}
	switch r.URL.Path {
	case "/revocations/snapshot":
		i.seen["snapshots"]++
		all := doc{"hash_key": testHash, "records": append([]any{}, i.records...)}
		maps.Copy(all, i.position())
		say(i.snapshotStatus, all)
		return
	case "/revocations/ack":
		var ack doc
		_ = json.Unmarshal(body, &ack)
		i.acks = append(i.acks, ack)
		w.WriteHeader(204)
		return
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	if r.URL.Query().Get("feed_id") != i.feedID || after > len(i.records) {
		say(410, doc{"error": "snapshot_required"})
		return
	}
	missed := doc{"prev": after, "records": append([]any{}, i.records[after:]...)}
	maps.Copy(missed, i.position())
	if r.Header.Get("Accept") != "text/event-stream" {
		i.seen["polls"]++
		say(200, missed)
		return
	}
	i.seen["streams"]++
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(200)
	_ = http.NewResponseController(w).Flush()
	if i.mute {
		unlock()
		<-r.Context().Done()
		return
	}
	stream := make(chan string, 1000)
	if after < len(i.records) {
		text, _ := json.Marshal(missed)
		stream <- fmt.Sprintf("event: records\ndata: %s\n\n", text)
	}
	i.streams[stream] = true
	unlock()
	defer i.with(func() { delete(i.streams, stream) })
	for {
		select {
		case text := <-stream:
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
		case <-r.Context().Done():
			return
		}
	}
}

var testTiming = timing{
	connect: time.Second, silence: 300 * time.Millisecond, jitter: 20 * time.Millisecond,
	backOff: 20 * time.Millisecond, maxBackOff: 100 * time.Millisecond, pollFor: time.Minute, pollWait: 0,
}

// testClock can be set ahead.
type testClock struct {
	mu           sync.Mutex
	wallBy, mono time.Duration
}

func (c *testClock) skip(wall, mono time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wallBy += wall
	c.mono += mono
}

func (c *testClock) clock() *clock {
	real := newClock()
	began := real.mono
	read := func(by *time.Duration) time.Duration {
		c.mu.Lock()
		defer c.mu.Unlock()
		return *by
	}
	return &clock{
		wall: func() time.Time { return time.Now().Add(read(&c.wallBy)) },
		mono: func() time.Duration { return began() + read(&c.mono) },
	}
}

// open makes a verifier of the issuer, closed at the end of the test.
func (i *issuer) open(change func(*Options), skips *testClock) *Verifier {
	options := Options{
		Issuer: i.url(), Audience: []string{testAudience}, ClientID: "feed", ClientSecret: "secret", OnEvent: func(Event) {},
	}
	if change != nil {
		change(&options)
	}
	own := newClock()
	if skips != nil {
		own = skips.clock()
	}
	v, err := newVerifier(options, own, testTiming)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { _ = v.Close() })
	return v
}

func (i *issuer) ready(change func(*Options), skips *testClock) *Verifier {
	v := i.open(change, skips)
	await(i.t, v)
	return v
}

func await(t *testing.T, v *Verifier) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := v.Ready(ctx); err != nil {
		t.Fatal(err)
	}
}

// until asks again and again until the answer is true; gives up after 10 s.
func until(t *testing.T, holds func() bool) {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(end) {
			t.Fatal("did not happen")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// reason is that for which a token is refused; empty when it is accepted.
func reason(t *testing.T, v *Verifier, token string, demands Demands) string {
	t.Helper()
	_, err := v.Check(t.Context(), token, demands)
	var refusal *Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return refusal.Reason
	default:
		t.Fatal(err)
		return ""
	}
}

func want[T comparable](t *testing.T, found, expected T) {
	t.Helper()
	if found != expected {
		t.Fatalf("found %v, expected %v", found, expected)
	}
}
