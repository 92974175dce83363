package sekisho

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// A Refusal says why a token was not accepted. Reason is stable, for tests and metrics; Error may be shown to the sender.
type Refusal struct {
	Reason string
	// Detail is the claim's name, or the missing scope.
	Detail string
}

// The names and sentences are the same in every language's verifier.
var sentences = map[string]string{
	"too_long":         "The token is too long",
	"not_jwt":          "The token is not a JWT; was the audience of this API asked for at login?",
	"malformed":        "The token is not a well-formed JWT",
	"algorithm":        "The token is signed with an algorithm that is not accepted here",
	"no_key_id":        "The token does not name its key (kid)",
	"unknown_key":      "The token is signed with a key that the issuer does not publish",
	"signature":        "The signature does not hold",
	"type":             "The token is of another type (typ)",
	"issuer":           "The token is from another issuer",
	"id_token":         "This is an ID token, which tells the app who the user is; an API needs the access token",
	"logout_token":     "This is a logout token; an API needs the access token",
	"bound":            "The token is bound to a key whose proof is not accepted here",
	"audience":         "The token is for another audience; an API needs an access token made for it, not an ID token",
	"party":            "The token names two different clients",
	"expired":          "The token has expired",
	"not_yet_valid":    "The token is not valid yet",
	"issued_in_future": "The token was issued in the future",
	"revoked":          "The token was revoked",
	"no_token":         "An access token is needed",
	"bad_request":      "The Authorization header is not of the form: Bearer token",
	"no_keys":          "The keys of the issuer cannot be had",
	"not_ready":        "What was revoked is not known yet",
	"stale":            "What was revoked lately is not known",
	"introspection":    "The issuer cannot be asked about the token",
	"claim_missing":    "The claim %s is missing",
	"claim_mistyped":   "The claim %s has the wrong type or is out of range",
	"scope":            "The token lacks the scope: %s",
}

func refuse(reason string) *Refusal { return &Refusal{Reason: reason} }

func (r *Refusal) Error() string {
	sentence := sentences[r.Reason]
	if strings.Contains(sentence, "%s") {
		return fmt.Sprintf(sentence, r.Detail)
	}
	return sentence
}

// Status is the status that answers the request: 400, 401, 403 or 503.
func (r *Refusal) Status() int {
	switch r.Reason {
	case "no_keys", "not_ready", "stale", "introspection":
		return http.StatusServiceUnavailable
	case "scope":
		return http.StatusForbidden
	case "bad_request":
		return http.StatusBadRequest
	default:
		return http.StatusUnauthorized
	}
}

// Code is the error code of the answer (RFC 6750 section 3.1).
func (r *Refusal) Code() string {
	switch r.Status() {
	case http.StatusServiceUnavailable:
		return "temporarily_unavailable"
	case http.StatusForbidden:
		return "insufficient_scope"
	case http.StatusBadRequest:
		return "invalid_request"
	default:
		return "invalid_token"
	}
}

// ServeHTTP answers the request.
func (r *Refusal) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	if r.Status() == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	} else {
		challenge := "Bearer"
		if r.Reason != "no_token" {
			challenge += fmt.Sprintf(` error="%s", error_description="%s"`, r.Code(), r.Error())
		}
		if r.Reason == "scope" {
			challenge += fmt.Sprintf(`, scope="%s"`, r.Detail)
		}
		header.Set("WWW-Authenticate", challenge)
	}
	w.WriteHeader(r.Status())
	// A client that went away needs no answer.
	_ = json.NewEncoder(w).Encode(map[string]string{"error": r.Code(), "error_description": r.Error()})
}
