//! Session Management 1.0: how an application's page learns, without asking us, that the person at this browser has changed.
//!
//! The browser carries a readable cookie with a state that changes at every login and goes at logout. Each application is given a
//! hash of it that is good for that application alone; a page of ours, in a frame of the application's, compares the two.

use crate::id::hex;
use sha2::{Digest, Sha256};

/// Decides the browser's state, which its readable cookie holds, from the secret of its session cookie.
///
/// Section 4.2: it changes when the person does. The session's secret does; half of a hash of its 256 random bits leads nowhere.
pub fn browser_state(session_secret: &str) -> String {
    let digest = Sha256::new()
        .chain_update(b"browser state\0")
        .chain_update(session_secret.as_bytes())
        .finalize();
    hex(&digest[..16])
}

/// Decides the `session_state` of an answer to this client at this origin (section 2): a salted hash, and the salt.
///
/// The script of the frame makes the same hash of what the application sends it and of the cookie.
pub fn session_state(client_id: &str, origin: &str, browser_state: &str, salt: &str) -> String {
    let digest = Sha256::digest(format!("{client_id} {origin} {browser_state} {salt}"));
    format!("{}.{salt}", hex(&digest))
}
