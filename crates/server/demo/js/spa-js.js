// The demo once more, with the SDK that existing Auth0 apps use. Everything specific to Sekisho is the `domain` line.

import { lang, setUp, text } from "./prefs.js";

const $ = (selector) => document.querySelector(selector);
const page = `${location.origin}/spa-js.html`;
let state = "loading";
let result;
setUp(draw);

const config = await (await fetch("/config.json")).json();
const client = new auth0.Auth0Client({
  domain: config.issuer.replace(/\/$/, ""), // "https://login.example.com", or plain http on this machine
  clientId: config.client_id,
  workerUrl: "/vendor/auth0-spa-js-2.27.0.worker.js", // a file instead of a blob: URL keeps the page's CSP strict
  authorizationParams: { redirect_uri: page, audience: config.audience, scope: "openid profile email read:notes" },
});
globalThis.sekishoClient = client; // for the curious, and for our browser tests

$("#login").addEventListener("click", () =>
  show("loginWithRedirect", () => client.loginWithRedirect({ authorizationParams: { ui_locales: lang() } })),
);
$("#popup").addEventListener("click", () =>
  show("loginWithPopup", () => client.loginWithPopup({ authorizationParams: { ui_locales: lang() } })),
);
$("#token").addEventListener("click", () =>
  show("getTokenSilently", () => client.getTokenSilently({ cacheMode: "off", detailedResponse: true })),
);
$("#logout").addEventListener("click", () =>
  show("logout", () => client.logout({ logoutParams: { returnTo: page } })),
);

const query = new URLSearchParams(location.search);
if (query.has("state") && (query.has("code") || query.has("error"))) {
  await show("handleRedirectCallback", () => client.handleRedirectCallback());
  history.replaceState(null, "", page);
} else {
  await show("checkSession", () => client.checkSession());
}

/** Calls the SDK and shows what it answered, or what it threw. */
async function show(name, work) {
  try {
    result = { call: name, ok: true, value: (await work()) ?? null };
  } catch (error) {
    result = { call: name, ok: false, error: error.error ?? error.name, message: error.message };
  }
  state = (await client.isAuthenticated()) ? "in" : "out";
  $("#user").textContent = JSON.stringify((await client.getUser()) ?? null, null, 2);
  draw();
}

function draw() {
  document.title = text().sdkTitle;
  const badge = $("#state");
  badge.dataset.state = state;
  badge.className = `badge ${state === "in" ? "good" : ""}`;
  badge.textContent = { loading: text().loading, in: text().sdkIn, out: text().sdkOut }[state];
  $("#result").textContent = result ? JSON.stringify(result, null, 2) : text().sdkNothing;
  if (result) $("#result").dataset.call = result.call;
}
