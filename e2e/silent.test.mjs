// Silent renewal with the real auth0-spa-js: an invisible iframe, the issuer's cookie, one message back (web_message).

import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, signIn, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";
import { openSdk, press, user } from "./support/sdk.mjs";

const dev = await sekisho();
const browser = await launch();

test("a signed-in browser gets fresh tokens without leaving the page", async () => {
  const context = await visitor(browser);
  const page = await openSdk(context, dev);
  await page.click("#login");
  await signIn(page, dev.user);
  await page.waitForSelector("#state[data-state=in]");
  const asked = [];
  page.on("request", (request) => request.url().startsWith(`${dev.issuer}authorize`) && asked.push(request));
  const result = await press(page, "token", "getTokenSilently");
  assert.equal(result.ok, true, JSON.stringify(result));
  assert.match(result.value.access_token, /^ey[\w-]+\.ey[\w-]+\.[\w-]+$/);
  assert.equal(asked.length, 1);
  const url = new URL(asked[0].url());
  assert.equal(url.searchParams.get("prompt"), "none");
  assert.equal(url.searchParams.get("response_mode"), "web_message");
  assert.notEqual(asked[0].frame(), page.mainFrame(), "it happened in an iframe");
  assert.deepEqual(context.troubles, []);
  await context.close();
});

test("a reload brings the user back by an iframe, with no form", async () => {
  const context = await visitor(browser);
  const page = await openSdk(context, dev);
  await page.click("#login");
  await signIn(page, dev.user);
  await page.waitForSelector("#state[data-state=in]");
  const before = await user(page);
  await page.reload();
  await page.waitForSelector("#state[data-state=in]");
  assert.deepEqual(await user(page), before);
  await context.close();
});

test("without a session the SDK hears login_required at once, not after its minute of patience", async () => {
  const context = await visitor(browser);
  const page = await openSdk(context, dev);
  const start = performance.now();
  const result = await press(page, "token", "getTokenSilently");
  assert.equal(result.ok, false);
  assert.equal(result.error, "login_required");
  assert.equal(result.message, "Login required");
  assert.ok(performance.now() - start < 30_000, "the SDK itself gives up after 60 seconds");
  await context.close();
});

test("the iframe's answer is framed by the app alone, and goes to the app alone", async () => {
  const context = await visitor(browser);
  const page = await openSdk(context, dev);
  const answered = page.waitForResponse((response) => response.url().startsWith(`${dev.issuer}authorize`));
  await press(page, "token", "getTokenSilently");
  const headers = await (await answered).allHeaders();
  assert.match(headers["content-security-policy"], new RegExp(`frame-ancestors ${new URL(dev.spa.url).origin}(;|$)`));
  assert.equal(headers["x-frame-options"], undefined);
  await context.close();
});
