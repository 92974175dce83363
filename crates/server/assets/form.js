// Three comforts for the forms. Everything works without them.

// Show or hide the password. It is hidden again before the form is sent, so that no browser keeps it as text.
for (const button of document.querySelectorAll("button[data-reveals]")) {
  const input = document.getElementById(button.dataset.reveals);
  const reveal = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    reveal(input.type === "password");
    input.focus();
  });
  button.form.addEventListener("submit", () => reveal(false));
}

// Send a form once. The buttons are not disabled: the pressed one carries the decision. A page that comes back
// from the browser's history may send again.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.once === "sent") {
      event.preventDefault();
      return;
    }
    form.dataset.once = "sent";
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    form.dataset.once = "";
    form.removeAttribute("aria-busy");
  });
}

// Say what is wrong with a new password while it is typed. Our own server is asked, by the rule that judges the form when it is sent;
// when it does not answer, nothing is said.
for (const advice of document.querySelectorAll("[data-advises]")) {
  const input = document.getElementById(advice.dataset.advises);
  const language = document.documentElement.lang;
  let waiting;
  let asking = new AbortController();
  const say = (state, sentences) => {
    advice.dataset.state = state;
    const text = sentences.join("\n");
    // The same sentence is not read out twice.
    if (advice.textContent !== text) advice.textContent = text;
  };
  const ask = async () => {
    asking.abort();
    asking = new AbortController();
    if (input.value === "") return say("", []);
    const body = new URLSearchParams({ password: input.value, email: input.form.elements.email?.value ?? "" });
    try {
      const options = { method: "POST", body, signal: asking.signal };
      const answer = await fetch(`/u/password/check?ui_locales=${encodeURIComponent(language)}`, options);
      const { good, said } = answer.ok ? await answer.json() : { good: false, said: [] };
      say(good ? "good" : "wrong", good ? [advice.dataset.good] : said);
    } catch {
      // Asked again meanwhile, or out of reach.
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 400);
  });
}
