// Tokens whose signature or shape is wrong, the keys they need, the cache, and the answers of the middleware.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import fastify from 'fastify';
import { generateKeyPair, CompactSign } from 'jose';
import { requireToken as expressToken } from '../src/express.js';
import { requireToken as fastifyToken } from '../src/fastify.js';
import { createVerifier } from '../src/index.js';
import { clock, pair, reason, until } from './support.mjs';

test('what is not a signed JWT of the issuer is refused', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  const good = await issuer.token();
  const [head, body, signature] = good.split('.');
  const other = await generateKeyPair('RS256');
  const header = { alg: 'RS256', typ: 'JWT', kid: 'k1' };
  const hmac = new CompactSign(Buffer.from('{}')).setProtectedHeader({ ...header, alg: 'HS256' });
  const cases = {
    not_jwt: ['at_opaque', `${good}.x`, 'a.b', ''],
    too_long: ['a'.repeat(16_385)],
    malformed: ['..', `${head}.${body}.`.slice(1), await issuer.sign('[]', header), await issuer.sign('not json', header),
      await issuer.sign('{}', { ...header, crit: ['exp'], exp: 1 }).catch(() => '..')],
    algorithm: [`${Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')}.${body}.`, await hmac.sign(Buffer.alloc(32, 1))],
    signature: [`${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`, await issuer.sign('{}', header, other.privateKey)],
    unknown_key: [await issuer.token({}, { kid: 'k9' })],
    no_key_id: [await issuer.token({}, { kid: undefined })],
    no_token: [undefined],
  };
  for (const [expected, tokens] of Object.entries(cases)) {
    for (const token of tokens) assert.equal(await reason(verifier, token), expected, token?.slice(0, 60));
  }
});

test('keys are fetched when they are missing, once, and when the feed announces others', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  const made = await issuer.token({}, { kid: 'k2' });
  const before = issuer.seen.jwks;
  await Promise.all([reason(verifier, made), reason(verifier, made), reason(verifier, made)]);
  assert.equal(issuer.seen.jwks, before + 1);
  assert.equal(await reason(verifier, made), 'unknown_key');
  assert.equal(issuer.seen.jwks, before + 1);
  issuer.keys.push({ ...issuer.keys[0], kid: 'k2' });
  issuer.etag = '"2"';
  await until(async () => (await reason(verifier, made)) === null);
  issuer.keys.pop();
  issuer.etag = '"3"';
  await until(async () => (await reason(verifier, made)) === 'unknown_key', 'a key that is gone ends what was cached');
});

test('without keys the answer is that there are none', async (t) => {
  const { issuer, verifier } = await pair(t, {}, (issuer) => { issuer.keys = []; });
  const token = await issuer.token();
  await until(async () => (await reason(verifier, token)) === 'unknown_key');
  const unreachable = createVerifier({ issuer: 'http://127.0.0.1:9/', audience: 'a', clientId: 'c', clientSecret: 's', onEvent: () => {} });
  t.after(() => unreachable.close());
  assert.equal(await reason(unreachable, token), 'no_keys');
});

test('the cache answers for the same bytes only, and dies with expiry', async (t) => {
  const time = clock();
  const { issuer, verifier } = await pair(t, { clock: time, cacheSize: 2 });
  await verifier.ready();
  const token = await issuer.token({ exp: Math.floor(Date.now() / 1000) + 20 });
  for (let n = 0; n < 3; n += 1) assert.equal(await reason(verifier, token), null);
  assert.equal(verifier.metrics().cache_hits, 2);
  assert.notEqual(await reason(verifier, `${token.slice(0, -4)}AAAA`), null);
  assert.equal(await reason(verifier, token, { scope: 'write:notes' }), 'scope');
  for (const jti of ['a', 'b', 'c']) await verifier.check(await issuer.token({ jti }));
  const { cache_hits: hits } = verifier.metrics();
  await verifier.check(token);
  assert.equal(verifier.metrics().cache_hits, hits);
  time.skipped.wall += 20_000;
  assert.equal(await reason(verifier, token), 'expired');
});

test('a bound token needs its proof each time', async (t) => {
  const { issuer, verifier } = await pair(t);
  await verifier.ready();
  const token = await issuer.token({ cnf: { jkt: 'T' } });
  assert.equal(await reason(verifier, token, { proof: { jkt: 'T' } }), null);
  assert.equal(await reason(verifier, token), 'bound');
});

test('options that could never work are refused', () => {
  const good = { issuer: 'https://id.example.com/', audience: 'a', clientId: 'c', clientSecret: 's' };
  const wrong = [{ issuer: '' }, { issuer: 'http://id.example.com/' }, { audience: '' }, { audience: [] }, { clientId: '' }, { clientSecret: undefined },
    { onStale: 'open' }, { maxStale: 0 }, { leeway: 61 }, { algorithms: ['HS256'] }, { algorithms: [] }];
  for (const one of wrong) assert.throws(() => createVerifier({ ...good, ...one }), TypeError, JSON.stringify(one));
});

const SERVERS = {
  async express(guard) {
    const app = express();
    app.get('/notes', guard, (request, response) => response.json({ sub: request.auth.payload.sub }));
    const server = createServer(app);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${server.address().port}/notes`, close: () => new Promise((resolve) => server.close(resolve)) };
  },
  async fastify(guard) {
    const app = fastify();
    app.get('/notes', { onRequest: guard }, async (request) => ({ sub: request.auth.payload.sub }));
    return { url: `${await app.listen({ port: 0, host: '127.0.0.1' })}/notes`, close: () => app.close() };
  },
};
for (const [name, middleware] of Object.entries({ express: expressToken, fastify: fastifyToken })) {
  test(`${name} answers as RFC 6750 says`, async (t) => {
    const time = clock();
    const { issuer, verifier } = await pair(t, { clock: time });
    await verifier.ready();
    const server = await SERVERS[name](middleware(verifier, { scope: 'read:notes' }));
    t.after(() => server.close());
    const ask = async (authorization) => {
      const answer = await fetch(server.url, { headers: { connection: 'close', ...(authorization && { authorization }) } });
      return { status: answer.status, challenge: answer.headers.get('www-authenticate'), retry: answer.headers.get('retry-after'),
        cache: answer.headers.get('cache-control'), body: await answer.json() };
    };
    const token = await issuer.token();
    assert.deepEqual((await ask(`bearer  ${token}`)).body, { sub: 'auth0|u1' });
    for (const none of [undefined, 'Basic eDp5']) {
      const { status, challenge, body } = await ask(none);
      assert.deepEqual([status, challenge, body.error], [401, 'Bearer', 'invalid_token']);
    }
    assert.equal((await ask('Bearer')).status, 400);
    assert.equal((await ask('Bearer a b')).status, 400);
    const bad = await ask('Bearer a.b.c');
    assert.deepEqual([bad.status, bad.cache, bad.body.error], [401, 'no-store', 'invalid_token']);
    assert.equal(bad.challenge, 'Bearer error="invalid_token", error_description="The token is not a well-formed JWT"');
    const poor = await ask(`Bearer ${await issuer.token({ scope: 'openid' })}`);
    assert.deepEqual([poor.status, poor.body.error], [403, 'insufficient_scope']);
    assert.equal(poor.challenge, 'Bearer error="insufficient_scope", error_description="The token lacks the scope: read:notes", scope="read:notes"');
    issuer.revoke([issuer.record('S', 's1')]);
    await until(async () => (await ask(`Bearer ${token}`)).challenge === 'Bearer error="invalid_token", error_description="The token was revoked"');
    await issuer.down();
    time.skipped.mono += 31_000;
    await until(() => verifier.status().state === 'too_old');
    const late = await ask(`Bearer ${await issuer.token({ sid: 's2' })}`);
    assert.deepEqual([late.status, late.retry, late.challenge, late.body.error], [503, '1', null, 'temporarily_unavailable']);
  });
}
