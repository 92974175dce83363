// The one question an API asks, `check(token)`, and the order of the checks. Owns the options, the cache of verified tokens and
// what happens when the feed is late.

import { compactVerify, decodeProtectedHeader } from 'jose';
import { checkScope, checkTimes, judge } from './claims.js';
import { Clock } from './clock.js';
import { Feed } from './feed.js';
import { Http, checkUrl, form } from './http.js';
import { Keys, refusalOf } from './keys.js';
import { Metrics, warn } from './metrics.js';
import { Refusal } from './refusal.js';
import { Revocations, say } from './revocations.js';
import { StateFile } from './state_file.js';

const MAX_TOKEN = 16 * 1024;
const INTROSPECTION_LIFE = 5_000;
const SWEEP = 30_000;
const ASYMMETRIC = new Set(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA', 'Ed25519']);
const POLICIES = new Set(['closed', 'introspect', 'until_exp']);

function option(holds, message) {
  if (!holds) throw new TypeError(message);
}

const within = (value, low, high) => typeof value === 'number' && value >= low && value <= high;
const words = (scope) => (Array.isArray(scope) ? scope : (scope ?? '').split(' ')).filter(Boolean);

/** Makes a verifier, which begins to follow the feed at once. The options are described in the package's types. */
export function createVerifier(options) {
  return new Verifier(options);
}

/** Checks access tokens of one issuer for one API. */
export class Verifier {
  #issuer;
  #audiences;
  #client;
  #onStale;
  #leeway;
  #algorithms;
  #clock;
  #http;
  #keys;
  #revocations;
  #feed;
  #metrics;
  #file = null;
  #cache = new Map();
  #cacheSize;
  #asked = new Map();
  #state = 'never_loaded';
  #waiting = [];
  #timer;
  #swept = -Infinity;
  #closed = false;
  #running;

  constructor({
    issuer, audience, clientId, clientSecret, onStale = 'closed', maxStale = 30, stateFile, leeway = 0,
    algorithms = ['RS256'], cacheSize = 10_000, onEvent = warn, fetch = globalThis.fetch, clock, timing,
  }) {
    option(typeof issuer === 'string' && issuer !== '', 'issuer is needed: the URL of your Sekisho, with its slash');
    checkUrl(issuer);
    this.#audiences = [audience].flat();
    option(this.#audiences.length > 0 && this.#audiences.every((one) => typeof one === 'string' && one !== ''), 'audience is needed');
    option(clientId && clientSecret, 'clientId and clientSecret are needed: those of `sekisho verifier add`');
    option(POLICIES.has(onStale), 'onStale is one of: closed, introspect, until_exp');
    option(within(maxStale, 2, 86_400), 'maxStale is 2 to 86400 seconds');
    option(within(leeway, 0, 60), 'leeway is 0 to 60 seconds');
    option(algorithms.length > 0 && algorithms.every((one) => ASYMMETRIC.has(one)), 'algorithms holds one that is not known, or symmetric');
    option(Number.isInteger(cacheSize) && cacheSize >= 0, 'cacheSize is a whole number');
    this.#issuer = issuer;
    this.#client = { id: clientId, secret: clientSecret };
    this.#onStale = onStale;
    this.#leeway = leeway;
    this.#algorithms = algorithms;
    this.#cacheSize = cacheSize;
    this.#clock = new Clock(clock);
    this.#http = new Http({ fetch, clock: this.#clock });
    this.#metrics = new Metrics(onEvent);
    this.#keys = new Keys({ http: this.#http, clock: this.#clock, issuer });
    this.#revocations = new Revocations({ maxStale: maxStale * 1_000 });
    if (stateFile) this.#file = new StateFile(stateFile, issuer);
    this.#feed = new Feed({
      issuer, client: this.#client, http: this.#http, clock: this.#clock, revocations: this.#revocations, timing,
      metrics: this.#metrics, applied: (records) => this.#applied(records),
    });
    this.#timer = setInterval(() => this.#tick(), 1_000);
    this.#running = this.#start();
  }

  async #start() {
    this.#keys.ensure().then(() => this.#tick(), () => {});
    const kept = await this.#file?.load();
    if (kept && !this.#closed) {
      this.#clock.offset = kept.offset;
      this.#revocations.restore(kept.document, this.#clock.now() + kept.offset, this.#clock.mono());
      this.#tick();
    }
    await this.#feed.run();
  }

  #applied(records) {
    if (records.length > 0) this.#asked = new Map();
    if (records.some(({ kind }) => kind === 'K')) this.#cache.clear();
    this.#keys.announced(this.#revocations.jwksEtag);
    this.#tick();
  }

  #tick() {
    const [now, mono] = [this.#clock.now(), this.#clock.mono()];
    const state = this.#revocations.state(now, this.#clock.offset, mono);
    if (state !== this.#state) {
      const was = this.#state;
      this.#state = state;
      this.#metrics.tell('state', { state, was, age: this.#revocations.age(now, this.#clock.offset, mono) });
    }
    if (mono - this.#swept > SWEEP) {
      this.#swept = mono;
      this.#revocations.sweep(now);
    }
    this.#file?.save(this.#revocations, this.#clock.offset, mono).catch((cause) => this.#metrics.tell('state_file_error', { message: cause.message }));
    if (this.#closed || this.status().ready) this.#waiting.splice(0).forEach((wake) => wake());
  }

  /** Waits until tokens can be judged: the keys and the first snapshot are here. */
  async ready({ timeout = 30_000 } = {}) {
    this.#tick();
    if (this.status().ready) return;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not ready after ${timeout} ms: ${JSON.stringify(this.status())}`)), timeout);
    });
    await Promise.race([late, new Promise((wake) => this.#waiting.push(wake))]).finally(() => clearTimeout(timer));
    option(!this.#closed, 'the verifier is closed');
  }

  /** Where things stand; what a readiness probe answers with. */
  status() {
    const [now, mono, offset] = [this.#clock.now(), this.#clock.mono(), this.#clock.offset];
    const { feedId, seq, size } = this.#revocations;
    const state = this.#revocations.state(now, offset, mono);
    const late = state === 'never_loaded' || (state === 'too_old' && this.#onStale === 'closed');
    const age = this.#revocations.loaded ? Math.round(this.#revocations.age(now, offset, mono)) : null;
    return { ready: !late && this.#keys.usable && !this.#closed, state, keys: this.#keys.usable, feedId, seq, age, offset, records: size };
  }

  /** The counters, by name. */
  metrics() {
    return this.#metrics.read();
  }

  /**
   * Judges a token. Answers with its claims or throws a {@link Refusal}.
   * @param {string} token
   * @param {{scope?: string | string[], onStale?: string, proof?: {jkt?: string, x5tS256?: string}}} [demands]
   */
  async check(token, { scope, onStale = this.#onStale, proof } = {}) {
    option(POLICIES.has(onStale), 'onStale is one of: closed, introspect, until_exp');
    try {
      const judged = await this.#verified(token, proof);
      checkTimes(judged, Math.floor(this.#clock.now() / 1_000), this.#leeway);
      const stale = await this.#revoked(token, judged, onStale);
      checkScope(judged.scope, words(scope));
      this.#metrics.count('accepted');
      if (stale) this.#metrics.count('accepted_stale');
      return judged.claims;
    } catch (refusal) {
      if (refusal.reason === 'revoked') this.#metrics.count('revoked');
      this.#metrics.count(refusal.status === 503 ? 'unavailable' : 'refused');
      throw refusal;
    }
  }

  /** What a token says, once its signature and all that does not change with time hold. */
  async #verified(token, proof) {
    if (typeof token !== 'string') throw new Refusal('no_token');
    if (token.length > MAX_TOKEN) throw new Refusal('too_long');
    if (token.split('.', 4).length !== 3) throw new Refusal('not_jwt');
    await this.#keys.ensure();
    const held = this.#cache.get(token);
    if (held?.generation === this.#keys.generation) {
      this.#metrics.count('cache_hits');
      return held;
    }
    const generation = this.#keys.generation;
    const { payload, header } = await this.#signature(token);
    const judged = judge(header, payload, { issuer: this.#issuer, audiences: this.#audiences, proof });
    const entry = { ...judged, generation, hashed: null };
    // A bound token is good with its proof only, so the answer is not the token's alone.
    if (payload.cnf === undefined) this.#keep(token, entry);
    return entry;
  }

  /** The oldest go first: only tokens that were verified are here, so nobody can fill it with others. */
  #keep(token, entry) {
    if (this.#cacheSize === 0) return;
    this.#cache.delete(token);
    if (this.#cache.size >= this.#cacheSize) this.#cache.delete(this.#cache.keys().next().value);
    this.#cache.set(token, entry);
  }

  async #signature(token) {
    let signed;
    try {
      signed = await this.#verify(token);
    } catch (refusal) {
      if (refusal.reason !== 'unknown_key') throw refusal;
      await this.#keys.missing();
      signed = await this.#verify(token);
    }
    try {
      const payload = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(signed.payload));
      if (payload !== null && typeof payload === 'object' && !Array.isArray(payload)) return { payload, header: signed.protectedHeader };
    } catch {
      // Not JSON.
    }
    throw new Refusal('malformed');
  }

  async #verify(token) {
    try {
      // A token that names no key could not be ended with its key.
      if (typeof decodeProtectedHeader(token).kid !== 'string') throw new Refusal('no_key_id');
      return await compactVerify(token, this.#keys.find, { algorithms: this.#algorithms });
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Whether the token is accepted although the feed is late; throws when it is revoked, or nobody can say. */
  async #revoked(token, entry, onStale) {
    const hash = this.#revocations.hash;
    if (hash !== null) {
      if (entry.hashed?.hashKey !== hash.hex) entry.hashed = hash.subject(entry.subject);
      if (this.#revocations.hit(entry.hashed) !== null) throw new Refusal('revoked');
    }
    const state = this.#revocations.state(this.#clock.now(), this.#clock.offset, this.#clock.mono());
    switch (say(state, onStale)) {
      case 'accept':
        return false;
      case 'accept_stale':
        return true;
      case 'ask':
        if (!(await this.#introspect(token))) throw new Refusal('revoked');
        return false;
      default:
        throw new Refusal(state === 'never_loaded' ? 'not_ready' : 'stale');
    }
  }

  /** Asks the issuer (RFC 7662); an answer holds for 5 s and not beyond the next record. */
  async #introspect(token) {
    // An answer that comes after a record goes to a map that nobody reads any more.
    const answers = this.#asked;
    const known = answers.get(token);
    if (known !== undefined && this.#clock.mono() < known.until) return known.active;
    const asked = form({ token, client_id: this.#client.id, client_secret: this.#client.secret });
    this.#metrics.count('introspected');
    let active;
    try {
      const { text } = await this.#http.read(`${this.#issuer.replace(/\/?$/, '/')}oauth/introspect`, asked);
      active = JSON.parse(text).active === true;
    } catch {
      throw new Refusal('introspection');
    }
    if (answers.size >= 1_000) answers.clear();
    answers.set(token, { active, until: this.#clock.mono() + INTROSPECTION_LIFE });
    return active;
  }

  /** Stops following the feed. */
  async close() {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#feed.close();
    this.#http.close();
    await this.#running;
    await this.#file?.flush(this.#revocations, this.#clock.offset).catch(() => {});
    this.#tick();
  }
}
