// Passkeys in a real browser with its virtual authenticator: added on the account page, used by the button and by the suggestion in
// the e-mail field, as a second factor, and refused when the device recognises nobody.

import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticator } from "./support/authenticator.mjs";
import { accessible, arrived, launch, picture, signIn, visitor } from "./support/browser.mjs";
import { sekisho } from "./support/sekisho.mjs";

const dev = await sekisho();
const browser = await launch();
const person = { ...dev.user };

/** Opens the page that adds a passkey, signing in with the password. */
async function adding(page) {
  await page.goto(`${dev.issuer}account/passkeys/add`);
  await signIn(page, person);
  await page.waitForSelector("form[data-passkey=create]:not([hidden])");
}

let kept; // the passkey, as another device of the person gets it

test("a passkey is added, and signs in by its button", async () => {
  const desk = await visitor(browser);
  const page = await desk.newPage();
  const device = await authenticator(page);
  await adding(page);
  await accessible(page, "account-passkeys-add");
  await picture(page, "passkeys-add");
  await page.fill("#passkey-name", "My desk");
  await page.click("form[data-passkey=create] [data-asks]");
  // Recovery codes come with a first factor.
  await page.waitForSelector("#codes");
  await page.click(".choices a.primary");
  await page.waitForSelector(".notice");
  assert.equal(await page.locator(".places h2").textContent(), "My desk");
  await accessible(page, "account-passkeys");
  const credentials = await device.credentials();
  assert.equal(credentials.length, 1);
  assert.ok(credentials[0].isResidentCredential);
  assert.equal(credentials[0].rpId, "localhost");
  assert.equal(Buffer.from(credentials[0].userHandle, "base64").length, 16);

  await desk.clearCookies();
  await device.present(false);
  await page.goto(`${dev.issuer}account`);
  await page.waitForSelector("form[data-passkey=get]:not([hidden])");
  assert.equal(await page.getAttribute("#email", "autocomplete"), "username webauthn");
  await accessible(page, "login-with-passkeys");
  // Nobody is at the device when the page opens, so the suggestion waits; then the button is pressed.
  const pressed = page.click("form[data-passkey=get] [data-asks]");
  await device.present(true);
  await pressed;
  await page.waitForSelector(".places li");
  // Once more in the same browser: the device has one.
  await page.goto(`${dev.issuer}account/passkeys/add`);
  await page.click("form[data-passkey=create] [data-asks]");
  await page.waitForSelector("form[data-passkey=create] .wrong:not([hidden])");
  assert.equal((await device.credentials()).length, 1);

  [kept] = await device.credentials();
  assert.deepEqual(desk.troubles, []);
  await desk.close();
});

test("a passkey is suggested in the e-mail field and signs in to an application", async () => {
  const phone = await visitor(browser, { lang: "ja", width: 390 });
  const page = await phone.newPage();
  const device = await authenticator(page);
  await device.add(kept);
  await page.goto(dev.spa.url);
  // The virtual device picks the suggestion at once.
  await page.click("#login");
  await arrived(page);
  [kept] = await device.credentials();
  assert.deepEqual(phone.troubles, []);
  await phone.close();
});

test("a passkey is the second factor after the password", async () => {
  const desk = await visitor(browser, { theme: "dark" });
  const page = await desk.newPage();
  const device = await authenticator(page);
  await device.add(kept);
  await device.present(false);
  await page.goto(`${dev.issuer}account`);
  await signIn(page, person);
  await page.waitForSelector("form[data-passkey=get]:not([hidden])");
  assert.equal(new URL(page.url()).pathname, "/u/factor");
  await accessible(page, "factor-passkey");
  await picture(page, "passkeys-factor");
  const pressed = page.click("form[data-passkey=get] [data-asks]");
  await device.present(true);
  await pressed;
  await page.waitForSelector(".places li");
  [kept] = await device.credentials();
  assert.deepEqual(desk.troubles, []);
  await desk.close();
});

test("a device that recognises nobody signs nobody in", async () => {
  const desk = await visitor(browser);
  const page = await desk.newPage();
  const device = await authenticator(page, { verified: false });
  await device.add(kept);
  await page.goto(`${dev.issuer}account`);
  await page.waitForSelector("form[data-passkey=get]:not([hidden])");
  await page.click("form[data-passkey=get] [data-asks]");
  await page.waitForSelector("form[data-passkey=get] .wrong:not([hidden])");
  await picture(page, "passkeys-cancelled");
  await accessible(page, "login-passkey-cancelled");
  assert.equal(new URL(page.url()).pathname, "/u/login");
  // The password is there all the same.
  assert.ok(await page.isVisible("input[type=password]"));
  await desk.close();
});

test("without passkeys in the browser the page is as it was", async () => {
  const old = await visitor(browser);
  await old.addInitScript(() => delete window.PublicKeyCredential);
  const page = await old.newPage();
  await page.goto(`${dev.issuer}account`);
  await page.waitForSelector("input[type=password]");
  assert.ok(!(await page.isVisible("form[data-passkey=get]")));
  assert.ok(!(await page.isVisible("[data-passkey-or]")));
  assert.deepEqual(old.troubles, []);
  await old.close();
});
