// Auth0's own SDK for servers (npm, unmodified) at the token endpoint and the MFA API: a password, the factor that is due after it,
// setting one up, codes, recovery codes, and removing it. Over https: that SDK speaks nothing else.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { sekisho } from "./support/sekisho.mjs";

const run = promisify(execFile);

test("auth0-auth-js logs in by a password and a second factor that it sets up itself", async () => {
  const dev = await sekisho("--https");
  const env = { PATH: process.env.PATH, SEKISHO_ISSUER: dev.issuer, SEKISHO_DATA_DIR: path.dirname(dev.ca) };
  const words = ["mfa-otp", "mfa-oob", "mfa-recovery-code"].map((word) => `http://auth0.com/oauth/grant-type/${word}`);
  const grants = ["authorization_code", "refresh_token", "password", "password-realm", ...words].flatMap((word) => ["--grant", word]);
  const update = ["client", "update", dev.web.client_id, "--mfa", "always", ...grants, "--json"];
  const { stdout } = await run(dev.binary, update, { env });
  assert.ok(JSON.parse(stdout).grant_types.includes("http://auth0.com/oauth/grant-type/password-realm"));

  // Node reads NODE_EXTRA_CA_CERTS when it starts, so this runs in a process of its own.
  const script = path.join(import.meta.dirname, "support/mfa_journey.mjs");
  const child = { ...process.env, NODE_EXTRA_CA_CERTS: dev.ca };
  delete child.NODE_TEST_CONTEXT;
  const journey = await run(process.execPath, [script, JSON.stringify({ issuer: dev.issuer, web: dev.web, user: dev.user })], { env: child });
  assert.match(journey.stdout, /^done: auth0-auth-js /m, journey.stdout);
});
