// Signing in elsewhere, in a real browser: the real oidc-provider (npm), unmodified, is the other service. Its claims come from userinfo, its
// answers name their issuer (RFC 9207), its sign-in and consent pages are its own.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import Provider from "oidc-provider";
import { accessible, launch, picture, visitor } from "./support/browser.mjs";
import { deployment, freePort } from "./support/deployment.mjs";

const { version } = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("oidc-provider/package.json")));
console.log(`foreign provider: oidc-provider ${version}`);

const SECRET = "a secret of the client, long enough for anything";

/** Another service, where everybody has an account with the name they type. */
async function elsewhere(redirectUri) {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "sekisho", client_secret: SECRET, redirect_uris: [redirectUri] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: ["a key of the test"] },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: `${sub} elsewhere`, email: `${sub}@example.com`, email_verified: true }),
    }),
  });
  const server = provider.listen(port, "127.0.0.1");
  await once(server, "listening");
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return issuer;
}

const site = await deployment({ SEKISHO_EGRESS_ALLOW: "127.0.0.1", SEKISHO_SIGNUP: "immediate" }, async (command, issuer) => {
  const at = await elsewhere(`${issuer}login/callback`);
  const add = ["connection", "add", "oidc", "--name", "elsewhere", "--display-name", "Elsewhere", "--issuer", at];
  await command([...add, "--client-id", "sekisho"], SECRET);
  await command(["user", "add", "hanako@example.com"], "a password nobody guesses 7");
});
const browser = await launch();

/** A visitor for whom the other service's pages find their fonts empty instead of on the internet. */
async function person(settings) {
  const context = await visitor(browser, settings);
  const foreign = (url) => !["localhost", "127.0.0.1"].includes(url.hostname);
  await context.route(foreign, (route) => route.fulfill({ contentType: "text/css", body: "" }));
  return context;
}

/** Follows the button to the other service and signs in there. */
async function goAndSignIn(page, name) {
  await page.click("text=/Continue with Elsewhere|Elsewhere で続ける/");
  await page.waitForSelector("input[name=login]");
  assert.match(page.url(), /^http:\/\/127\.0\.0\.1:/);
  await page.fill("input[name=login]", name);
  await page.fill("input[name=password]", "anything");
  await page.click("button[type=submit]");
  await page.waitForSelector("text=Authorize");
}

test("through another service and back, and again", async () => {
  const context = await person();
  const page = await context.newPage();
  await page.goto(`${site.issuer}account`);
  await goAndSignIn(page, "taro");
  await page.click("button[type=submit]");
  await page.waitForSelector("nav.sections");
  assert.match(await page.textContent("main"), /taro elsewhere/);
  await page.goto(`${site.issuer}account/connections`);
  assert.match(await page.textContent("main"), /Elsewhere/);
  assert.match(await page.textContent("main"), /only way into your account/);
  await picture(page, "upstream-connections-en");
  await accessible(page, "linked accounts");
  assert.deepEqual(context.troubles, []);
  await context.close();
});

test("who says no there goes on here", async () => {
  const context = await person({ lang: "ja", theme: "dark", width: 390 });
  const page = await context.newPage();
  await page.goto(`${site.issuer}account`);
  await page.click("text=Elsewhere で続ける");
  await page.click("text=Cancel");
  await page.waitForSelector("[role=alert]");
  assert.match(await page.textContent("[role=alert]"), /Elsewhere/);
  assert.equal(await page.locator("input[type=password]").count(), 1);
  await picture(page, "upstream-denied-ja");
  await accessible(page, "sign-in after a no");
  await context.close();
});

test("an account with the same address is proven before the two are joined", async () => {
  const context = await person({ width: 390 });
  const page = await context.newPage();
  await page.goto(`${site.issuer}account`);
  await goAndSignIn(page, "hanako");
  await page.click("button[type=submit]");
  await page.waitForSelector("text=You already have an account");
  await picture(page, "upstream-join-prove-en");
  await accessible(page, "proof is asked for");
  await page.click("text=Sign in to my account");
  await page.fill("input[name=email]", "hanako@example.com");
  await page.fill("input[type=password]", "a password nobody guesses 7");
  await page.click("form button[type=submit].primary");
  await page.waitForSelector("button[value=link]");
  await picture(page, "upstream-join-confirm-en");
  await accessible(page, "joining is asked for");
  await page.click("button[value=link]");
  await page.waitForSelector("nav.sections");
  await context.close();

  // From now on it opens that account.
  const other = await person();
  const again = await other.newPage();
  await again.goto(`${site.issuer}account/connections`);
  await goAndSignIn(again, "hanako");
  await again.click("button[type=submit]");
  await again.waitForSelector("nav.sections");
  assert.match(await again.textContent("main"), /hanako@example\.com/);
  assert.equal(await again.locator("button[name=unlink]").count(), 1, "there is a password beside it");
  await other.close();
});

test("a change that matters asks for a new login there, not for the session that is open", async () => {
  const context = await person();
  const page = await context.newPage();
  await page.goto(`${site.issuer}account`);
  await goAndSignIn(page, "jiro");
  await page.click("button[type=submit]");
  await page.waitForSelector("nav.sections");
  await page.goto(`${site.issuer}account/passkeys/add`);
  await page.waitForSelector("input[type=password]");
  await page.click("text=Continue with Elsewhere");
  // Signed in there a moment ago, and asked all the same.
  await page.fill("input[name=login]", "jiro");
  await page.fill("input[name=password]", "anything");
  await page.click("button[type=submit]");
  const inside = page.locator("form[data-passkey=create]");
  await page.locator("text=Authorize").or(inside).first().waitFor({ state: "attached" });
  if ((await inside.count()) === 0) await page.click("button[type=submit]");
  await inside.waitFor({ state: "attached" });
  assert.deepEqual(context.troubles, []);
  await context.close();
});
