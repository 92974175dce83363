// The whole life of an account in a real browser, in both languages: made from a mail, named, given another password, let an application
// in and out, taken along as a file, deleted. Every page on the way is looked at by axe-core and by a camera.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { accessible, arrived, launch, picture, signIn, signUp, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();

const WORDS = {
  en: { deleted: "Your account was deleted", changed: "Your password was saved.", wrong: "not the e-mail address" },
  ja: { deleted: "アカウントを削除しました", changed: "パスワードを保存しました", wrong: "メールアドレスではありません" },
};

for (const [lang, width, theme] of [["en", 1280, "light"], ["ja", 390, "dark"]]) {
  test(`the life of an account: ${lang}`, async () => {
    const context = await visitor(browser, { lang, width, theme });
    const page = await context.newPage();
    const person = { email: `life-${lang}@example.com`, password: "seven quiet herons at dusk" };
    const look = async (name) => {
      await accessible(page, `${name}-${lang}`);
      await picture(page, `life-${name}-${lang}-${theme}-${width}`);
    };
    const to = async (section, name) => {
      await page.goto(`${dev.issuer}account${section}`);
      await page.waitForSelector("h1");
      await look(name);
    };

    // Made from a mail.
    await page.goto(`${dev.issuer}account`);
    await page.waitForSelector("input[type=password]");
    await page.click("a[href*='/u/signup']");
    await page.waitForSelector("form[action^='/u/signup']");
    await signUp(page, person);
    await page.waitForSelector(".places li");
    await look("overview");

    // Named.
    await to("/profile", "profile");
    await page.fill("#name", "花子 Hanako");
    await page.selectOption("#locale", lang);
    await page.click("form .primary");
    await page.waitForSelector(".notice");
    await to("", "named");
    assert.match(await page.textContent(".lead"), /花子 Hanako/);

    // An application of the demo comes in, and is sent away again.
    const app = await context.newPage();
    await app.goto(dev.spa.url);
    const granted = app.waitForResponse(`${dev.issuer}oauth/token`);
    await app.click("#login");
    await arrived(app);
    const { refresh_token } = await (await granted).json();
    await to("/apps", "apps");
    await page.click(".places li button");
    await page.waitForSelector(".notice");
    const refresh = { grant_type: "refresh_token", client_id: dev.spa.client_id, refresh_token };
    const reply = await fetch(`${dev.issuer}oauth/token`, { method: "POST", body: new URLSearchParams(refresh) });
    assert.equal((await reply.json()).error, "invalid_grant");

    // Another password; this browser goes on.
    await to("/password", "password");
    person.password = "nine loud herons at dawn";
    await page.fill("#password", person.password);
    await page.click("form .primary");
    await page.waitForSelector(".notice");
    assert.match(await page.textContent(".notice"), new RegExp(WORDS[lang].changed));

    // Taken along.
    await to("/data", "data");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("form button")]);
    const file = JSON.parse(readFileSync(await download.path(), "utf8"));
    assert.equal(file.profile.email, person.email);
    assert.equal(file.profile.name, "花子 Hanako");

    // Signed in anew with the new password, and deleted.
    await context.clearCookies();
    await page.goto(`${dev.issuer}account/data/delete`);
    await signIn(page, person);
    await page.waitForSelector("#confirm");
    await look("delete");
    await page.fill("#confirm", "somebody@example.com");
    await page.click("form .primary");
    await page.waitForSelector("#confirm-wrong");
    assert.match(await page.textContent("#confirm-wrong"), new RegExp(WORDS[lang].wrong));
    await look("delete-wrong");
    await page.fill("#confirm", person.email);
    await page.click("form .primary");
    await page.waitForFunction((title) => document.querySelector("h1").textContent === title, WORDS[lang].deleted);
    await look("deleted");

    // Gone.
    await page.goto(`${dev.issuer}account`);
    await signIn(page, person);
    await page.waitForSelector("[role=alert]");
    await page.goto(`${dev.issuer}dev/mailbox`);
    await look("mailbox");
    assert.deepEqual(context.troubles, []);
    await context.close();
  });
}
