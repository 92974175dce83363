//! Second factors: which proof a request needs beyond the first, and whether a session has given it.
//!
//! One rule for every path to a token: the authorization endpoint asks it before it makes a code, and the token endpoint before it
//! answers a grant that checks a password by itself (threat 9).

use crate::client::words;
use serde::{Deserialize, Serialize};

/// The `acr` of a login with more than one factor, and the value of `acr_values` that asks for one.
pub const ACR_MULTI_FACTOR: &str = "http://schemas.openid.net/pape/policies/2007/06/multi-factor";

/// The `amr` value of a session that was proven with more than one factor (RFC 8176 section 2).
pub const AMR_MULTI_FACTOR: &str = "mfa";

words! {
    /// Something a person can prove beside their first factor.
    FactorKind {
        /// A code of an authenticator application (RFC 6238).
        Totp = "otp",
        /// A passkey, in its role as a second factor.
        Passkey = "webauthn",
        /// A code sent to the address of the account.
        Email = "email",
        /// A code from the list that was shown once.
        RecoveryCode = "recovery-code",
    }
}

impl FactorKind {
    /// Its `amr` value (RFC 8176 section 2).
    pub fn amr(self) -> &'static str {
        match self {
            Self::Totp | Self::Email | Self::RecoveryCode => "otp",
            Self::Passkey => "hwk",
        }
    }
}

words! {
    /// When a second factor is asked for.
    MfaPolicy {
        /// Only when the application asks for it by `acr_values`.
        Never = "never",
        /// Of who has one, except in a browser they asked us to remember; and of anybody whose login looks wrong.
        Adaptive = "adaptive",
        /// Of everybody; who has none must set one up.
        Always = "always",
    }
}

words! {
    /// How wrong a login looks.
    Risk {
        /// Like the ones before.
        Low = "low",
        /// New in one way, such as a browser never seen.
        Medium = "medium",
        /// New in a way that is hardly possible, or from where attacks come.
        High = "high",
    }
}

/// What a person has set up, and whether the address of their account can serve.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// What was set up and confirmed, each kind once.
    pub enrolled: Vec<FactorKind>,
    /// Whether a code can be mailed to an address that is proven to be theirs.
    pub mailbox: bool,
}

impl Factors {
    /// Whether anything that stands for itself was set up: recovery codes alone do not.
    pub fn has_any(&self) -> bool {
        self.enrolled.iter().any(|kind| *kind != FactorKind::RecoveryCode)
    }
}

/// What is asked of a login.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// The client's policy, or the issuer's.
    pub policy: MfaPolicy,
    /// Whether the application asked for several factors by `acr_values`.
    pub asked: bool,
    /// How the login looks.
    pub risk: Risk,
    /// Whether the person proved a second factor in this browser before and asked us to remember it.
    pub remembered: bool,
}

/// What is still needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing.
    Satisfied,
    /// One of these, in the order of the set-up. None are left when all there is is the mailbox the login came from: then only another
    /// first factor helps.
    Prove(Vec<FactorKind>),
    /// Nothing is set up: the person must do that first.
    Enrol,
}

/// Decides which proof a login with these `amr` values still needs.
///
/// A passkey with user verification is two factors at once and says `mfa` from the start. Being remembered counts for a login that
/// looks as ever, and never where the application asked. A login that looks wrong needs a proof even of people who set nothing up:
/// then a code to their proven address, before they may set anything up; who has neither is asked nothing more, because a lock
/// without a key would lock them out. Who signed in with a code from their mailbox has not proven anything more with a second one.
pub fn required(demand: Demand, amr: &[String], factors: &Factors) -> Requirement {
    if amr.iter().any(|method| method == AMR_MULTI_FACTOR) {
        return Requirement::Satisfied;
    }
    let looks_wrong = demand.risk != Risk::Low;
    let by_mailbox = is_by_mailbox(amr);
    let second = |kind: &&FactorKind| !(by_mailbox && **kind == FactorKind::Email);
    let wanted = match demand.policy {
        _ if demand.asked => Wanted::Always,
        MfaPolicy::Never => Wanted::No,
        _ if demand.remembered && !looks_wrong => Wanted::No,
        MfaPolicy::Always => Wanted::Always,
        MfaPolicy::Adaptive => Wanted::IfPossible,
    };
    match wanted {
        Wanted::No => Requirement::Satisfied,
        Wanted::Always | Wanted::IfPossible if factors.has_any() => {
            Requirement::Prove(factors.enrolled.iter().filter(second).copied().collect())
        }
        Wanted::Always | Wanted::IfPossible if looks_wrong && factors.mailbox && !by_mailbox => {
            Requirement::Prove(vec![FactorKind::Email])
        }
        Wanted::Always => Requirement::Enrol,
        Wanted::IfPossible => Requirement::Satisfied,
    }
}

/// Whether a login has proven the mailbox of the account and nothing else.
pub(crate) fn is_by_mailbox(amr: &[String]) -> bool {
    amr == [FactorKind::Email.amr()]
}

enum Wanted {
    No,
    IfPossible,
    Always,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(amr: &[&str]) -> Vec<String> {
        amr.iter().map(|word| (*word).to_owned()).collect()
    }

    fn demands() -> Vec<Demand> {
        let mut all = Vec::new();
        for policy in MfaPolicy::ALL {
            for risk in Risk::ALL {
                for (asked, remembered) in [(false, false), (false, true), (true, false), (true, true)] {
                    all.push(Demand {
                        policy: *policy,
                        asked,
                        risk: *risk,
                        remembered,
                    });
                }
            }
        }
        all
    }

    fn held(enrolled: &[FactorKind]) -> Factors {
        Factors {
            enrolled: enrolled.to_vec(),
            mailbox: true,
        }
    }

    #[test]
    fn threat_09_who_has_a_factor_is_asked_for_it_wherever_one_is_wanted() {
        let factors = held(&[FactorKind::Totp, FactorKind::RecoveryCode]);
        for demand in demands() {
            let asked = required(demand, &words(&["pwd"]), &factors) != Requirement::Satisfied;
            let familiar = demand.remembered && demand.risk == Risk::Low;
            let expected = demand.asked || (demand.policy != MfaPolicy::Never && !familiar);
            assert_eq!(asked, expected, "{demand:?}");
        }
    }

    #[test]
    fn several_factors_are_enough_for_every_demand() {
        for demand in demands() {
            let proven = required(demand, &words(&["pwd", "otp", "mfa"]), &held(&[FactorKind::Totp]));
            assert_eq!(proven, Requirement::Satisfied, "{demand:?}");
        }
    }

    #[test]
    fn threat_09_one_word_of_a_factor_is_not_two_factors() {
        for word in ["otp", "hwk", "MFA", "mfa ", ""] {
            let demand = Demand {
                policy: MfaPolicy::Always,
                asked: false,
                risk: Risk::Low,
                remembered: false,
            };
            let proven = required(demand, &words(&["pwd", word]), &held(&[FactorKind::Totp]));
            assert_ne!(proven, Requirement::Satisfied, "{word}");
        }
    }

    #[test]
    fn who_has_nothing_sets_something_up_where_it_must_be_and_gets_a_mail_where_it_looks_wrong() {
        for demand in demands() {
            let needed = required(demand, &words(&["pwd"]), &held(&[FactorKind::RecoveryCode]));
            let familiar = demand.remembered && demand.risk == Risk::Low;
            let expected = match demand.policy {
                MfaPolicy::Never if !demand.asked => Requirement::Satisfied,
                _ if demand.risk != Risk::Low => Requirement::Prove(vec![FactorKind::Email]),
                _ if demand.asked => Requirement::Enrol,
                MfaPolicy::Always if !familiar => Requirement::Enrol,
                _ => Requirement::Satisfied,
            };
            assert_eq!(needed, expected, "{demand:?}");
        }
    }

    #[test]
    fn threat_09_one_mailbox_is_one_factor() {
        let mailed = words(&["otp"]);
        let with = |enrolled: &[FactorKind]| {
            let always = Demand {
                policy: MfaPolicy::Always,
                asked: false,
                risk: Risk::High,
                remembered: false,
            };
            required(always, &mailed, &held(enrolled))
        };
        assert_eq!(with(&[FactorKind::Email]), Requirement::Prove(Vec::new()));
        let others = [FactorKind::Email, FactorKind::Totp, FactorKind::RecoveryCode];
        assert_eq!(with(&others), Requirement::Prove(others[1..].to_vec()));
        assert_eq!(
            with(&[]),
            Requirement::Enrol,
            "nothing more can be asked of the mailbox"
        );
    }
}
