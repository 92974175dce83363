//! The state of one running issuer. Nothing is global: a process could hold several.

use crate::http::cookie::CookieNames;
use crate::keys::Keys;
use crate::passwords::Passwords;
use crate::seal::Sealer;
use sekisho_rules::session::SessionPolicy;
use sekisho_rules::time::Timestamp;
use sekisho_rules::wire::Wire;
use sekisho_store::Db;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Everything a request needs.
pub struct App {
    /// What the operator decided.
    pub settings: Settings,
    /// The database.
    pub db: Db,
    /// Seals what rests.
    pub sealer: Sealer,
    /// The signing keys.
    pub keys: Keys,
    /// The password queue.
    pub passwords: Passwords,
    /// The clock.
    pub clock: Clock,
    /// The names of our cookies.
    pub cookies: CookieNames,
    /// Which origins may call us from a browser.
    pub origins: crate::http::cors::Origins,
}

/// What the operator decided, resolved once at start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer, with its trailing slash.
    pub issuer: url::Url,
    /// Hosts we answer to, as they come in `Host`.
    pub hosts: Vec<String>,
    /// Whose wire quirks are spoken.
    pub wire: Wire,
    /// How long sessions live.
    pub session: SessionPolicy,
    /// The name people see.
    pub tenant: String,
    /// Where a logout may return to when no client is named.
    pub logout_urls: Vec<String>,
    /// Whether a logout without proof of intent asks first.
    pub logout_prompt: LogoutPrompt,
    /// Proxies whose forwarded headers count.
    pub trusted_proxies: Vec<Network>,
    /// Whether people may make accounts.
    pub signup: Signup,
}

/// Whether a logout without proof of intent asks the user first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoutPrompt {
    /// It asks.
    Ask,
    /// It does not: anybody's link can sign a user out.
    Skip,
}

/// Whether people may make accounts on the sign-up page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signup {
    /// They may.
    Open,
    /// They may not, and the page does not exist.
    Closed,
}

/// A range of addresses, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first address.
    pub base: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

impl Network {
    /// Whether an address lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        let prefix = u32::from(self.prefix);
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0);
                u32::from(base) & mask == u32::from(address) & mask
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0);
                u128::from(base) & mask == u128::from(address) & mask
            }
            _ => false,
        }
    }
}

impl Settings {
    /// The issuer as text: the `iss` of every token, with its trailing slash.
    pub fn iss(&self) -> &str {
        self.issuer.as_str()
    }

    /// An absolute URL of ours. Built from the configured issuer only, never from a request.
    pub fn url(&self, path: &str) -> String {
        format!("{}{}", self.iss(), path.trim_start_matches('/'))
    }

    /// Our own origin, as a browser sends it.
    pub fn origin(&self) -> String {
        self.issuer.origin().ascii_serialization()
    }
}

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that tests move; unix milliseconds.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the edge: the one place that reads the clock")]
            Self::System => Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
            Self::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }
}
