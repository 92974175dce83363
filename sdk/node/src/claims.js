// What the claims of a token must be before an API believes it. Same checks, order and names as in every language's verifier;
// the signature was checked before.

import { Refusal } from './refusal.js';

const ABSENT = undefined;
/** Nobody hands a token on more often, and each costs a look at the revocations. */
const MOST_ACTORS = 8;

function text(claims, name) {
  const value = claims[name];
  if (value !== ABSENT && (typeof value !== 'string' || value === '')) throw new Refusal('claim_mistyped', name);
  return value;
}

function required(value, name) {
  if (value === ABSENT) throw new Refusal('claim_missing', name);
  return value;
}

function seconds(claims, name) {
  const value = claims[name];
  if (value !== ABSENT && !(Number.isSafeInteger(value) && value >= 0)) throw new Refusal('claim_mistyped', name);
  return value;
}

function texts(claims, name) {
  const value = claims[name];
  if (value === ABSENT) return [];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) throw new Refusal('claim_mistyped', name);
  return value;
}

/** `typ` (RFC 7515 section 4.1.9, RFC 9068 section 2.1): a media type, so case does not count. */
function checkType(typ) {
  const short = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : '';
  if (short === 'logout+jwt') throw new Refusal('logout_token');
  if (short !== 'jwt' && short !== 'at+jwt') throw new Refusal('type');
  return short;
}

/** The confirmation claim (RFC 7800): each of its members must be proven by what the caller passes in. */
function checkBinding(cnf, proof) {
  const members = cnf !== null && typeof cnf === 'object' ? Object.entries(cnf) : [];
  const given = { jkt: proof?.jkt, 'x5t#S256': proof?.x5tS256 };
  const proven = members.length > 0 && members.every(([name, value]) => typeof value === 'string' && value !== '' && given[name] === value);
  if (!proven) throw new Refusal('bound');
}

/** Every `sub` in the chain of `act` (RFC 8693 section 4.1). */
function actors(claims) {
  const found = [];
  for (let act = claims.act; act !== ABSENT; act = act.act) {
    if (act === null || typeof act !== 'object' || Array.isArray(act)) throw new Refusal('claim_mistyped', 'act');
    const sub = text(act, 'sub');
    if (sub !== ABSENT) found.push(sub);
  }
  if (found.length > MOST_ACTORS) throw new Refusal('claim_mistyped', 'act');
  return found;
}

/**
 * Judges claims whose signature holds.
 * @returns {{claims: Readonly<Record<string, unknown>>, subject: object, exp: number, nbf: number, iat: number, scope: Set<string>}}
 */
export function judge(header, claims, { issuer, audiences, proof }) {
  const typ = checkType(header.typ);
  const iss = claims.iss;
  if (iss === ABSENT) throw new Refusal('claim_missing', 'iss');
  if (typeof iss !== 'string') throw new Refusal('claim_mistyped', 'iss');
  if (iss !== issuer) throw new Refusal('issuer');
  if (claims.events !== ABSENT) throw new Refusal('logout_token');
  if (['nonce', 'at_hash', 'c_hash'].some((name) => claims[name] !== ABSENT)) throw new Refusal('id_token');
  if (claims.cnf !== ABSENT) checkBinding(claims.cnf, proof);
  if (claims.gid === ABSENT) throw typ === 'jwt' ? new Refusal('id_token') : new Refusal('claim_missing', 'gid');

  const aud = typeof claims.aud === 'string' ? [claims.aud] : texts(claims, 'aud');
  if (aud.length === 0) throw new Refusal(claims.aud === ABSENT ? 'claim_missing' : 'claim_mistyped', 'aud');
  const words = claims.scope ?? (claims.scope === null ? null : '');
  if (typeof words !== 'string' || !/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(words)) throw new Refusal('claim_mistyped', 'scope');
  texts(claims, 'permissions');
  const azp = text(claims, 'azp');
  const clientId = text(claims, 'client_id');
  if (azp !== ABSENT && clientId !== ABSENT && azp !== clientId) throw new Refusal('party');
  const sub = required(text(claims, 'sub'), 'sub');
  const exp = required(seconds(claims, 'exp'), 'exp');
  const iat = required(seconds(claims, 'iat'), 'iat');
  const nbf = seconds(claims, 'nbf') ?? 0;
  const [jti, gid, sid] = ['jti', 'gid', 'sid'].map((name) => text(claims, name));
  const subject = { iat, kid: header.kid, jti, gid, sid, sub, actors: actors(claims), client: clientId ?? azp };

  if (!aud.some((one) => audiences.includes(one))) throw new Refusal('audience');
  return { claims: Object.freeze(claims), subject, exp, nbf, iat, scope: new Set(words.split(' ').filter(Boolean)) };
}

/** RFC 7519 sections 4.1.4 to 4.1.6: dead at `exp`, alive at `nbf`. Times are Unix seconds. */
export function checkTimes({ exp, nbf, iat }, now, leeway) {
  if (now >= exp + leeway) throw new Refusal('expired');
  if (nbf > now + leeway) throw new Refusal('not_yet_valid');
  if (iat > now + leeway) throw new Refusal('issued_in_future');
}

/** @param {Set<string>} held @param {string[]} wanted */
export function checkScope(held, wanted) {
  const missing = wanted.filter((word) => !held.has(word));
  if (missing.length > 0) throw new Refusal('scope', missing.join(' '));
}
