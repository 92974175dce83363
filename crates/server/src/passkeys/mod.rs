//! Passkeys (Web Authentication Level 3): enrolling them, signing in with them, proving a second factor with them, and looking after
//! them. Pages and API share what is here, so that no door checks less than another (threat 20).
//!
//! A ceremony's challenge travels sealed in the browser, bound to what it was made for, and works once: an answer that was accepted
//! uses it up. Credentials are read from the database when the answer comes, never carried in the challenge, so that a counter or an
//! owner that changed meanwhile counts.

mod ceremony;
mod enrol;
mod own;
mod prove;
pub mod signup;

pub use ceremony::{Offer, RelyingParty};
pub use enrol::{Attested, Enrolled, begin, finish};
pub use own::{Removed, remove, rename};
pub use prove::{Proven, Use, check, offer};
