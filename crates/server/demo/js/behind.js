// The demo app behind the gateway. There is no protocol in this file: the browser sends its cookie, the server has the token.

import { setUp, text } from "./prefs.js";

const $ = (selector) => document.querySelector(selector);
let last; // {status, body}: what the last call was answered

setUp(draw);
$("#cookies").textContent = JSON.stringify(document.cookie);
$("#call").addEventListener("click", call);

const me = await (await fetch("/me")).json();
$("#me").textContent = [
  `X-Auth-Request-User: ${me.user}`,
  `X-Auth-Request-Email: ${me.email}`,
  `Authorization: Bearer ${JSON.stringify(me.claims, null, 2)}`,
].join("\n");
$("#spa").href = me.spa;
$("#account").href = me.account;

async function call() {
  try {
    const reply = await fetch("/notes", { headers: { Accept: "application/json" }, cache: "no-store" });
    last = { status: reply.status, body: await reply.text() };
  } catch (error) {
    last = { status: 0, body: String(error) };
  }
  draw();
}

function draw() {
  document.title = text().behindTitle;
  if (!last) return;
  $("#result").dataset.status = String(last.status);
  $("#verdict").textContent = `${last.status}: ${text().behindVerdicts[last.status] ?? text().behindVerdicts.other}`;
  $("#answer").textContent = last.body;
  $("#answer").hidden = false;
}
