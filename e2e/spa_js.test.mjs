// The real auth0-spa-js, unmodified, in a real browser: redirect, popup, refresh tokens in its worker, logout.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { launch, signIn, visitor } from "./support/browser.mjs";
import { SDK_VERSION, openSdk, press, user } from "./support/sdk.mjs";
import { ROOT, sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();
const LOCKED = path.join(ROOT, "e2e/node_modules/@auth0/auth0-spa-js/dist");
const VENDORED = path.join(ROOT, "crates/server/demo/vendor");
console.log(`foreign client: @auth0/auth0-spa-js ${SDK_VERSION}`);

test("the demo carries the registry's build, byte for byte", () => {
  for (const [vendored, original] of [
    [`auth0-spa-js-${SDK_VERSION}.js`, "auth0-spa-js.production.js"],
    [`auth0-spa-js-${SDK_VERSION}.worker.js`, "auth0-spa-js.worker.production.js"],
  ])
    assert.ok(readFileSync(path.join(VENDORED, vendored)).equals(readFileSync(path.join(LOCKED, original))), vendored);
});

test("loginWithRedirect, getUser, getTokenSilently, logout", async () => {
  const context = await visitor(browser);
  const page = await openSdk(context, dev);
  const tokenRequest = page.waitForRequest(`${dev.issuer}oauth/token`);
  await page.click("#login");
  await signIn(page, dev.user);
  await page.waitForSelector("#state[data-state=in]");
  assert.match((await tokenRequest).headers()["content-type"], /^application\/x-www-form-urlencoded/);
  assert.ok((await tokenRequest).headers()["auth0-client"], "the SDK's telemetry header passes CORS");
  const somebody = await user(page);
  assert.equal(somebody.email, dev.user.email);
  assert.ok(somebody.sub.startsWith("auth0|"), somebody.sub);
  const { value } = await press(page, "token", "getTokenSilently");
  const me = await fetch(new URL("/me", dev.api.url), { headers: { authorization: `Bearer ${value.access_token}` } });
  assert.equal(me.status, 200, await me.clone().text());
  assert.equal((await me.json()).you, somebody.sub);

  await page.click("#logout");
  await page.waitForURL((url) => url.href.startsWith(new URL("/spa-js.html", dev.spa.url).href));
  await page.waitForSelector("#state[data-state=out]");
  const after = await press(page, "token", "getTokenSilently");
  assert.equal(after.error, "login_required", "logout ended the issuer's session too");
  assert.deepEqual(context.troubles, []);
  await context.close();
});

test("loginWithPopup", async () => {
  const context = await visitor(browser);
  const page = await openSdk(context, dev);
  const opened = page.waitForEvent("popup");
  await page.click("#popup");
  const popup = await opened;
  await signIn(popup, dev.user);
  await page.waitForSelector("#state[data-state=in]");
  assert.equal((await user(page)).email, dev.user.email);
  if (!popup.isClosed()) await popup.waitForEvent("close");
  assert.deepEqual(context.troubles, []);
  await context.close();
});

test("useRefreshTokens: three refreshes in a row, each with a fresh access token", async () => {
  const context = await visitor(browser);
  const page = await openSdk(context, dev);
  await page.click("#login");
  await signIn(page, dev.user);
  await page.waitForSelector("#state[data-state=in]");
  // A second client on the same page, as an app would configure it to refresh without iframes.
  const opened = page.waitForEvent("popup");
  const tokens = page.evaluate(
    async ({ issuer, client_id, audience }) => {
      const client = new globalThis.auth0.Auth0Client({
        domain: issuer.replace(/\/$/, ""),
        clientId: client_id,
        useRefreshTokens: true,
        workerUrl: "/vendor/auth0-spa-js-2.27.0.worker.js",
        authorizationParams: { redirect_uri: `${location.origin}/spa-js.html`, audience, scope: "openid profile email" },
      });
      await client.loginWithPopup();
      const seen = [await client.getTokenSilently()];
      for (let n = 0; n < 3; n++) seen.push(await client.getTokenSilently({ cacheMode: "off" }));
      return seen;
    },
    { issuer: dev.issuer, client_id: dev.spa.client_id, audience: dev.api.audience },
  );
  await opened; // the session is there already, so the popup closes by itself
  assert.equal(new Set(await tokens).size, 4);
  await context.close();
});
