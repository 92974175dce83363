package sekisho

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

type claimsKey struct{}

// FromContext gives the claims that a middleware has left in a request's context; nil without one.
func FromContext(ctx context.Context) *Claims {
	claims, _ := ctx.Value(claimsKey{}).(*Claims)
	return claims
}

// Require lets a request pass only with a good access token that has all these words of scope.
func (v *Verifier) Require(scope ...string) func(http.Handler) http.Handler {
	return v.Demand(Demands{Scope: scope})
}

// Demand lets a request pass only with an access token that meets the demands. Its claims are then in the request's context.
func (v *Verifier) Demand(demands Demands) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			claims, err := v.admit(r, demands)
			var refusal *Refusal
			switch {
			case err == nil:
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), claimsKey{}, claims)))
			case errors.As(err, &refusal):
				refusal.ServeHTTP(w, r)
			default:
				// The client went away, or the demands are wrong.
				http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			}
		})
	}
}

func (v *Verifier) admit(r *http.Request, demands Demands) (*Claims, error) {
	token, err := Bearer(r.Header)
	if err != nil {
		return nil, err
	}
	return v.Check(r.Context(), token, demands)
}

// Bearer is the token of "Authorization: Bearer <token>", the only place it is taken from (RFC 6750 section 2.1).
func Bearer(header http.Header) (string, error) {
	values := header.Values("Authorization")
	switch len(values) {
	case 0:
		return "", refuse("no_token")
	case 1:
	default:
		return "", refuse("bad_request")
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return "", refuse("no_token")
	}
	token := strings.Trim(rest, " ")
	if token == "" || strings.Contains(token, " ") {
		return "", refuse("bad_request")
	}
	return token, nil
}
