// Looks at every hosted page in every state, in both languages and themes, on a phone and on a desktop: axe-core
// finds nothing serious, the browser has nothing to complain about, nothing is wider than the window. A picture of
// each goes to target/screenshots/<page>-<lang>-<theme>-<width>.png for the eye.
//
//   node --test gallery.test.mjs                                     all
//   node --test --test-name-pattern=consent gallery.test.mjs         some

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { AXE, ORIGIN, SCREENSHOTS, open, render, serve } from "./support/gallery.mjs";

const names = render();
const browser = await open();
after(() => browser.close());
mkdirSync(SCREENSHOTS, { recursive: true });

const views = [];
for (const colorScheme of ["light", "dark"]) {
  for (const [width, height] of [[390, 844], [1280, 800]]) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height }, reducedMotion: "reduce" });
    await serve(context);
    // Scripts that leave their page by themselves are left out: a page that is gone has no picture.
    await context.route(/\/assets\/(form_post|signed_out)-/, (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
    const complaints = [];
    context.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    context.on("weberror", (error) => complaints.push(String(error.error())));
    views.push({ label: `${colorScheme}-${width}`, page: await context.newPage(), complaints });
  }
}

for (const name of names) {
  test(name, async () => {
    for (const { label, page, complaints } of views) {
      complaints.length = 0;
      await page.goto(`${ORIGIN}/${name}.html`);
      const found = await inspect(page);
      await page.screenshot({ path: path.join(SCREENSHOTS, `${name}-${label}.png`), fullPage: true });
      assert.deepEqual([...found, ...complaints], [], `${name}-${label}`);
    }
  });
}

// What is wrong with the page as it stands, once everything that appears late has appeared.
async function inspect(page) {
  await page.evaluate(async () => {
    for (const animation of document.getAnimations()) animation.finish();
    await document.fonts.ready;
  });
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    const found = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(" ")} ${node.failureSummary}`));
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push("wider than the window");
    return found;
  });
}
