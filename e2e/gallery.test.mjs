// Looks at every hosted page in every state, in both languages: axe-core finds nothing serious on a light phone and on a dark desktop,
// the browser has nothing to complain about, and nothing is wider than the window on the narrowest phone, on a wide screen, or with
// letters twice as large.
//
//   node --test gallery.test.mjs                                     all
//   node --test --test-name-pattern=consent gallery.test.mjs         some
//   PICTURES=1 node --test ...       and a picture of each in target/screenshots/<page>-<lang>-<theme>-<width>.png for the eye

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { after, describe, test } from "node:test";
import { AXE, ORIGIN, SCENES, SCREENSHOTS, open, render, serve } from "./support/gallery.mjs";

const states = [...render().map((name) => ({ name, file: name })), ...SCENES];
const browser = await open();
after(() => browser.close());
mkdirSync(SCREENSHOTS, { recursive: true });

// Where axe looks: between them they hold both layouts and all colours.
const SEEN = [
  { width: 390, height: 844, colorScheme: "light" },
  { width: 1280, height: 800, colorScheme: "dark" },
];
// The windows that nothing may be wider than, with the size of the letters.
const NARROW = [
  { width: 320, letters: "100%" },
  { width: 375, letters: "200%" },
];
const PICTURES = process.env.PICTURES ? [390, 1280].flatMap((width) => ["light", "dark"].map((theme) => ({ width, theme }))) : [];

/** A window of its own for each of the tests that run side by side. */
const windows = await Promise.all(["a", "b"].map(window));

async function window() {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  await serve(context);
  // Scripts that leave their page by themselves are left out: a page that is gone has no picture.
  await context.route(/\/assets\/(form_post|signed_out)-/, (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  const complaints = [];
  context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  context.on("weberror", (error) => complaints.push(String(error.error())));
  return { page: await context.newPage(), complaints };
}

describe("gallery", { concurrency: windows.length }, () => {
  for (const state of states)
    test(state.name, async () => {
      const taken = windows.pop();
      try {
        assert.deepEqual(await look(taken, state), []);
      } finally {
        windows.push(taken);
      }
    });
});

// What is wrong with a page in any window.
async function look({ page, complaints }, { name, file, act }) {
  complaints.length = 0;
  const found = [];
  for (const [turn, { colorScheme, ...size }] of SEEN.entries()) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize(size);
    if (turn === 0) {
      await page.goto(`${ORIGIN}/${file}.html`);
      await act?.(page);
      await settled(page);
      await page.evaluate(AXE);
    }
    const where = `${colorScheme} ${size.width}`;
    found.push(...(await page.evaluate(violations)).map((violation) => `${where}: ${violation}`));
    if (await page.evaluate(sprawls)) found.push(`${where}: wider than the window`);
  }
  for (const { width, letters } of NARROW) {
    await page.setViewportSize({ width, height: 844 });
    if (await page.evaluate(sprawls, letters)) found.push(`${width} with letters of ${letters}: wider than the window`);
  }
  await page.evaluate(sprawls, "");
  for (const { width, theme } of PICTURES) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${theme}-${width}.png`), fullPage: true });
  }
  return [...found, ...complaints];
}

// Waits for everything that appears late.
function settled(page) {
  return page.evaluate(async () => {
    for (const animation of document.getAnimations()) animation.finish();
    await document.fonts.ready;
  });
}

async function violations() {
  for (const animation of document.getAnimations()) animation.finish();
  const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary}`));
}

function sprawls(letters) {
  const root = document.documentElement;
  if (letters !== undefined) root.style.fontSize = letters;
  return root.scrollWidth > root.clientWidth;
}
