// An application makes an account with a passkey, in a real browser with its virtual authenticator: the options as they come over the
// wire, the answer as the browser writes it, and the passkey then signs in at the page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { authenticator } from "./support/authenticator.mjs";
import { launch, visitor } from "./support/browser.mjs";
import { deployment } from "./support/deployment.mjs";

const GRANT = "urn:okta:params:oauth:grant-type:webauthn";
let client;
const site = await deployment({ SEKISHO_SIGNUP: "immediate" }, async (command) => {
  const made = await command(["client", "add", "Our phone app", "--kind", "native", "--grant", GRANT]);
  client = made.client_id;
});
const browser = await launch();

const post = async (path, body) => {
  const answer = await fetch(site.issuer + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_id: client, ...body }),
  });
  return { status: answer.status, body: await answer.json() };
};

test("an account begins with a passkey", async () => {
  const phone = await visitor(browser);
  const page = await phone.newPage();
  const device = await authenticator(page);
  await page.goto(`${site.issuer}account`);
  await device.present(false);
  const asked = await post("passkey/register", { user_profile: { email: "taro@example.com", name: "山田 太郎" } });
  assert.equal(asked.status, 200, JSON.stringify(asked.body));
  await device.present(true);
  const answer = await page.evaluate(async (options) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return (await navigator.credentials.create({ publicKey })).toJSON();
  }, asked.body.authn_params_public_key);
  const tokens = await post("oauth/token", {
    grant_type: GRANT,
    auth_session: asked.body.auth_session,
    authn_response: answer,
    scope: "openid profile email",
  });
  assert.equal(tokens.status, 200, JSON.stringify(tokens.body));
  const claims = JSON.parse(Buffer.from(tokens.body.id_token.split(".")[1], "base64url"));
  assert.deepEqual([claims.email, claims.email_verified, claims.name], ["taro@example.com", false, "山田 太郎"]);
  const again = await post("passkey/register", { user_profile: { email: "taro@example.com" } });
  assert.deepEqual([again.status, again.body.error], [400, "invalid_request"]);

  // The suggestion in the e-mail field, or the button, whichever the device answers first.
  await page.goto(`${site.issuer}account`);
  await page.waitForSelector(".places li");
  assert.equal((await device.credentials()).length, 1);
  assert.deepEqual(phone.troubles, []);
  await phone.close();
});
