// This host's clock, and how far the issuer's is from it. The difference is bounded by each answer's `Date`: it was written
// between our sending and our receiving. Never by when an event arrives, which proxies may delay.

const KEPT = 300_000;

/** Wall clock, monotonic clock and the measured difference; all in milliseconds. */
export class Clock {
  #low = -Infinity;
  #high = Infinity;
  #since = -Infinity;

  /** @param {{now?: () => number, mono?: () => number}} [sources] */
  constructor({ now = Date.now, mono = () => performance.now() } = {}) {
    this.now = now;
    this.mono = mono;
    /** The issuer's clock less ours. */
    this.offset = 0;
  }

  /** Takes one round trip into account: its times by our clock, and the `Date` of the answer. */
  roundTrip(sent, received, date) {
    const told = Date.parse(date ?? '');
    if (Number.isNaN(told)) return;
    // The header holds whole seconds: the true time lay in the second that it names.
    const [low, high] = [told - received, told + 1_000 - sent];
    const joined = [Math.max(this.#low, low), Math.min(this.#high, high)];
    const fits = joined[0] <= joined[1] && this.mono() - this.#since < KEPT;
    if (!fits) this.#since = this.mono();
    [this.#low, this.#high] = fits ? joined : [low, high];
    this.offset = Math.round((this.#low + this.#high) / 2);
  }
}
