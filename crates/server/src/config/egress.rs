//! Whom the program may call on somebody's behalf: addresses that clients registered.

use super::Issuer;
use super::server::{Networks, networks};
use super::value::{ConfigError, Setting, Value};
use std::net::IpAddr;

/// Calls to addresses that clients registered, such as those for back-channel logout.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct EgressSection {
    /// Addresses or networks (CIDR) that may be called although they are not of the public internet, also over plain
    /// http. Anything else that is private, local or special is never called.
    #[config(env = "SEKISHO_EGRESS_ALLOW")]
    pub(super) allow: Option<Value>,
}

/// Which addresses may be called.
#[derive(Clone, Debug)]
pub struct Reach {
    /// Networks the operator allows, public or not, with or without TLS.
    pub allow: Networks,
    /// This machine itself.
    pub loopback: Loopback,
}

/// Whether this machine itself may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// It may: the issuer is on this machine too, for its own developer only.
    Allowed,
    /// It may not.
    Refused,
}

impl Reach {
    /// Whether the operator vouches for this address, whatever it is.
    pub fn is_vouched_for(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allow.contains(address) || (self.loopback == Loopback::Allowed && address.is_loopback())
    }
}

impl EgressSection {
    pub(super) fn resolve(&self, issuer: &Issuer) -> Result<Reach, ConfigError> {
        Ok(Reach {
            allow: networks(&Setting::new("egress.allow", self.allow.as_ref()))?,
            loopback: match issuer.is_loopback() {
                true => Loopback::Allowed,
                false => Loopback::Refused,
            },
        })
    }
}
