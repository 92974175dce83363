// The feed against an issuer that misbehaves: what is applied, when a snapshot is fetched, and what is answered meanwhile.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { clock, open, pair, reason, until } from './support.mjs';

const KINDS = { S: 's1', G: 'g1', J: 'j1', U: 'auth0|u1', C: 'c1', I: '', K: 'k1' };

for (const [kind, id] of Object.entries(KINDS)) {
  test(`a record of kind ${kind} ends a token that was good`, async (t) => {
    const { issuer, verifier } = await pair(t);
    await verifier.ready();
    const token = await issuer.token();
    assert.equal((await verifier.check(token)).sub, 'auth0|u1');
    issuer.revoke([issuer.record(kind, id)]);
    await until(async () => (await reason(verifier, token)) === 'revoked', 'refusal');
    assert.equal(verifier.metrics().revoked > 0, true);
  });
}

test('a record names an actor, and spares tokens issued after its nbf', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  const acted = await issuer.token({ act: { sub: 'x', act: { sub: 'auth0|agent' } } });
  const later = await issuer.token({ jti: 'later' });
  const now = Math.floor(Date.now() / 1000);
  issuer.revoke([issuer.record('U', 'auth0|agent'), issuer.record('U', 'auth0|u1', { nbf: now - 60 })]);
  await until(async () => (await reason(verifier, acted)) === 'revoked');
  assert.equal(await reason(verifier, later), null);
});

test('what was revoked before the start is in the snapshot', async (t) => {
  const { issuer, verifier } = await pair(t, {}, (issuer) => issuer.revoke([issuer.record('S', 's1')]));
  await verifier.ready();
  assert.equal(await reason(verifier, await issuer.token()), 'revoked');
  assert.deepEqual([verifier.status().seq, verifier.status().records], [1, 1]);
});

test('a verifier without a snapshot is not ready, and accepts nothing whatever its policy', async (t) => {
  for (const onStale of ['closed', 'until_exp']) {
    const { issuer, verifier } = await pair(t, { onStale }, (issuer) => { issuer.snapshotStatus = 500; });
    await until(() => issuer.seen.snapshots > 1);
    assert.equal(await reason(verifier, await issuer.token()), 'not_ready');
    assert.equal(verifier.status().ready, false);
    await assert.rejects(verifier.ready({ timeout: 20 }), /not ready after 20 ms/);
    issuer.snapshotStatus = 200;
    await verifier.ready();
    assert.equal(await reason(verifier, await issuer.token()), null);
  }
});

test('a gap is noticed by the next heartbeat, and filled', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  await until(() => issuer.streams.size > 0);
  const token = await issuer.token();
  issuer.revoke([issuer.record('S', 's1')], { quietly: true });
  await until(async () => (await reason(verifier, token)) === 'revoked');
  assert.equal(verifier.metrics().gaps > 0, true);
});

test('a batch that does not go on from here is not applied; a snapshot is', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  await until(() => issuer.streams.size > 0);
  issuer.beats = false;
  const { snapshots } = issuer.seen;
  issuer.revoke([issuer.record('S', 'lost')], { quietly: true });
  issuer.revoke([issuer.record('S', 's1')]);
  await until(() => verifier.status().seq === 2);
  assert.equal(issuer.seen.snapshots > snapshots, true);
});

test('another feed is merged: what was revoked stays revoked', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  const token = await issuer.token();
  issuer.revoke([issuer.record('S', 's1')]);
  await until(async () => (await reason(verifier, token)) === 'revoked');
  Object.assign(issuer, { feedId: 'fd_2', seq: 0, records: [] });
  await until(() => verifier.status().feedId === 'fd_2');
  assert.equal(await reason(verifier, token), 'revoked');
  assert.equal(verifier.metrics().other_feeds > 0, true);
});

const ODD = {
  'malformed JSON': ['records', 'x', 'malformed'],
  'a batch that lost a record': ['records', { v: 1, feed_id: 'fd_1', prev: 0, seq: 2, as_of: 1, jwks_etag: '', records: [] }, 'malformed'],
  'another version': ['heartbeat', { v: 2, feed_id: 'fd_1', seq: 0, as_of: 1, jwks_etag: '' }, 'malformed'],
  'an unknown event': ['news', {}, 'unknown_events'],
  'an event that asks for it': ['snapshot', { reason: 'slow' }, 'snapshots_asked'],
  'a heartbeat that goes backwards': ['heartbeat', { v: 1, feed_id: 'fd_1', seq: 0, as_of: 1, jwks_etag: '' }, 'gaps'],
};
for (const [what, [name, data, counter]] of Object.entries(ODD)) {
  test(`${what} leads to a snapshot and is counted`, async (t) => {
    const { issuer, verifier } = await pair(t, {}, (issuer) => issuer.revoke([issuer.record('S', 'other')]));
    await verifier.ready();
    await until(() => issuer.streams.size > 0);
    const { snapshots } = issuer.seen;
    issuer.event(name, data);
    await until(() => issuer.seen.snapshots > snapshots);
    await until(() => verifier.status().state === 'fresh');
    assert.equal(verifier.metrics()[counter], 1);
  });
}

test('a kind of record that is not known makes a verifier stale, then closed', async (t) => {
  const time = clock();
  const { issuer, verifier } = await pair(t, { clock: time });
  await verifier.ready();
  const token = await issuer.token();
  issuer.revoke([['Z', '0000000000000001', 9_999_999_999]]);
  await until(() => verifier.metrics().unknown_kinds > 2, 'tried again and again');
  assert.equal(verifier.status().state, 'stale');
  assert.equal(await reason(verifier, token), null);
  time.skipped.mono += 31_000;
  await until(async () => (await reason(verifier, token)) === 'stale');
});

test('a stream that stalls is left, and another opened', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  await until(() => issuer.streams.size > 0);
  issuer.beats = false;
  await until(() => issuer.seen.streams > 1);
  assert.equal(verifier.metrics().stalls > 0, true);
});

test('where streams stay mute, revocations come by long poll', async (t) => {
  const { issuer, verifier } = await pair(t, {}, (issuer) => { issuer.mode = 'mute'; });
  await verifier.ready();
  await until(() => issuer.seen.polls > 2);
  const token = await issuer.token();
  assert.equal(await reason(verifier, token), null);
  issuer.revoke([issuer.record('S', 's1')]);
  await until(async () => (await reason(verifier, token)) === 'revoked');
  assert.equal(verifier.status().state, 'fresh');
});

test('a feed that stops: fresh, stale, closed; a revoked token stays revoked; back when it comes back', async (t) => {
  const time = clock();
  const { issuer, verifier, events } = await pair(t, { clock: time });
  await verifier.ready();
  const [token, dead] = [await issuer.token(), await issuer.token({ sid: 's2' })];
  issuer.revoke([issuer.record('S', 's2')]);
  await until(async () => (await reason(verifier, dead)) === 'revoked');
  await until(() => issuer.acks.at(-1)?.seq === 1);
  await issuer.down();
  time.skipped.mono += 3_000;
  await until(() => verifier.status().state === 'stale');
  assert.equal(await reason(verifier, token), null);
  assert.equal(verifier.metrics().accepted_stale > 0, true);
  time.skipped.mono += 28_000;
  assert.equal(await reason(verifier, token), 'stale');
  assert.equal(await reason(verifier, dead), 'revoked');
  assert.equal(verifier.status().ready, false);
  await until(() => events.some((event) => event.name === 'state' && event.state === 'too_old'));
  await issuer.up();
  await until(async () => (await reason(verifier, token)) === null);
  assert.equal(await reason(verifier, dead), 'revoked');
});

test('beyond max_stale a route may ask the issuer, for 5 s at a time, or go on until exp', async (t) => {
  const time = clock();
  const { issuer, verifier } = await pair(t, { clock: time });
  await verifier.ready();
  const token = await issuer.token();
  // The feed says nothing any more, the rest of the issuer answers.
  issuer.beats = false;
  issuer.mode = 'mute';
  issuer.snapshotStatus = 500;
  issuer.feedId = 'fd_2';
  time.skipped.mono += 31_000;
  await until(async () => (await reason(verifier, token)) === 'stale');
  assert.equal(await reason(verifier, token, { onStale: 'until_exp' }), null);
  assert.equal(await reason(verifier, token, { onStale: 'introspect' }), null);
  issuer.active = false;
  assert.equal(await reason(verifier, token, { onStale: 'introspect' }), null);
  assert.equal(issuer.seen.introspections, 1);
  time.skipped.mono += 5_001;
  assert.equal(await reason(verifier, token, { onStale: 'introspect' }), 'revoked');
  await issuer.down();
  assert.equal(await reason(verifier, await issuer.token({ jti: 'j2' }), { onStale: 'introspect' }), 'introspection');
});

test('the offset of the clocks comes from round trips; beyond 60 s nothing is fresh', async (t) => {
  const ten = await pair(t, {}, (issuer) => { issuer.shift = -10_000; });
  await ten.verifier.ready();
  assert.equal(Math.abs(ten.verifier.status().offset + 10_000) < 1_500, true);
  await until(() => ten.verifier.status().state === 'fresh');
  const ninety = await pair(t, {}, (issuer) => { issuer.shift = 90_000; });
  await ninety.verifier.ready();
  assert.equal(ninety.verifier.status().state, 'stale');
});

test('setting the clock back makes nothing young', async (t) => {
  const time = clock();
  const { issuer, verifier } = await pair(t, { clock: time });
  await verifier.ready();
  await issuer.down();
  time.skipped.wall -= 3_600_000;
  time.skipped.mono += 31_000;
  await until(() => verifier.status().state === 'too_old');
});

test('what is applied is acknowledged, many batches at a time', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  for (let n = 1; n <= 20; n += 1) issuer.revoke([issuer.record('S', `x${n}`)]);
  await until(() => issuer.acks.at(-1)?.seq === 20);
  assert.equal(issuer.acks.length < 10, true, String(issuer.acks.length));
  assert.match(issuer.acks[0].verifier, /^[\w-]{8,64}$/);
  assert.equal(new Set(issuer.acks.map((ack) => ack.verifier)).size, 1);
});

test('when asked to, the verifier comes again with another token', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  await until(() => issuer.streams.size > 0);
  const { tokens, streams } = issuer.seen;
  issuer.event('reauth', {});
  await until(() => issuer.seen.tokens > tokens && issuer.seen.streams > streams);
  assert.equal(verifier.status().state, 'fresh');
});

test('a state file spares the snapshot, and counts only while it is young', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-'));
  t.after(() => rm(folder, { recursive: true }));
  const stateFile = join(folder, 'state.json');
  const { issuer, verifier } = await pair(t, { stateFile });
  await verifier.ready();
  issuer.revoke([issuer.record('S', 's1')]);
  await until(() => verifier.status().seq === 1);
  await verifier.close();
  assert.equal((await stat(stateFile)).mode & 0o777, 0o600);
  const { snapshots } = issuer.seen;
  issuer.beats = false;
  const again = open(t, issuer, { stateFile });
  await again.ready();
  assert.equal(await reason(again, await issuer.token()), 'revoked');
  await again.close();
  const kept = JSON.parse(await readFile(stateFile, 'utf8'));
  await writeFile(stateFile, JSON.stringify({ ...kept, as_of: kept.as_of - 31_000 }));
  const old = open(t, issuer, { stateFile });
  await until(() => old.status().feedId !== null);
  assert.deepEqual([old.status().ready, old.status().records], [false, 1]);
  issuer.beats = true;
  await old.ready();
  assert.equal(issuer.seen.snapshots, snapshots);
  await writeFile(stateFile, 'not JSON');
  const none = open(t, issuer, { stateFile });
  await none.ready();
  assert.equal(issuer.seen.snapshots, snapshots + 1);
});
