// The bot check in a real browser: the provider's script runs, its frame is shown, and nothing else of the page's policy gives way. The
// provider is a stand-in on this machine that does what the published documentation of Turnstile says: its script finds its places by
// class, draws a frame in each, and adds a field with the answer to the form around it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { accessible, arrived, launch, picture, signIn, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const SCRIPT = `
  for (const place of document.querySelectorAll(".cf-turnstile[data-sitekey]")) {
    const frame = document.createElement("iframe");
    frame.src = new URL("/frame?key=" + place.dataset.sitekey, document.currentScript?.src ?? ORIGIN).href;
    frame.title = "Widget of the service";
    frame.width = 300;
    frame.height = 65;
    frame.style.border = "0";
    place.append(frame);
    addEventListener("message", (event) => {
      if (event.source !== frame.contentWindow) return;
      const answer = document.createElement("input");
      Object.assign(answer, { type: "hidden", name: "cf-turnstile-response", value: event.data });
      place.append(answer);
    });
  }`;
const FRAME = `<!doctype html><html lang="en"><title>Widget</title><body style="font:1rem sans-serif;border:1px solid">
  <label><input type="checkbox" onchange="parent.postMessage('good-' + Math.random().toString(36).slice(2), '*')"> I am a person</label>`;

let given = 0;
const provider = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/siteverify") {
    let body = "";
    for await (const part of request) body += part;
    const fields = new URLSearchParams(body);
    const success = fields.get("secret") === "shared" && fields.get("response").startsWith("good-");
    given += Number(success);
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ success, hostname: "localhost", "error-codes": success ? [] : ["invalid-input-response"] }));
  }
  response.setHeader("content-type", pathname === "/frame" ? "text/html" : "text/javascript");
  return response.end(pathname === "/frame" ? FRAME : SCRIPT.replace("ORIGIN", JSON.stringify(`http://${request.headers.host}`)));
}).listen(0, "127.0.0.1");
await once(provider, "listening");
after(() => provider.close());
const origin = `http://127.0.0.1:${provider.address().port}`;

Object.assign(process.env, {
  SEKISHO_BOT_CHECK_PROVIDER: "turnstile",
  SEKISHO_BOT_CHECK_SITE_KEY: "1x00000000000000000000AA",
  SEKISHO_BOT_CHECK_SECRET: "shared",
  SEKISHO_BOT_CHECK_WHEN: "always",
  SEKISHO_BOT_CHECK_SCRIPT: `${origin}/api.js`,
  SEKISHO_BOT_CHECK_VERIFY: `${origin}/siteverify`,
});
const dev = await sekisho();
const browser = await launch();
const PHONE = 390;

for (const [lang, theme, width] of [["en", "light", PHONE], ["ja", "dark", PHONE], ["en", "dark", 1280], ["ja", "light", 320]])
  test(`a person passes the check and signs in: ${lang} ${theme} ${width}`, async () => {
    const context = await visitor(browser, { lang, theme, width });
    const page = await context.newPage();
    await page.goto(dev.spa.url);
    await page.click("#login");
    const box = page.frameLocator(".bot-check iframe").getByRole("checkbox");
    await box.waitFor();
    await picture(page, `bot-check-${lang}-${theme}-${width}`);
    await accessible(page, `bot-check-${lang}`);
    await signIn(page, dev.user);
    await page.waitForSelector("[role=alert]");
    assert.equal(await page.inputValue("input[name=email]"), dev.user.email, "what was typed is kept");
    await box.waitFor();
    await picture(page, `bot-check-missing-${lang}-${theme}-${width}`);
    await accessible(page, `bot-check-missing-${lang}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, "nothing is wider than the window");
    await box.check();
    await page.waitForSelector("input[name=cf-turnstile-response]", { state: "attached" });
    const before = given;
    await signIn(page, dev.user);
    await arrived(page);
    assert.equal(given, before + 1);
    assert.deepEqual(context.troubles, [], "the policy hinders nothing of it");
    await context.close();
  });

test("without script the page says what to allow", async () => {
  for (const [lang, words] of [["en", "needs JavaScript"], ["ja", "JavaScript が必要です"]]) {
    const context = await visitor(browser, { lang, javaScriptEnabled: false, width: PHONE });
    const page = await context.newPage();
    const query = new URLSearchParams({ client_id: dev.spa.client_id, redirect_uri: dev.spa.redirect_uri, response_type: "code",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256", scope: "openid" });
    await page.goto(`${dev.issuer}authorize?${query}`);
    const said = await page.textContent(".bot-check");
    assert.ok(said.includes(words) && said.includes("127.0.0.1"), said);
    await picture(page, `bot-check-noscript-${lang}`);
    await context.close();
  }
});
