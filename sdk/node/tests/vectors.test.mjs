// The vectors that every language's verifier agrees on.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkScope, checkTimes, judge } from '../src/claims.js';
import { FeedError, HashKey, parseBatch, parseHeartbeat, parseRecord, parseSnapshot } from '../src/record.js';
import { Applied, Revocations, say } from '../src/revocations.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url)));
const feed = read('revocation.json');
const tokens = read('tokens.json');

test('record keys are those of the vectors', () => {
  const hash = new HashKey(feed.hash_key);
  for (const { kind, id, key } of feed.keys) assert.equal(hash.key(kind, id), key, `${kind} ${id}`);
});

test('a record ends the tokens that the vectors say, and no other', () => {
  for (const { name, record, hits } of feed.records) {
    const revocations = new Revocations({ maxStale: 30_000 });
    const records = [parseRecord(record)];
    revocations.snapshot({ feedId: 'f', seq: 1, asOf: 1, jwksEtag: '', hashKey: feed.hash_key, records }, 0);
    for (const [token, subject] of Object.entries(feed.tokens)) {
      const kind = revocations.hit(revocations.hash.subject(subject));
      assert.equal(kind, hits.includes(token) ? record[0] : null, `${name}: ${token}`);
    }
  }
});

test('what the vectors refuse is refused', () => {
  for (const { name, record, error } of feed.refused_records) {
    assert.throws(() => parseRecord(record), (found) => found instanceof FeedError && found.kind === error, name);
  }
});

test('what is said of a good token is what the vectors say', () => {
  for (const { state, ...policies } of feed.policies) {
    for (const [policy, expected] of Object.entries(policies)) assert.equal(say(state, policy), expected, `${state} ${policy}`);
  }
});

for (const { name, steps } of feed.sequences) {
  test(`sequence: ${name}`, () => {
    let known = new Revocations({ maxStale: 30_000 });
    let offset = 0;
    for (const step of steps) {
      const [what, document] = Object.entries(step)[0];
      if (what === 'snapshot') known.snapshot(parseSnapshot(JSON.stringify(document)), 0);
      else if (what === 'batch' || what === 'heartbeat') assert.equal(take(known, what, JSON.stringify(document)), step.then);
      else if (what === 'not_understood') known.suspect = true;
      else if (what === 'offset') offset = document;
      else if (what === 'sweep') known.sweep(document);
      else if (what === 'restart') {
        const kept = parseSnapshot(JSON.stringify(known));
        known = new Revocations({ maxStale: 30_000 });
        known.restore(kept, document + offset, 0);
      } else look(known, document, offset);
    }
  });
}

function take(known, what, text) {
  try {
    const taken = what === 'batch' ? known.batch(parseBatch(text), 0) : known.heartbeat(parseHeartbeat(text), 0);
    return taken === Applied.Yes ? 'applied' : 'snapshot';
  } catch (cause) {
    assert.ok(cause instanceof FeedError);
    known.suspect = true;
    return 'snapshot';
  }
}

function look(known, { at, state, age, revoked, position }, offset) {
  assert.equal(known.state(at, offset, 0), state);
  if (age !== undefined) assert.equal(known.age(at, offset, 0), age);
  const hit = (token) => known.hash !== null && known.hit(known.hash.subject(token)) !== null;
  assert.deepEqual(Object.keys(feed.tokens).filter((name) => hit(feed.tokens[name])), revoked);
  if (position) assert.deepEqual([known.feedId, known.seq], position);
}

test('claims are judged as the vectors say', () => {
  for (const { name, header, claims, without = [], without_header: headless = [], leeway = tokens.leeway, scope = '', proof, refused } of tokens.cases) {
    const [head, body] = [{ ...tokens.header, ...header }, { ...tokens.claims, ...claims }];
    for (const member of without) delete body[member];
    for (const member of headless) delete head[member];
    let found = null;
    try {
      const given = proof && { jkt: proof.jkt, x5tS256: proof.x5t_s256 };
      const judged = judge(head, body, { issuer: tokens.issuer, audiences: [tokens.audience], proof: given });
      checkTimes(judged, tokens.now, leeway);
      checkScope(judged.scope, scope.split(' ').filter(Boolean));
    } catch (refusal) {
      found = refusal.reason;
    }
    assert.equal(found, refused, name);
  }
});
