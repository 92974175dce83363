// Follows the revocation feed of an issuer: token, snapshot, stream (or long poll where streams do not pass), acknowledgement.
// Owns when to connect again; what documents mean is `revocations`'.

import { randomBytes } from 'node:crypto';
import { HttpError, form } from './http.js';
import { FeedError, VERSION, parseBatch, parseHeartbeat, parseSnapshot } from './record.js';
import { Applied } from './revocations.js';
import { events } from './sse.js';

const ACK_PAUSE = 250;
const ROUND_TRIP_PAUSE = 30_000;
const SNAPSHOT_LIMIT = 1024 * 1024 * 1024;
const SNAPSHOT_TIMEOUT = 60_000;

/** How long things may take, in milliseconds; tests make them short. */
export const TIMING = { connect: 5_000, silence: 3_000, jitter: 500, backOff: 250, maxBackOff: 5_000, pollFor: 60_000, pollWait: 1 };

/** One connection to the feed, kept up until it is closed. */
export class Feed {
  #base;
  #client;
  #http;
  #clock;
  #revocations;
  #timing;
  #metrics;
  #applied;
  #closed = false;
  #wake = new Set();
  #verifier = randomBytes(16).toString('base64url');
  #token = null;
  #failures = 0;
  #mute = 0;
  #pollUntil = -Infinity;
  #stream = null;
  #ackTimer = null;
  #ackedAt = -Infinity;

  /** @param {{issuer: string, client: {id: string, secret: string}, http, clock, revocations, timing, metrics, applied: (records: object[]) => void}} parts */
  constructor({ issuer, client, http, clock, revocations, timing, metrics, applied }) {
    this.#base = issuer.replace(/\/?$/, '/');
    this.#client = client;
    this.#http = http;
    this.#clock = clock;
    this.#revocations = revocations;
    this.#timing = { ...TIMING, ...timing };
    this.#metrics = metrics;
    this.#applied = applied;
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#ackTimer);
    for (const wake of this.#wake) wake();
  }

  /** Follows the feed; returns when closed. */
  async run() {
    while (!this.#closed) {
      try {
        if (this.#revocations.needsSnapshot) await this.#snapshot();
        if (this.#clock.mono() < this.#pollUntil) await this.#poll();
        else await this.#follow();
      } catch (cause) {
        if (this.#closed) return;
        await this.#failed(cause);
      }
    }
  }

  async #failed(cause) {
    if (cause instanceof FeedError) {
      // Until it is understood what was said, nothing here counts as fresh.
      this.#revocations.suspect = true;
      this.#metrics.count(cause.kind === 'unknown_kind' ? 'unknown_kinds' : 'malformed');
    }
    if (cause.status === 410) {
      this.#revocations.suspect = true;
      this.#metrics.count('gaps');
    }
    if (cause.status === 406) this.#metrics.count('version_refused');
    if (cause.status === 401) this.#token = null;
    this.#metrics.count('feed_errors');
    this.#metrics.tell('feed_error', { message: cause.message, status: cause.status });
    const back = Math.min(this.#timing.backOff * 2 ** this.#failures, this.#timing.maxBackOff);
    this.#failures += 1;
    await this.#pause(back * (0.5 + Math.random() / 2));
  }

  /** Waits, but not beyond the end. */
  #pause(milliseconds) {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wake.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#wake.add(done);
    });
  }

  /** The feed's own access token (RFC 6749 section 4.4), kept until a minute before its end. */
  async #bearer() {
    if (this.#token === null || this.#clock.mono() > this.#token.until) {
      const asked = form({
        grant_type: 'client_credentials',
        client_id: this.#client.id,
        client_secret: this.#client.secret,
        audience: `${this.#base}revocations`,
        scope: 'read:revocations',
      });
      const { text } = await this.#http.read(`${this.#base}oauth/token`, { ...asked });
      const { access_token: token, expires_in: life } = JSON.parse(text);
      if (typeof token !== 'string') throw new HttpError('/oauth/token answered without a token');
      this.#token = { token, until: this.#clock.mono() + Math.max((Number(life) || 0) - 60, 1) * 1_000 };
    }
    return { authorization: `Bearer ${this.#token.token}` };
  }

  async #snapshot() {
    // Many verifiers lose their place at the same moment; they need not come back at the same one.
    if (this.#revocations.feedId !== null) await this.#pause(Math.random() * this.#timing.jitter);
    const headers = await this.#bearer();
    const { text } = await this.#http.read(`${this.#base}revocations/snapshot?v=${VERSION}`, {
      headers, timeout: SNAPSHOT_TIMEOUT, limit: SNAPSHOT_LIMIT,
    });
    const document = parseSnapshot(text);
    this.#revocations.snapshot(document, this.#clock.mono());
    this.#metrics.count('snapshots');
    this.#took(document.records);
  }

  #took(records) {
    this.#failures = 0;
    this.#metrics.count('records', records.length);
    this.#applied(records);
    this.#acknowledge();
  }

  #address(more) {
    const { seq, feedId } = this.#revocations;
    const query = new URLSearchParams({ after: seq, feed_id: feedId, v: VERSION, verifier: this.#verifier, ...more });
    return `${this.#base}revocations?${query}`;
  }

  async #follow() {
    const headers = { ...(await this.#bearer()), accept: 'text/event-stream', 'cache-control': 'no-cache' };
    const stream = (this.#stream = this.#http.exchange());
    let watch;
    const awake = (limit) => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        this.#metrics.count('stalls');
        silent = !heard;
        stream.stop();
      }, limit);
    };
    const roundTrips = setInterval(() => this.#acknowledge(), ROUND_TRIP_PAUSE);
    let heard = false;
    let silent = false;
    try {
      awake(this.#timing.connect);
      const answer = await this.#http.open(stream, this.#address(), { headers });
      if (!answer.ok) throw new HttpError(`/revocations answered ${answer.status}`, answer.status);
      this.#metrics.count('connects');
      awake(this.#timing.silence);
      if (!answer.headers.get('content-type')?.startsWith('text/event-stream')) {
        silent = true;
        return;
      }
      for await (const event of events(stream.chunks(), () => awake(this.#timing.silence))) {
        heard = true;
        this.#failures = 0;
        if (!this.#event(event)) return;
      }
    } catch (cause) {
      if (!stream.stopped) throw cause;
    } finally {
      clearTimeout(watch);
      clearInterval(roundTrips);
      stream.stop();
      this.#notice(silent);
    }
    await this.#pause(Math.random() * Math.min(this.#timing.jitter, this.#timing.backOff));
  }

  /** Where streams open and say nothing, twice, something between us and the issuer holds them back. */
  #notice(silent) {
    this.#mute = silent ? this.#mute + 1 : 0;
    if (this.#mute < 2) return;
    this.#mute = 0;
    this.#pollUntil = this.#clock.mono() + this.#timing.pollFor;
  }

  /** Takes one event; says whether to go on reading. */
  #event({ name, data }) {
    switch (name) {
      case 'records':
        this.#metrics.count('batches');
        return this.#batch(data);
      case 'heartbeat':
        this.#metrics.count('heartbeats');
        return this.#judge(this.#revocations.heartbeat(parseHeartbeat(data), this.#clock.mono()), []);
      case 'reauth':
        this.#metrics.count('reauths');
        this.#reauth();
        return true;
      case 'snapshot':
        this.#metrics.count('snapshots_asked');
        this.#revocations.suspect = true;
        return false;
      default:
        this.#metrics.count('unknown_events');
        this.#revocations.suspect = true;
        return false;
    }
  }

  #batch(data) {
    const batch = parseBatch(data);
    return this.#judge(this.#revocations.batch(batch, this.#clock.mono()), batch.records);
  }

  #judge(outcome, records) {
    if (outcome !== Applied.Yes) {
      this.#metrics.count(outcome === Applied.Gap ? 'gaps' : 'other_feeds');
      return false;
    }
    if (records.length > 0) this.#took(records);
    else this.#applied(records);
    return true;
  }

  /** The present token ends soon: get another while the stream is still open, then connect again. */
  async #reauth() {
    this.#token = null;
    const stream = this.#stream;
    while (!stream.stopped && !this.#closed) {
      try {
        await this.#bearer();
        stream.stop();
      } catch {
        await this.#pause(this.#timing.backOff);
      }
    }
  }

  async #poll() {
    this.#metrics.count('polls');
    const { text } = await this.#http.read(this.#address({ wait: this.#timing.pollWait }), {
      headers: await this.#bearer(),
      timeout: this.#timing.connect + this.#timing.pollWait * 1_000,
      limit: 16 * 1024 * 1024,
    });
    this.#batch(text);
    this.#failures = 0;
  }

  /** Says how far we are, at most every 250 ms: what happens in between goes with the next. */
  #acknowledge() {
    if (this.#ackTimer !== null || this.#closed) return;
    const wait = Math.max(0, this.#ackedAt + ACK_PAUSE - this.#clock.mono());
    this.#ackTimer = setTimeout(async () => {
      this.#ackTimer = null;
      this.#ackedAt = this.#clock.mono();
      const { feedId, seq } = this.#revocations;
      try {
        const headers = { ...(await this.#bearer()), 'content-type': 'application/json' };
        const body = JSON.stringify({ feed_id: feedId, seq, verifier: this.#verifier });
        await this.#http.read(`${this.#base}revocations/ack`, { method: 'POST', headers, body });
        this.#metrics.count('acks');
      } catch {
        this.#metrics.count('ack_errors');
      }
    }, wait);
  }
}
