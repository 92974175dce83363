package sekisho

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Tokens whose signature or shape is wrong, the keys they need, the cache, and the answers of the middleware.

func TestWhatIsNotASignedJWTOfTheIssuerIsRefused(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	good := i.token(nil)
	parts := strings.Split(good, ".")
	head, body, signature := parts[0], parts[1], parts[2]
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	header := doc{"typ": "JWT", "kid": "k1"}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1"}`))
	flipped := "A" + signature[1:]
	if signature[0] == 'A' {
		flipped = "B" + signature[1:]
	}
	for expected, tokens := range map[string][]string{
		"not_jwt":  {"at_opaque", good + ".x", "a.b", ""},
		"too_long": {strings.Repeat("a", 16_385)},
		"malformed": {
			"..", head[1:] + "." + body + "." + signature, head + "." + body + "." + signature[:9] + "\n" + signature[9:],
			i.sign([]byte("[]"), header, testKey), i.sign([]byte("not json"), header, testKey), i.sign([]byte("{} {}"), header, testKey),
			i.sign([]byte("{}"), doc{"typ": "JWT", "kid": "k1", "crit": []string{"exp"}, "exp": 1}, testKey),
		},
		"algorithm":   {none + "." + body + "." + signature, i.sign([]byte("{}"), header, make([]byte, 32))},
		"signature":   {head + "." + body + "." + flipped, i.sign([]byte("{}"), header, other)},
		"unknown_key": {i.tokenWith(doc{"typ": "JWT", "kid": "k9"}, nil)},
		"no_key_id":   {i.tokenWith(doc{"typ": "JWT"}, nil)},
	} {
		for _, token := range tokens {
			if found := reason(t, v, token, Demands{}); found != expected {
				t.Errorf("found %q, expected %q of %.60s", found, expected, token)
			}
		}
	}
}

func TestKeysAreFetchedWhenMissingOnceAndWhenTheFeedAnnouncesOthers(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	made := i.tokenWith(doc{"typ": "JWT", "kid": "k2"}, nil)
	before := i.count("jwks")
	var group sync.WaitGroup
	for range 3 {
		group.Add(1)
		go func() {
			defer group.Done()
			_, _ = v.Check(context.Background(), made, Demands{})
		}()
	}
	group.Wait()
	want(t, i.count("jwks"), before+1)
	want(t, reason(t, v, made, Demands{}), "unknown_key")
	want(t, i.count("jwks"), before+1)
	i.with(func() { i.kids, i.etag = []string{"k1", "k2"}, `"2"` })
	until(t, func() bool { return reason(t, v, made, Demands{}) == "" })
	i.with(func() { i.kids, i.etag = []string{"k1"}, `"3"` })
	until(t, func() bool { return reason(t, v, made, Demands{}) == "unknown_key" })
}

func TestWithoutKeysTheAnswerIsThatThereAreNone(t *testing.T) {
	i := newIssuer(t)
	v := i.open(func(o *Options) { o.Issuer = "http://127.0.0.1:9/" }, nil)
	want(t, reason(t, v, i.token(nil), Demands{}), "no_keys")
}

func TestTheCacheAnswersForTheSameBytesOnlyAndDiesWithExpiry(t *testing.T) {
	i, skips := newIssuer(t), &testClock{}
	v := i.ready(func(o *Options) { o.CacheSize = 2 }, skips)
	token := i.token(doc{"exp": time.Now().Unix() + 20})
	for range 3 {
		want(t, reason(t, v, token, Demands{}), "")
	}
	want(t, v.Metrics()["cache_hits"], 2)
	want(t, reason(t, v, token[:len(token)-4]+"AAAA", Demands{}) == "", false)
	want(t, reason(t, v, token, Demands{Scope: []string{"write:notes"}}), "scope")
	for _, jti := range []string{"a", "b", "c"} {
		want(t, reason(t, v, i.token(doc{"jti": jti}), Demands{}), "")
	}
	hits := v.Metrics()["cache_hits"]
	want(t, reason(t, v, token, Demands{}), "")
	want(t, v.Metrics()["cache_hits"], hits)
	skips.skip(20*time.Second, 0)
	want(t, reason(t, v, token, Demands{}), "expired")
}

func TestABoundTokenNeedsItsProofEachTime(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	token := i.token(doc{"cnf": doc{"jkt": "T"}})
	want(t, reason(t, v, token, Demands{Proof: &Proof{JKT: "T"}}), "")
	want(t, reason(t, v, token, Demands{}), "bound")
}

func TestManyAskAtOnceWhileRecordsCome(t *testing.T) {
	i := newIssuer(t)
	v := i.ready(nil, nil)
	var group sync.WaitGroup
	for n := range 4 {
		token := i.token(doc{"jti": fmt.Sprint(n), "sid": fmt.Sprint("s", n)})
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				if _, err := v.Check(context.Background(), token, Demands{}); err != nil {
					return
				}
			}
		}()
	}
	for n := range 4 {
		i.revoke(i.record('S', fmt.Sprint("s", n)), i.record('K', fmt.Sprint("other", n)))
	}
	group.Wait()
	want(t, v.Metrics()["revoked"], 4)
}

func TestOptionsThatCouldNeverWorkAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no issuer":       func(o *Options) { o.Issuer = "" },
		"http":            func(o *Options) { o.Issuer = "http://id.example.com/" },
		"no audience":     func(o *Options) { o.Audience = nil },
		"empty audience":  func(o *Options) { o.Audience = []string{"a", ""} },
		"no client":       func(o *Options) { o.ClientID = "" },
		"no secret":       func(o *Options) { o.ClientSecret = "" },
		"policy":          func(o *Options) { o.OnStale = "open" },
		"max stale":       func(o *Options) { o.MaxStale = -time.Second },
		"leeway":          func(o *Options) { o.Leeway = 61 * time.Second },
		"symmetric":       func(o *Options) { o.Algorithms = []string{"HS256"} },
		"no algorithm":    func(o *Options) { o.Algorithms = []string{} },
		"ftp":             func(o *Options) { o.Issuer = "ftp://127.0.0.1/" },
		"not quite https": func(o *Options) { o.Issuer = "https:///x" },
	} {
		options := Options{Issuer: "https://id.example.com/", Audience: []string{"a"}, ClientID: "c", ClientSecret: "s"}
		change(&options)
		if _, err := New(options); err == nil {
			t.Error(name)
		}
	}
}

func TestTheEnvironmentIsRead(t *testing.T) {
	for name, value := range map[string]string{
		"ISSUER": "https://id.example.com/", "AUDIENCE": "a", "CLIENT_ID": "c", "CLIENT_SECRET": "s", "ON_STALE": "until_exp", "MAX_STALE": "60",
	} {
		t.Setenv("SEKISHO_"+name, value)
	}
	options := OptionsFromEnv()
	if err := options.complete(); err != nil {
		t.Fatal(err)
	}
	want(t, options.MaxStale, time.Minute)
	want(t, options.OnStale, UntilExp)
	t.Setenv("SEKISHO_MAX_STALE", "a minute")
	options = OptionsFromEnv()
	want(t, options.complete() != nil, true)
}

func TestTheAnswersAreThoseOfRFC6750(t *testing.T) {
	i, skips := newIssuer(t), &testClock{}
	v := i.ready(nil, skips)
	handler := v.Require("read:notes")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(doc{"sub": FromContext(r.Context()).Subject})
	}))
	ask := func(headers ...string) (*httptest.ResponseRecorder, map[string]string) {
		request := httptest.NewRequest(http.MethodGet, "/notes", nil)
		for _, header := range headers {
			request.Header.Add("Authorization", header)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		var body map[string]string
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		return answer, body
	}
	token := i.token(nil)
	_, body := ask("bearer  " + token)
	want(t, body["sub"], "auth0|u1")
	for _, none := range [][]string{nil, {"Basic eDp5"}} {
		answer, body := ask(none...)
		want(t, answer.Code, 401)
		want(t, answer.Header().Get("WWW-Authenticate"), "Bearer")
		want(t, body["error"], "invalid_token")
	}
	for _, bad := range [][]string{{"Bearer"}, {"Bearer a b"}, {"Bearer " + token, "Bearer " + token}} {
		answer, _ := ask(bad...)
		want(t, answer.Code, 400)
	}
	answer, _ := ask("Bearer a.b.c")
	want(t, answer.Code, 401)
	want(t, answer.Header().Get("Cache-Control"), "no-store")
	want(t, answer.Header().Get("WWW-Authenticate"), `Bearer error="invalid_token", error_description="The token is not a well-formed JWT"`)
	answer, body = ask("Bearer " + i.token(doc{"scope": "openid"}))
	want(t, answer.Code, 403)
	want(t, body["error"], "insufficient_scope")
	want(t, answer.Header().Get("WWW-Authenticate"),
		`Bearer error="insufficient_scope", error_description="The token lacks the scope: read:notes", scope="read:notes"`)
	i.revoke(i.record('S', "s1"))
	until(t, func() bool {
		answer, _ := ask("Bearer " + token)
		return answer.Code == 401 && strings.Contains(answer.Header().Get("WWW-Authenticate"), "The token was revoked")
	})
	i.down()
	skips.skip(0, 31*time.Second)
	until(t, func() bool { return v.Status().State == TooOld })
	answer, body = ask("Bearer " + i.token(doc{"sid": "s2"}))
	want(t, answer.Code, 503)
	want(t, answer.Header().Get("Retry-After"), "1")
	want(t, answer.Header().Get("WWW-Authenticate"), "")
	want(t, body["error"], "temporarily_unavailable")
}
