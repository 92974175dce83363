//! The `mfa_token`: what a client holds for somebody who proved a first factor at the token endpoint and still owes a second.
//!
//! It travels sealed, so nothing is stored until it is used up. It is good for one client, one person and one purpose, for ten minutes,
//! and dies with whatever ends the person's access (threat 19).

use crate::client::{Client, GrantType};
use crate::factor::{FactorKind, Requirement};
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
    /// Which factors are enough; none when one must be set up first.
    pub due: Vec<FactorKind>,
    /// When it was made.
    pub issued_at: Timestamp,
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
        client: &Client,
        login: &Login,
        asked: (Asked<'_>, &Scope),
        epochs: Epochs,
        due: &Requirement,
        now: Timestamp,
    ) -> Self {
        let (asked, scope) = asked;
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
            due: match due {
                Requirement::Prove(kinds) => kinds.clone(),
                Requirement::Satisfied | Requirement::Enrol => Vec::new(),
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

    /// Decides whether proving this factor is what the token waits for: one of those that were due, or anything where one had to be set
    /// up first. A factor that was not asked for is not enough, or the weakest would always do.
    pub fn waits_for(&self, kind: FactorKind) -> bool {
        self.due.is_empty() || self.due.contains(&kind)
    }
}
