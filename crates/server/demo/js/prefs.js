// Language and colours: remembered in this browser, switched without a reload.

import { en } from "./text-en.js";
import { ja } from "./text-ja.js";

const TEXTS = { en, ja };
const LANG = "sekisho-demo.lang";
const THEME = "sekisho-demo.theme";
const THEMES = ["auto", "light", "dark"];

/** The language in use, "en" or "ja": the visitor's choice, else the browser's first language. */
export const lang = () => localStorage.getItem(LANG) ?? (navigator.language.startsWith("ja") ? "ja" : "en");

/** The texts of that language. */
export const text = () => TEXTS[lang()];

/** Fills the static texts of the page (`data-t="key"`) and wires both switches; `redraw` runs after every switch. */
export function setUp(redraw) {
  const draw = () => {
    document.documentElement.lang = lang();
    for (const element of document.querySelectorAll("[data-t]")) element.textContent = text()[element.dataset.t];
    for (const button of document.querySelectorAll("[data-lang]"))
      button.setAttribute("aria-pressed", String(button.dataset.lang === lang()));
    const theme = localStorage.getItem(THEME) ?? "auto";
    document.documentElement.dataset.theme = theme;
    const name = `${text().theme}: ${text().themes[theme]}`;
    const toggle = document.querySelector("#theme");
    toggle.setAttribute("aria-label", name);
    toggle.title = name;
  };
  for (const button of document.querySelectorAll("[data-lang]"))
    button.addEventListener("click", () => {
      localStorage.setItem(LANG, button.dataset.lang);
      draw();
      redraw();
    });
  document.querySelector("#theme").addEventListener("click", () => {
    const now = THEMES.indexOf(localStorage.getItem(THEME) ?? "auto");
    localStorage.setItem(THEME, THEMES[(now + 1) % THEMES.length]);
    draw();
  });
  draw();
}
