/** What happens when the revocation feed has been silent for longer than `maxStale`. */
export type OnStale =
  /** 503: nothing is accepted that might be revoked. The default. */
  | 'closed'
  /** Ask the issuer about each token; an answer holds for 5 s. */
  | 'introspect'
  /** Accept until the token expires. Only for what may be read by somebody who was just logged out. */
  | 'until_exp';

export type State =
  /** Nothing is known yet. */
  | 'never_loaded'
  /** At most 2 s old. */
  | 'fresh'
  /** At most `maxStale` old, or our clock is more than 60 s off: accepted and counted. */
  | 'stale'
  /** Older: `onStale` decides. */
  | 'too_old';

export interface Options {
  /** The issuer's URL, exactly as in `iss`, with its slash at the end. `https`, or `http` on loopback. */
  issuer: string;
  /** This API's identifier; a token for any one of several is accepted. */
  audience: string | string[];
  /** The client that may read the feed: what `sekisho verifier add` printed. */
  clientId: string;
  clientSecret: string;
  onStale?: OnStale;
  /** Seconds, 2 to 86400; 30 by default. */
  maxStale?: number;
  /** Where to keep what is revoked, so that a restart need not begin with nothing. */
  stateFile?: string;
  /** Seconds that the issuer's clock may differ, 0 to 60; 0 by default. */
  leeway?: number;
  /** Signature algorithms; `['RS256']` by default. */
  algorithms?: string[];
  /** Verified tokens that are remembered; 10000 by default, 0 for none. */
  cacheSize?: number;
  /** Told of changes of state and of failures; by default changes of state go to standard error. */
  onEvent?: (event: VerifierEvent) => void;
  /** Another `fetch`, for a proxy or a private certificate authority. */
  fetch?: typeof globalThis.fetch;
}

export type VerifierEvent =
  | { name: 'state'; state: State; was: State; age: number }
  | { name: 'feed_error'; message: string; status?: number }
  | { name: 'state_file_error'; message: string };

export interface Demands {
  /** Words of scope, all of which the token must have. */
  scope?: string | string[];
  /** Another policy than the verifier's for this route. */
  onStale?: OnStale;
  /** What the caller has checked: the thumbprint of the key of a DPoP proof, or of the client's certificate. */
  proof?: { jkt?: string; x5tS256?: string };
}

/** The claims of a token that was accepted. Times are Unix seconds. */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | string[];
  readonly exp: number;
  readonly iat: number;
  readonly gid: string;
  readonly nbf?: number;
  readonly jti?: string;
  readonly sid?: string;
  readonly azp?: string;
  readonly client_id?: string;
  readonly scope?: string;
  readonly permissions?: string[];
  readonly [name: string]: unknown;
}

export interface Status {
  /** What a readiness probe answers with. */
  ready: boolean;
  state: State;
  /** Whether the issuer's keys are here. */
  keys: boolean;
  feedId: string | null;
  seq: number;
  /** Milliseconds; null before the first snapshot. */
  age: number | null;
  /** The issuer's clock less ours, in milliseconds. */
  offset: number;
  /** Live records. */
  records: number;
}

export class Verifier {
  constructor(options: Options);
  /** Resolves when tokens can be judged; rejects after `timeout` milliseconds (30000). */
  ready(options?: { timeout?: number }): Promise<void>;
  /** The claims of a good token; throws a {@link Refusal} otherwise. */
  check(token: string, demands?: Demands): Promise<Claims>;
  status(): Status;
  /** Counters by name; they only grow. */
  metrics(): Record<string, number>;
  /** Stops following the feed, and writes the state file. */
  close(): Promise<void>;
}

/** Makes a verifier, which begins to follow the feed at once. */
export function createVerifier(options: Options): Verifier;

/** Why a token was not accepted. */
export class Refusal extends Error {
  constructor(reason: string, detail?: string);
  /** Stable: `expired`, `revoked`, `scope`, `stale`, ... */
  readonly reason: string;
  readonly detail?: string;
  /** 400, 401, 403 or 503. */
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  readonly body: { error: string; error_description: string };
}

/** The token of an `Authorization` header; throws a {@link Refusal} when there is none. */
export function bearer(header: string | undefined): string;

/** What the middlewares leave in `request.auth`. */
export interface Auth {
  token: string;
  payload: Claims;
}
