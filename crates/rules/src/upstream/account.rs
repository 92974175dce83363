//! Which account a person at a provider opens, and how accounts and identities come together.
//!
//! An identity, that is a provider's own id of somebody, opens the account it belongs to and no other. An address opens none: not one
//! that the provider does not vouch for, and not one it does (threat 11). Who already has an account with that address proves it by
//! signing in to it, in the same browser, and joins the two.

use super::profile::{Ownership, Profile};
use super::{Connection, NewAccounts};
use crate::id::UserId;
use crate::identity::Email;
use crate::user::User;

/// Whether accounts are made at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUp {
    /// They are.
    Open,
    /// Only the operator makes them.
    Closed,
}

/// What is known about somebody who comes from a provider.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The account this identity belongs to.
    pub linked: Option<User>,
    /// The account whose id is this identity's: it began with it, here or where it was brought along from.
    pub namesake: Option<User>,
    /// The account with the address the provider vouches for.
    pub same_address: Option<User>,
}

/// What happens to them.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// They sign in to this account.
    SignIn(Box<User>),
    /// The account is theirs by its id; the identity is noted, and they sign in.
    Adopt(Box<User>),
    /// They get an account with this id, and with this address if nobody has it.
    Create {
        /// Its id.
        id: UserId,
        /// Its proven address.
        email: Option<Email>,
    },
    /// They must prove that the account with their address is theirs.
    Prove(Box<User>),
    /// The account may not be signed in to.
    Blocked,
    /// They have no account, and none is made.
    NoAccount,
}

/// The address a provider vouches for.
pub fn proven(profile: &Profile) -> Option<&Email> {
    let address = profile.email.as_ref()?;
    (address.ownership == Ownership::Verified).then_some(&address.email)
}

/// Decides which account somebody opens.
///
/// An unverified address is not even kept as the account's: nobody can hold an address that is not theirs (threat 39).
/// `namesake` counts only where the id can have come from nowhere else: at the providers there is one of.
pub fn open(connection: &Connection, profile: &Profile, facts: Facts, sign_up: SignUp) -> Outcome {
    let Some(id) = connection.user_id(&profile.subject) else {
        return Outcome::NoAccount;
    };
    let namesake = facts.namesake.filter(|user| user.id == id);
    match (facts.linked, namesake, facts.same_address) {
        (Some(user), _, _) if user.blocked => Outcome::Blocked,
        (Some(user), _, _) => Outcome::SignIn(Box::new(user)),
        // The name of a generic connection can be given to another provider; its old ids prove nothing.
        (None, Some(_), _) if connection.strategy.is_generic() => Outcome::NoAccount,
        (None, Some(user), _) if user.blocked => Outcome::Blocked,
        (None, Some(user), _) => Outcome::Adopt(Box::new(user)),
        (None, None, Some(user)) => Outcome::Prove(Box::new(user)),
        (None, None, None)
            if sign_up == SignUp::Closed || connection.settings.new_accounts == NewAccounts::Refused =>
        {
            Outcome::NoAccount
        }
        (None, None, None) => Outcome::Create {
            id,
            email: proven(profile).cloned(),
        },
    }
}

/// The ways into an account that are left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaysIn {
    /// Whether it has a password.
    pub password: bool,
    /// Its passkeys.
    pub passkeys: usize,
    /// Its identities at connections that are in use.
    pub identities: usize,
    /// Whether a code can be mailed to its proven address.
    pub mail: bool,
}

/// Decides whether an identity may be taken from an account: never the last way in.
pub fn may_unlink(ways: WaysIn) -> bool {
    ways.password || ways.mail || ways.passkeys > 0 || ways.identities > 1
}
