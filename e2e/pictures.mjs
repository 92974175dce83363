// Takes the README's pictures into docs/images: `cargo build -p sekisho && cd e2e && npm ci && node pictures.mjs`.
// Look at them before you commit them, and let a palette make them small (`pngquant --ext .png --force`).

import { mkdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { arrived, launch, signIn, visitor } from "./support/browser.mjs";
import { ROOT, sekisho } from "./support/sekisho.mjs";

const FOLDER = path.join(ROOT, "docs/images");
mkdirSync(FOLDER, { recursive: true });
const dev = await sekisho();
const browser = await launch();

for (const lang of ["en", "ja"]) {
  test(`pictures: ${lang}`, async () => {
    const context = await visitor(browser, { lang, viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.goto(dev.spa.url);
    await page.click("#login");
    await page.waitForSelector("input[type=password]");
    await page.fill("input[name=email], input[name=username]", dev.user.email);
    await take(page, `sign-in-${lang}`);
    await signIn(page, dev.user);
    await arrived(page);
    await page.waitForSelector("#token-access [data-sealed=true]");
    await showing(page, "#token-access", 24);
    await take(page, `tokens-${lang}`);
    await page.click("[data-call=id]");
    await page.waitForSelector("#call-status[data-call=id]");
    await showing(page, "#calls", 24);
    await take(page, `api-${lang}`);
    await context.close();

    const phone = { width: 390, viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };
    const pocket = await visitor(browser, { lang, theme: "dark", ...phone });
    const small = await pocket.newPage();
    await small.goto(dev.spa.url);
    await small.click("#login");
    await small.waitForSelector("input[type=password]");
    await take(small, `phone-${lang}`);
    await pocket.close();
  });
}

/** Scrolls so that the element begins this far below the upper edge. */
async function showing(page, selector, below) {
  await page.$eval(
    selector,
    (element, margin) => scrollTo(0, element.getBoundingClientRect().top + scrollY - margin),
    below,
  );
}

async function take(page, name) {
  await page.mouse.move(2, 2);
  await page.evaluate(() => document.activeElement?.blur());
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`), animations: "disabled" });
}
