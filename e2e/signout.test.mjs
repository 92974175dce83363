// Sign-out is the end for everybody: the app, the issuer, other tabs, and refresh tokens.

import assert from "node:assert/strict";
import { test } from "node:test";
import { enterDemo, launch, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();

test("after log out no tab is signed in, and kept tokens are worth nothing", async () => {
  const context = await visitor(browser);
  const page = await context.newPage();
  const granted = page.waitForResponse(`${dev.issuer}oauth/token`);
  await enterDemo(page, dev);
  const { access_token, refresh_token } = await (await granted).json();
  assert.ok(refresh_token, "the demo app asks for offline_access and gets a refresh token");
  const api = async () => (await fetch(new URL("/me", dev.api.url), { headers: { authorization: `Bearer ${access_token}` } })).status;
  assert.equal(await api(), 200);

  // Single sign-on: a second tab needs no form.
  const second = await context.newPage();
  await second.goto(dev.spa.url);
  await second.click("#login");
  await second.waitForSelector("#signed-in:not([hidden])");

  await page.click("#logout");
  await page.waitForSelector("#signed-out:not([hidden])");
  assert.equal(new URL(page.url()).origin, new URL(dev.spa.url).origin, "the browser is back at the app");

  // The demo API listens: the access token is over too, long before it expires.
  while ((await api()) !== 401) await new Promise((done) => setTimeout(done, 20));

  await second.reload();
  await second.waitForSelector("#signed-out:not([hidden])");
  await second.click("#login");
  await second.waitForSelector("input[type=password]");
  assert.deepEqual(context.troubles, []);
  await context.close();
});

test("/v2/logout goes back only to an address the client registered", async () => {
  const context = await visitor(browser);
  const page = await context.newPage();
  await enterDemo(page, dev);
  const evil = new URLSearchParams({ client_id: dev.spa.client_id, returnTo: "https://evil.example/" });
  const reply = await page.goto(`${dev.issuer}v2/logout?${evil}`);
  assert.equal(reply.status(), 400);
  assert.ok(page.url().startsWith(dev.issuer));
  await context.close();
});

test("/oidc/logout without a hint asks first", async () => {
  const context = await visitor(browser);
  const page = await context.newPage();
  await enterDemo(page, dev);
  await page.goto(`${dev.issuer}oidc/logout`);
  await page.click("form button[type=submit].primary");
  await page.waitForSelector("h1");
  const app = await context.newPage();
  await app.goto(dev.spa.url);
  await app.click("#login");
  await app.waitForSelector("input[type=password]");
  await context.close();
});
