// The real auth0-js (npm, unmodified) in a real browser: an application's own page signs people up, logs them in by password, has a new
// password asked for, and logs in by a mailed code. Its calls cross origins, so this is also the story of what CORS lets through.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { launch, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const { resolve } = createRequire(import.meta.url);
const SDK = readFileSync(resolve("auth0-js/dist/auth0.min.js"), "utf8");
console.log(`foreign client: auth0-js ${JSON.parse(readFileSync(resolve("auth0-js/package.json"))).version}`);

const CONNECTION = "Username-Password-Authentication";
const OTP = "http://auth0.com/oauth/grant-type/passwordless/otp";
Object.assign(process.env, { SEKISHO_PASSWORDLESS: "on", SEKISHO_SIGNUP: "immediate" });
const dev = await sekisho("--https");
const env = { PATH: process.env.PATH, SEKISHO_ISSUER: dev.issuer, SEKISHO_DATA_DIR: path.dirname(dev.ca) };
const grants = ["authorization_code", "refresh_token", "password", "password-realm", OTP].flatMap((word) => ["--grant", word]);
await promisify(execFile)(dev.binary, ["client", "update", dev.spa.client_id, ...grants], { env });
const browser = await launch();
const context = await visitor(browser, { ignoreHTTPSErrors: true });
const page = await context.newPage();
await page.goto(dev.spa.url);
await page.evaluate(SDK);

/** Calls a method of the SDK's `WebAuth` by its path; answers what its callback got. */
const call = (method, options) =>
  page.evaluate(
    ([settings, method, options]) =>
      new Promise((done) => {
        const names = method.split(".");
        const client = new globalThis.auth0.WebAuth(settings);
        const last = names.pop();
        const owner = names.reduce((object, name) => object[name], client);
        owner[last](options, (error, result) => done({ error: error && { code: error.code, description: error.description }, result }));
      }),
    [{ domain: dev.issuer.replace(/\/$/, ""), clientID: dev.spa.client_id, responseType: "token id_token" }, method, options],
  );

const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
const asked = { scope: "openid email", audience: dev.api.audience };

test("signup, and a login by password", async () => {
  const [email, password] = ["js-person@example.com", "Kirschkernweitspucken 34"];
  const made = await call("signup", { email, password, connection: CONNECTION });
  assert.equal(made.error, null);
  assert.equal(made.result.email, email);
  const again = await call("signup", { email, password, connection: CONNECTION });
  assert.equal(again.error.code, "invalid_signup");
  const { error, result } = await call("client.login", { realm: CONNECTION, username: email, password, ...asked });
  assert.equal(error, null);
  assert.equal(claims(result.idToken).email, email);
  const me = await call("client.userInfo", result.accessToken);
  assert.equal(me.result.sub, claims(result.idToken).sub);
});

test("a wrong password and an unknown address are one answer", async () => {
  const said = [];
  for (const username of [dev.user.email, "nobody@example.com"])
    said.push(await call("client.login", { realm: CONNECTION, username, password: "a wrong guess", ...asked }));
  assert.equal(said[0].error.code, "invalid_grant");
  assert.deepEqual(said[0], said[1]);
});

test("changePassword says one sentence to everybody", async () => {
  const said = [];
  for (const email of [dev.user.email, "nobody@example.com"]) said.push(await call("changePassword", { email, connection: CONNECTION }));
  assert.equal(said[0].error, null);
  assert.deepEqual(said[0], said[1]);
});

test("passwordlessStart mails a code, which logs in once", async () => {
  const started = await call("passwordlessStart", { connection: "email", send: "code", email: dev.user.email });
  assert.equal(started.error, null);
  const box = await context.newPage();
  let code;
  while (code === undefined) {
    await box.goto(new URL("dev/mailbox", dev.issuer).href);
    code = (await box.content()).match(/<p> {4}(\d{6})<\/p>/)?.[1];
  }
  await box.close();
  const login = { grantType: OTP, realm: "email", username: dev.user.email, otp: code, ...asked };
  const { error, result } = await call("client.oauthToken", login);
  assert.equal(error, null);
  assert.equal(claims(result.idToken).email, dev.user.email);
  const replayed = await call("client.oauthToken", login);
  assert.equal(replayed.error.code, "invalid_grant");
});
