// The picture of one token: three colours, every claim in plain words, and the time it has left.

import { lang, text } from "./prefs.js";
import { clock, takeApart } from "./token.js";

const narrow = matchMedia("(width < 48rem)");
const TIMES = new Set(["exp", "iat", "nbf", "auth_time"]);

/** A card for `token`; `sealed` says whether this browser checked its signature with the issuer's published key. */
export function tokenCard(id, token, { title, text: about, sealed }) {
  const t = text();
  const card = make("article", { className: "card token", id: `token-${id}` });
  const apart = takeApart(token);
  card.append(make("h3", { textContent: title }), make("p", { textContent: about }));
  if (!apart) {
    card.append(make("pre", { textContent: token, tabIndex: 0 }));
    return card;
  }
  card.append(countdown(apart.payload), raw(apart.parts));
  card.append(part(id, "header", t, claims(apart.header)));
  card.append(part(id, "payload", t, claims(apart.payload)));
  const seal = make("p", { className: "seal", textContent: sealed ? t.signed : t.unsigned });
  seal.dataset.sealed = String(sealed);
  card.append(part(id, "signature", t, seal));
  return card;
}

/** Moves every countdown on the page; call it now and then. */
export function tick() {
  for (const box of document.querySelectorAll("[data-exp]")) {
    const left = Number(box.dataset.exp) - Date.now() / 1000;
    const life = Number(box.dataset.exp) - Number(box.dataset.iat);
    box.classList.toggle("over", left <= 0);
    const shown = left > 0 ? clock(left) : text().expired;
    const value = box.querySelector(".left");
    if (value.textContent !== shown) value.textContent = shown;
    box.querySelector("meter").value = Math.max(0, left / life);
  }
}

function countdown({ exp, iat }) {
  const box = make("p", { className: "countdown" });
  box.dataset.exp = exp;
  box.dataset.iat = iat;
  const bar = make("meter", { min: 0, max: 1, low: 0.2, high: 0.5, optimum: 1 });
  bar.setAttribute("aria-label", text().timeLeft);
  box.append(make("span", { textContent: text().timeLeft }), make("strong", { className: "left" }), bar);
  return box;
}

function raw(parts) {
  const box = make("pre", { className: "raw", tabIndex: 0 });
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", text().raw);
  ["header", "payload", "signature"].forEach((name, at) => {
    if (at > 0) box.append(".");
    box.append(make("span", { className: name, textContent: parts[at] }));
  });
  return box;
}

const folded = new Map(); // what the visitor opened or closed, kept when the card is drawn again

/** One of the three parts. On a phone they begin folded, or the page would be ten screens long. */
function part(id, name, t, content) {
  const key = `${id} ${name}`;
  const section = make("details", { className: `part ${name}`, open: folded.get(key) ?? !narrow.matches });
  section.addEventListener("toggle", () => folded.set(key, section.open));
  const head = make("summary", {});
  head.append(make("h4", { textContent: t[name] }), " ", make("small", { textContent: t[`${name}Text`] }));
  section.append(head, content);
  return section;
}

function claims(object) {
  const list = make("dl", { className: "claims" });
  for (const [name, value] of Object.entries(object)) {
    const shown = make("dd", {});
    shown.append(make("code", { textContent: JSON.stringify(value) }));
    if (TIMES.has(name)) shown.append(make("small", { textContent: text().at(moment(value)) }));
    shown.append(make("span", { textContent: text().claims[name] ?? text().unknownClaim }));
    list.append(make("dt", { textContent: name }), shown);
  }
  return list;
}

const moment = (seconds) =>
  new Date(seconds * 1000).toLocaleString(lang(), { dateStyle: "medium", timeStyle: "medium" });
const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
