// Every page in both languages, both colour schemes, phone and desktop: axe finds nothing serious, and a picture goes to
// target/screenshots/<page>-<lang>-<theme>-<width>.png for the eye.

import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, arrived, launch, picture, signIn, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();

for (const lang of ["en", "ja"])
  for (const theme of ["light", "dark"])
    for (const width of [390, 1280])
      test(`${lang} ${theme} ${width}`, async () => {
        const context = await visitor(browser, { lang, theme, width });
        const page = await context.newPage();
        const look = async (name) => {
          assert.equal(await page.getAttribute("html", "lang"), lang, name);
          const { scroll, client } = await page.evaluate(() => ({
            scroll: document.documentElement.scrollWidth,
            client: document.documentElement.clientWidth,
          }));
          assert.ok(scroll <= client, `${name} is ${scroll} wide in a window of ${client}`);
          await picture(page, `${name}-${lang}-${theme}-${width}`);
          await accessible(page, `${name}-${lang}-${theme}-${width}`);
        };

        await page.goto(dev.spa.url);
        await page.waitForSelector("#login:visible");
        await look("demo");
        await page.click("#login");
        await page.waitForSelector("input[type=password]");
        await look("login");
        await signIn(page, { email: dev.user.email, password: "certainly wrong" });
        await page.waitForSelector("[role=alert], .alert");
        await look("login-wrong");
        await signIn(page, dev.user);
        await arrived(page);
        await page.click("[data-call=access]");
        await page.waitForSelector("#call-status[data-call=access]");
        await look("demo-tokens");
        await page.click("[data-call=id]");
        await page.waitForSelector("#call-status[data-call=id]");
        await look("demo-id-token-refused");
        await page.goto(new URL("/spa-js.html", dev.spa.url).href);
        await page.waitForSelector("#state:not([data-state=loading])");
        await page.click("#token");
        await page.waitForSelector("#state[data-state=in]");
        await look("demo-sdk");
        await page.goto(dev.spa.url);
        await arrived(page);
        await page.click("#logout");
        await page.waitForSelector("#signup:visible");
        await page.click("#signup");
        await page.waitForSelector("input[name=email]");
        await look("signup");
        await page.fill("input[name=email]", "nobody@");
        await page.click("form button[type=submit].primary");
        await page.waitForSelector("[role=alert], .alert");
        await look("signup-malformed");
        await page.goto(`${dev.issuer}authorize?client_id=nobody&ui_locales=${lang}`);
        await page.waitForSelector("h1");
        await look("error");
        await page.goto(`${dev.issuer}oidc/logout?ui_locales=${lang}`);
        await page.waitForSelector("h1");
        await look("signed-out");
        await context.close();
      });
