// One client's whole life with openid-client. Also a program: `node openid_journey.mjs KIND READY_LINE`.

import assert from "node:assert/strict";
import * as client from "openid-client";
import { signInAs } from "./person.mjs";

/** Walks `kind` ("web with ...", "spa" or "machine") through everything it may do at the instance `dev`. */
export async function journey(kind, dev) {
  if (kind === "machine") return machine(dev);
  const spa = kind === "spa";
  const { client_id, client_secret, redirect_uri } = spa ? dev.spa : dev.web;
  const authentication = spa
    ? client.None()
    : kind.endsWith("basic")
      ? client.ClientSecretBasic(client_secret)
      : client.ClientSecretPost(client_secret);
  const config = await client.discovery(new URL(dev.issuer), client_id, undefined, authentication, options(dev));
  assert.equal(config.serverMetadata().issuer, dev.issuer);
  // Makes openid-client check ID tokens' signatures by our JWKS; without it, it trusts the connection.
  client.enableNonRepudiationChecks(config);

  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope: "openid profile email offline_access read:notes",
    audience: dev.api.audience,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
    state: expectedState,
    nonce: expectedNonce,
  });
  const back = await signInAs(dev.user, url, redirect_uri);
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, back, checks);
  const claims = tokens.claims();
  assert.equal(claims.email, dev.user.email);
  assert.ok(tokens.refresh_token);
  await callApi(dev, tokens.access_token, 200);

  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(userinfo.email, dev.user.email);

  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(fresh.access_token, tokens.access_token);
  assert.equal(fresh.claims().sub, claims.sub);
  assert.equal(fresh.claims().nonce, undefined, "no nonce on refresh");
  await callApi(dev, fresh.access_token, 200);

  await client.tokenRevocation(config, fresh.refresh_token, { token_type_hint: "refresh_token" });
  await refused(() => client.refreshTokenGrant(config, fresh.refresh_token), "invalid_grant");
  // The same code again: refused by name, which openid-client only sees when no WWW-Authenticate is in the way.
  await refused(() => client.authorizationCodeGrant(config, back, checks), "invalid_grant");
}

async function machine(dev) {
  const { client_id, client_secret } = dev.machine;
  const config = await client.discovery(new URL(dev.issuer), client_id, undefined, client.ClientSecretPost(client_secret), options(dev));
  const tokens = await client.clientCredentialsGrant(config, { audience: dev.api.audience });
  assert.equal(tokens.token_type, "bearer");
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(tokens.id_token, undefined);
  await callApi(dev, tokens.access_token, 200);
  const wrong = await client.discovery(new URL(dev.issuer), client_id, undefined, client.ClientSecretPost("wrong"), options(dev));
  await refused(() => client.clientCredentialsGrant(wrong, { audience: dev.api.audience }), /access_denied|invalid_client/);
}

const options = (dev) => (dev.issuer.startsWith("http:") ? { execute: [client.allowInsecureRequests] } : {});

async function callApi(dev, token, status) {
  const reply = await fetch(new URL("/me", dev.api.url), { headers: { authorization: `Bearer ${token}` } });
  assert.equal(reply.status, status, await reply.text());
}

async function refused(work, error) {
  await assert.rejects(work, (thrown) => {
    assert.match(String(thrown.error ?? thrown.cause?.error), error instanceof RegExp ? error : new RegExp(`^${error}$`));
    return true;
  });
}

if (process.argv[1] === import.meta.filename) {
  const [kind, ready] = process.argv.slice(2);
  await journey(kind, JSON.parse(ready));
  console.log(`done: ${kind}`);
}
