// The real openid-client (npm), unmodified: discovery, code + PKCE, verified ID tokens, refresh, userinfo, revocation,
// client credentials. Once over http on loopback, once over https with the local certificate authority.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { journey } from "./support/openid_journey.mjs";
import { sekisho } from "./support/sekisho.mjs";

const { version } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("openid-client/package.json")));
console.log(`foreign client: openid-client ${version}`);

const dev = await sekisho();

for (const kind of ["web with client_secret_post", "web with client_secret_basic", "spa", "machine"])
  test(`openid-client, ${kind}`, () => journey(kind, dev));

test("openid-client over https, trusting the local certificate authority", async () => {
  const https = await sekisho("--https");
  assert.match(https.issuer, /^https:/);
  assert.ok(https.ca && existsSync(https.ca), "the ready line names the certificate authority's file (ca)");
  // Node reads NODE_EXTRA_CA_CERTS when it starts, so this runs in a process of its own.
  const script = path.join(import.meta.dirname, "support/openid_journey.mjs");
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: https.ca };
  delete env.NODE_TEST_CONTEXT;
  for (const kind of ["web with client_secret_post", "spa", "machine"]) {
    const { stdout } = await promisify(execFile)(process.execPath, [script, kind, JSON.stringify(https)], { env });
    assert.match(stdout, /^done: /m, stdout);
  }
});
