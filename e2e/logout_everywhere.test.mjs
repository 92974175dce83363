// Logout everywhere in a real browser: single sign-on over two applications ends together, by the front and the back channel; and
// an application's page notices by Session Management that the person has gone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, launch, picture, signIn, visitor } from "./support/browser.mjs";
import { deployment, freePort } from "./support/deployment.mjs";
import { relyingParty } from "./support/relying_party.mjs";

const USER = { email: "hanako@example.com", password: "correct horse battery" };

const apps = [await relyingParty("shop", await freePort()), await relyingParty("forum", await freePort())];
const [shop, forum] = apps;
const op = await deployment({ SEKISHO_WIRE: "standard" }, async (command, issuer) => {
  await command(["user", "add", USER.email, "--verified"], `${USER.password}\n`);
  for (const app of apps) {
    app.issuer = issuer;
    app.client = await command([
      ...["client", "add", app.origin, "--kind", "regular_web", "--callback", `${app.origin}/callback`],
      ...["--logout-url", `${app.origin}/bye`, "--backchannel-logout-url", `${app.origin}/told`],
      ...["--frontchannel-logout-url", `${app.origin}/frame`, "--frontchannel-logout-session-required"],
    ]);
  }
});
const browser = await launch();

const state = async (page, app) => {
  await page.goto(`${app.origin}/`);
  return page.textContent("#state");
};

/** Signs in at the shop with the form and at the forum without. */
async function signInAtBoth(page) {
  await page.goto(`${shop.origin}/login`);
  await signIn(page, USER);
  await page.waitForSelector("#state");
  await page.goto(`${forum.origin}/login`);
  await page.waitForSelector("#state");
  assert.equal(await state(page, shop), "in");
  assert.equal(await state(page, forum), "in");
  for (const app of apps) {
    app.framed.length = 0;
    app.told.length = 0;
    app.frame = "answers";
  }
}

const logoutUrl = (app, more = {}) =>
  `${op.issuer}oidc/logout?${new URLSearchParams({
    id_token_hint: app.id_token,
    post_logout_redirect_uri: `${app.origin}/bye`,
    state: "kept & safe",
    ...more,
  })}`;

async function until(condition, what) {
  for (const start = Date.now(); !condition(); await new Promise((resolve) => setTimeout(resolve, 20))) {
    assert.ok(Date.now() - start < 15_000, what);
  }
}

for (const javaScriptEnabled of [true, false]) {
  test(`logging out of one application logs out of both, ${javaScriptEnabled ? "with" : "without"} script`, async () => {
    const context = await visitor(browser, { javaScriptEnabled });
    const page = await context.newPage();
    await signInAtBoth(page);
    await page.goto(logoutUrl(shop));
    await page.waitForURL(`${shop.origin}/bye?*`);
    assert.equal(new URL(page.url()).searchParams.get("state"), "kept & safe");
    for (const app of apps) {
      assert.equal(app.framed.length, 1, `${app.origin} was framed once`);
      assert.equal(app.framed[0].iss, op.issuer);
      await until(() => app.told.length === 1, `${app.origin} was told`);
      assert.equal(app.told[0].sid, app.framed[0].sid, "both channels name the same session");
      assert.equal(app.told[0].aud, app.client.client_id);
      assert.equal(await state(page, app), "out", "its own cookie has gone in the frame");
    }
    await page.goto(`${forum.origin}/login`);
    await page.waitForSelector("input[type=password]");
    assert.deepEqual(context.troubles, []);
    await context.close();
  });
}

test("a frame that never answers keeps nobody for long", async () => {
  const context = await visitor(browser);
  const page = await context.newPage();
  await signInAtBoth(page);
  forum.frame = "is silent";
  await page.goto(logoutUrl(shop), { waitUntil: "commit" });
  await page.waitForSelector("#onward");
  await accessible(page, "signed out, going on");
  await picture(page, "signed-out-onward");
  await page.waitForURL(`${shop.origin}/bye?*`);
  assert.equal(await state(page, forum), "told", "the back channel has ended it all the same");
  await context.close();
});

test("an application's page hears that the person has gone", async () => {
  const context = await visitor(browser);
  const page = await context.newPage();
  await signInAtBoth(page);
  assert.match(shop.session_state, /^[0-9a-f]{64}\.[0-9a-f]+$/);
  const watch = await context.newPage();
  await watch.goto(`${shop.origin}/watch`);
  const ask = (message) =>
    watch.evaluate(
      ([text, origin]) =>
        new Promise((resolve) => {
          addEventListener("message", ({ data, origin: from }) => resolve([data, from === origin]), { once: true });
          document.getElementById("op").contentWindow.postMessage(text, origin);
        }),
      [message, new URL(op.issuer).origin],
    );
  const question = `${shop.client.client_id} ${shop.session_state}`;
  assert.deepEqual(await ask(question), ["unchanged", true]);
  assert.deepEqual(await ask(`${forum.client.client_id} ${shop.session_state}`), ["changed", true]);
  assert.deepEqual(await ask("nonsense"), ["error", true]);
  await page.goto(logoutUrl(forum));
  await page.waitForURL(`${forum.origin}/bye?*`);
  assert.deepEqual(await ask(question), ["changed", true]);
  assert.deepEqual(context.troubles, []);
  await context.close();
});
