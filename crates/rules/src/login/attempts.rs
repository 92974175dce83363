//! How often a credential may be guessed at: the limits, what they are counted by, and what becomes of a count (threat 10).
//!
//! Three counts stand side by side. Guesses at one account from one network close that pair. Guesses at one account from everywhere
//! slow down. Guesses from one network at any accounts slow that network down.

use crate::id::hex;
use crate::identity::Email;
use crate::secret::SecretHash;
use std::net::IpAddr;

/// How often, in what time. A limit of 0 is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Failures in a row at one account from one network, until that pair is closed.
    pub pair: i64,
    /// Seconds after the last failure in which the pair is remembered while it is open.
    pub pair_memory: i64,
    /// Seconds a pair stays closed when nobody opens it.
    pub pair_closed: i64,
    /// Failures at one account from everywhere, an hour.
    pub account: i64,
    /// Failures from one network at any accounts, a day.
    pub network: i64,
    /// New accounts from one network, an hour.
    pub signups: i64,
    /// Accounts that failed from one network, an hour, until it is taken for one that tries one after another.
    pub spread: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pair: 10,
            pair_memory: 86_400,
            pair_closed: 2_592_000,
            account: 100,
            network: 100,
            signups: 50,
            spread: 20,
        }
    }
}

/// Seconds that guessing at a second factor closes it for: whoever guesses there knows the first, and the owner may only have lost a phone.
const SECOND_CLOSED: i64 = 86_400;

/// Seconds in which accounts that failed from one network are added up.
pub const SPREAD_SECONDS: i64 = 3600;

/// Seconds a network is taken for one that tries one account after another.
pub const SPREAD_REMEMBERED: i64 = 86_400;

/// What is counted to see that a network tries one account after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The row that says that this account failed from there lately.
    pub pair: String,
    /// The row that adds such accounts up.
    pub accounts: String,
    /// The row that says that there were too many.
    pub mark: String,
    /// How many are too many.
    pub limit: i64,
}

/// So many at once; what was taken comes back one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its row.
    pub key: String,
    /// Whose it is, to be forgotten by; empty when it is nobody's.
    pub subject: String,
    /// How many it holds, at least 1.
    pub holds: i64,
    /// Milliseconds until one comes back.
    pub refill: i64,
}

/// So many in a row, then closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strikes {
    /// Its row.
    pub key: String,
    /// Whose it is, to be forgotten by.
    pub subject: String,
    /// How many.
    pub limit: i64,
    /// Seconds after the last in which they are remembered.
    pub memory: i64,
    /// Seconds it stays closed.
    pub closed: i64,
}

/// What became of a strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// It is counted: the so-manyth in a row.
    Counted(i64),
    /// It is the first one too many. Unix milliseconds of the first of the row name this closing.
    ClosedNow {
        /// When the row of strikes began.
        since: i64,
    },
    /// It was closed before.
    Closed,
}

impl Limits {
    /// What is counted of guesses at an account from a network.
    pub fn pair(&self, account: &str, network: &str) -> Option<Strikes> {
        (self.pair > 0).then(|| Strikes {
            key: key("pair", &format!("{network}\n{account}")),
            subject: subject(account),
            limit: self.pair,
            memory: self.pair_memory,
            closed: match Email::parse(account) {
                Ok(_) => self.pair_closed,
                Err(_) => self.pair_closed.min(SECOND_CLOSED),
            },
        })
    }

    /// What is counted of guesses at an account from everywhere.
    pub fn account(&self, account: &str) -> Option<Bucket> {
        (self.account > 0).then(|| Bucket {
            key: key("account", account),
            subject: subject(account),
            holds: self.account,
            refill: 3_600_000 / self.account,
        })
    }

    /// What is counted of guesses from a network.
    pub fn network(&self, network: &str) -> Option<Bucket> {
        (self.network > 0).then(|| Bucket {
            key: key("network", network),
            subject: String::new(),
            holds: self.network,
            refill: 86_400_000 / self.network,
        })
    }

    /// What is counted of the accounts that fail from a network.
    pub fn spread(&self, account: &str, network: &str) -> Option<Spread> {
        (self.spread > 0).then(|| Spread {
            pair: key("spread pair", &format!("{network}\n{account}")),
            accounts: key("spread", network),
            mark: key("spread mark", network),
            limit: self.spread,
        })
    }

    /// What is counted of new accounts from a network.
    pub fn signups(&self, network: &str) -> Option<Bucket> {
        (self.signups > 0).then(|| Bucket {
            key: key("signups", network),
            subject: String::new(),
            holds: self.signups,
            refill: 3_600_000 / self.signups,
        })
    }
}

/// Mails about one closed account: three, then one every eight hours. An attack that lasts a week is no flood of mail.
pub fn mails_about(account: &str) -> Bucket {
    Bucket {
        key: key("mails about attempts", account),
        subject: String::new(),
        holds: 3,
        refill: 28_800_000,
    }
}

/// Under what everything counted at an account is found.
pub fn subject(account: &str) -> String {
    key("subject", account)
}

fn key(sort: &str, whose: &str) -> String {
    hex(SecretHash::of(&format!("attempts {sort}\n{whose}")).bytes())
}

/// The network an address is counted as: itself for IPv4; for IPv6 its first 64 bits, because whoever has one address there has all.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", std::net::Ipv6Addr::from_bits(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_10_an_ipv6_network_is_one_visitor() {
        let counted = |text: &str| network(text.parse().unwrap());
        assert_eq!(counted("2001:db8:1:2::1"), "2001:db8:1:2::/64");
        assert_eq!(counted("2001:db8:1:2:ffff::9"), "2001:db8:1:2::/64");
        assert_ne!(counted("2001:db8:1:3::1"), "2001:db8:1:2::/64");
        assert_eq!(counted("192.0.2.7"), "192.0.2.7");
        assert_eq!(
            counted("::ffff:192.0.2.7"),
            "192.0.2.7",
            "one address in two clothes"
        );
    }

    #[test]
    fn keys_name_nobody_and_are_each_their_own() {
        let limits = Limits::default();
        let (account, here) = ("hanako@example.com", "192.0.2.7");
        let keys = [
            limits.pair(account, here).unwrap().key,
            limits.account(account).unwrap().key,
            limits.network(here).unwrap().key,
            limits.signups(here).unwrap().key,
            limits.spread(account, here).unwrap().pair,
            limits.spread(account, here).unwrap().accounts,
            limits.spread(account, here).unwrap().mark,
            mails_about(account).key,
            subject(account),
        ];
        for (at, one) in keys.iter().enumerate() {
            assert!(!one.contains("hanako") && !one.contains("192"));
            assert!(keys.iter().skip(at + 1).all(|other| other != one));
        }
    }

    #[test]
    fn a_limit_of_nothing_is_off() {
        let off = Limits {
            pair: 0,
            account: 0,
            network: 0,
            signups: 0,
            spread: 0,
            ..Limits::default()
        };
        assert!(off.pair("a", "b").is_none() && off.account("a").is_none());
        assert!(off.network("b").is_none() && off.signups("b").is_none());
        assert!(off.spread("a", "b").is_none());
    }
}
