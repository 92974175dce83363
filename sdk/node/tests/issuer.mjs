// A stand-in for the issuer: keys, tokens and a revocation feed that can be made to misbehave.

import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { CompactSign, exportJWK, generateKeyPair } from 'jose';
import { HashKey } from '../src/record.js';

export const AUDIENCE = 'https://api.example.com/';
const HASH = '000102030405060708090a0b0c0d0e0f';
const pair = await generateKeyPair('RS256', { extractable: true });

export class Issuer {
  static async start() {
    const issuer = new Issuer();
    await issuer.up();
    return issuer;
  }

  constructor() {
    this.hash = new HashKey(HASH);
    this.keys = [{ kid: 'k1', ...pair }];
    this.etag = '"1"';
    this.feedId = 'fd_1';
    this.seq = 0;
    this.records = [];
    this.streams = new Set();
    this.seen = { tokens: 0, snapshots: 0, streams: 0, polls: 0, introspections: 0, jwks: 0 };
    this.acks = [];
    this.shift = 0; // of the clock, ms
    this.beats = true;
    this.mode = 'stream'; // or 'mute': streams that open and say nothing
    this.snapshotText = null;
    this.snapshotStatus = 200;
    this.active = true;
    this.port = 0;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  now() {
    return Date.now() + this.shift;
  }

  async up() {
    this.server = createServer((request, response) => this.#answer(request, response).catch(() => response.destroy()));
    // Coming back, somebody else may hold the port for a moment.
    this.server.on('error', () => setTimeout(() => this.server.listen(this.port, '127.0.0.1'), 50));
    await new Promise((resolve) => this.server.once('listening', resolve).listen(this.port, '127.0.0.1'));
    this.port = this.server.address().port;
    this.ticker = setInterval(() => this.beats && this.#send('heartbeat', this.#position()), 50);
  }

  async down() {
    if (!this.server.listening) return;
    clearInterval(this.ticker);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #position() {
    return { v: 1, feed_id: this.feedId, seq: this.seq, as_of: this.now(), jwks_etag: this.etag };
  }

  #send(name, data) {
    const id = data.seq === undefined ? '' : `id: ${data.seq}\n`;
    for (const stream of this.streams) stream.write(`event: ${name}\n${id}data: ${JSON.stringify(data)}\n\n`);
  }

  /** Sends an event as it is given. */
  event(name, data) {
    this.#send(name, data);
  }

  record(kind, id, { exp = this.#seconds(600), nbf = this.#seconds(1) } = {}) {
    if (kind === 'I') return ['I', '', exp, nbf];
    return ['U', 'C'].includes(kind) ? [kind, this.hash.key(kind, id), exp, nbf] : [kind, this.hash.key(kind, id), exp];
  }

  /** Adds records; `quietly` leaves the streams out, as a lost batch would. */
  revoke(records, { quietly } = {}) {
    const prev = this.seq;
    this.seq += records.length;
    this.records.push(...records);
    if (!quietly) this.#send('records', { ...this.#position(), prev, records });
  }

  #seconds(more = 0) {
    return Math.floor(Date.now() / 1000) + more;
  }

  /** A token; members given as undefined are left out. */
  async token(claims = {}, header = {}) {
    const now = this.#seconds();
    const payload = {
      iss: this.url, aud: AUDIENCE, sub: 'auth0|u1', iat: now - 5, exp: now + 300, jti: 'j1', gid: 'g1', sid: 's1', azp: 'c1',
      scope: 'read:notes', ...claims,
    };
    return this.sign(JSON.stringify(payload), { alg: 'RS256', typ: 'JWT', kid: 'k1', ...header });
  }

  async sign(payload, header, key = pair.privateKey) {
    return new CompactSign(new TextEncoder().encode(payload)).setProtectedHeader(header).sign(key);
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.url);
    response.sendDate = false;
    response.setHeader('date', new Date(this.now()).toUTCString());
    const json = (value, status = 200, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    const body = await new Promise((resolve) => {
      let text = '';
      request.on('data', (chunk) => { text += chunk; }).on('end', () => resolve(text));
    });
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json({ issuer: this.url, jwks_uri: `${this.url}.well-known/jwks.json` });
      case '/.well-known/jwks.json': {
        this.seen.jwks += 1;
        const keys = await Promise.all(this.keys.map(async ({ kid, publicKey }) => ({ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' })));
        return json({ keys });
      }
      case '/oauth/token': {
        const asked = Object.fromEntries(new URLSearchParams(body));
        this.seen.tokens += 1;
        const good = asked.client_secret === 'secret' && asked.audience === `${this.url}revocations` && asked.scope === 'read:revocations';
        return good ? json({ access_token: `feed-${this.seen.tokens}`, expires_in: 3600 }) : json({ error: 'access_denied' }, 401);
      }
      case '/oauth/introspect':
        this.seen.introspections += 1;
        return json({ active: this.active });
    }
    if (!request.headers.authorization?.startsWith('Bearer feed-')) return json({ error: 'invalid_token' }, 401);
    switch (url.pathname) {
      case '/revocations/snapshot': {
        this.seen.snapshots += 1;
        const text = this.snapshotText ?? JSON.stringify({ ...this.#position(), hash_key: HASH, records: this.records });
        response.writeHead(this.snapshotStatus, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync(text));
        return undefined;
      }
      case '/revocations/ack':
        this.acks.push({ ...JSON.parse(body), at: performance.now() });
        return response.writeHead(204).end();
      case '/revocations':
        return this.#feed(request, response, url.searchParams, json);
    }
    return json({ error: 'not_found' }, 404);
  }

  #feed(request, response, query, json) {
    const after = Number(query.get('after'));
    if (query.get('feed_id') !== this.feedId) return json({ error: 'snapshot_required', reason: 'feed_id' }, 410);
    if (after > this.seq) return json({ error: 'snapshot_required', reason: 'ahead' }, 410);
    if (request.headers.accept !== 'text/event-stream') {
      this.seen.polls += 1;
      return json({ ...this.#position(), prev: after, records: this.records.slice(after) });
    }
    this.seen.streams += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    if (this.mode === 'mute') return undefined;
    if (after < this.seq) {
      const data = { ...this.#position(), prev: after, records: this.records.slice(after) };
      response.write(`event: records\ndata: ${JSON.stringify(data)}\n\n`);
    }
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
    return undefined;
  }
}
