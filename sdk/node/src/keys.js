// The issuer's public keys: where they come from and when they are fetched again. Finding the key of a token and checking
// the signature is jose's.

import { createLocalJWKSet, errors } from 'jose';
import { checkUrl } from './http.js';
import { Refusal } from './refusal.js';

const MAX_AGE = 600_000;
const COOLDOWN = 30_000;
const MAX_STALE = 86_400_000;
const MAX_KEYS = 100;
const PUBLIC = new Set(['RSA', 'EC', 'OKP']);

/** One issuer's keys over time. */
export class Keys {
  #http;
  #clock;
  #place;
  #issuer;
  #jwksUri = null;
  #set = null;
  #text = '';
  #loadedAt = -Infinity;
  #missedAt = -Infinity;
  #failedAt = -Infinity;
  #failures = 0;
  #running = null;
  #etag;

  constructor({ http, clock, issuer }) {
    this.#http = http;
    this.#clock = clock;
    this.#issuer = issuer;
    this.#place = `${issuer.replace(/\/?$/, '/')}.well-known/openid-configuration`;
    /** Changes whenever the keys do; what was verified under another one must be verified again. */
    this.generation = 0;
    this.fetches = 0;
  }

  /** Whether there are keys that may be used. */
  get usable() {
    return this.#set !== null && this.#clock.mono() - this.#loadedAt <= MAX_STALE;
  }

  /** The function that jose asks for a token's key. */
  get find() {
    return this.#set;
  }

  /** Fetches keys if there are none, and in the background if they have grown old. */
  async ensure() {
    if (!this.usable) await this.#fetchUnlessResting();
    else if (this.#clock.mono() - this.#loadedAt > MAX_AGE) this.#fetchUnlessResting().catch(() => {});
    if (!this.usable) throw new Refusal('no_keys');
  }

  /** Fetches keys for a token whose key is not here; at most once in 30 s, since anybody can make up such tokens. */
  async missing() {
    const now = this.#clock.mono();
    if (this.#running === null && now - this.#missedAt < COOLDOWN) {
      if (this.#failures > 0) throw new Refusal('no_keys');
      return;
    }
    this.#missedAt = now;
    await this.#fetch().catch(() => {
      throw new Refusal('no_keys');
    });
  }

  /** The feed says which key set is published; when it is another one than before, it is fetched. */
  announced(etag) {
    const known = this.#etag;
    this.#etag = etag;
    if (this.usable && (known === undefined || known === etag)) return;
    this.#fetchUnlessResting().catch(() => {
      this.#etag = null;
    });
  }

  #fetchUnlessResting() {
    const pause = this.#set === null ? Math.min(1_000 * 2 ** (this.#failures - 1), 30_000) : COOLDOWN;
    if (this.#running === null && this.#failures > 0 && this.#clock.mono() - this.#failedAt < pause) {
      return Promise.reject(new Refusal('no_keys'));
    }
    return this.#fetch().catch(() => {
      throw new Refusal('no_keys');
    });
  }

  #fetch() {
    this.#running ??= this.#load()
      .then(() => { this.#failures = 0; })
      .catch((cause) => {
        this.#failures += 1;
        this.#failedAt = this.#clock.mono();
        this.#jwksUri = null;
        throw cause;
      })
      .finally(() => { this.#running = null; });
    return this.#running;
  }

  async #load() {
    const began = this.#clock.mono();
    this.fetches += 1;
    const fresh = { headers: { 'cache-control': 'no-cache' } };
    if (this.#jwksUri === null) {
      const { text } = await this.#http.read(this.#place, fresh);
      const found = JSON.parse(text);
      if (found.issuer !== this.#issuer) throw new Error(`the discovery document names another issuer: ${found.issuer}`);
      this.#jwksUri = checkUrl(found.jwks_uri, this.#issuer).href;
    }
    const { text } = await this.#http.read(this.#jwksUri, fresh);
    if (text !== this.#text || this.#set === null) {
      const keys = JSON.parse(text).keys;
      if (!Array.isArray(keys) || keys.length > MAX_KEYS) throw new Error('not a key set that is read here');
      // A symmetric key that is published is no secret.
      this.#set = createLocalJWKSet({ keys: keys.filter((key) => PUBLIC.has(key?.kty)) });
      this.#text = text;
      this.generation += 1;
    }
    this.#loadedAt = began;
  }
}

/** What jose found wrong with a token, in this package's words. */
export function refusalOf(error) {
  if (error instanceof Refusal) return error;
  if (error instanceof errors.JWKSNoMatchingKey) return new Refusal('unknown_key');
  if (error instanceof errors.JWKSMultipleMatchingKeys) return new Refusal('unknown_key');
  if (error instanceof errors.JOSEAlgNotAllowed) return new Refusal('algorithm');
  if (error instanceof errors.JWSSignatureVerificationFailed) return new Refusal('signature');
  return new Refusal('malformed');
}
