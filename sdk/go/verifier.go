package sekisho

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxToken          = 16 << 10
	introspectionLife = 5 * time.Second
	sweepPause        = 30 * time.Second
	maxAnswers        = 1000
)

var asymmetric = map[string]bool{
	"RS256": true, "RS384": true, "RS512": true, "PS256": true, "PS384": true, "PS512": true, "ES256": true, "ES384": true, "EdDSA": true,
}

// Options of a verifier. The zero value of all but the first four is their default.
type Options struct {
	// Issuer is its URL, exactly as in iss, with its slash at the end: https, or http on loopback.
	Issuer string
	// Audience is this API; a token for any one of several is accepted.
	Audience []string
	// ClientID and ClientSecret are those of the client that may read the feed: what "sekisho verifier add" printed.
	ClientID, ClientSecret string
	// OnStale is Closed by default.
	OnStale OnStale
	// MaxStale is 2 s to 24 h; 30 s by default.
	MaxStale time.Duration
	// StateFile is where what is revoked is kept, so that a restart need not begin with nothing.
	StateFile string
	// Leeway is what the issuer's clock may differ for exp, nbf and iat: up to 60 s, in whole seconds.
	Leeway time.Duration
	// Algorithms are RS256 by default.
	Algorithms []string
	// CacheSize is how many verified tokens are remembered: 10000 by default, none if negative.
	CacheSize int
	// OnEvent is told of changes of state and of failures; by default they go to slog.
	OnEvent func(Event)
	// Client brings another transport, for a proxy or a private certificate authority.
	Client *http.Client
}

// OptionsFromEnv reads the SEKISHO_* variables that "sekisho verifier add" prints; New says what is missing.
func OptionsFromEnv() Options {
	options := Options{
		Issuer:       os.Getenv("SEKISHO_ISSUER"),
		ClientID:     os.Getenv("SEKISHO_CLIENT_ID"),
		ClientSecret: os.Getenv("SEKISHO_CLIENT_SECRET"),
		OnStale:      OnStale(os.Getenv("SEKISHO_ON_STALE")),
		StateFile:    os.Getenv("SEKISHO_STATE_FILE"),
	}
	if audience := os.Getenv("SEKISHO_AUDIENCE"); audience != "" {
		options.Audience = []string{audience}
	}
	if text := os.Getenv("SEKISHO_MAX_STALE"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil {
			seconds = -1 // which New refuses
		}
		options.MaxStale = time.Duration(seconds * float64(time.Second))
	}
	return options
}

func (o *Options) complete() error {
	if o.OnStale == "" {
		o.OnStale = Closed
	}
	if o.MaxStale == 0 {
		o.MaxStale = 30 * time.Second
	}
	if o.Algorithms == nil {
		o.Algorithms = []string{"RS256"}
	}
	if o.CacheSize == 0 {
		o.CacheSize = 10_000
	}
	if o.Issuer == "" {
		return errors.New("sekisho: Issuer is needed (SEKISHO_ISSUER): the URL of your Sekisho, with its slash")
	}
	if err := checkURL(o.Issuer, o.Issuer); err != nil {
		return fmt.Errorf("sekisho: Issuer: %w", err)
	}
	for _, audience := range append([]string{strings.Join(o.Audience, "")}, o.Audience...) {
		if audience == "" {
			return errors.New("sekisho: Audience is needed (SEKISHO_AUDIENCE)")
		}
	}
	switch {
	case o.ClientID == "" || o.ClientSecret == "":
		return errors.New("sekisho: ClientID and ClientSecret are needed (SEKISHO_CLIENT_ID, SEKISHO_CLIENT_SECRET): those of `sekisho verifier add`")
	case !o.OnStale.known():
		return errors.New("sekisho: OnStale is one of: closed, introspect, until_exp")
	case o.MaxStale < 2*time.Second || o.MaxStale > 24*time.Hour:
		return errors.New("sekisho: MaxStale is 2 s to 24 h")
	case o.Leeway < 0 || o.Leeway > time.Minute:
		return errors.New("sekisho: Leeway is 0 to 60 s")
	case len(o.Algorithms) == 0:
		return errors.New("sekisho: Algorithms is empty")
	}
	for _, algorithm := range o.Algorithms {
		if !asymmetric[algorithm] {
			return fmt.Errorf("sekisho: %s is not known, or symmetric", algorithm)
		}
	}
	return nil
}

// Demands on one token.
type Demands struct {
	// Scope are words, all of which the token must have.
	Scope []string
	// OnStale is another policy than the verifier's.
	OnStale OnStale
	// Proof is what the caller has checked of a bound token.
	Proof *Proof
}

// Status is where things stand; Ready is what a readiness probe answers with.
type Status struct {
	Ready   bool
	State   State
	Keys    bool // whether the issuer's keys are here
	FeedID  string
	Seq     int64
	Age     time.Duration
	Offset  time.Duration // the issuer's clock less ours
	Records int
}

// MarshalJSON writes times in milliseconds, as the other languages do.
func (s Status) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"ready": s.Ready, "state": s.State, "keys": s.Keys, "feed_id": s.FeedID, "seq": s.Seq,
		"age": s.Age.Milliseconds(), "offset": s.Offset.Milliseconds(), "records": s.Records,
	})
}

// A Verifier checks access tokens of one issuer for one API. It is safe for concurrent use.
type Verifier struct {
	options   Options
	clock     *clock
	transport *transport
	metrics   *metrics
	keys      *keys
	known     *revocations
	feed      *feed
	file      *stateFile
	cache     cache
	end       context.CancelFunc
	life      context.Context
	work      sync.WaitGroup

	mu      sync.Mutex
	state   State
	swept   time.Duration
	isReady chan struct{} // closed while ready
	ready   bool
	answers map[string]answer
}

type answer struct {
	active bool
	until  time.Duration
}

// New makes a verifier, which begins to follow the feed at once.
func New(options Options) (*Verifier, error) {
	return newVerifier(options, newClock(), usualTiming)
}

func newVerifier(options Options, clock *clock, timing timing) (*Verifier, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.Background())
	v := &Verifier{
		options: options, clock: clock, life: life, end: end, state: NeverLoaded, isReady: make(chan struct{}),
		transport: newTransport(options.Client, clock), metrics: newMetrics(options.OnEvent),
		known: newRevocations(options.MaxStale), answers: map[string]answer{}, swept: clock.mono(),
	}
	v.cache.size = max(options.CacheSize, 0)
	algorithms := make([]jose.SignatureAlgorithm, len(options.Algorithms))
	for i, name := range options.Algorithms {
		algorithms[i] = jose.SignatureAlgorithm(name)
	}
	v.keys = &keys{transport: v.transport, clock: clock, issuer: options.Issuer, algorithms: algorithms, life: life}
	v.feed = &feed{
		base: v.base(), id: options.ClientID, secret: options.ClientSecret, transport: v.transport, clock: clock, known: v.known,
		timing: timing, metrics: v.metrics, applied: v.applied, life: life, work: &v.work, verifierName: randomName(),
	}
	if options.StateFile != "" {
		v.file = &stateFile{path: options.StateFile, issuer: options.Issuer}
		if offset, kept := v.file.load(); kept != nil {
			clock.setOffset(offset)
			v.known.restore(*kept, clock.now()+offset.Milliseconds(), clock.mono())
		}
	}
	v.work.Add(3)
	go func() { defer v.work.Done(); v.feed.run() }()
	go func() { defer v.work.Done(); _, _ = v.keys.ensure(life); v.tick() }()
	go func() { defer v.work.Done(); v.ticking() }()
	return v, nil
}

func (v *Verifier) base() string { return strings.TrimSuffix(v.options.Issuer, "/") + "/" }

// Close stops following the feed, and writes the state file.
func (v *Verifier) Close() error {
	v.end()
	v.work.Wait()
	v.tick()
	if v.file != nil {
		return v.file.flush(v.known, v.clock)
	}
	return nil
}

// Ready waits until tokens can be judged: the keys and the first snapshot are here.
func (v *Verifier) Ready(ctx context.Context) error {
	v.tick()
	v.mu.Lock()
	isReady := v.isReady
	v.mu.Unlock()
	select {
	case <-isReady:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("sekisho: not ready: %+v: %w", v.Status(), ctx.Err())
	case <-v.life.Done():
		return errors.New("sekisho: the verifier is closed")
	}
}

// Status says where things stand.
func (v *Verifier) Status() Status {
	offset := v.clock.offset()
	state, age := v.known.state(v.clock.now(), offset, v.clock.mono())
	feedID, seq := v.known.place()
	late := state == NeverLoaded || state == TooOld && v.options.OnStale == Closed
	usable := v.keys.usable()
	return Status{
		Ready: !late && usable && v.life.Err() == nil, State: state, Keys: usable,
		FeedID: feedID, Seq: seq, Age: age, Offset: offset, Records: v.known.size(),
	}
}

// Metrics are the counters, by name; they only grow.
func (v *Verifier) Metrics() map[string]uint64 { return v.metrics.read() }

// Check judges a token. The error is a *Refusal, or the context's.
func (v *Verifier) Check(ctx context.Context, token string, demands Demands) (*Claims, error) {
	claims, stale, err := v.check(ctx, token, demands)
	var refusal *Refusal
	switch {
	case err == nil:
		v.metrics.count("accepted")
		if stale {
			v.metrics.count("accepted_stale")
		}
		return claims, nil
	case errors.As(err, &refusal) && refusal.Status() == http.StatusServiceUnavailable:
		v.metrics.count("unavailable")
	case errors.As(err, &refusal):
		if refusal.Reason == "revoked" {
			v.metrics.count("revoked")
		}
		v.metrics.count("refused")
	}
	return nil, err
}

func (v *Verifier) check(ctx context.Context, token string, demands Demands) (*Claims, bool, error) {
	policy := demands.OnStale
	if policy == "" {
		policy = v.options.OnStale
	}
	if !policy.known() {
		return nil, false, errors.New("sekisho: OnStale is one of: closed, introspect, until_exp")
	}
	one, err := v.verified(ctx, token, demands.Proof)
	if err != nil {
		return nil, false, err
	}
	if refusal := checkTimes(one.claims, v.clock.now()/1000, int64(v.options.Leeway/time.Second)); refusal != nil {
		return nil, false, refusal
	}
	stale, err := v.checkRevoked(ctx, token, one, policy)
	if err != nil {
		return nil, false, err
	}
	if refusal := checkScope(one.claims, demands.Scope); refusal != nil {
		return nil, false, refusal
	}
	return one.claims, stale, nil
}

// verified is what a token says, once its signature and all that does not change with time hold.
func (v *Verifier) verified(ctx context.Context, token string, proof *Proof) (*entry, error) {
	switch {
	case len(token) > maxToken:
		return nil, refuse("too_long")
	case strings.Count(token, ".") != 2:
		return nil, refuse("not_jwt")
	}
	generation, err := v.keys.ensure(ctx)
	if err != nil {
		return nil, err
	}
	if held := v.cache.get(token, generation); held != nil {
		v.metrics.count("cache_hits")
		return held, nil
	}
	read, err := v.keys.verify(token)
	if err == errUnknownKey {
		if err := v.keys.missing(ctx); err != nil {
			return nil, err
		}
		if read, err = v.keys.verify(token); err == errUnknownKey {
			return nil, refuse("unknown_key")
		}
	}
	if err != nil {
		return nil, err
	}
	claims, err := decodeMembers(read.payload)
	if err != nil {
		return nil, err
	}
	judged, subject, refusal := judge(read.typ, read.kid, claims, expected{v.options.Issuer, v.options.Audience, proof})
	if refusal != nil {
		return nil, refusal
	}
	judged.Payload = read.payload
	one := &entry{claims: judged, subject: subject, generation: generation}
	// A bound token is good with its proof only, so the answer is not the token's alone.
	if _, bound := claims["cnf"]; !bound {
		v.cache.keep(token, one)
	}
	return one, nil
}

// checkRevoked says whether the token is accepted although the feed is late.
func (v *Verifier) checkRevoked(ctx context.Context, token string, one *entry, policy OnStale) (bool, error) {
	if hash := v.known.present(); hash != nil && v.known.hit(one.under(hash)) {
		return false, refuse("revoked")
	}
	state, _ := v.known.state(v.clock.now(), v.clock.offset(), v.clock.mono())
	switch say(state, policy) {
	case "accept":
		return false, nil
	case "accept_stale":
		return true, nil
	case "ask":
		active, err := v.introspect(ctx, token)
		if err == nil && !active {
			err = refuse("revoked")
		}
		return false, err
	}
	if state == NeverLoaded {
		return false, refuse("not_ready")
	}
	return false, refuse("stale")
}

// introspect asks the issuer (RFC 7662); an answer holds for 5 s and not beyond the next record.
func (v *Verifier) introspect(ctx context.Context, token string) (bool, error) {
	v.mu.Lock()
	// An answer that comes after a record goes to a map that nobody reads any more.
	answers := v.answers
	known, held := answers[token]
	v.mu.Unlock()
	if held && v.clock.mono() < known.until {
		return known.active, nil
	}
	v.metrics.count("introspected")
	data, err := v.transport.read(ctx, call{url: v.base() + "oauth/introspect", form: url.Values{
		"token": {token}, "client_id": {v.options.ClientID}, "client_secret": {v.options.ClientSecret},
	}})
	var said struct {
		Active *bool `json:"active"`
	}
	if err != nil || json.Unmarshal(data, &said) != nil || said.Active == nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		return false, refuse("introspection")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(answers) >= maxAnswers {
		clear(answers)
	}
	answers[token] = answer{*said.Active, v.clock.mono() + introspectionLife}
	return *said.Active, nil
}

// applied is told of every document of the feed that was taken.
func (v *Verifier) applied(records []record) {
	if len(records) > 0 {
		v.mu.Lock()
		v.answers = map[string]answer{}
		v.mu.Unlock()
	}
	for _, one := range records {
		if one.kind == 'K' {
			v.cache.clear()
			break
		}
	}
	v.keys.announced(v.known.etag())
	v.tick()
}

func (v *Verifier) ticking() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		v.tick()
		if v.file != nil && v.life.Err() == nil {
			if err := v.file.save(v.known, v.clock); err != nil {
				v.metrics.listener(Event{Name: "state_file_error", Err: err})
			}
		}
		select {
		case <-ticker.C:
		case <-v.life.Done():
			return
		}
	}
}

// tick notices changes of state, and forgets records from time to time.
func (v *Verifier) tick() {
	status := v.Status()
	v.mu.Lock()
	was := v.state
	v.state = status.State
	sweep := v.clock.mono()-v.swept > sweepPause
	if sweep {
		v.swept = v.clock.mono()
	}
	if status.Ready != v.ready {
		v.ready = status.Ready
		if status.Ready {
			close(v.isReady)
		} else {
			v.isReady = make(chan struct{})
		}
	}
	v.mu.Unlock()
	if sweep {
		v.known.sweep(v.clock.now())
	}
	if was != status.State {
		v.metrics.listener(Event{Name: "state", State: status.State, Was: was, Age: status.Age})
	}
}
