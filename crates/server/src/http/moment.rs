//! Time and chance of one request, read at the edge and passed down as values.

use sekisho_rules::id::{GrantId, SessionId, hex};
use sekisho_rules::secret::Secret;
use sekisho_rules::time::Timestamp;

/// Now, and a source of fresh secrets.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// When the request is decided.
    pub now: Timestamp,
}

impl Moment {
    /// A fresh secret of 256 bits.
    pub fn secret(&self) -> Secret {
        Secret::from_random(random())
    }

    /// Fresh random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        random()
    }

    /// A fresh `gid`: 32 hexadecimal digits.
    pub fn grant_id(&self) -> GrantId {
        GrantId::new(hex(&random::<16>()))
    }

    /// A fresh `sid`: 32 hexadecimal digits.
    pub fn session_id(&self) -> SessionId {
        SessionId::new(hex(&random::<16>()))
    }

    /// A fresh id of 128 bits: 32 hexadecimal digits.
    pub fn id(&self) -> String {
        hex(&random::<16>())
    }

    /// A fresh id that sorts by time: 12 digits of milliseconds, 20 of chance.
    pub fn sortable_id(&self) -> String {
        let millis = u64::try_from(self.now.millis()).unwrap_or(0).to_be_bytes();
        hex(&millis[2..]) + &hex(&random::<10>())
    }
}

/// The operating system's random source, which cannot fail in a way a program could mend.
#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "the edge: the one place that draws chance"
)]
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random source");
    bytes
}
