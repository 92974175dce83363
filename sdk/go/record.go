package sekisho

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/dchest/siphash"
)

// The documents of the revocation feed and their records, read strictly: a record that was not understood is a token that
// was not refused.

const (
	feedVersion = 1
	maxNumber   = 1<<53 - 1
)

// A feedError says why a document was not taken.
type feedError string

const (
	malformed   feedError = "malformed"
	wrongVer    feedError = "version"
	unknownKind feedError = "unknown_kind"
)

func (e feedError) Error() string {
	return "a document of the revocation feed is not understood: " + string(e)
}

// A record is one thing that ended. key is 0 for the kind I, nbf for the kinds that have none; times are Unix seconds.
type record struct {
	kind byte
	key  uint64
	exp  int64
	nbf  int64
}

// A position is a place in a feed, and how fresh it was.
type position struct {
	feedID   string
	seq      int64
	asOf     int64
	jwksETag string
}

type snapshot struct {
	position
	hashKey string
	records []record
}

type batch struct {
	position
	prev    int64
	records []record
}

// number reads a whole number that every language holds exactly.
func number(raw json.RawMessage) (int64, bool) {
	if len(raw) == 0 || len(raw) > 16 || (raw[0] == '0' && len(raw) > 1) {
		return 0, false
	}
	value, err := strconv.ParseUint(string(raw), 10, 53)
	return int64(value), err == nil
}

func text(raw json.RawMessage) (string, bool) {
	var value *string
	if json.Unmarshal(raw, &value) != nil || value == nil {
		return "", false
	}
	return *value, true
}

// lowerHex reads that many bytes in hexadecimal digits of lower case.
func lowerHex(digits string, size int) ([]byte, bool) {
	value, err := hex.DecodeString(digits)
	return value, err == nil && len(value) == size && !bytes.ContainsAny([]byte(digits), "ABCDEF")
}

// parseRecord reads ["S", "<16 hex>", exp], with nbf as fourth for the kinds U, C and I.
func parseRecord(raw json.RawMessage) (record, error) {
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) == 0 {
		return record{}, malformed
	}
	kind, ok := text(parts[0])
	if !ok {
		return record{}, malformed
	}
	want := 3
	switch kind {
	case "S", "G", "J", "K":
	case "U", "C", "I":
		want = 4
	default:
		return record{}, unknownKind
	}
	if len(parts) != want {
		return record{}, malformed
	}
	parsed := record{kind: kind[0]}
	digits, ok := text(parts[1])
	if !ok {
		return record{}, malformed
	}
	if kind == "I" {
		ok = digits == ""
	} else if key, fits := lowerHex(digits, 8); fits {
		parsed.key = binary.BigEndian.Uint64(key)
	} else {
		ok = false
	}
	exp, fits := number(parts[2])
	ok = ok && fits
	parsed.exp = exp
	if want == 4 {
		nbf, fits := number(parts[3])
		ok = ok && fits && nbf > 0
		parsed.nbf = nbf
	}
	if !ok {
		return record{}, malformed
	}
	return parsed, nil
}

// document is any of the three, not yet judged.
type document struct {
	V        json.RawMessage   `json:"v"`
	FeedID   *string           `json:"feed_id"`
	Prev     json.RawMessage   `json:"prev"`
	Seq      json.RawMessage   `json:"seq"`
	AsOf     json.RawMessage   `json:"as_of"`
	HashKey  *string           `json:"hash_key"`
	JWKSETag *string           `json:"jwks_etag"`
	Records  []json.RawMessage `json:"records"`
}

func readDocument(data []byte) (*document, position, error) {
	var found document
	if json.Unmarshal(data, &found) != nil {
		return nil, position{}, malformed
	}
	version, ok := number(found.V)
	if !ok {
		return nil, position{}, malformed
	}
	if version != feedVersion {
		return nil, position{}, wrongVer
	}
	seq, okSeq := number(found.Seq)
	asOf, okAsOf := number(found.AsOf)
	if !okSeq || !okAsOf || found.FeedID == nil || found.JWKSETag == nil {
		return nil, position{}, malformed
	}
	return &found, position{feedID: *found.FeedID, seq: seq, asOf: asOf, jwksETag: *found.JWKSETag}, nil
}

func (d *document) readRecords() ([]record, error) {
	if d.Records == nil {
		return nil, malformed
	}
	records := make([]record, len(d.Records))
	for i, raw := range d.Records {
		one, err := parseRecord(raw)
		if err != nil {
			return nil, err
		}
		records[i] = one
	}
	return records, nil
}

func parseSnapshot(data []byte) (snapshot, error) {
	found, at, err := readDocument(data)
	if err != nil {
		return snapshot{}, err
	}
	if found.HashKey == nil {
		return snapshot{}, malformed
	}
	if _, ok := lowerHex(*found.HashKey, 16); !ok {
		return snapshot{}, malformed
	}
	records, err := found.readRecords()
	return snapshot{position: at, hashKey: *found.HashKey, records: records}, err
}

// parseBatch reads a batch: one number for each record, so that a batch that lost one cannot look whole.
func parseBatch(data []byte) (batch, error) {
	found, at, err := readDocument(data)
	if err != nil {
		return batch{}, err
	}
	records, err := found.readRecords()
	if err != nil {
		return batch{}, err
	}
	prev, ok := number(found.Prev)
	if !ok || at.seq-prev != int64(len(records)) {
		return batch{}, malformed
	}
	return batch{position: at, prev: prev, records: records}, nil
}

func parseHeartbeat(data []byte) (position, error) {
	_, at, err := readDocument(data)
	return at, err
}

// A hashKey is the key that a deployment's verifiers share.
type hashKey struct {
	hex    string
	k0, k1 uint64
}

// newHashKey takes 32 hexadecimal digits that were checked.
func newHashKey(digits string) *hashKey {
	raw, _ := lowerHex(digits, 16)
	return &hashKey{hex: digits, k0: binary.LittleEndian.Uint64(raw), k1: binary.LittleEndian.Uint64(raw[8:])}
}

// key is SipHash-2-4 over the kind's letter and the id in UTF-8.
func (h *hashKey) key(kind byte, id string) uint64 {
	return siphash.Hash(h.k0, h.k1, append([]byte{kind}, id...))
}

// A subject is what of a token a record can name; absent claims are empty.
type subject struct {
	iat                             int64
	kid, jti, gid, sid, sub, client string
	actors                          []string
}

type hashedKey struct {
	kind byte
	key  uint64
}

// A hashedSubject is a subject under one deployment's hash key: what is looked up.
type hashedSubject struct {
	iat  int64
	keys []hashedKey
	hash *hashKey
}

func (h *hashKey) subject(s *subject) *hashedSubject {
	hashed := &hashedSubject{iat: s.iat, hash: h, keys: make([]hashedKey, 0, 6+len(s.actors))}
	add := func(kind byte, id string) {
		if id != "" {
			hashed.keys = append(hashed.keys, hashedKey{kind, h.key(kind, id)})
		}
	}
	add('S', s.sid)
	add('G', s.gid)
	add('J', s.jti)
	add('U', s.sub)
	add('C', s.client)
	add('K', s.kid)
	for _, actor := range s.actors {
		add('U', actor)
	}
	return hashed
}
