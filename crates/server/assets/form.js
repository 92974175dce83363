// Two comforts for the forms. Everything works without them.

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
