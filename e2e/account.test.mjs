// The account page in a real browser: a person signed in at two places ends one of them from the other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, enterDemo, launch, signIn, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();

for (const lang of ["en", "ja"]) {
  test(`a place is ended from another: ${lang}`, async () => {
    const phone = await visitor(browser, { lang, width: 390 });
    const app = await phone.newPage();
    const granted = app.waitForResponse(`${dev.issuer}oauth/token`);
    await enterDemo(app, dev);
    const { refresh_token } = await (await granted).json();

    const desk = await visitor(browser, { lang, theme: "dark" });
    const page = await desk.newPage();
    await page.goto(`${dev.issuer}account`);
    await signIn(page, dev.user);
    await page.waitForSelector(".places li");
    assert.equal(new URL(page.url()).pathname, "/account");
    assert.equal(await page.locator(".places li").count(), 2);
    assert.equal(await page.locator(".places li:first-child .badge").count(), 1, "this browser comes first");
    const seen = await page.locator(".places time").first().textContent();
    assert.ok(!seen.includes("UTC"), `in the reader's own clock: ${seen}`);
    await accessible(page, `account-${lang}`);
    await page.click(".places li:nth-child(2) button");
    await page.waitForSelector(".notice");
    assert.equal(await page.locator(".places li").count(), 1);

    const refresh = { grant_type: "refresh_token", client_id: dev.spa.client_id, refresh_token };
    const reply = await fetch(`${dev.issuer}oauth/token`, { method: "POST", body: new URLSearchParams(refresh) });
    assert.equal((await reply.json()).error, "invalid_grant");
    await app.reload();
    await app.waitForSelector("#signed-out:not([hidden])");
    await app.click("#login");
    await app.waitForSelector("input[type=password]");

    await page.click(".places li:first-child button");
    await page.waitForSelector("h1");
    await page.goto(`${dev.issuer}account`);
    await page.waitForSelector("input[type=password]");
    assert.deepEqual([...phone.troubles, ...desk.troubles], []);
    await phone.close();
    await desk.close();
  });
}
