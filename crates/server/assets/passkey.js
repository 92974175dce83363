// Asks the browser for passkeys. A form with data-passkey="get" proves one, data-passkey="create" makes one; what the authenticator
// answers goes into the field "response" and the form is sent like any other. Without this script, or in a browser without passkeys,
// those forms stay hidden and the other ways to sign in are there.
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (character) => character.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const listed = (list) => (list || []).map((entry) => ({ ...entry, id: bytes(entry.id) }));

  // The options as the server wrote them, with bytes where the browser wants bytes.
  const options = (form) => {
    const read = JSON.parse(form.dataset.options);
    read.challenge = bytes(read.challenge);
    if (form.dataset.passkey === "create") {
      read.user.id = bytes(read.user.id);
      read.excludeCredentials = listed(read.excludeCredentials);
    } else {
      read.allowCredentials = listed(read.allowCredentials);
    }
    return read;
  };

  // The answer as the server reads it: its bytes in base64url.
  const answer = (credential) => {
    const from = credential.response;
    const response = { clientDataJSON: text(from.clientDataJSON) };
    if (from.attestationObject) {
      response.attestationObject = text(from.attestationObject);
      response.transports = from.getTransports ? from.getTransports() : [];
    } else {
      response.authenticatorData = text(from.authenticatorData);
      response.signature = text(from.signature);
      response.userHandle = from.userHandle ? text(from.userHandle) : null;
    }
    const said = credential.getClientExtensionResults();
    const clientExtensionResults = said.credProps ? { credProps: { rk: said.credProps.rk } } : {};
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults,
    });
  };

  const start = (form) => {
    const button = form.querySelector("[data-asks]");
    const word = form.querySelector("[data-cancelled]");
    const makes = form.dataset.passkey === "create";
    let waiting = null;
    let sent = false;

    const send = (credential) => {
      if (!credential || sent) return;
      sent = true;
      form.elements.namedItem("response").value = answer(credential);
      form.submit();
    };

    // Suggestions in the field: asked at once, answered when the person picks one.
    const suggest = async () => {
      const field = form.dataset.autofill && document.getElementById(form.dataset.autofill);
      const able = window.PublicKeyCredential.isConditionalMediationAvailable;
      if (!field || !able || !(await able.call(window.PublicKeyCredential))) return;
      waiting = new AbortController();
      try {
        const request = { publicKey: options(form), mediation: "conditional", signal: waiting.signal };
        send(await navigator.credentials.get(request));
      } catch {
        // Aborted by the button, or not possible after all; the button is there.
      }
    };

    button.addEventListener("click", async () => {
      if (sent) return;
      word.hidden = true;
      if (waiting) waiting.abort();
      button.disabled = true;
      try {
        const request = { publicKey: options(form) };
        send(await (makes ? navigator.credentials.create(request) : navigator.credentials.get(request)));
      } catch {
        word.textContent = word.dataset.cancelled;
        word.hidden = false;
        suggest();
      }
      button.disabled = false;
    });

    form.hidden = false;
    suggest();
  };

  for (const hint of document.querySelectorAll("[data-passkey-unsupported]")) hint.hidden = true;
  for (const divider of document.querySelectorAll("[data-passkey-or]")) divider.hidden = false;
  for (const form of document.querySelectorAll("form[data-passkey]")) start(form);
})();
