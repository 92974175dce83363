//! Tickets: what a link in a mail stands for. A ticket travels sealed, so nothing is stored until it is used; it is used once because
//! what it changes is what it was made from (an address that is not taken yet, an epoch that has not moved on).

use crate::id::{SessionId, UserId};
use crate::identity::Email;
use crate::parameters::Parameters;
use crate::time::Timestamp;
use crate::user::User;
use serde::{Deserialize, Serialize};

/// What whoever opens the link may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Errand {
    /// Make an account with this address.
    SignUp {
        /// The address.
        email: Email,
    },
    /// Prove that this address is theirs.
    VerifyEmail {
        /// The account.
        user: UserId,
        /// The folded address it had when the mail was sent.
        folded: String,
    },
    /// Choose a new password.
    ResetPassword {
        /// The account.
        user: UserId,
        /// The epoch it was in when the mail was sent.
        epoch: i64,
    },
    /// Sign in, and go on with an authorization request. It is used once because its code is.
    SignIn {
        /// The address that the link was sent to.
        email: Email,
        /// The one-time code.
        code: String,
        /// The authorization request.
        request: Parameters,
    },
    /// Give the account another address, proven by having opened the link.
    ChangeEmail {
        /// The account.
        user: UserId,
        /// The epoch it was in when the mail was sent.
        epoch: i64,
        /// The new address.
        email: Email,
    },
    /// Let a network try to sign in to an account again.
    Unblock {
        /// The account, as attempts at it are counted: a folded address or the id of a user.
        account: String,
        /// The network.
        network: String,
        /// Which closing it opens: unix milliseconds of the first failure of that row. It opens no later one.
        since: i64,
    },
    /// End a sign-in that was not the owner's, and choose a new password.
    NotMe {
        /// The account.
        user: UserId,
        /// The epoch it was in when the mail was sent.
        epoch: i64,
        /// The session of that sign-in.
        session: SessionId,
    },
}

impl Errand {
    /// Seconds a link works.
    pub const fn lifetime(&self) -> i64 {
        match self {
            Self::SignUp { .. } | Self::VerifyEmail { .. } => 86_400,
            Self::ResetPassword { .. } => 1_800,
            Self::SignIn { .. } => 600,
            Self::ChangeEmail { .. } => 3_600,
            Self::Unblock { .. } => 2_592_000,
            Self::NotMe { .. } => 604_800,
        }
    }

    /// The account it is about, if there is one yet.
    pub const fn user(&self) -> Option<&UserId> {
        match self {
            Self::SignUp { .. } | Self::SignIn { .. } | Self::Unblock { .. } => None,
            Self::VerifyEmail { user, .. }
            | Self::ResetPassword { user, .. }
            | Self::ChangeEmail { user, .. }
            | Self::NotMe { user, .. } => Some(user),
        }
    }

    /// Decides whether the account is still as it was when the mail was sent. An account with another password, a blocked one or one
    /// that took another address answers no link from before.
    pub fn fits(&self, account: Option<&User>, folded_now: Option<&str>) -> bool {
        match (self, account) {
            (Self::SignUp { .. }, account) => account.is_none(),
            (Self::SignIn { .. }, account) => account.is_none_or(|user| !user.blocked),
            (_, None) => false,
            (_, Some(user)) if user.blocked => false,
            (Self::VerifyEmail { user, folded }, Some(account)) => {
                account.id == *user && !account.email_verified && folded_now == Some(folded)
            }
            (
                Self::ResetPassword { user, epoch }
                | Self::ChangeEmail { user, epoch, .. }
                | Self::NotMe { user, epoch, .. },
                Some(account),
            ) => account.id == *user && account.epoch == *epoch,
            // Whose account it is was looked up by the name in the ticket; what it opens says whether it was used.
            (Self::Unblock { .. }, Some(_)) => true,
        }
    }
}

/// A link's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What it is good for.
    pub errand: Errand,
    /// When the mail was sent.
    pub issued_at: Timestamp,
    /// The language the person was using.
    pub locales: Option<String>,
    /// The sign-in they were in the middle of, sealed; it goes on only in the browser it began in.
    pub journey: Option<String>,
}

impl Ticket {
    /// Decides whether the link is still young enough.
    pub fn is_young(&self, now: Timestamp) -> bool {
        let age = now.millis_since(self.issued_at);
        (0..self.errand.lifetime() * 1000).contains(&age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(epoch: i64) -> User {
        User {
            id: UserId::new("auth0|1"),
            email: "a@example.com".to_owned(),
            email_verified: false,
            name: String::new(),
            nickname: None,
            given_name: None,
            family_name: None,
            picture: None,
            locale: None,
            password_hash: None,
            blocked: false,
            epoch,
            nbf: 0,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn errands() -> Vec<Errand> {
        let (user, email) = (UserId::new("auth0|1"), Email::parse("b@example.com").unwrap());
        vec![
            Errand::VerifyEmail {
                user: user.clone(),
                folded: "a@example.com".to_owned(),
            },
            Errand::ResetPassword {
                user: user.clone(),
                epoch: 3,
            },
            Errand::ChangeEmail {
                user,
                epoch: 3,
                email,
            },
        ]
    }

    #[test]
    fn a_link_fits_the_account_it_was_made_for_and_no_other() {
        let (mut other, mut blocked) = (account(3), account(3));
        other.id = UserId::new("auth0|2");
        blocked.blocked = true;
        for errand in errands() {
            let folded = Some("a@example.com");
            assert!(errand.fits(Some(&account(3)), folded), "{errand:?}");
            assert!(!errand.fits(Some(&other), folded), "{errand:?}");
            assert!(!errand.fits(Some(&blocked), folded), "{errand:?}");
            assert!(!errand.fits(None, None), "{errand:?}");
        }
        let email = Email::parse("new@example.com").unwrap();
        assert!(Errand::SignUp { email: email.clone() }.fits(None, None));
        assert!(!Errand::SignUp { email }.fits(Some(&account(3)), Some("new@example.com")));
    }

    #[test]
    fn threat_19_a_link_from_before_a_change_is_dead() {
        let [verify, reset, change] = errands().try_into().unwrap();
        assert!(!reset.fits(Some(&account(4)), Some("a@example.com")));
        assert!(!change.fits(Some(&account(4)), Some("a@example.com")));
        assert!(!verify.fits(Some(&account(3)), Some("c@example.com")));
        let mut verified = account(3);
        verified.email_verified = true;
        assert!(!verify.fits(Some(&verified), Some("a@example.com")));
    }

    #[test]
    fn a_link_dies_at_its_end_and_is_never_older_than_its_mail() {
        let ticket = Ticket {
            errand: errands().remove(1),
            issued_at: Timestamp::from_seconds(1000),
            locales: None,
            journey: None,
        };
        assert!(!ticket.is_young(Timestamp::from_seconds(999)));
        assert!(ticket.is_young(Timestamp::from_seconds(1000)));
        assert!(ticket.is_young(Timestamp::from_seconds(2799)));
        assert!(!ticket.is_young(Timestamp::from_seconds(2800)));
    }
}
