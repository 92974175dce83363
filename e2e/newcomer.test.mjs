// The newcomer's story, in both languages: sign up or sign in, see the tokens, call the API in every way, refresh, leave.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, arrived, enterDemo, launch, signIn, signUp, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();

const WORDS = {
  en: { login: "Log in", subject: "you, by a name that never changes", refused: "Refused, as it should be" },
  ja: { login: "ログイン", subject: "主体。", refused: "正しく拒否されました" },
};

for (const lang of ["en", "ja"]) {
  test(`${lang}: sign in, read the tokens, call the API in every way, refresh, reload, leave`, async () => {
    const context = await visitor(browser, { lang });
    const page = await context.newPage();
    await page.goto(dev.spa.url);
    assert.equal(await page.textContent("#login"), WORDS[lang].login);
    await accessible(page, "demo, signed out");
    await page.click("#login");
    await page.waitForSelector("input[type=password]");
    assert.ok(page.url().startsWith(dev.issuer), `the password is asked for by the issuer, not at ${page.url()}`);
    assert.match(await page.getAttribute("html", "lang"), new RegExp(`^${lang}`));
    await signIn(page, dev.user);
    await arrived(page);
    assert.equal(new URL(page.url()).search, "", "the code does not stay in the address bar");
    assert.match(await page.textContent("#who-name"), new RegExp(dev.user.email));

    // Both tokens taken apart, their seals checked, their claims explained.
    const id = await claims(page, "#token-id");
    const access = await claims(page, "#token-access");
    assert.equal(id.iss, dev.issuer);
    assert.equal(id.aud, dev.spa.client_id);
    assert.ok([access.aud].flat().includes(dev.api.audience), `audience ${access.aud}`);
    assert.equal(access.exp - access.iat, 300, "the demo API's tokens live five minutes");
    assert.equal(access.sub, id.sub);
    for (const token of ["id", "access"]) {
      assert.equal(await page.getAttribute(`#token-${token} .seal`, "data-sealed"), "true");
      assert.match(await page.textContent(`#token-${token} .raw`), /^ey[\w-]+\.ey[\w-]+\.[\w-]+$/);
    }
    assert.match(await page.textContent("#token-id .claims"), /alg/);
    assert.ok((await page.textContent("#token-id")).includes(WORDS[lang].subject));
    const left = () => page.textContent("#token-access .left");
    const before = await left();
    assert.match(before, /^[45]:\d\d$/);
    await page.waitForFunction((was) => document.querySelector("#token-access .left").textContent !== was, before);

    // Every button, and what an honest API says.
    for (const [kind, status] of [["access", 200], ["read", 200], ["write", 201]]) {
      assert.equal(await call(page, kind), status, kind);
      assert.match(await page.textContent("#call-request"), /Authorization: Bearer ey/);
    }
    assert.match(await page.textContent("#call-request"), /^POST \/notes/);
    for (const [kind, reason] of [
      ["none", /401/],
      ["broken", /invalid_token/],
      ["expired", /expired/i],
      ["id", /ID token|audience/i],
    ]) {
      assert.equal(await call(page, kind), 401, kind);
      assert.match(await page.textContent("#call-response"), reason);
      assert.match(await page.textContent("#call-response"), /www-authenticate: Bearer/i);
      assert.ok((await page.textContent("#outcome")).includes(WORDS[lang].refused));
    }
    await accessible(page, "demo, signed in");

    // Refresh: another access token, which works.
    const was = await page.textContent("#token-access .raw");
    await page.click("#refresh");
    await page.waitForFunction((old) => document.querySelector("#token-access .raw").textContent !== old, was);
    assert.match(await page.textContent("#wire-request"), /grant_type=refresh_token/);
    assert.equal(await call(page, "access"), 200);

    // A reload empties the page's memory; the session at the issuer brings the tokens back without a form.
    await page.reload();
    await arrived(page);
    assert.ok(page.url().startsWith(dev.spa.url));
    assert.equal((await claims(page, "#token-id")).sub, id.sub);

    // Out, and out at the issuer as well: the next "log in" asks for the password again.
    await page.click("#logout");
    await page.waitForSelector("#signed-out:not([hidden])");
    await page.click("#login");
    await page.waitForSelector("input[type=password]");
    assert.deepEqual(context.troubles, []);
    await context.close();
  });

  test(`${lang}: sign up, and be somebody new`, async () => {
    const context = await visitor(browser, { lang });
    const page = await context.newPage();
    await page.goto(dev.spa.url);
    await page.click("#signup");
    await page.waitForSelector("input[name=email]");
    assert.match(page.url(), /signup/, "screen_hint=signup opens the sign-up page");
    const email = `newcomer-${lang}@example.com`;
    await signUp(page, { email, password: "Correct-Horse-42-Battery" });
    await arrived(page);
    assert.match(await page.textContent("#who-name"), new RegExp(email));
    assert.equal(await call(page, "read"), 200);
    assert.deepEqual(context.troubles, []);
    await context.close();
  });
}

test("the language switch changes every sentence at once, and is remembered", async () => {
  const context = await visitor(browser, { lang: "en" });
  const page = await context.newPage();
  await enterDemo(page, dev);
  await page.click("[data-lang=ja]");
  assert.equal(await page.getAttribute("html", "lang"), "ja");
  assert.match(await page.textContent("#logout"), /ログアウト/);
  assert.match(await page.textContent("#token-access"), /アクセストークン/);
  await page.reload();
  await arrived(page);
  assert.match(await page.textContent("#logout"), /ログアウト/);
  await context.close();
});

test("a callback nobody asked for is refused", async () => {
  const context = await visitor(browser);
  const page = await context.newPage();
  await page.goto(`${dev.spa.redirect_uri}?code=somebody-elses&state=not-ours`);
  await page.waitForSelector("#notice.bad");
  assert.match(await page.textContent("#notice-text"), /state_mismatch/);
  assert.ok(await page.isVisible("#login"));
  await context.close();
});

test("app and API listen on both loopback addresses, each on its own port", async () => {
  const ports = [dev.issuer, dev.spa.url, dev.api.url].map((url) => new URL(url).port);
  assert.equal(new Set(ports).size, 3);
  for (const host of ["127.0.0.1", "[::1]"])
    for (const port of ports.slice(1)) assert.equal((await fetch(`http://${host}:${port}/`)).status, 200, host);
});

/** The payload of a token as the page shows it, read back from the coloured text. */
async function claims(page, card) {
  return JSON.parse(Buffer.from(await page.textContent(`${card} .raw .payload`), "base64url").toString());
}

/** Presses one API button, waits for its answer, checks that the page calls it expected, and answers the status. */
async function call(page, kind) {
  await page.$eval("#outcome", (box) => box.replaceChildren()); // so that the next answer is surely the new one
  await page.click(`[data-call="${kind}"]`);
  const status = await page.waitForSelector(`#call-status[data-call="${kind}"]`);
  assert.equal(await status.getAttribute("data-as-expected"), "true", await page.textContent("#outcome"));
  return Number(await status.textContent());
}
