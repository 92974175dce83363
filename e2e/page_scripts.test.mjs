// What the pages' scripts do, and that the forms do without them.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ORIGIN, open, render, serve } from "./support/gallery.mjs";

render();
const browser = await open();
after(() => browser.close());
const APP = "https://app.example";

/** A page in a context of its own; `elsewhere` answers for all other origins. */
async function visit(file, { elsewhere, ...options } = {}) {
  const context = await browser.newContext(options);
  await serve(context, { ancestors: APP, elsewhere });
  const page = await context.newPage();
  await page.goto(file.includes("://") ? file : `${ORIGIN}/${file}`, { waitUntil: "commit" });
  return page;
}

test("the password can be shown, and is hidden again when the form is sent", async () => {
  const page = await visit("login-en.html");
  await page.fill("#password", "correct horse");
  await page.click("text=Show");
  assert.equal(await page.getAttribute("#password", "type"), "text");
  const type = await page.evaluate(() => {
    const form = document.querySelector("form");
    const stop = (event) => event.preventDefault();
    document.addEventListener("submit", stop);
    form.requestSubmit();
    return document.getElementById("password").type;
  });
  assert.equal(type, "password");
  assert.equal(await page.textContent(".reveal"), "Show");
  await page.context().close();
});

test("a form is sent once, with the pressed button's decision", async () => {
  const page = await visit("consent-en.html");
  await page.waitForLoadState();
  const sent = await page.evaluate(() => {
    const sent = [];
    document.addEventListener("submit", (event) => {
      if (!event.defaultPrevented) sent.push(new FormData(event.target, event.submitter).get("decision"));
      event.preventDefault();
    });
    document.querySelector("[value=deny]").click();
    document.querySelector("[value=allow]").click();
    return sent;
  });
  assert.deepEqual(sent, ["deny"]);
  await page.context().close();
});

test("form_post sends itself, every parameter as it was", async () => {
  let body;
  const elsewhere = (route) => {
    body = route.request().postData();
    return route.fulfill({ contentType: "text/html", body: "arrived" });
  };
  const page = await visit("form_post-en.html", { elsewhere });
  await page.waitForURL(`${APP}/callback`);
  assert.equal(body, "code=the-code&state=hanako%40example.com");
  await page.context().close();
});

test("without script the form_post page has a button, and no dead ones stand in the sign-in form", async () => {
  let body;
  const elsewhere = (route) => {
    body = route.request().postData();
    return route.fulfill({ contentType: "text/html", body: "arrived" });
  };
  const page = await visit("form_post-en.html", { elsewhere, javaScriptEnabled: false });
  await page.click("text=Continue");
  await page.waitForURL(`${APP}/callback`);
  assert.match(body, /code=the-code/);
  await page.context().close();

  const login = await visit("login-en.html", { javaScriptEnabled: false });
  await login.waitForSelector("form .primary");
  assert.equal(await login.isVisible(".reveal"), false);
  await login.context().close();
});

test("web_message answers the page that framed it, and only if that is the expected one", async () => {
  const frame = `<script>
    window.received = [];
    addEventListener("message", (event) => received.push([event.origin, event.data]));
  </script><iframe src="${ORIGIN}/web_message-en.html"></iframe>`;
  const elsewhere = (route) => route.fulfill({ contentType: "text/html", body: frame });

  const page = await visit(`${APP}/`, { elsewhere });
  await page.waitForFunction(() => globalThis.received?.length > 0);
  const response = { code: "the-code", state: "Hakone Trails" };
  const expected = [[ORIGIN, { type: "authorization_response", response }]];
  assert.deepEqual(await page.evaluate(() => globalThis.received), expected);
  await page.context().close();

  // Another origin may not even frame the page; opened as a window instead, it still gets nothing.
  const opener = "<script>window.received = []; addEventListener('message', () => received.push(1))</script>";
  const other = await visit("https://other.example/", {
    elsewhere: (route) => route.fulfill({ contentType: "text/html", body: opener }),
  });
  const opened = other.waitForEvent("popup");
  await other.evaluate((url) => void window.open(url), `${ORIGIN}/web_message-en.html`);
  const popup = await opened;
  await popup.waitForSelector("#answer", { state: "attached" });
  await popup.waitForLoadState();
  assert.deepEqual(await other.evaluate(() => globalThis.received), []);
  await other.context().close();
});
