// What the tests share: a verifier with short pauses, and waiting for something to be so.

import { createVerifier } from '../src/index.js';
import { AUDIENCE, Issuer } from './issuer.mjs';

export const TIMING = { connect: 1_000, silence: 300, jitter: 20, backOff: 20, maxBackOff: 100, pollFor: 60_000, pollWait: 0 };

/** An issuer and a verifier of it, both closed at the end of the test. */
export async function pair(t, options = {}, prepare = () => {}) {
  const issuer = await Issuer.start();
  prepare(issuer);
  const events = [];
  const verifier = open(t, issuer, { onEvent: (event) => events.push(event), ...options });
  t.after(() => issuer.down());
  return { issuer, verifier, events };
}

export function open(t, issuer, options = {}) {
  const verifier = createVerifier({
    issuer: issuer.url, audience: AUDIENCE, clientId: 'feed', clientSecret: 'secret', timing: TIMING, onEvent: () => {}, ...options,
  });
  t.after(() => verifier.close());
  return verifier;
}

/** Asks again and again until the answer is true; gives up after 10 s. */
export async function until(holds, what) {
  const end = performance.now() + 10_000;
  for (;;) {
    if (await holds()) return;
    if (performance.now() > end) throw new Error(`did not happen: ${what ?? holds}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The reason for which a token is refused; `null` when it is accepted. */
export const reason = (verifier, token, demands) => verifier.check(token, demands).then(() => null, (refusal) => refusal.reason);

/** A clock that can be set ahead. */
export function clock() {
  const skipped = { wall: 0, mono: 0 };
  return { skipped, now: () => Date.now() + skipped.wall, mono: () => performance.now() + skipped.mono };
}
