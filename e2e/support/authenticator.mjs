// Chromium's virtual authenticator: a device with passkeys, driven over the DevTools protocol.

/** Gives the page's browser a device. `verified` says whether it recognises its owner. */
export async function authenticator(page, { verified = true } = {}) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: verified,
      automaticPresenceSimulation: true,
    },
  });
  const send = (method, parameters) => cdp.send(`WebAuthn.${method}`, { authenticatorId, ...parameters });
  return {
    /** The passkeys in it. */
    credentials: async () => (await send("getCredentials", {})).credentials,
    /** Puts a passkey of another device in, as a synchronised one would arrive. */
    add: (credential) => send("addCredential", { credential }),
    /** Whether somebody is at the device and answers at once. */
    present: (enabled) => send("setAutomaticPresenceSimulation", { enabled }),
    /** Whether the device recognises its owner. */
    verifies: (isUserVerified) => send("setUserVerified", { isUserVerified }),
  };
}
