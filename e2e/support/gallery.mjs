// The gallery: every hosted page in every state, rendered without a server and shown to a real browser under the
// strict policy the pages are made for; and every mail, under the one of a mail program.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const GALLERY = path.join(ROOT, "target/gallery");
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'";
// Mail programs allow inline styles, and nothing else of a page: no picture, no script.
const LETTER = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'";

export const ORIGIN = "https://gallery.test";
export const SCREENSHOTS = path.join(ROOT, "target/screenshots");
export const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * States that somebody has to bring about: what the line below a new password says while it is typed. The words are those of the page
 * that refuses the same password.
 */
export const SCENES = ["en", "ja"].flatMap((lang) =>
  ["guessable", "breached", "good"].map((verdict) => ({
    name: `signup-advice-${verdict}-${lang}`,
    file: `signup-${lang}`,
    act: async (page) => {
      await page.route("**/u/password/check*", (route) => route.fulfill({ json: advice(verdict, lang) }));
      await page.fill("#password", "correct horse");
      await page.locator(".advice:not(:empty)").waitFor();
      await page.unroute("**/u/password/check*");
    },
  })),
);

function advice(verdict, lang) {
  if (verdict === "good") return { good: true, said: [] };
  const refused = readFileSync(path.join(GALLERY, `signup-${verdict}-${lang}.html`), "utf8");
  return { good: false, said: [/id="password-wrong"[^>]*>([^<]+)</.exec(refused)[1]] };
}

/** Renders the gallery and names its pages (`<page>-<state>-<lang>`). */
export function render() {
  const command = ["run", "--quiet", "--package", "sekisho", "--example", "gallery", "--", GALLERY];
  execFileSync("cargo", command, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  const pages = readdirSync(GALLERY).filter((file) => file.endsWith(".html"));
  assert.notEqual(pages.length, 0, "the gallery is empty");
  return pages.map((file) => path.basename(file, ".html"));
}

/** Opens the browser. */
export async function open() {
  const executablePath = BROWSERS.find((file) => file && existsSync(file));
  assert.ok(executablePath, "no Chromium found: apt-get install chromium (or set CHROMIUM to its path)");
  const args = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  args.push("--disable-component-update", "--disable-sync");
  if (process.getuid?.() === 0) args.push("--no-sandbox"); // Chromium's sandbox refuses root, and only root
  return chromium.launch({ executablePath, args });
}

/**
 * Answers the browser from the gallery. `ancestors` is the one origin that may frame a page; other origins are
 * answered by `elsewhere(route, url)`, if given.
 */
export async function serve(context, { ancestors = "'none'", elsewhere } = {}) {
  await context.route("**/*", async (route) => {
    const url = new URL(route.request().url());
    if (url.origin !== ORIGIN && elsewhere) return elsewhere(route, url);
    const file = path.join(GALLERY, path.normalize(url.pathname));
    if (url.origin !== ORIGIN || !existsSync(file)) return route.fulfill({ status: 404 });
    const policy = path.basename(file).startsWith("letter-") ? LETTER : POLICY;
    return route.fulfill({
      contentType: TYPES[path.extname(file)],
      headers: { "content-security-policy": `${policy}; frame-ancestors ${ancestors}`, "x-content-type-options": "nosniff" },
      body: readFileSync(file),
    });
  });
}
