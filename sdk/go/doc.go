// Package sekisho verifies access tokens of a Sekisho issuer without a call per request, and refuses a revoked one within a
// second.
//
//	verifier, err := sekisho.New(sekisho.OptionsFromEnv())
//	...
//	defer verifier.Close()
//	mux.Handle("GET /notes", verifier.Require("read:notes")(notes))
//
// Options, states, answers and counters are the same in every language's verifier; sdk/README.md describes them.
package sekisho
