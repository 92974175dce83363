// A real Chromium (the system's own, driven by playwright-core) and the few moves that every story makes in it.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after } from "node:test";
import { chromium } from "playwright-core";
import { ROOT } from "./sekisho.mjs";

const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const SCREENSHOTS = path.join(ROOT, "target/screenshots");

/** Opens the browser; it closes when the test file ends. */
export async function launch() {
  const executablePath = BROWSERS.find((file) => file && existsSync(file));
  assert.ok(executablePath, "no Chromium found: apt-get install chromium (or set CHROMIUM to its path)");
  const args = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  args.push("--disable-component-update", "--disable-sync", "--disable-features=AutofillServerCommunication");
  if (process.getuid() === 0) args.push("--no-sandbox"); // Chromium's sandbox refuses root, and only root
  const browser = await chromium.launch({ executablePath, headless: true, args });
  after(() => browser.close());
  return browser;
}

/** A fresh visitor: own cookies, a language ("en" or "ja"), 1280 pixels wide unless told. Collects what went wrong on pages. */
export async function visitor(browser, { lang = "en", theme = "light", width = 1280, ...more } = {}) {
  const context = await browser.newContext({
    locale: lang === "ja" ? "ja-JP" : "en-US",
    colorScheme: theme,
    viewport: { width, height: width < 600 ? 844 : 900 },
    ...more,
  });
  context.setDefaultTimeout(15_000);
  const troubles = [];
  context.on("weberror", (error) => troubles.push(`uncaught: ${error.error().message}`));
  context.on("console", (message) => {
    // A refused call is part of the show: the browser prints it, the page explains it.
    const refused = /Failed to load resource: the server responded with a status of 40[0-9]/.test(message.text());
    if (message.type() === "error" && !refused) troubles.push(`console: ${message.text()}`);
  });
  context.troubles = troubles;
  return context;
}

/** Fills the hosted sign-in page and sends it, as a person would. */
export async function signIn(page, { email, password }) {
  await page.waitForSelector("input[type=password]");
  await page.fill("input[name=email], input[name=username]", email);
  await page.fill("input[type=password]", password);
  await page.click("form button[type=submit].primary");
}

/** Makes an account from the sign-up page on: the address, the mail in the development mailbox, the password. */
export async function signUp(page, { email, password }) {
  await page.fill("input[name=email]", email);
  await page.click("form button[type=submit].primary");
  await page.click("a[href='/dev/mailbox']");
  const link = page.locator("article.mail").filter({ hasText: email }).locator(".text a");
  // The mail is sent by a job, a moment after the page.
  while ((await link.count()) === 0) await page.reload();
  await link.first().click();
  await page.fill("input[name=password]", password);
  await page.click("form button[type=submit].primary");
}

/** Opens the demo app, presses "log in", signs in, and waits until the app shows who is there. */
export async function enterDemo(page, dev) {
  await page.goto(dev.spa.url);
  await page.click("#login");
  await signIn(page, dev.user);
  await arrived(page);
}

/** Waits until the demo app shows who is signed in; an error on the way fails at once, in its own words. */
export async function arrived(page) {
  const shown = await page.waitForSelector("#signed-in:not([hidden]), #notice.bad:not([hidden]), [role=alert]");
  const what = await shown.evaluate((element) => [element.id, element.textContent.trim()]);
  assert.equal(what[0], "signed-in", `${page.url()} says: ${what[1]}`);
}

/** Fails on anything that axe calls serious or critical on the page as it is now. */
export async function accessible(page, name) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ["violations"] }),
  );
  const serious = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} (${node.any[0]?.message ?? ""})`).join(", ")}`);
  assert.deepEqual(serious, [], `axe on ${name}`);
}

/** Takes target/screenshots/<name>.png of the whole page. */
export async function picture(page, name) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true, animations: "disabled" });
}
