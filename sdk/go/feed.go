package sekisho

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Follows the revocation feed of an issuer: token, snapshot, stream (or long poll where streams do not pass), acknowledgement. Owns
// when to connect again; what documents mean is revocations'.

const (
	ackPause       = 250 * time.Millisecond
	roundTripPause = 30 * time.Second
	snapshotLimit  = 1 << 30
)

// timing is how long things may take; tests make them short.
type timing struct {
	connect, silence, jitter, backOff, maxBackOff, pollFor time.Duration
	pollWait                                               int // seconds
}

var usualTiming = timing{
	connect: 5 * time.Second, silence: 3 * time.Second, jitter: 500 * time.Millisecond,
	backOff: 250 * time.Millisecond, maxBackOff: 5 * time.Second, pollFor: time.Minute, pollWait: 1,
}

var (
	errSilent  = errors.New("the stream went silent")
	errRenewed = errors.New("another token is here")
)

type feed struct {
	base         string
	id, secret   string
	transport    *transport
	clock        *clock
	known        *revocations
	timing       timing
	metrics      *metrics
	applied      func([]record)
	verifierName string
	life         context.Context
	work         *sync.WaitGroup

	failures  int           // of run alone
	mute      int           // of run alone
	pollUntil time.Duration // of run alone

	asking sync.Mutex // for a token; held over the network, so never by who reads the stream

	mu         sync.Mutex
	token      string
	tokenUntil time.Duration
	ackPending bool
	acked      time.Duration
	ackedOnce  bool
}

func randomName() string {
	var bytes [16]byte
	_, _ = rand.Read(bytes[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(bytes[:])
}

// run follows the feed until the verifier is closed.
func (f *feed) run() {
	for f.life.Err() == nil {
		if err := f.step(); err != nil && f.life.Err() == nil {
			f.failed(err)
		}
	}
}

func (f *feed) step() error {
	if f.known.needsSnapshot() {
		if err := f.snapshot(); err != nil {
			return err
		}
	}
	if f.pollUntil != 0 && f.clock.mono() < f.pollUntil {
		return f.poll()
	}
	return f.follow()
}

func (f *feed) failed(err error) {
	var odd feedError
	if errors.As(err, &odd) {
		// Until it is understood what was said, nothing here counts as fresh.
		f.known.distrust()
		if odd == unknownKind {
			f.metrics.count("unknown_kinds")
		} else {
			f.metrics.count("malformed")
		}
	}
	var answer *httpError
	if errors.As(err, &answer) {
		switch answer.status {
		case http.StatusGone:
			f.known.distrust()
			f.metrics.count("gaps")
		case http.StatusNotAcceptable:
			f.metrics.count("version_refused")
		case http.StatusUnauthorized:
			f.dropToken()
		}
	}
	f.metrics.count("feed_errors")
	f.metrics.listener(Event{Name: "feed_error", Err: err})
	back := min(f.timing.backOff<<f.failures, f.timing.maxBackOff)
	f.failures = min(f.failures+1, 16)
	f.pause(back/2 + chance(back/2))
}

// chance is a random part of a duration.
func chance(most time.Duration) time.Duration {
	return time.Duration(mathrand.Int64N(int64(most) + 1))
}

func (f *feed) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.life.Done():
	}
}

func (f *feed) dropToken() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token = ""
}

// bearer is the feed's own access token (RFC 6749 section 4.4), kept until a minute before its end.
func (f *feed) bearer() (string, error) {
	f.asking.Lock()
	defer f.asking.Unlock()
	f.mu.Lock()
	token, until := f.token, f.tokenUntil
	f.mu.Unlock()
	if token != "" && f.clock.mono() < until {
		return token, nil
	}
	data, err := f.transport.read(f.life, call{url: f.base + "oauth/token", form: url.Values{
		"grant_type": {"client_credentials"}, "client_id": {f.id}, "client_secret": {f.secret},
		"audience": {f.base + "revocations"}, "scope": {"read:revocations"},
	}})
	if err != nil {
		return "", err
	}
	var granted struct {
		Token string  `json:"access_token"`
		Life  float64 `json:"expires_in"`
	}
	if json.Unmarshal(data, &granted) != nil || granted.Token == "" {
		return "", &httpError{message: "/oauth/token answered without a token"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token = granted.Token
	f.tokenUntil = f.clock.mono() + time.Duration(max(granted.Life-60, 1)*float64(time.Second))
	return granted.Token, nil
}

func (f *feed) snapshot() error {
	// Many verifiers lose their place at the same moment; they need not come back at the same one.
	if feedID, _ := f.known.place(); feedID != "" {
		f.pause(chance(f.timing.jitter))
	}
	token, err := f.bearer()
	if err != nil {
		return err
	}
	data, err := f.transport.read(f.life, call{
		url: fmt.Sprintf("%srevocations/snapshot?v=%d", f.base, feedVersion), bearer: token, limit: snapshotLimit, timeout: time.Minute,
	})
	if err != nil {
		return err
	}
	document, err := parseSnapshot(data)
	if err != nil {
		return err
	}
	f.known.snapshot(document, f.clock.mono())
	f.metrics.count("snapshots")
	f.took(document.records)
	return nil
}

func (f *feed) took(records []record) {
	f.failures = 0
	f.metrics.counts["records"].Add(uint64(len(records)))
	f.applied(records)
	f.acknowledge()
}

func (f *feed) address(more url.Values) string {
	feedID, seq := f.known.place()
	query := url.Values{
		"after": {strconv.FormatInt(seq, 10)}, "feed_id": {feedID}, "v": {strconv.Itoa(feedVersion)}, "verifier": {f.verifierName},
	}
	for name, values := range more {
		query[name] = values
	}
	return f.base + "revocations?" + query.Encode()
}

func (f *feed) follow() error {
	token, err := f.bearer()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(f.life)
	defer cancel(nil)
	watch := time.AfterFunc(f.timing.connect, func() { cancel(errSilent) })
	defer watch.Stop()
	heard, err := f.stream(ctx, token, watch, cancel)
	silent := false
	switch cause := context.Cause(ctx); {
	case cause == errSilent:
		f.metrics.count("stalls")
		silent, err = !heard, nil
	case cause == errRenewed:
		err = nil
	case err == errSilent:
		silent, err = true, nil
	}
	f.notice(silent)
	if err == nil {
		f.pause(chance(min(f.timing.jitter, f.timing.backOff)))
	}
	return err
}

// notice: where streams open and say nothing, twice, something between us and the issuer holds them back.
func (f *feed) notice(silent bool) {
	if !silent {
		f.mute = 0
		return
	}
	if f.mute++; f.mute == 2 {
		f.mute = 0
		f.pollUntil = f.clock.mono() + f.timing.pollFor
	}
}

// stream reads one stream to its end, and says whether anything was heard on it.
func (f *feed) stream(ctx context.Context, token string, watch *time.Timer, cancel context.CancelCauseFunc) (heard bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.address(nil), nil)
	if err != nil {
		return false, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Cache-Control", "no-cache")
	answer, err := f.transport.open(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return false, &httpError{status: answer.StatusCode, message: fmt.Sprintf("/revocations answered %d", answer.StatusCode)}
	}
	f.metrics.count("connects")
	if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/event-stream") {
		return false, errSilent
	}
	watch.Reset(f.timing.silence)
	measured := f.clock.mono()
	err = readEvents(answer.Body, func() { watch.Reset(f.timing.silence) }, func(e event) (bool, error) {
		heard = true
		f.failures = 0
		if now := f.clock.mono(); now-measured > roundTripPause {
			// A stream alone would never measure the clocks again.
			measured = now
			f.acknowledge()
		}
		return f.event(ctx, e, cancel)
	})
	if err != nil && ctx.Err() == nil {
		var odd feedError
		if !errors.As(err, &odd) {
			err = &httpError{message: fmt.Sprintf("/revocations broke off: %v", err)}
		}
	}
	return heard, err
}

// event takes one; says whether to go on reading.
func (f *feed) event(ctx context.Context, e event, cancel context.CancelCauseFunc) (bool, error) {
	switch e.name {
	case "records":
		f.metrics.count("batches")
		return f.batch([]byte(e.data))
	case "heartbeat":
		f.metrics.count("heartbeats")
		at, err := parseHeartbeat([]byte(e.data))
		if err != nil {
			return false, err
		}
		return f.judge(f.known.heartbeat(at, f.clock.mono()), nil), nil
	case "reauth":
		f.metrics.count("reauths")
		f.dropToken()
		f.work.Add(1)
		go f.renew(ctx, cancel)
		return true, nil
	case "snapshot":
		f.metrics.count("snapshots_asked")
	default:
		f.metrics.count("unknown_events")
	}
	f.known.distrust()
	return false, nil
}

func (f *feed) batch(data []byte) (bool, error) {
	document, err := parseBatch(data)
	if err != nil {
		return false, err
	}
	return f.judge(f.known.batch(document, f.clock.mono()), document.records), nil
}

func (f *feed) judge(outcome string, records []record) bool {
	if outcome != taken {
		f.metrics.count(outcome)
		return false
	}
	if len(records) > 0 {
		f.took(records)
	} else {
		f.applied(nil)
	}
	return true
}

// renew: the present token ends soon. Get another while the stream is still open, then connect again.
func (f *feed) renew(ctx context.Context, cancel context.CancelCauseFunc) {
	defer f.work.Done()
	for ctx.Err() == nil {
		if _, err := f.bearer(); err == nil {
			cancel(errRenewed)
			return
		}
		f.pause(f.timing.backOff)
	}
}

func (f *feed) poll() error {
	f.metrics.count("polls")
	token, err := f.bearer()
	if err != nil {
		return err
	}
	data, err := f.transport.read(f.life, call{
		url:    f.address(url.Values{"wait": {strconv.Itoa(f.timing.pollWait)}}),
		bearer: token, limit: 16 << 20, timeout: f.timing.connect + time.Duration(f.timing.pollWait)*time.Second,
	})
	if err != nil {
		return err
	}
	f.failures = 0
	_, err = f.batch(data)
	return err
}

// acknowledge says how far we are, at most every 250 ms: what happens in between goes with the next.
func (f *feed) acknowledge() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ackPending || f.life.Err() != nil {
		return
	}
	f.ackPending = true
	after := time.Duration(0)
	if f.ackedOnce {
		after = max(0, f.acked+ackPause-f.clock.mono())
	}
	f.work.Add(1)
	go func() {
		defer f.work.Done()
		f.pause(after)
		f.mu.Lock()
		f.ackPending, f.ackedOnce, f.acked = false, true, f.clock.mono()
		f.mu.Unlock()
		if f.sendAck() == nil {
			f.metrics.count("acks")
		} else {
			f.metrics.count("ack_errors")
		}
	}()
}

func (f *feed) sendAck() error {
	token, err := f.bearer()
	if err != nil {
		return err
	}
	feedID, seq := f.known.place()
	body, err := json.Marshal(map[string]any{"feed_id": feedID, "seq": seq, "verifier": f.verifierName})
	if err != nil {
		return err
	}
	_, err = f.transport.read(f.life, call{url: f.base + "revocations/ack", bearer: token, json: body})
	return err
}
