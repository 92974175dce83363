// Requests to the issuer: where they may go, how long they may take and how much is read. Each answer also tells the clock.

/** A request that failed: `status` is 0 when there was no answer. */
export class HttpError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
  }
}

const isLoopback = (host) => host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

/** `https`, or `http` between loopback addresses. */
export function checkUrl(text, from = text) {
  const [url, origin] = [new URL(text), new URL(from)];
  const plain = url.protocol === 'http:' && isLoopback(url.hostname) && isLoopback(origin.hostname);
  if (url.protocol !== 'https:' && !plain) throw new TypeError(`not https, nor http on loopback: ${text}`);
  return url;
}

/**
 * One request under way. It can be stopped at any time: by its signal until the answer comes, then by the reader of the body,
 * since a signal alone may be forgotten while a body is read.
 */
class Exchange {
  #controller = new AbortController();
  #reader = null;
  #ended;
  stopped = false;

  constructor(ended) {
    this.#ended = ended;
  }

  async send(fetch, url, options) {
    this.answer = await fetch(url, { redirect: 'error', ...options, signal: this.#controller.signal });
    if (this.stopped) this.stop();
  }

  /** The body, piece by piece; ends early when stopped. */
  async *chunks() {
    this.#reader = this.answer.body?.getReader() ?? null;
    while (this.#reader !== null && !this.stopped) {
      const { done, value } = await this.#reader.read();
      if (done) return;
      yield value;
    }
  }

  stop() {
    this.stopped = true;
    this.#controller.abort();
    this.#reader?.cancel().catch(() => {});
    this.#ended(this);
  }
}

/** Talks to one issuer. */
export class Http {
  #fetch;
  #clock;
  #running = new Set();
  #closed = false;

  constructor({ fetch, clock }) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** Stops all that is under way, and starts nothing more. */
  close() {
    this.#closed = true;
    for (const exchange of this.#running) exchange.stop();
  }

  /** A request that is to be sent; whoever made it stops it in the end. */
  exchange() {
    const exchange = new Exchange((ended) => this.#running.delete(ended));
    this.#running.add(exchange);
    return exchange;
  }

  /** Sends a request; the answer's body is still to be read. Redirects are errors. */
  async open(exchange, url, options) {
    const sent = this.#clock.now();
    if (this.#closed) throw new HttpError('the verifier is closed');
    try {
      await exchange.send(this.#fetch, url, options);
    } catch (cause) {
      throw new HttpError(`${new URL(url).pathname} cannot be reached: ${cause.cause?.message ?? cause.message}`);
    }
    this.#clock.roundTrip(sent, this.#clock.now(), exchange.answer.headers.get('date'));
    return exchange.answer;
  }

  /** Sends a request and reads all of a 2xx answer, at most `limit` bytes of it, within `timeout` milliseconds. */
  async read(url, { timeout = 5_000, limit = 256 * 1024, ...options } = {}) {
    const path = new URL(url).pathname;
    const exchange = this.exchange();
    const timer = setTimeout(() => exchange.stop(), timeout);
    const chunks = [];
    let length = 0;
    try {
      const answer = await this.open(exchange, url, options);
      for await (const chunk of exchange.chunks()) {
        length += chunk.length;
        if (length > limit) throw new HttpError(`${path} answered more than ${limit} bytes`);
        chunks.push(chunk);
      }
      if (exchange.stopped) throw new HttpError(`${path} did not answer in time`);
      if (!answer.ok) throw new HttpError(`${path} answered ${answer.status}`, answer.status);
      return { headers: answer.headers, text: Buffer.concat(chunks).toString() };
    } catch (cause) {
      throw cause instanceof HttpError ? cause : new HttpError(`${path} broke off: ${cause.message}`);
    } finally {
      clearTimeout(timer);
      exchange.stop();
    }
  }
}

/** A form body (RFC 6749 appendix B). */
export const form = (members) => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(members).toString(),
});
