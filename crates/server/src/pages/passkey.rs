//! The part of a page that asks the browser for a passkey. It is hidden until the script beside it finds that the browser can.

/// Asks for a passkey. The script posts `state`, `csrf`, `challenge` and `response` to `action`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyPrompt {
    /// Where the answer is sent.
    pub action: String,
    /// The journey, sealed; empty where there is none.
    pub state: String,
    /// The form token.
    pub csrf: String,
    /// What the browser is asked, in JSON.
    pub options: String,
    /// The challenge, sealed.
    pub challenge: String,
}
