//! What the holder of a token may do at the MFA API: see, add and remove the second factors of one person.

use crate::factor::Factors;
use crate::mfa_token::Owed;
use crate::refusal::Reason;
use crate::time::Timestamp;
use sekisho_verify::Scope;

/// Seconds after a login in which what protects an account may be changed.
pub const FRESH_SECONDS: i64 = 600;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See what was set up.
    List,
    /// Set up another one.
    Enrol,
    /// Remove one.
    Remove,
}

impl Action {
    /// The scope an access token needs for it.
    pub fn scope(self) -> &'static str {
        match self {
            Self::List => "read:authenticators",
            Self::Enrol => "enroll",
            Self::Remove => "remove:authenticators",
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub enum Bearer {
    /// Somebody who proved a first factor and owes this: an `mfa_token`.
    FirstFactor(Owed),
    /// Somebody who logged in: an access token for this API.
    Login {
        /// What it was given for.
        scope: Scope,
        /// How many factors the login proved.
        proven: Proven,
        /// When.
        auth_time: Timestamp,
    },
}

/// How many factors a login proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// One.
    One,
    /// More than one.
    Several,
}

/// Decides whether the holder of a token may do it.
///
/// Who proved only one factor may set up the first of the others and nothing more: a stolen password must not be enough to add a factor
/// of one's own or to remove what it lacks (threats 9 and 19). Changes need a fresh login besides (RFC 9470 section 3).
///
/// # Errors
/// [`Reason::InsufficientScope`], [`Reason::StaleLogin`] or [`Reason::AlreadyEnrolled`].
pub fn may(bearer: &Bearer, action: Action, factors: &Factors, now: Timestamp) -> Result<(), Reason> {
    let bound = factors.has_any();
    let (scope, proven, auth_time) = match (bearer, action) {
        (Bearer::FirstFactor(_), Action::List) => return Ok(()),
        (Bearer::FirstFactor(Owed::Enrolment), Action::Enrol) if !bound => return Ok(()),
        (Bearer::FirstFactor(_), Action::Enrol) => return Err(Reason::AlreadyEnrolled),
        (Bearer::FirstFactor(_), Action::Remove) => return Err(Reason::InsufficientScope(action.scope())),
        (
            Bearer::Login {
                scope,
                proven,
                auth_time,
            },
            _,
        ) => (scope, *proven, *auth_time),
    };
    if !scope.contains(action.scope()) {
        return Err(Reason::InsufficientScope(action.scope()));
    }
    let age = now.millis_since(auth_time);
    match action {
        Action::List => Ok(()),
        _ if age >= FRESH_SECONDS * 1000 => Err(Reason::StaleLogin),
        _ if bound && proven == Proven::One => Err(Reason::StaleLogin),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factor::FactorKind;

    const ACTIONS: [Action; 3] = [Action::List, Action::Enrol, Action::Remove];

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_000_000)
    }

    fn held(enrolled: &[FactorKind]) -> Factors {
        Factors {
            enrolled: enrolled.to_vec(),
            mailbox: true,
        }
    }

    fn login(scope: &str, proven: Proven, age: i64) -> Bearer {
        Bearer::Login {
            scope: Scope::parse(scope).unwrap(),
            proven,
            auth_time: now().plus_seconds(-age),
        }
    }

    #[test]
    fn threat_09_one_factor_may_set_up_the_first_other_and_nothing_more() {
        let bearer = Bearer::FirstFactor(Owed::Enrolment);
        assert_eq!(may(&bearer, Action::Enrol, &held(&[]), now()), Ok(()));
        let asked = Bearer::FirstFactor(Owed::Proof(vec![FactorKind::Email]));
        assert!(
            may(&asked, Action::Enrol, &held(&[]), now()).is_err(),
            "a login that looks wrong"
        );
        for kind in [FactorKind::Totp, FactorKind::Passkey, FactorKind::Email] {
            let factors = held(&[kind]);
            assert_eq!(may(&bearer, Action::List, &factors, now()), Ok(()));
            assert_eq!(
                may(&bearer, Action::Enrol, &factors, now()),
                Err(Reason::AlreadyEnrolled)
            );
            assert!(may(&bearer, Action::Remove, &factors, now()).is_err());
            let signed_in = login("enroll remove:authenticators", Proven::One, 0);
            assert_eq!(
                may(&signed_in, Action::Enrol, &factors, now()),
                Err(Reason::StaleLogin)
            );
            assert_eq!(
                may(&signed_in, Action::Remove, &factors, now()),
                Err(Reason::StaleLogin)
            );
        }
    }

    #[test]
    fn each_action_needs_its_scope() {
        for action in ACTIONS {
            for scope in ACTIONS {
                let bearer = login(scope.scope(), Proven::Several, 0);
                let allowed = may(&bearer, action, &held(&[FactorKind::Totp]), now());
                assert_eq!(allowed.is_ok(), action == scope, "{action:?} with {scope:?}");
            }
        }
    }

    #[test]
    fn rfc9470_section_3_changes_need_a_fresh_login() {
        let all = "enroll read:authenticators remove:authenticators";
        for (age, fresh) in [(0, true), (599, true), (600, false), (100_000, false)] {
            let bearer = login(all, Proven::Several, age);
            let factors = held(&[FactorKind::Totp]);
            assert!(may(&bearer, Action::List, &factors, now()).is_ok());
            assert_eq!(
                may(&bearer, Action::Enrol, &factors, now()).is_ok(),
                fresh,
                "{age}"
            );
            assert_eq!(
                may(&bearer, Action::Remove, &factors, now()).is_ok(),
                fresh,
                "{age}"
            );
        }
    }
}
