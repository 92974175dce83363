import type { Auth, Demands, Verifier } from './index.js';

/** An `onRequest` hook that lets a request pass only with a good access token, which is then `request.auth`. */
export function requireToken(verifier: Verifier, demands?: Demands): (request: any, reply: any) => Promise<void>;

declare module 'fastify' {
  interface FastifyRequest {
    auth?: Auth;
  }
}
