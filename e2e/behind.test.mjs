// The demo app behind the gateway in a real browser: an HttpOnly cookie here, identity headers and a token there, and an end at once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, launch, picture, signIn, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();

for (const [lang, theme, width] of [["en", "light", 1280], ["ja", "dark", 390]]) {
  test(`a cookie becomes a token that no script can see, and ends at once: ${lang}`, async () => {
    const person = await visitor(browser, { lang, theme, width });
    const page = await person.newPage();
    await page.goto(`${dev.gateway.url}?from=bookmark&x=a%2Fb`);
    await signIn(page, dev.user);
    await page.waitForFunction(() => document.querySelector("#me")?.textContent.includes("Bearer"));
    assert.equal(page.url(), `${dev.gateway.url}?from=bookmark&x=a%2Fb`, "back where it began");

    // The server knows who it is; the page holds nothing that opens anything.
    const told = await page.textContent("#me");
    assert.ok(told.includes(dev.user.email) && told.includes(dev.api.audience), told);
    const seen = await page.evaluate(() => [document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage })].join());
    assert.ok(!/eyJ|gateway/.test(seen), seen);
    const kept = await person.cookies(dev.gateway.url);
    const gateway = kept.find(({ name }) => name.startsWith("sekisho-gateway-"));
    assert.ok(gateway.httpOnly && gateway.sameSite === "Lax", JSON.stringify(gateway));

    await page.click("#call");
    await page.waitForSelector("#result[data-status='200']");
    await accessible(page, `behind-${lang}`);
    await picture(page, `behind-${lang}`);

    // Ended on the account page: the very next request is refused, and the next page asks to sign in.
    const account = await person.newPage();
    await account.goto(`${dev.issuer}account`);
    await account.click(".places li:first-child button");
    await account.waitForSelector("h1");
    await page.click("#call");
    await page.waitForSelector("#result[data-status='401']");
    await page.reload();
    await page.waitForSelector("input[type=password]");

    // Signing out where the app is ends the session for everybody.
    await signIn(page, dev.user);
    await page.waitForFunction(() => document.querySelector("#me")?.textContent.includes("Bearer"));
    await page.click("#logout");
    await page.waitForURL(`${dev.issuer}**`);
    await page.goto(`${dev.issuer}account`);
    await page.waitForSelector("input[type=password]");
    assert.deepEqual(person.troubles, []);
    await person.close();
  });
}
