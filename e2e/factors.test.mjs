// Second factors in a real browser: an authenticator application set up on the account page, asked for at the next sign-in, left out in a
// browser that was remembered; recovery codes that work once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, launch, picture, signIn, signUp, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";
import { totp } from "./support/totp.mjs";

const dev = await sekisho();
const browser = await launch();

const WORDS = {
  en: { mail: "A recovery code of your", removed: "It was removed." },
  ja: { mail: "復旧コードが使用されました", removed: "削除しました" },
};

/** Signs in with the password, up to the page that asks for more. */
async function upToFactor(page, person) {
  await page.goto(`${dev.issuer}account`);
  await signIn(page, person);
  await page.waitForSelector("#code");
  assert.equal(new URL(page.url()).pathname, "/u/factor");
}

/** Leaves the code, and sends it. */
async function enter(page, code) {
  await page.fill("#code", code);
  await page.click("form .primary");
}

/** The same with a recovery code. */
async function byRecoveryCode(page, code) {
  await page.click(".ways a[href*='recovery']");
  await page.waitForSelector("#code");
  await enter(page, code);
}

/** Signs this browser out on the account page. */
async function leave(page) {
  await page.goto(`${dev.issuer}account`);
  await page.click(".places li:first-child button");
  await page.waitForFunction(() => document.querySelector(".places") === null);
}

for (const [lang, theme] of [["en", "light"], ["ja", "dark"]]) {
  test(`two-step sign-in from the account page on: ${lang}`, async () => {
    const words = WORDS[lang];
    const person = { email: `factors-${lang}@example.com`, password: "seven quiet herons at dusk" };
    const desk = await visitor(browser, { lang, theme });
    const page = await desk.newPage();
    const look = async (at, name) => {
      await accessible(at, `${name}-${lang}`);
      await picture(at, `factors-${name}-${lang}-${theme}`);
    };
    await page.goto(`${dev.issuer}account`);
    await page.waitForSelector("input[type=password]");
    await page.click("a[href*='/u/signup']");
    await page.waitForSelector("form[action^='/u/signup']");
    await signUp(page, person);
    await page.waitForSelector(".places li");

    // Set up by the secret that stands below the picture; a wrong code changes nothing.
    await page.goto(`${dev.issuer}account/factors`);
    await look(page, "none");
    await page.click(".choices a.primary");
    await page.waitForSelector("#secret");
    await look(page, "totp");
    await enter(page, "000000");
    await page.waitForSelector("#code-wrong");
    const secret = (await page.textContent("#secret")).replaceAll(/\s/g, "");
    assert.match(await page.getAttribute("a[href^='otpauth:']", "href"), new RegExp(`secret=${secret}`));
    await enter(page, totp(secret));
    await page.waitForSelector("#codes li");
    const codes = (await page.locator("#codes li").allTextContents()).map((code) => code.trim());
    assert.equal(new Set(codes).size, 10);
    await look(page, "codes");
    // On paper it says whose codes they are, and the buttons are gone.
    await page.emulateMedia({ media: "print" });
    assert.ok((await page.textContent(".on-paper")).includes(person.email));
    assert.deepEqual([await page.isVisible(".on-paper"), await page.isVisible(".tools")], [true, false]);
    await page.emulateMedia({ media: "screen" });
    await page.click(".choices a.primary");
    await page.waitForSelector(".places li");
    await look(page, "one");

    // Asked for at the next sign-in, and not again in a browser that was told so.
    const phone = await visitor(browser, { lang, theme, width: 390 });
    const there = await phone.newPage();
    await upToFactor(there, person);
    await look(there, "asked");
    await enter(there, "000000");
    await there.waitForSelector("#code-wrong");
    await look(there, "wrong");
    await there.check("#remember");
    await enter(there, totp(secret, 1));
    await there.waitForSelector(".places li");
    await leave(there);
    await there.goto(`${dev.issuer}account`);
    await signIn(there, person);
    await there.waitForSelector(".places li");

    // A recovery code opens the account once, and its owner is told.
    const borrowed = await visitor(browser, { lang, theme, width: 390 });
    const elsewhere = await borrowed.newPage();
    await upToFactor(elsewhere, person);
    await byRecoveryCode(elsewhere, codes[0].toUpperCase());
    await elsewhere.waitForSelector("a.primary");
    await look(elsewhere, "used");
    await elsewhere.click("a.primary");
    await elsewhere.waitForSelector(".places li");
    await leave(elsewhere);
    await upToFactor(elsewhere, person);
    await byRecoveryCode(elsewhere, codes[0]);
    await elsewhere.waitForSelector("#code-wrong");
    await enter(elsewhere, codes[1]);
    await elsewhere.waitForSelector("a.primary");
    await page.goto(`${dev.issuer}dev/mailbox`);
    const told = page.locator("article.mail").filter({ hasText: person.email }).filter({ hasText: words.mail });
    // The mail is sent by a job, a moment after the page.
    while ((await told.count()) < 2) await page.reload();

    // Whoever set the second factor up signed in without it, and proves it before anything else is changed; then they are back where
    // they were. The remembered browser is forgotten, and asked again.
    await page.goto(`${dev.issuer}account/factors`);
    await page.click("button[value=ask]");
    await byRecoveryCode(page, codes[2]);
    await page.waitForSelector("a.primary");
    await page.click("a.primary");
    await page.waitForSelector("button[value=ask]");
    await page.click("button[value=ask]");
    await page.waitForSelector(".notice");
    await leave(there);
    await upToFactor(there, person);

    // Taken away: the password is enough again.
    await page.click(".places summary");
    await page.click("button[value=remove]");
    await page.waitForSelector(".notice");
    assert.ok((await page.textContent(".notice")).includes(words.removed));
    await there.goto(`${dev.issuer}account`);
    await there.waitForSelector(".places li");
    for (const context of [desk, phone, borrowed]) {
      assert.deepEqual(context.troubles, []);
      await context.close();
    }
  });
}
