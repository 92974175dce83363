// The hosted pages with JavaScript switched off: sign up, sign in, a wrong password, form_post, and out again.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";
import { launch, signIn, signUp, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();

test("a wrong password says so, the right one goes back to the app with a code that works", async () => {
  const context = await visitor(browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  const { url, verifier } = authorize();
  await page.goto(url);
  await signIn(page, { email: dev.user.email, password: "not this one" });
  await page.waitForSelector("[role=alert], .alert");
  await signIn(page, dev.user);
  await page.waitForURL((at) => at.href.startsWith(dev.spa.redirect_uri));
  const query = new URL(page.url()).searchParams;
  assert.equal(query.get("state"), "kept as it is =&%");
  const reply = await redeem(query.get("code"), verifier);
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  assert.ok(reply.body.id_token);
  await context.close();
});

test("sign up", async () => {
  const context = await visitor(browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  const { url, verifier } = authorize({ screen_hint: "signup" });
  await page.goto(url);
  await signUp(page, { email: "without-script@example.com", password: "Correct-Horse-42-Battery" });
  await page.waitForURL((at) => at.href.startsWith(dev.spa.redirect_uri));
  const reply = await redeem(new URL(page.url()).searchParams.get("code"), verifier);
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  await context.close();
});

test("form_post needs one press of a button", async (t) => {
  // The seeded clients' callbacks are not ours to listen on, so the browser is told that this address is here.
  const received = [];
  const callback = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk)).on("end", () => {
      received.push(new URLSearchParams(body));
      response.end("thank you");
    });
  });
  callback.listen(0, "127.0.0.1");
  t.after(() => callback.close());
  await once(callback, "listening");
  const context = await visitor(browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.route(`${dev.spa.redirect_uri}*`, async (route) => {
    const reply = await fetch(`http://127.0.0.1:${callback.address().port}/`, {
      method: route.request().method(),
      body: route.request().postData(),
    });
    await route.fulfill({ status: 200, contentType: "text/plain", body: await reply.text() });
  });
  const { url, verifier } = authorize({ response_mode: "form_post" });
  await page.goto(url);
  await signIn(page, dev.user);
  await page.waitForSelector(`form[action^="${dev.spa.redirect_uri}"] button`);
  await page.click("form button");
  await page.waitForURL((at) => at.href.startsWith(dev.spa.redirect_uri));
  assert.equal(received.length, 1);
  assert.equal(received[0].get("state"), "kept as it is =&%");
  assert.equal((await redeem(received[0].get("code"), verifier)).status, 200);
  await context.close();
});

function authorize(extra = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const query = new URLSearchParams({
    response_type: "code",
    client_id: dev.spa.client_id,
    redirect_uri: dev.spa.redirect_uri,
    scope: "openid email",
    state: "kept as it is =&%",
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...extra,
  });
  return { url: `${dev.issuer}authorize?${query}`, verifier };
}

async function redeem(code, verifier) {
  const reply = await fetch(`${dev.issuer}oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: dev.spa.client_id,
      code,
      code_verifier: verifier,
      redirect_uri: dev.spa.redirect_uri,
    }),
  });
  return { status: reply.status, body: await reply.json() };
}
