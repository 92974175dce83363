//! Adding a passkey to an account whose owner is here.

use super::ceremony::{Ceremony, Offer, RelyingParty, answer, encoded};
use crate::audit::Record;
use crate::factors::recovery_codes;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::notices;
use sekisho_rules::id::{UserId, hex};
use sekisho_rules::login::passkey::{MOST, name};
use sekisho_rules::user::User;
use sekisho_store::{audit, flows, passkeys};
use serde_json::{Value, json};
use webauthn_rs::prelude::{Passkey as Made, PasskeyRegistration, RegisterPublicKeyCredential, Uuid};

/// Seconds a challenge works; browsers give people five minutes.
const SECONDS: i64 = 600;

const LABEL: &str = "passkey to add";

/// What a browser sent back.
#[derive(Clone, Copy, Debug)]
pub struct Attested<'a> {
    /// The sealed challenge.
    pub challenge: &'a str,
    /// The authenticator's answer, in JSON.
    pub response: &'a str,
    /// What its owner calls it; empty for a name of ours.
    pub name: &'a str,
}

/// What came of it.
#[derive(Debug)]
pub enum Enrolled {
    /// It is theirs. With it came these recovery codes, to be shown once, when they had none: who loses the device must still get in.
    Added(Vec<String>),
    /// The answer is not what was asked for.
    Wrong,
    /// The challenge is not ours, not for this person here, too old, or was used.
    Expired,
    /// The passkey belongs to an account already.
    Known,
    /// The person has as many as there may be.
    TooMany,
}

/// Asks for a new passkey: one that the authenticator remembers by itself and that verifies its user. `place` is where the person is:
/// a session or a journey; the answer is taken only there. `None` where this issuer can have no passkeys.
///
/// # Errors
/// [`Trouble`] when the database does not answer or the challenge cannot be sealed.
pub async fn begin(visit: &Visit, user: &User, place: &str) -> Result<Option<Offer>, Trouble> {
    let Some(party) = &visit.app.relying_party else {
        return Ok(None);
    };
    let handle = handle(visit, &user.id).await?;
    let known = passkeys::of_user(&visit.app.db, &user.id).await?;
    let begun = party
        .library()
        .start_passkey_registration(handle, user.shown(), &user.name, None);
    let (asked, state) = begun.map_err(|_| Trouble::Internal("a passkey challenge cannot be made"))?;
    let ceremony = Ceremony::new(visit, bound(user, place), SECONDS, state);
    let mut offer = Offer::of(&asked, ceremony.seal(&visit.app, LABEL)?)?;
    offer.options["excludeCredentials"] = known
        .iter()
        .map(|passkey| json!({ "type": "public-key", "id": passkey.id }))
        .collect();
    keep_on_the_device(&mut offer.options);
    Ok(Some(offer))
}

/// Asks for a passkey that the authenticator remembers by itself, so that it can say who its owner is.
pub(super) fn keep_on_the_device(options: &mut Value) {
    let selection = &mut options["authenticatorSelection"];
    selection["residentKey"] = json!("required");
    selection["requireResidentKey"] = json!(true);
}

/// Takes the answer: checks it (Web Authentication Level 3, section 7.1), and adds the passkey with its audit row and the mail that
/// tells its owner.
///
/// # Errors
/// [`Trouble`] when the database does not answer.
pub async fn finish(
    visit: &Visit,
    user: &User,
    place: &str,
    sent: Attested<'_>,
) -> Result<Enrolled, Trouble> {
    let Some(party) = &visit.app.relying_party else {
        return Ok(Enrolled::Wrong);
    };
    let opened = Ceremony::<PasskeyRegistration>::open(visit, LABEL, &bound(user, place), sent.challenge);
    let Some(ceremony) = opened else {
        return Ok(Enrolled::Expired);
    };
    let Some(made) = attested(party, &ceremony.state, sent.response) else {
        return Ok(Enrolled::Wrong);
    };
    let added = row(visit, &made, &user.id, sent.name)?;
    write(visit, user, ceremony, added).await
}

/// What an authenticator made, if its answer is one to what it was asked (Web Authentication Level 3, section 7.1).
pub(super) fn attested(party: &RelyingParty, asked: &PasskeyRegistration, response: &str) -> Option<Made> {
    let attested = answer::<RegisterPublicKeyCredential>(response)?;
    // Unsigned, so a lie is possible; who lies gets a passkey that cannot sign them in by itself.
    let kept = attested.extensions.cred_props.as_ref().and_then(|props| props.rk);
    if kept == Some(false) {
        return None;
    }
    let made = party.library().finish_passkey_registration(&attested, asked);
    made.inspect_err(|error| tracing::info!(%error, "a new passkey was refused"))
        .ok()
}

/// Its row.
pub(super) fn row(
    visit: &Visit,
    made: &Made,
    owner: &UserId,
    typed: &str,
) -> Result<passkeys::Passkey, Trouble> {
    let credential = serde_json::to_string(made);
    Ok(passkeys::Passkey {
        id: encoded(made.cred_id().as_ref()),
        user_id: owner.clone(),
        name: name(typed).unwrap_or_else(|| default_name(visit)),
        credential: credential.map_err(|_| Trouble::Internal("a passkey cannot be written"))?,
        created_at: visit.moment.now,
        last_used_at: None,
    })
}

async fn write(
    visit: &Visit,
    user: &User,
    ceremony: Ceremony<PasskeyRegistration>,
    added: passkeys::Passkey,
) -> Result<Enrolled, Trouble> {
    let event = Record::new("gd_enrollment_complete")
        .user(&user.id)
        .detail(format!("passkey: {}", added.name))
        .at(visit);
    let job = notice(visit, user, Changed::Added)?;
    let codes = recovery_codes::first(visit, user).await?;
    let fresh = codes.clone();
    let (id, until, moment) = (ceremony.id, ceremony.expires_at, visit.moment);
    let (row, owner) = (added, user.id.clone());
    let written = visit.app.db.tx(async move |tx| {
        passkeys::hold(tx, &owner).await?;
        if passkeys::count(tx, &owner).await? >= MOST {
            return Ok(Written::TooMany);
        }
        if !flows::use_up(tx, &id, until).await? {
            return Ok(Written::Used);
        }
        if !passkeys::insert(tx, &row).await? {
            return Ok(Written::Known);
        }
        if let Some(fresh) = &fresh {
            fresh.insert(tx).await?;
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, job.as_ref(), moment).await?;
        Ok(Written::Added)
    });
    Ok(match written.await? {
        Written::Added => {
            visit.app.jobs.ring();
            Enrolled::Added(codes.map(|codes| codes.shown()).unwrap_or_default())
        }
        Written::Used => Enrolled::Expired,
        Written::Known => Enrolled::Known,
        Written::TooMany => Enrolled::TooMany,
    })
}

enum Written {
    Added,
    Used,
    Known,
    TooMany,
}

/// What a mail tells about.
#[derive(Clone, Copy)]
pub(super) enum Changed {
    Added,
    Removed,
}

/// The mail that tells the owner, where mail can be sent.
pub(super) fn notice(
    visit: &Visit,
    user: &User,
    changed: Changed,
) -> Result<Option<crate::jobs::Draft>, Trouble> {
    notices::draft(
        visit,
        user,
        match changed {
            Changed::Added => |text| &text.passkeys.mail_added,
            Changed::Removed => |text| &text.passkeys.mail_removed,
        },
    )
}

fn bound(user: &User, place: &str) -> String {
    format!("{} {place}", user.id)
}

/// "Passkey 2026-11-21": the day at our end, which is near enough to know one's passkeys apart.
fn default_name(visit: &Visit) -> String {
    let now = jiff::Timestamp::from_millisecond(visit.moment.now.millis()).unwrap_or_default();
    let day = now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    (visit.text(None).passkeys.default_name)(&day)
}

/// The handle by which authenticators know this person: chance, so that it says nothing (Web Authentication Level 3, section 14.6.1).
async fn handle(visit: &Visit, user: &UserId) -> Result<Uuid, Trouble> {
    let db = &visit.app.db;
    if passkeys::handle_of(db, user).await?.is_none() {
        let (owner, fresh) = (user.clone(), hex(&visit.moment.bytes::<16>()));
        let made = db.tx(async move |tx| passkeys::new_handle(tx, &owner, &fresh).await);
        made.await?;
    }
    let handle = passkeys::handle_of(db, user).await?.unwrap_or_default();
    let bytes = u128::from_str_radix(&handle, 16);
    bytes
        .map(Uuid::from_u128)
        .map_err(|_| Trouble::Internal("a passkey handle cannot be read"))
}
