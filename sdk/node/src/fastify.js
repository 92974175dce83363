// Fastify: an `onRequest` hook that lets a request pass only with a good access token, which is then `request.auth`.

import { Refusal, bearer } from './refusal.js';

/** @param {import('./verifier.js').Verifier} verifier */
export function requireToken(verifier, demands) {
  return async (request, reply) => {
    try {
      const token = bearer(request.headers.authorization);
      request.auth = { token, payload: await verifier.check(token, demands) };
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      return reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
    }
    return undefined;
  };
}
