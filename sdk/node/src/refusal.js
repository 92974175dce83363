// Why a token was not accepted, and how that is said over HTTP (RFC 6750 section 3). The names and sentences are the same in
// every language's verifier.

const SENTENCES = {
  too_long: 'The token is too long',
  not_jwt: 'The token is not a JWT; was the audience of this API asked for at login?',
  malformed: 'The token is not a well-formed JWT',
  algorithm: 'The token is signed with an algorithm that is not accepted here',
  no_key_id: 'The token does not name its key (kid)',
  unknown_key: 'The token is signed with a key that the issuer does not publish',
  signature: 'The signature does not hold',
  type: 'The token is of another type (typ)',
  issuer: 'The token is from another issuer',
  id_token: 'This is an ID token, which tells the app who the user is; an API needs the access token',
  logout_token: 'This is a logout token; an API needs the access token',
  bound: 'The token is bound to a key whose proof is not accepted here',
  audience: 'The token is for another audience; an API needs an access token made for it, not an ID token',
  party: 'The token names two different clients',
  expired: 'The token has expired',
  not_yet_valid: 'The token is not valid yet',
  issued_in_future: 'The token was issued in the future',
  revoked: 'The token was revoked',
  no_token: 'An access token is needed',
  bad_request: 'The Authorization header is not of the form: Bearer token',
  no_keys: 'The keys of the issuer cannot be had',
  not_ready: 'What was revoked is not known yet',
  stale: 'What was revoked lately is not known',
  introspection: 'The issuer cannot be asked about the token',
};

const SENTENCES_OF_CLAIM = {
  claim_missing: (claim) => `The claim ${claim} is missing`,
  claim_mistyped: (claim) => `The claim ${claim} has the wrong type or is out of range`,
  scope: (missing) => `The token lacks the scope: ${missing}`,
};

const UNAVAILABLE = new Set(['no_keys', 'not_ready', 'stale', 'introspection']);

/** A token that was not accepted. `reason` is stable, for tests and metrics; `message` may be shown to the sender. */
export class Refusal extends Error {
  /**
   * @param {string} reason
   * @param {string} [detail] the claim's name, or the missing scope
   */
  constructor(reason, detail) {
    super(detail === undefined ? SENTENCES[reason] : SENTENCES_OF_CLAIM[reason](detail));
    this.name = 'Refusal';
    this.reason = reason;
    this.detail = detail;
  }

  /** The status that answers the request. */
  get status() {
    if (UNAVAILABLE.has(this.reason)) return 503;
    if (this.reason === 'scope') return 403;
    return this.reason === 'bad_request' ? 400 : 401;
  }

  /** The error code of the answer. */
  get code() {
    return { 503: 'temporarily_unavailable', 403: 'insufficient_scope', 400: 'invalid_request', 401: 'invalid_token' }[this.status];
  }

  /** The headers of the answer. */
  get headers() {
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    if (this.status === 503) return { ...headers, 'retry-after': '1' };
    let challenge = 'Bearer';
    if (this.reason !== 'no_token') {
      challenge += ` error="${this.code}", error_description="${this.message}"`;
      if (this.reason === 'scope') challenge += `, scope="${this.detail}"`;
    }
    return { ...headers, 'www-authenticate': challenge };
  }

  /** The body of the answer. */
  get body() {
    return { error: this.code, error_description: this.message };
  }
}

/**
 * The token of `Authorization: Bearer <token>`; the only place it is taken from (RFC 6750 section 2.1).
 * @param {string | undefined} header
 */
export function bearer(header) {
  if (header === undefined) throw new Refusal('no_token');
  const [, scheme, rest] = /^([^ ]*) *(.*?) *$/s.exec(header);
  if (scheme.toLowerCase() !== 'bearer') throw new Refusal('no_token');
  if (rest === '' || rest.includes(' ')) throw new Refusal('bad_request');
  return rest;
}
