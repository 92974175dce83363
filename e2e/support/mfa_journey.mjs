// A program: `node mfa_journey.mjs READY_LINE`. One person's second factor by @auth0/auth0-auth-js, from none to none.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { AuthClient } from "@auth0/auth0-auth-js";
import { totp } from "./totp.mjs";

const dev = JSON.parse(process.argv[2]);
const auth = new AuthClient({
  domain: new URL(dev.issuer).host,
  clientId: dev.web.client_id,
  clientSecret: dev.web.client_secret,
});
const credentials = { username: dev.user.email, password: dev.user.password, realm: "Username-Password-Authentication" };
const mfa = (more) => ({ ...credentials, ...more });

/** What the promise was refused with. */
const refusal = (promise) => promise.then(() => assert.fail("it was not refused"), (error) => error.cause ?? error);

const wrong = await refusal(auth.getTokenByPassword(mfa({ password: "not the password" })));
assert.equal(wrong.error, "invalid_grant");
assert.equal(wrong.error_description, "Wrong email or password.");

const none = await refusal(auth.getTokenByPassword(mfa()));
assert.equal(none.error, "mfa_required");
assert.ok(none.mfa_requirements.enroll.some((one) => one.type === "otp"));
assert.deepEqual(await auth.mfa.listAuthenticators({ mfaToken: none.mfa_token }), []);

const begun = await auth.mfa.enrollAuthenticator({ mfaToken: none.mfa_token, authenticatorTypes: ["otp"] });
assert.equal(begun.authenticatorType, "otp");
assert.match(begun.barcodeUri, /^otpauth:\/\/totp\//);
assert.ok(begun.recoveryCodes.length > 0);
// The step before is good as well, and leaves this one and the next for the proofs below.
const first = await auth.mfa.verify({ mfaToken: none.mfa_token, factorType: "otp", otp: totp(begun.secret, -1) });
assert.ok(first.accessToken && first.idToken, "openid is granted to who asks for nothing");

const due = await refusal(auth.getTokenByPassword(mfa({ scope: "openid profile offline_access" })));
const types = due.mfa_requirements.challenge.map((one) => one.type);
assert.deepEqual(types, ["otp", "recovery-code"]);
const listed = await auth.mfa.listAuthenticators({ mfaToken: due.mfa_token });
assert.ok(listed.every((one) => one.id && one.active && types.includes(one.type)), JSON.stringify(listed));
const asked = await auth.mfa.challengeAuthenticator({ mfaToken: due.mfa_token, challengeType: "otp" });
assert.equal(asked.challengeType, "otp");
const bad = await refusal(auth.mfa.verify({ mfaToken: due.mfa_token, factorType: "otp", otp: "000000" }));
assert.equal(bad.error, "invalid_grant");
const second = await auth.mfa.verify({ mfaToken: due.mfa_token, factorType: "otp", otp: totp(begun.secret) });
assert.ok(second.refreshToken, "what was asked for before the factor is given after it");
const used = await refusal(auth.mfa.verify({ mfaToken: due.mfa_token, factorType: "otp", otp: totp(begun.secret, 1) }));
assert.equal(used.error_description, "Malformed mfa_token");
const again = await auth.getTokenByRefreshToken({ refreshToken: second.refreshToken });
assert.ok(again.accessToken);

const audience = `${dev.issuer}mfa/`;
const managed = await refusal(auth.getTokenByPassword(mfa({ audience, scope: "read:authenticators remove:authenticators" })));
const recovered = await auth.mfa.verify({ mfaToken: managed.mfa_token, factorType: "recovery-code", recoveryCode: begun.recoveryCodes[0] });
assert.ok(recovered.recoveryCode && !begun.recoveryCodes.includes(recovered.recoveryCode), "a fresh one comes with the answer");
const otp = listed.find((one) => one.type === "otp");
const refused = await refusal(auth.mfa.deleteAuthenticator({ authenticatorId: otp.id, mfaToken: managed.mfa_token }));
assert.ok(refused.error, "an mfa_token removes nothing");
await auth.mfa.deleteAuthenticator({ authenticatorId: otp.id, mfaToken: recovered.accessToken });
assert.deepEqual(await auth.mfa.listAuthenticators({ mfaToken: recovered.accessToken }), []);

const manifest = path.join(path.dirname(createRequire(import.meta.url).resolve("@auth0/auth0-auth-js")), "../package.json");
console.log(`done: auth0-auth-js ${JSON.parse(readFileSync(manifest)).version}`);
