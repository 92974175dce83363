// The demo's second page, which runs the unmodified auth0-spa-js: its buttons and what they answered.

import { createRequire } from "node:module";

export const SDK_VERSION = JSON.parse(
  (await import("node:fs")).readFileSync(createRequire(import.meta.url).resolve("@auth0/auth0-spa-js/package.json")),
).version;

/** Opens the page in a new tab and waits until the SDK has looked for a session. */
export async function openSdk(context, dev) {
  const page = await context.newPage();
  await page.goto(new URL("/spa-js.html", dev.spa.url).href);
  await page.waitForSelector("#state:not([data-state=loading])");
  return page;
}

/** Presses a button and answers {call, ok, value | error, message} when the SDK's promise is settled. */
export async function press(page, button, call) {
  await page.$eval("#result", (box) => delete box.dataset.call);
  await page.click(`#${button}`);
  await page.waitForSelector(`#result[data-call="${call}"]`, { timeout: 70_000 });
  return JSON.parse(await page.textContent("#result"));
}

/** What `getUser()` answers. */
export const user = async (page) => JSON.parse(await page.textContent("#user"));
