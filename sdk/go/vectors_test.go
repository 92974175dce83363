package sekisho

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// The vectors that every language's verifier agrees on.

type vectorToken struct {
	IAT                             int64
	Kid, Jti, Gid, Sid, Sub, Client string
	Actors                          []string
}

func (v vectorToken) subject() *subject {
	return &subject{iat: v.IAT, kid: v.Kid, jti: v.Jti, gid: v.Gid, sid: v.Sid, sub: v.Sub, client: v.Client, actors: v.Actors}
}

type vectors struct {
	HashKey string `json:"hash_key"`
	Keys    []struct{ Kind, ID, Key string }
	Tokens  map[string]vectorToken
	Records []struct {
		Name   string
		Record json.RawMessage
		Hits   []string
	}
	Refused []struct {
		Name, Error string
		Record      json.RawMessage
	} `json:"refused_records"`
	Policies  []map[string]string
	Sequences []struct {
		Name  string
		Steps []map[string]json.RawMessage
	}
}

func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("../vectors/" + name)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (v *vectors) hits(known *revocations) []string {
	found := []string{}
	for name, token := range v.Tokens {
		if hash := known.present(); hash != nil && known.hit(hash.subject(token.subject())) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func TestRecordKeys(t *testing.T) {
	var v vectors
	readVectors(t, "revocation.json", &v)
	hash := newHashKey(v.HashKey)
	for _, one := range v.Keys {
		want(t, fmt.Sprintf("%016x", hash.key(one.Kind[0], one.ID)), one.Key)
	}
}

func TestARecordEndsTheTokensThatTheVectorsSayAndNoOther(t *testing.T) {
	var v vectors
	readVectors(t, "revocation.json", &v)
	for _, one := range v.Records {
		parsed, err := parseRecord(one.Record)
		if err != nil {
			t.Fatal(one.Name, err)
		}
		known := newRevocations(30 * time.Second)
		known.snapshot(snapshot{position: position{feedID: "f", seq: 1, asOf: 1}, hashKey: v.HashKey, records: []record{parsed}}, 0)
		slices.Sort(one.Hits)
		if found := v.hits(known); !slices.Equal(found, one.Hits) {
			t.Errorf("%s: found %v, expected %v", one.Name, found, one.Hits)
		}
	}
}

func TestWhatTheVectorsRefuseIsRefused(t *testing.T) {
	var v vectors
	readVectors(t, "revocation.json", &v)
	for _, one := range v.Refused {
		_, err := parseRecord(one.Record)
		var odd feedError
		if !errors.As(err, &odd) || string(odd) != one.Error {
			t.Errorf("%s: found %v, expected %s", one.Name, err, one.Error)
		}
	}
}

func TestWhatIsSaidOfAGoodTokenIsWhatTheVectorsSay(t *testing.T) {
	var v vectors
	readVectors(t, "revocation.json", &v)
	for _, row := range v.Policies {
		for _, policy := range []OnStale{Closed, Introspect, UntilExp} {
			want(t, say(State(row["state"]), policy), row[string(policy)])
		}
	}
}

func TestSequences(t *testing.T) {
	var v vectors
	readVectors(t, "revocation.json", &v)
	for _, sequence := range v.Sequences {
		t.Run(sequence.Name, func(t *testing.T) {
			known := newRevocations(30 * time.Second)
			offset := int64(0)
			for _, step := range sequence.Steps {
				known, offset = v.step(t, known, offset, step)
			}
		})
	}
}

func (v *vectors) step(t *testing.T, known *revocations, offset int64, step map[string]json.RawMessage) (*revocations, int64) {
	t.Helper()
	at := func(raw json.RawMessage) (n int64) {
		if err := json.Unmarshal(raw, &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	var then string
	if raw, ok := step["then"]; ok {
		then, _ = text(raw)
	}
	for what, raw := range step {
		switch what {
		case "then":
		case "snapshot":
			document, err := parseSnapshot(raw)
			if err != nil {
				t.Fatal(err)
			}
			known.snapshot(document, 0)
		case "batch":
			document, err := parseBatch(raw)
			outcome := gap
			if err != nil {
				known.distrust()
			} else {
				outcome = known.batch(document, 0)
			}
			want(t, outcome == taken, then == "applied")
		case "heartbeat":
			document, err := parseHeartbeat(raw)
			if err != nil {
				t.Fatal(err)
			}
			want(t, known.heartbeat(document, 0) == taken, then == "applied")
		case "not_understood":
			known.distrust()
		case "offset":
			offset = at(raw)
		case "sweep":
			known.sweep(at(raw))
		case "restart":
			data, err := json.Marshal(known.export())
			if err != nil {
				t.Fatal(err)
			}
			kept, err := parseSnapshot(data)
			if err != nil {
				t.Fatal(err)
			}
			known = newRevocations(30 * time.Second)
			known.restore(kept, at(raw)+offset, 0)
		case "look":
			v.look(t, known, offset, raw)
		default:
			t.Fatal("a step that is not known here: ", what)
		}
	}
	return known, offset
}

func (v *vectors) look(t *testing.T, known *revocations, offset int64, raw json.RawMessage) {
	t.Helper()
	var look struct {
		At       int64
		State    string
		Age      *int64
		Revoked  []string
		Position []any
	}
	if err := json.Unmarshal(raw, &look); err != nil {
		t.Fatal(err)
	}
	// The time since the restart is told by the wall clock here: the monotonic one stands still.
	state, age := known.state(look.At, time.Duration(offset)*time.Millisecond, 0)
	want(t, string(state), look.State)
	if look.Age != nil {
		want(t, age.Milliseconds(), *look.Age)
	}
	slices.Sort(look.Revoked)
	if found := v.hits(known); !slices.Equal(found, look.Revoked) {
		t.Errorf("found %v, expected %v", found, look.Revoked)
	}
	if look.Position != nil {
		feedID, seq := known.place()
		want(t, feedID, look.Position[0].(string))
		want(t, float64(seq), look.Position[1].(float64))
	}
}

func TestClaimsAreJudgedAsTheVectorsSay(t *testing.T) {
	var v struct {
		Issuer, Audience string
		Now, Leeway      int64
		Header, Claims   doc
		Cases            []struct {
			Name           string
			Header, Claims doc
			Without        []string
			WithoutHeader  []string `json:"without_header"`
			Leeway         *int64
			Scope          string
			Proof          *struct {
				JKT     string
				X5TS256 string `json:"x5t_s256"`
			}
			Refused string
		}
	}
	readVectors(t, "tokens.json", &v)
	for _, one := range v.Cases {
		t.Run(one.Name, func(t *testing.T) {
			header, claims := maps.Clone(v.Header), maps.Clone(v.Claims)
			maps.Copy(header, one.Header)
			maps.Copy(claims, one.Claims)
			for _, name := range one.Without {
				delete(claims, name)
			}
			for _, name := range one.WithoutHeader {
				delete(header, name)
			}
			leeway := v.Leeway
			if one.Leeway != nil {
				leeway = *one.Leeway
			}
			asked := expected{issuer: v.Issuer, audiences: []string{v.Audience}}
			if one.Proof != nil {
				asked.proof = &Proof{JKT: one.Proof.JKT, X5TS256: one.Proof.X5TS256}
			}
			payload, err := json.Marshal(claims)
			if err != nil {
				t.Fatal(err)
			}
			found, err := decodeMembers(payload)
			if err != nil {
				t.Fatal(err)
			}
			judged, _, refusal := judge(header["typ"], "k1", found, asked)
			if refusal == nil {
				refusal = checkTimes(judged, v.Now, leeway)
			}
			if refusal == nil {
				refusal = checkScope(judged, strings.Fields(one.Scope))
			}
			got := ""
			if refusal != nil {
				got = refusal.Reason
			}
			want(t, got, one.Refused)
		})
	}
}
