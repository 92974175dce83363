// Express: lets a request pass only with a good access token, which is then `request.auth`.

import { Refusal, bearer } from './refusal.js';

/** @param {import('./verifier.js').Verifier} verifier */
export function requireToken(verifier, demands) {
  return async (request, response, next) => {
    try {
      const token = bearer(request.headers.authorization);
      request.auth = { token, payload: await verifier.check(token, demands) };
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) return next(refusal);
      response.writeHead(refusal.status, refusal.headers).end(JSON.stringify(refusal.body));
      return undefined;
    }
    return next();
  };
}
