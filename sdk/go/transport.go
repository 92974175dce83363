package sekisho

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Requests to the issuer: where they may go, how long they may take and how much is read. Each answer also tells the clock.

// An httpError is a request that failed; status is 0 when there was no answer.
type httpError struct {
	status  int
	message string
}

func (e *httpError) Error() string { return e.message }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// checkURL allows https, or http between loopback addresses.
func checkURL(text, from string) error {
	place, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("not a URL: %q", text)
	}
	origin, err := url.Parse(from)
	if err != nil {
		return fmt.Errorf("not a URL: %q", from)
	}
	plain := place.Scheme == "http" && isLoopback(place.Hostname()) && isLoopback(origin.Hostname())
	if !plain && (place.Scheme != "https" || place.Host == "") {
		return fmt.Errorf("not https, nor http on loopback: %q", text)
	}
	return nil
}

type transport struct {
	client *http.Client
	clock  *clock
}

// newTransport copies the client: redirects are not followed, and its time-out would end streams.
func newTransport(client *http.Client, clock *clock) *transport {
	own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if client != nil {
		own.Transport = client.Transport
	}
	return &transport{client: own, clock: clock}
}

// open sends a request; the answer's body is still to be read.
func (t *transport) open(request *http.Request) (*http.Response, error) {
	sent := t.clock.wall()
	answer, err := t.client.Do(request)
	if err != nil {
		if request.Context().Err() != nil {
			return nil, context.Cause(request.Context())
		}
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, &httpError{message: fmt.Sprintf("%s cannot be reached: %v", request.URL.Path, err)}
	}
	t.clock.roundTrip(sent, t.clock.wall(), answer.Header.Get("Date"))
	return answer, nil
}

// A call is a request that is answered at once.
type call struct {
	url     string
	form    url.Values
	json    []byte
	bearer  string
	fresh   bool
	limit   int64
	timeout time.Duration
}

// read sends a request and reads all of a 2xx answer.
func (t *transport) read(ctx context.Context, c call) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, max(c.timeout, 5*time.Second))
	defer cancel()
	method, body, kind := http.MethodGet, "", ""
	switch {
	case c.form != nil:
		method, body, kind = http.MethodPost, c.form.Encode(), "application/x-www-form-urlencoded"
	case c.json != nil:
		method, body, kind = http.MethodPost, string(c.json), "application/json"
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url, strings.NewReader(body))
	if err != nil {
		return nil, &httpError{message: "not a URL: " + c.url}
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if c.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	if c.fresh {
		request.Header.Set("Cache-Control", "no-cache")
	}
	answer, err := t.open(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return nil, &httpError{status: answer.StatusCode, message: fmt.Sprintf("%s answered %d", request.URL.Path, answer.StatusCode)}
	}
	limit := max(c.limit, 256<<10)
	data, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, &httpError{message: fmt.Sprintf("%s broke off: %v", request.URL.Path, err)}
	}
	if int64(len(data)) > limit {
		return nil, &httpError{message: fmt.Sprintf("%s answered more than %d bytes", request.URL.Path, limit)}
	}
	return data, nil
}
