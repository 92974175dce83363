import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auth, Demands, Verifier } from './index.js';

/** Middleware that lets a request pass only with a good access token, which is then `request.auth`. */
export function requireToken(
  verifier: Verifier,
  demands?: Demands,
): (request: IncomingMessage & { auth?: Auth }, response: ServerResponse, next: (error?: unknown) => void) => Promise<void>;
