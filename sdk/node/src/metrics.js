// What a verifier counts, and whom it tells. The names are the same in every language's verifier.

/** Every counter, so that a monitor sees them at zero. */
export const COUNTERS = Object.freeze([
  'accepted', 'accepted_stale', 'refused', 'revoked', 'unavailable', 'introspected', 'cache_hits',
  'snapshots', 'snapshots_asked', 'batches', 'records', 'heartbeats', 'polls', 'connects', 'reauths', 'acks', 'ack_errors',
  'gaps', 'other_feeds', 'unknown_events', 'unknown_kinds', 'malformed', 'version_refused', 'stalls', 'feed_errors',
]);

/** The counters of one verifier. */
export class Metrics {
  #counts = Object.fromEntries(COUNTERS.map((name) => [name, 0]));
  #listener;

  /** @param {(event: {name: string}) => void} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  count(name, by = 1) {
    this.#counts[name] += by;
  }

  /** Tells the listener; what it throws is its own affair. */
  tell(name, detail) {
    try {
      this.#listener({ name, ...detail });
    } catch {
      // A listener that fails must not end the feed.
    }
  }

  read() {
    return { ...this.#counts };
  }
}

/** Says on standard error when revocations stop coming, and when they come again. */
export function warn({ name, state, was, age }) {
  if (name !== 'state' || was === 'never_loaded') return;
  const seconds = (age / 1_000).toFixed(1);
  console.warn(`sekisho: the revocation feed is ${state} (was ${was}), ${seconds} s old`);
}
