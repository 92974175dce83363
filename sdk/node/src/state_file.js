// What is revoked, kept in a file, so that a process that starts again need not begin with nothing.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { parseSnapshot } from './record.js';

const PAUSE = 10_000;

/** One file; written whole beside itself and renamed, readable by its owner only. */
export class StateFile {
  #path;
  #issuer;
  #busy = null;
  #notBefore = 0;
  #asOf = -1;

  constructor(path, issuer) {
    this.#path = path;
    this.#issuer = issuer;
  }

  /** What the file holds; `null` when there is none, or it is another issuer's, or cannot be read. */
  async load() {
    try {
      const text = await readFile(this.#path, 'utf8');
      const { issuer, offset } = JSON.parse(text);
      return issuer === this.#issuer && Number.isFinite(offset) ? { offset, document: parseSnapshot(text) } : null;
    } catch {
      return null;
    }
  }

  /** Writes what changed; a state that takes long to write is written less often. */
  async save(revocations, offset, mono) {
    if (this.#busy !== null || mono < this.#notBefore || revocations.asOf === this.#asOf) return;
    await this.flush(revocations, offset);
    const took = performance.now() - mono;
    this.#notBefore = mono + Math.max(PAUSE, took * 100);
  }

  async flush(revocations, offset) {
    await this.#busy;
    if (!revocations.loaded || revocations.suspect) return;
    this.#busy = this.#write({ ...revocations.toJSON(), issuer: this.#issuer, offset }).finally(() => { this.#busy = null; });
    await this.#busy;
    this.#asOf = revocations.asOf;
  }

  async #write(document) {
    const beside = `${this.#path}.${process.pid}.new`;
    await writeFile(beside, JSON.stringify(document), { mode: 0o600 });
    await rename(beside, this.#path);
  }
}
