// The documents of the revocation feed and their records, read strictly: a record that was not understood is a token that
// was not refused. Owns the wire and the hash; how records are kept is `revocations`'.

import siphash from 'siphash';

/** The version of the feed spoken here. */
export const VERSION = 1;

const HAS_NBF = new Set(['U', 'C', 'I']);
const KINDS = new Set(['S', 'G', 'J', 'K', ...HAS_NBF]);

/** Why a document was not taken: `malformed`, `version` or `unknown_kind`. */
export class FeedError extends Error {
  constructor(kind) {
    super(`a document of the revocation feed is not understood: ${kind}`);
    this.name = 'FeedError';
    this.kind = kind;
  }
}

function expect(condition) {
  if (!condition) throw new FeedError('malformed');
}

const isNumber = (value) => Number.isSafeInteger(value) && value >= 0;
const isText = (value) => typeof value === 'string';

/** Reads a record: `["S", "<16 hex>", exp]`, with `nbf` as fourth for the kinds U, C and I. Times are Unix seconds. */
export function parseRecord(parts) {
  expect(Array.isArray(parts) && isText(parts[0]));
  const [kind, key, exp, nbf] = parts;
  if (!KINDS.has(kind)) throw new FeedError('unknown_kind');
  const hasNbf = HAS_NBF.has(kind);
  expect(parts.length === (hasNbf ? 4 : 3) && isText(key) && isNumber(exp));
  expect(kind === 'I' ? key === '' : /^[0-9a-f]{16}$/.test(key));
  expect(!hasNbf || (isNumber(nbf) && nbf > 0));
  return { kind, key, exp, nbf: hasNbf ? nbf : 0 };
}

function read(text) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    throw new FeedError('malformed');
  }
  expect(document !== null && typeof document === 'object' && isNumber(document.v));
  if (document.v !== VERSION) throw new FeedError('version');
  const { feed_id: feedId, seq, as_of: asOf, jwks_etag: jwksEtag } = document;
  expect(isText(feedId) && isNumber(seq) && isNumber(asOf) && isText(jwksEtag));
  return { document, position: { feedId, seq, asOf, jwksEtag } };
}

function records(document) {
  expect(Array.isArray(document.records));
  return document.records.map(parseRecord);
}

/** Reads a snapshot. */
export function parseSnapshot(text) {
  const { document, position } = read(text);
  expect(isText(document.hash_key) && /^[0-9a-f]{32}$/.test(document.hash_key));
  return { ...position, hashKey: document.hash_key, records: records(document) };
}

/** Reads a batch: one number for each record, so that a batch that lost one cannot look whole. */
export function parseBatch(text) {
  const { document, position } = read(text);
  const batch = { ...position, prev: document.prev, records: records(document) };
  expect(isNumber(batch.prev) && batch.seq - batch.prev === batch.records.length);
  return batch;
}

/** Reads a heartbeat. */
export function parseHeartbeat(text) {
  return read(text).position;
}

/** The key that a deployment's verifiers share, and what it makes of ids. */
export class HashKey {
  #words;

  /** @param {string} hex 32 hexadecimal digits */
  constructor(hex) {
    this.hex = hex;
    const bytes = Buffer.from(hex, 'hex');
    this.#words = [0, 4, 8, 12].map((at) => bytes.readUInt32LE(at));
  }

  /** SipHash-2-4 over the kind's letter and the id in UTF-8, in 16 hexadecimal digits. */
  key(kind, id) {
    return siphash.hash_hex(this.#words, Buffer.from(kind + id));
  }

  /**
   * Every record key that could hit a token, as `[kind, key]`; its `iat` is kept beside. Absent claims have none.
   * @param {{iat: number, kid?: string, jti?: string, gid?: string, sid?: string, sub?: string, actors?: string[], client?: string}} subject
   */
  subject({ iat, kid, jti, gid, sid, sub, actors = [], client }) {
    const ids = [['S', sid], ['G', gid], ['J', jti], ['U', sub], ['C', client], ['K', kid], ...actors.map((id) => ['U', id])];
    const keys = ids.filter(([, id]) => id !== undefined && id !== null).map(([kind, id]) => [kind, this.key(kind, id)]);
    return { iat, keys, hashKey: this.hex };
  }
}
