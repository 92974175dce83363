//! Proving who one is with a passkey: as the whole login, as a second factor, and at the token endpoint.

use super::ceremony::{Ceremony, Offer, answer, encoded};
use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::journey;
use sekisho_rules::id::{ClientId, SessionId, UserId, hex};
use sekisho_rules::login::passkey::{Expected, Handle, is_owner};
use sekisho_rules::user::User;
use sekisho_store::{audit, flows, passkeys, users};
use serde_json::json;
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential, WebauthnError};

/// Seconds a challenge works that was asked for at a moment; browsers give people five minutes.
const SECONDS: i64 = 600;

/// What a passkey is to prove. A challenge made for one use opens nothing in another, nor for another journey, session or application.
#[derive(Clone, Copy, Debug)]
pub enum Use<'a> {
    /// Who somebody is, on the sign-in page of a journey. The page waits for as long as the journey lasts.
    Login {
        /// The journey's id.
        journey: &'a str,
        /// The application it leads to.
        client: &'a ClientId,
    },
    /// That a person who proved a first factor is that person.
    Factor {
        /// The session that gets the second factor.
        session: &'a SessionId,
        /// Whose it is.
        user: &'a UserId,
        /// The application it is for.
        client: &'a ClientId,
    },
    /// Who somebody is, at the token endpoint.
    Token {
        /// The application that asked.
        client: &'a ClientId,
    },
}

impl Use<'_> {
    fn label(self) -> &'static str {
        match self {
            Self::Login { .. } => "passkey to sign in",
            Self::Factor { .. } => "passkey as a second factor",
            Self::Token { .. } => "passkey for a token",
        }
    }

    fn bound(self) -> String {
        match self {
            Self::Login { journey, .. } => journey.to_owned(),
            Self::Factor { session, user, .. } => format!("{session} {user}"),
            Self::Token { client } => client.to_string(),
        }
    }

    /// A passkey that was refused, on its way to the audit log.
    fn refused(self, owner: Option<&UserId>, why: &str) -> Record {
        let (kind, client, known) = match self {
            Self::Login { client, .. } | Self::Token { client } => ("f", client, None),
            Self::Factor { client, user, .. } => ("gd_auth_failed", client, Some(user)),
        };
        let event = Record::new(kind).client(client).detail(format!("passkey: {why}"));
        known.or(owner).iter().fold(event, |event, user| event.user(user))
    }

    fn seconds(self) -> i64 {
        match self {
            Self::Login { .. } => journey::LIFETIME_SECONDS,
            Self::Factor { .. } | Self::Token { .. } => SECONDS,
        }
    }

    fn expected(&self) -> Expected<'_> {
        match self {
            Self::Login { .. } | Self::Token { .. } => Expected::Anybody,
            Self::Factor { user, .. } => Expected::User(user),
        }
    }
}

/// What came of an answer.
#[derive(Debug)]
pub enum Proven {
    /// This person used a passkey of theirs, and their authenticator verified them.
    By(Box<User>),
    /// It proves nothing: one answer for every reason (threat 24).
    Wrong,
    /// The challenge is not ours, not for this, too old, or was used.
    Expired,
    /// There were too many attempts.
    TooMany,
}

/// Asks for a passkey; of a known person, one of theirs. `None` where this issuer can have no passkeys.
///
/// # Errors
/// [`Trouble`] when the database does not answer or the challenge cannot be sealed.
pub async fn offer(visit: &Visit, purpose: Use<'_>) -> Result<Option<Offer>, Trouble> {
    let Some(party) = &visit.app.relying_party else {
        return Ok(None);
    };
    let begun = party.library().start_discoverable_authentication();
    let (asked, state) = begun.map_err(|_| Trouble::Internal("a passkey challenge cannot be made"))?;
    let ceremony = Ceremony::new(visit, purpose.bound(), purpose.seconds(), state);
    let mut offer = Offer::of(&asked, ceremony.seal(&visit.app, purpose.label())?)?;
    if let Expected::User(user) = purpose.expected() {
        let own = passkeys::of_user(&visit.app.db, user).await?;
        offer.options["allowCredentials"] = own
            .iter()
            .map(|passkey| json!({ "type": "public-key", "id": passkey.id }))
            .collect();
    }
    Ok(Some(offer))
}

/// Checks an answer: challenge, origin, relying party, user verification, signature and counter (Web Authentication Level 3, section
/// 7.2), the owner of the credential, and that the challenge was never answered before.
///
/// # Errors
/// [`Trouble`] when the database does not answer or holds a passkey that cannot be read.
pub async fn check(
    visit: &Visit,
    purpose: Use<'_>,
    challenge: &str,
    response: &str,
) -> Result<Proven, Trouble> {
    let Some(party) = &visit.app.relying_party else {
        return Ok(Proven::Wrong);
    };
    let opened =
        Ceremony::<DiscoverableAuthentication>::open(visit, purpose.label(), &purpose.bound(), challenge);
    let Some(ceremony) = opened else {
        return Ok(Proven::Expired);
    };
    let Some(presented) = answer::<PublicKeyCredential>(response) else {
        return Ok(Proven::Wrong);
    };
    let id = encoded(presented.get_credential_id());
    let found = passkeys::by_id(&visit.app.db, &id).await?;
    let account = match (&purpose, &found) {
        (Use::Factor { user, .. }, _) => user.to_string(),
        (_, Some(row)) => row.user_id.to_string(),
        (_, None) => format!("passkey {id}"),
    };
    if attempts::admit(visit, &account).await? == Admission::Closed {
        return Ok(Proven::TooMany);
    }
    let Some(row) = found else {
        return Ok(wrong(visit, purpose, None, "the credential is unknown"));
    };
    let owner = Some(&row.user_id);
    let handle_owner = match presented.get_user_unique_id() {
        Some(handle) => Some(passkeys::owner_of(&visit.app.db, &hex(handle)).await?),
        None => None,
    };
    let handle = match &handle_owner {
        None => Handle::Absent,
        Some(None) => Handle::Nobody,
        Some(Some(user)) => Handle::Of(user),
    };
    if !is_owner(&row.user_id, purpose.expected(), handle) {
        return Ok(wrong(
            visit,
            purpose,
            owner,
            "the credential belongs to somebody else",
        ));
    }
    let mut passkey: Passkey = serde_json::from_str(&row.credential)
        .map_err(|_| Trouble::Internal("a passkey's record cannot be read"))?;
    let library = party.library();
    let used = match library.finish_discoverable_authentication_v2(&presented, ceremony.state, &passkey) {
        Ok(used) if used.user_verified() => used,
        Ok(_) => return Ok(wrong(visit, purpose, owner, "the authenticator verified nobody")),
        Err(WebauthnError::CredentialPossibleCompromise) => return cloned(visit, &row).await,
        Err(error) => {
            return Ok(wrong(visit, purpose, owner, &error.to_string()));
        }
    };
    let user = users::by_id(&visit.app.db, &row.user_id).await?;
    let Some(user) = user.filter(|user| !user.blocked) else {
        return Ok(wrong(visit, purpose, owner, "the account is blocked or gone"));
    };
    passkey.update_credential(&used);
    let after = serde_json::to_string(&passkey)
        .map_err(|_| Trouble::Internal("a passkey's record cannot be written"))?;
    let (challenge, until, now) = (ceremony.id, ceremony.expires_at, visit.moment.now);
    let first = visit.app.db.tx(async move |tx| {
        Ok(flows::use_up(tx, &challenge, until).await? && passkeys::used(tx, &row, &after, now).await?)
    });
    if !first.await? {
        wrong(
            visit,
            purpose,
            Some(&user.id),
            "the challenge was answered before",
        );
        return Ok(Proven::Expired);
    }
    attempts::passed(visit, &account).await?;
    Ok(Proven::By(Box::new(user)))
}

fn wrong(visit: &Visit, purpose: Use<'_>, owner: Option<&UserId>, why: &str) -> Proven {
    tracing::info!(kind = "f", why, "passkey refused");
    let event = purpose.refused(owner, why).at(visit);
    visit.app.failures.note(&visit.app, event, None);
    Proven::Wrong
}

/// The signature is right but the counter did not move on: two authenticators hold the same key. Only who holds the key gets here, so
/// the row is theirs to write.
async fn cloned(visit: &Visit, row: &passkeys::Passkey) -> Result<Proven, Trouble> {
    let event = Record::new("f")
        .user(&row.user_id)
        .detail("the signature counter of a passkey went back: it may have been copied")
        .at(visit);
    let written = visit.app.db.tx(async move |tx| audit::insert(tx, &event).await);
    written.await?;
    tracing::warn!(user = %row.user_id, "a passkey's counter went back");
    Ok(Proven::Wrong)
}
