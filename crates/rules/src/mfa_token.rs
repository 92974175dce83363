//! The `mfa_token`: what a client holds for somebody who proved a first factor at the token endpoint and still owes a second.
//!
//! It travels sealed, so nothing is stored until it is used up. It is good for one client, one person and one purpose, for ten minutes,
//! and dies with whatever ends the person's access (threat 19).

use crate::client::{Client, GrantType};
use crate::factor::{self, FactorKind, Factors, Requirement};
use crate::grant::login::{Asked, Login};
use crate::id::{ClientId, Epochs, UserId};
use crate::time::Timestamp;
use crate::user::User;
use sekisho_verify::Scope;
use serde::{Deserialize, Serialize};

/// Seconds it lives.
pub const LIFETIME_SECONDS: i64 = 600;

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MfaToken {
    /// Which one: it is used up by this.
    pub id: String,
    /// Who asked, and must ask again.
    pub client: ClientId,
    /// Who proved a first factor.
    pub user: UserId,
    /// The epochs then, of user, client and issuer.
    pub epochs: (i64, i64, i64),
    /// By which grant.
    pub grant: GrantType,
    /// What is to be granted, already cut to what may be.
    pub scope: String,
    /// For which API.
    pub audience: Option<String>,
    /// What was proven.
    pub amr: Vec<String>,
    /// When.
    pub auth_time: Timestamp,
    /// What is owed.
    pub owed: Owed,
    /// When it was made.
    pub issued_at: Timestamp,
}

/// What somebody owes who proved a first factor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owed {
    /// The proof of one of these. There may be none left, and then nothing helps here.
    Proof(Vec<FactorKind>),
    /// To set up a factor, for there is none.
    Enrolment,
}

/// Why one opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is no token of ours, or somebody else's, or what it stood for has ended. One answer for all.
    Malformed,
    /// Its time is over.
    Expired,
}

impl MfaToken {
    /// The token for a login that lacks what is due.
    pub fn new(
        id: String,
        who: (&Client, &Login, Epochs),
        what: (Asked<'_>, &Scope, &Requirement),
        now: Timestamp,
    ) -> Self {
        let ((client, login, epochs), (asked, scope, due)) = (who, what);
        Self {
            id,
            client: client.id.clone(),
            user: login.user.id.clone(),
            epochs: (epochs.user, epochs.client, epochs.issuer),
            grant: asked.grant,
            scope: scope.to_string(),
            audience: asked.audience.map(str::to_owned),
            amr: login.amr.clone(),
            auth_time: login.auth_time,
            owed: match due {
                Requirement::Prove(kinds) => Owed::Proof(kinds.clone()),
                Requirement::Satisfied | Requirement::Enrol => Owed::Enrolment,
            },
            issued_at: now,
        }
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        self.issued_at.plus_seconds(LIFETIME_SECONDS)
    }

    /// Decides whether the token is good in the hands of this client (`None` where the token alone speaks), for this person as they are
    /// now. A blocked or deleted person, another password, a client that was shut out: all end it (threat 18).
    ///
    /// # Errors
    /// [`Unfit`], what to answer.
    pub fn fits(
        &self,
        client: &Client,
        user: Option<&User>,
        issuer_epoch: i64,
        now: Timestamp,
    ) -> Result<(), Unfit> {
        let age = now.millis_since(self.issued_at);
        if age >= LIFETIME_SECONDS * 1000 {
            return Err(Unfit::Expired);
        }
        let epochs = user.map(|user| (user.epoch, client.epoch, issuer_epoch));
        let fits = age >= 0
            && self.client == client.id
            && epochs == Some(self.epochs)
            && user.is_some_and(|user| user.id == self.user && !user.blocked);
        match fits {
            true => Ok(()),
            false => Err(Unfit::Malformed),
        }
    }

    /// Decides whether this factor is what the token waits for, and whether it is there to be proven or is still being set up. `None`
    /// when it is not: a factor that was not asked for is not enough, or the weakest would always do.
    pub fn way(&self, kind: FactorKind, factors: &Factors) -> Option<Way> {
        if !is_second(&self.amr, kind) {
            return None;
        }
        let stands = factors.enrolled.contains(&kind);
        match (&self.owed, kind) {
            (Owed::Proof(due), _) if !due.contains(&kind) => None,
            (_, _) if stands => Some(Way::Prove),
            // Asked for because the login looks wrong, of somebody who set up nothing.
            (Owed::Proof(_), FactorKind::Email) if factors.mailbox => Some(Way::Prove),
            (Owed::Enrolment, FactorKind::Totp | FactorKind::Email) if !factors.has_any() => {
                Some(Way::Finish)
            }
            _ => None,
        }
    }
}

/// Whether this kind proves anything beyond what a login proved: who logged in by their mailbox proves nothing more by it.
pub fn is_second(amr: &[String], kind: FactorKind) -> bool {
    !(kind == FactorKind::Email && factor::is_by_mailbox(amr))
}

/// What to do with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Prove a factor that stands.
    Prove,
    /// Finish one that is being set up.
    Finish,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(owed: Owed, amr: &[&str]) -> MfaToken {
        MfaToken {
            id: "1".to_owned(),
            client: ClientId::new("app"),
            user: UserId::new("auth0|1"),
            epochs: (0, 0, 0),
            grant: GrantType::Password,
            scope: String::new(),
            audience: None,
            amr: amr.iter().map(|word| (*word).to_owned()).collect(),
            auth_time: Timestamp::default(),
            owed,
            issued_at: Timestamp::default(),
        }
    }

    fn held(enrolled: &[FactorKind]) -> Factors {
        Factors {
            enrolled: enrolled.to_vec(),
            mailbox: true,
        }
    }

    #[test]
    fn threat_09_only_what_is_owed_is_enough() {
        for owed in FactorKind::ALL {
            for typed in FactorKind::ALL {
                let token = token(Owed::Proof(vec![*owed]), &["pwd"]);
                let all = held(FactorKind::ALL);
                assert_eq!(
                    token.way(*typed, &all).is_some(),
                    owed == typed,
                    "{owed:?} {typed:?}"
                );
            }
        }
    }

    #[test]
    fn threat_09_where_no_proof_is_left_nothing_is_enough() {
        let token = token(Owed::Proof(Vec::new()), &["otp"]);
        for enrolled in [&[][..], FactorKind::ALL] {
            for kind in FactorKind::ALL {
                assert_eq!(token.way(*kind, &held(enrolled)), None, "{kind:?}");
            }
        }
    }

    #[test]
    fn threat_09_a_mailbox_is_not_two_factors() {
        for owed in [Owed::Enrolment, Owed::Proof(vec![FactorKind::Email])] {
            let token = token(owed, &["otp"]);
            for enrolled in [&[][..], &[FactorKind::Email]] {
                assert_eq!(token.way(FactorKind::Email, &held(enrolled)), None);
            }
        }
        let by_password = token(Owed::Enrolment, &["pwd"]);
        assert_eq!(by_password.way(FactorKind::Email, &held(&[])), Some(Way::Finish));
    }

    #[test]
    fn threat_09_nothing_is_finished_beside_a_factor_that_stands() {
        let token = token(Owed::Enrolment, &["pwd"]);
        assert_eq!(token.way(FactorKind::Totp, &held(&[])), Some(Way::Finish));
        for kind in [FactorKind::Passkey, FactorKind::Email] {
            assert_eq!(token.way(FactorKind::Totp, &held(&[kind])), None);
        }
        assert_eq!(
            token.way(FactorKind::Totp, &held(&[FactorKind::Totp])),
            Some(Way::Prove)
        );
    }
}
