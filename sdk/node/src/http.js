// Requests to the issuer: where they may go, how long they may take and how much is read. Each answer also tells the clock.

/** A request that failed: `status` is 0 when there was no answer. */
export class HttpError extends Error {
  constructor(message, status = 0, body = '') {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.body = body;
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

/** Talks to one issuer. */
export class Http {
  #fetch;
  #clock;

  constructor({ fetch, clock }) {
    this.#fetch = fetch;
    this.#clock = clock;
  }

  /** Sends a request; the answer's body is still to be read. Redirects are errors. */
  async open(url, { signal, ...options } = {}) {
    const sent = this.#clock.now();
    let answer;
    try {
      answer = await this.#fetch(url, { redirect: 'error', ...options, signal });
    } catch (cause) {
      throw new HttpError(`${new URL(url).pathname} cannot be reached: ${cause.cause?.message ?? cause.message}`);
    }
    this.#clock.roundTrip(sent, this.#clock.now(), answer.headers.get('date'));
    return answer;
  }

  /** Sends a request and reads all of a 2xx answer, at most `limit` bytes of it, within `timeout` milliseconds. */
  async read(url, { timeout = 5_000, limit = 256 * 1024, signal, ...options } = {}) {
    const late = AbortSignal.timeout(timeout);
    const answer = await this.open(url, { ...options, signal: signal ? AbortSignal.any([signal, late]) : late });
    const chunks = [];
    let length = 0;
    try {
      for await (const chunk of answer.body ?? []) {
        length += chunk.length;
        if (length > limit) throw new HttpError(`${new URL(url).pathname} answered more than ${limit} bytes`);
        chunks.push(chunk);
      }
    } catch (cause) {
      throw cause instanceof HttpError ? cause : new HttpError(`${new URL(url).pathname} broke off: ${cause.message}`);
    }
    const text = Buffer.concat(chunks).toString();
    if (!answer.ok) throw new HttpError(`${new URL(url).pathname} answered ${answer.status}`, answer.status, text);
    return { status: answer.status, headers: answer.headers, text };
  }
}

/** A form body (RFC 6749 appendix B). */
export const form = (members) => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(members).toString(),
});
