// What is revoked, as far as this process knows, and how far that is: the tables, the place in the feed, and how fresh it is.
// A state machine of documents and numbers; it reads no clock and does no input or output.

import { HashKey } from './record.js';

/** Up to this age in milliseconds what is known counts as fresh. */
export const FRESH = 2_000;
/** Beyond this difference between the issuer's clock and ours, in milliseconds, nothing counts as fresh. */
export const MAX_OFFSET = 60_000;
/** For so many seconds after its expiry a record is kept: the greatest leeway. */
const KEPT = 60;

/** What became of a document. */
export const Applied = Object.freeze({ Yes: 'applied', Gap: 'gap', OtherFeed: 'feed_id' });

/**
 * What may be said of a good token that nothing known revokes: `accept`, `accept_stale` (and count it), `ask` the issuer, or
 * `nothing`.
 */
export function say(state, policy) {
  if (state === 'fresh') return 'accept';
  if (state === 'stale') return 'accept_stale';
  if (policy === 'introspect') return 'ask';
  return policy === 'until_exp' && state === 'too_old' ? 'accept_stale' : 'nothing';
}

/** The revocations known to one verifier. Times are Unix milliseconds, in records Unix seconds. */
export class Revocations {
  #tables = { S: new Map(), G: new Map(), J: new Map(), K: new Map(), U: new Map(), C: new Map(), I: new Map() };
  #hash = null;
  #maxStale;
  #arrivedAt = 0;

  /** @param {{maxStale: number}} limits milliseconds */
  constructor({ maxStale }) {
    this.#maxStale = maxStale;
    this.feedId = null;
    this.seq = 0;
    this.asOf = 0;
    this.jwksEtag = null;
    /** Whether the feed has ever been followed, here or, not long ago, by the process that left its state. */
    this.loaded = false;
    /** Whether something was missed or not understood since the last snapshot. */
    this.suspect = false;
  }

  /** Whether only a snapshot can say what is revoked. */
  get needsSnapshot() {
    return this.feedId === null || this.suspect;
  }

  get hash() {
    return this.#hash;
  }

  /** How many records are held. */
  get size() {
    return Object.values(this.#tables).reduce((sum, table) => sum + table.size, 0);
  }

  /**
   * Takes a snapshot. It is merged: what was held stays until it expires, so that neither a restored feed nor a snapshot
   * from a cache can bring a token back to life.
   */
  snapshot(document, mono) {
    if (this.#hash?.hex !== document.hashKey) {
      // Records under another key can hit nothing any more.
      for (const table of Object.values(this.#tables)) table.clear();
      this.#hash = new HashKey(document.hashKey);
    }
    this.#add(document.records);
    this.feedId = document.feedId;
    this.suspect = false;
    this.#reach(document, mono);
  }

  /** Takes a batch, if it goes on from here. */
  batch(document, mono) {
    return this.#follow(document, document.prev, mono, () => this.#add(document.records));
  }

  /** Takes a heartbeat, if nothing was missed before it. */
  heartbeat(document, mono) {
    return this.#follow(document, document.seq, mono, () => {});
  }

  #follow(document, from, mono, apply) {
    const other = document.feedId !== this.feedId;
    if (other || from !== this.seq || this.suspect) {
      this.suspect = true;
      return other ? Applied.OtherFeed : Applied.Gap;
    }
    apply();
    this.#reach(document, mono);
    return Applied.Yes;
  }

  #reach({ seq, asOf, jwksEtag }, mono) {
    this.seq = seq;
    this.asOf = asOf;
    this.jwksEtag = jwksEtag;
    this.#arrivedAt = mono;
    this.loaded = true;
  }

  /** Records under one key are one record that ends at the later time; `nbf` likewise. */
  #add(records) {
    for (const { kind, key, exp, nbf } of records) {
      const table = this.#tables[kind];
      const held = table.get(key);
      if (nbf === 0) {
        if (held === undefined || held < exp) table.set(key, exp);
      } else {
        table.set(key, { exp: Math.max(held?.exp ?? 0, exp), nbf: Math.max(held?.nbf ?? 0, nbf) });
      }
    }
  }

  /**
   * The kind of a record that ends this token; `null` when there is none.
   * @param {ReturnType<HashKey['subject']>} token made with the present hash key
   */
  hit(token) {
    for (const [kind, key] of token.keys) {
      const held = this.#tables[kind].get(key);
      if (held !== undefined && (typeof held === 'number' || token.iat < held.nbf)) return kind;
    }
    const issuer = this.#tables.I.get('');
    return issuer !== undefined && token.iat < issuer.nbf ? 'I' : null;
  }

  /** Drops records that no live token can be hit by any more, by our clock and the issuer's: one that is wrong forgets nothing. */
  sweep(now) {
    if (!this.loaded) return;
    const dead = Math.floor(Math.min(now, this.asOf) / 1000) - KEPT;
    for (const table of Object.values(this.#tables)) {
      for (const [key, held] of table) {
        if ((typeof held === 'number' ? held : held.exp) <= dead) table.delete(key);
      }
    }
  }

  /**
   * How old what is known is, in milliseconds. The time since it arrived is counted on the monotonic clock too: setting our
   * clock back makes nothing young. What is as of a time to come is not believed more than what is as old.
   */
  age(now, offset, mono) {
    return Math.max(Math.abs(now + offset - this.asOf), mono - this.#arrivedAt);
  }

  /** `never_loaded`, `fresh`, `stale` (accepted, counted, warned of) or `too_old` (the policy decides). */
  state(now, offset, mono) {
    if (!this.loaded) return 'never_loaded';
    const age = this.age(now, offset, mono);
    if (age > this.#maxStale) return 'too_old';
    return age > FRESH || Math.abs(offset) > MAX_OFFSET || this.suspect ? 'stale' : 'fresh';
  }

  /** The state as one document, for a file. */
  toJSON() {
    const records = [];
    for (const [kind, table] of Object.entries(this.#tables)) {
      for (const [key, held] of table) {
        records.push(typeof held === 'number' ? [kind, key, held] : [kind, key, held.exp, held.nbf]);
      }
    }
    const { feedId, seq, asOf, jwksEtag } = this;
    return { v: 1, feed_id: feedId, seq, as_of: asOf, hash_key: this.#hash.hex, jwks_etag: jwksEtag ?? '', records };
  }

  /** Starts from what a file held. Only a young enough one counts as having followed the feed; an old one saves a snapshot. */
  restore(document, now, mono) {
    this.snapshot(document, mono);
    const age = Math.abs(now - document.asOf);
    this.loaded = age <= this.#maxStale;
    this.#arrivedAt = mono - age;
  }
}
