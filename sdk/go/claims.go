package sekisho

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

// What the claims of a token must be before an API believes it. Same checks, order and names as in every language's verifier; the
// signature was checked before.

// Claims are those of a token that was accepted. Times are Unix seconds.
type Claims struct {
	Issuer      string
	Subject     string
	Audience    []string
	Expiry      int64
	IssuedAt    int64
	NotBefore   int64 // 0 when absent
	Scope       []string
	Permissions []string
	ClientID    string
	TokenID     string // jti
	GrantID     string // gid
	SessionID   string // sid
	// Payload is everything that was signed, for claims of your own: json.Unmarshal it.
	Payload json.RawMessage
}

// HasScope says whether the token has this word of scope.
func (c *Claims) HasScope(word string) bool { return slices.Contains(c.Scope, word) }

// A Proof says what the caller has checked: the thumbprint of a DPoP proof's key, or of the client's certificate.
type Proof struct {
	JKT     string
	X5TS256 string
}

// members are the claims as they were signed.
type members map[string]any

func decodeMembers(data []byte) (members, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var found members
	if err := decoder.Decode(&found); err != nil || found == nil {
		return nil, refuse("malformed")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, refuse("malformed")
	}
	return found, nil
}

// reader reads claims in their types and remembers the first that was wrong.
type reader struct {
	members members
	err     *Refusal
}

func (r *reader) fail(reason, claim string) {
	if r.err == nil {
		r.err = &Refusal{Reason: reason, Detail: claim}
	}
}

func (r *reader) text(name string) string {
	value, present := r.members[name]
	text, ok := value.(string)
	if present && (!ok || text == "") {
		r.fail("claim_mistyped", name)
	}
	return text
}

func (r *reader) seconds(name string) (int64, bool) {
	value, present := r.members[name]
	if !present {
		return 0, false
	}
	digits, ok := value.(json.Number)
	seconds, fits := number(json.RawMessage(digits))
	if !ok || !fits {
		r.fail("claim_mistyped", name)
	}
	return seconds, true
}

func (r *reader) texts(name string) []string {
	value, present := r.members[name]
	list, ok := value.([]any)
	if present && !ok {
		r.fail("claim_mistyped", name)
	}
	texts := make([]string, 0, len(list))
	for _, one := range list {
		text, ok := one.(string)
		if !ok {
			r.fail("claim_mistyped", name)
		}
		texts = append(texts, text)
	}
	return texts
}

func (r *reader) need(name string) {
	if _, present := r.members[name]; !present {
		r.fail("claim_missing", name)
	}
}

// checkType reads typ (RFC 7515 section 4.1.9, RFC 9068 section 2.1): a media type, so case does not count.
func checkType(typ any) (string, *Refusal) {
	name, _ := typ.(string)
	short := strings.TrimPrefix(strings.ToLower(name), "application/")
	switch short {
	case "jwt", "at+jwt":
		return short, nil
	case "logout+jwt":
		return "", refuse("logout_token")
	default:
		return "", refuse("type")
	}
}

// checkBinding reads the confirmation claim (RFC 7800): each of its members must be proven by what the caller passes in.
func checkBinding(cnf any, proof *Proof) *Refusal {
	bound, _ := cnf.(map[string]any)
	given := map[string]string{}
	if proof != nil {
		given = map[string]string{"jkt": proof.JKT, "x5t#S256": proof.X5TS256}
	}
	for name, value := range bound {
		if text, ok := value.(string); !ok || text == "" || given[name] != text {
			return refuse("bound")
		}
	}
	if len(bound) == 0 {
		return refuse("bound")
	}
	return nil
}

// mostActors: nobody hands a token on more often, and each costs a look at the revocations.
const mostActors = 8

// actors are every sub in the chain of act (RFC 8693 section 4.1).
func (r *reader) actors() []string {
	var found []string
	holder := r.members
	for {
		act, present := holder["act"]
		if !present {
			break
		}
		inner, ok := act.(map[string]any)
		if !ok {
			r.fail("claim_mistyped", "act")
			return nil
		}
		holder = inner
		if sub, present := holder["sub"]; present {
			text, ok := sub.(string)
			if !ok || text == "" {
				r.fail("claim_mistyped", "sub")
				return nil
			}
			found = append(found, text)
		}
	}
	if len(found) > mostActors {
		r.fail("claim_mistyped", "act")
	}
	return found
}

type expected struct {
	issuer    string
	audiences []string
	proof     *Proof
}

// judge judges claims whose signature holds; their times and scope are checked at each use.
func judge(typ any, kid string, claims members, want expected) (*Claims, *subject, *Refusal) {
	short, refusal := checkType(typ)
	if refusal != nil {
		return nil, nil, refusal
	}
	if refusal := checkMarks(short, claims, want); refusal != nil {
		return nil, nil, refusal
	}
	r := &reader{members: claims}
	judged := &Claims{Issuer: want.issuer}
	if one, ok := claims["aud"].(string); ok {
		judged.Audience = []string{one}
	} else {
		judged.Audience = r.texts("aud")
		r.need("aud")
		if len(judged.Audience) == 0 {
			r.fail("claim_mistyped", "aud")
		}
	}
	words, ok := claims["scope"].(string)
	if _, present := claims["scope"]; present && !ok || strings.IndexFunc(words, notScope) >= 0 {
		r.fail("claim_mistyped", "scope")
	}
	judged.Scope = strings.FieldsFunc(words, func(c rune) bool { return c == ' ' })
	judged.Permissions = r.texts("permissions")
	azp, clientID := r.text("azp"), r.text("client_id")
	if r.err == nil && azp != "" && clientID != "" && azp != clientID {
		r.err = refuse("party")
	}
	judged.ClientID = clientID + azp
	if clientID != "" {
		judged.ClientID = clientID
	}
	judged.Subject = r.text("sub")
	r.need("sub")
	judged.Expiry, _ = r.seconds("exp")
	r.need("exp")
	judged.IssuedAt, _ = r.seconds("iat")
	r.need("iat")
	judged.NotBefore, _ = r.seconds("nbf")
	judged.TokenID, judged.GrantID, judged.SessionID = r.text("jti"), r.text("gid"), r.text("sid")
	actors := r.actors()
	if r.err != nil {
		return nil, nil, r.err
	}
	if !slices.ContainsFunc(judged.Audience, func(one string) bool { return slices.Contains(want.audiences, one) }) {
		return nil, nil, refuse("audience")
	}
	return judged, &subject{
		iat: judged.IssuedAt, kid: kid, jti: judged.TokenID, gid: judged.GrantID, sid: judged.SessionID,
		sub: judged.Subject, client: judged.ClientID, actors: actors,
	}, nil
}

// checkMarks tells what kind of token this is, and whose.
func checkMarks(short string, claims members, want expected) *Refusal {
	iss, present := claims["iss"]
	name, ok := iss.(string)
	switch {
	case !present:
		return &Refusal{Reason: "claim_missing", Detail: "iss"}
	case !ok:
		return &Refusal{Reason: "claim_mistyped", Detail: "iss"}
	case name != want.issuer:
		return refuse("issuer")
	}
	has := func(name string) bool { _, present := claims[name]; return present }
	if has("events") {
		return refuse("logout_token")
	}
	if has("nonce") || has("at_hash") || has("c_hash") {
		return refuse("id_token")
	}
	if has("cnf") {
		if refusal := checkBinding(claims["cnf"], want.proof); refusal != nil {
			return refusal
		}
	}
	switch {
	case has("gid"):
		return nil
	case short == "jwt":
		return refuse("id_token")
	default:
		return &Refusal{Reason: "claim_missing", Detail: "gid"}
	}
}

// notScope: RFC 6749 section 3.3, with spaces between words.
func notScope(c rune) bool { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' }

// checkTimes: RFC 7519 sections 4.1.4 to 4.1.6: dead at exp, alive at nbf.
func checkTimes(claims *Claims, now, leeway int64) *Refusal {
	switch {
	case now >= claims.Expiry+leeway:
		return refuse("expired")
	case claims.NotBefore > now+leeway:
		return refuse("not_yet_valid")
	case claims.IssuedAt > now+leeway:
		return refuse("issued_in_future")
	default:
		return nil
	}
}

func checkScope(claims *Claims, wanted []string) *Refusal {
	var missing []string
	for _, word := range wanted {
		if !claims.HasScope(word) {
			missing = append(missing, word)
		}
	}
	if len(missing) > 0 {
		return &Refusal{Reason: "scope", Detail: strings.Join(missing, " ")}
	}
	return nil
}
