//! An account that begins with a passkey: an application asks for it in two requests, with the authenticator's answer between them.
//!
//! Between them nothing is written but the code in the mail: what the application said of the person travels sealed, as the challenge
//! does. With `verify_first` the address is proven by that code before there is an account, and every answer is the same whether or not
//! the address has one (threat 24): who has one is told so by mail, and no code would open it.

use super::ceremony::{Ceremony, Offer};
use super::enrol::{attested, keep_on_the_device, row};
use crate::attempts::{self, Admission};
use crate::audit::Record;
use crate::config::Signup;
use crate::factors::recovery_codes::Fresh;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::jobs::{Draft, mail};
use crate::mail::letters;
use crate::mail_code::{self, Order, Outcome, Reader, Sent, Use};
use crate::tickets;
use sekisho_rules::id::{ClientId, UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::ticket::Errand;
use sekisho_rules::user::User;
use sekisho_store::{audit, flows, passkeys, users};
use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{PasskeyRegistration, Uuid};

/// Seconds from the challenge to the answer; as long as the code in the mail works.
const SECONDS: i64 = mail_code::LIFETIME_SECONDS;

const LABEL: &str = "passkey of a new account";

/// Who wants an account, as the application says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Newcomer {
    /// Their address.
    pub email: Email,
    /// The name people see; the address when there is none.
    pub name: Option<String>,
    /// Their given name.
    pub given_name: Option<String>,
    /// Their family name.
    pub family_name: Option<String>,
    /// What friends call them; the front of the address when there is none.
    pub nickname: Option<String>,
}

/// Whether the address is proven before there is an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Address {
    /// By a code in a mail.
    Proven,
    /// Not yet.
    Believed,
}

/// What came of asking.
pub enum Begun {
    /// The browser is asked this, and the person for a code if the address is to be proven.
    Asked(Offer, Address),
    /// Nobody makes an account of their own here.
    Closed,
    /// This issuer can have no passkeys, or no mail to prove an address by.
    Impossible,
    /// The address has an account. Said only where accounts are made at once, which SECURITY.md says reveals it.
    Taken,
    /// Too many from this network.
    TooMany,
}

/// What a challenge remembers.
#[derive(Serialize, Deserialize)]
struct Waiting {
    newcomer: Newcomer,
    address: Address,
    /// By which authenticators will know them.
    handle: String,
    asked: PasskeyRegistration,
}

/// What came of the answer.
pub enum Joined {
    /// There is an account now. These recovery codes are shown once: who loses the device must still get in.
    As(Box<User>, Vec<String>),
    /// The authenticator's answer is not what was asked for, or its passkey belongs to an account.
    Wrong,
    /// The challenge is too old or was used.
    Expired,
    /// The code from the mail is missing.
    NoCode,
    /// It is not the code. It may be typed again.
    WrongCode,
    /// There is no code any more, or the address has an account by now: one answer.
    CodeGone,
    /// The address has an account, where that may be said.
    Taken,
    /// Too many attempts.
    TooMany,
}

/// Begins.
///
/// # Errors
/// [`Trouble`] when the database does not answer, or the mail or the challenge cannot be written.
pub async fn begin(visit: &Visit, client: &ClientId, newcomer: Newcomer) -> Result<Begun, Trouble> {
    let Some(party) = &visit.app.relying_party else {
        return Ok(Begun::Impossible);
    };
    let address = match visit.app.config.accounts.signup {
        Signup::Closed => return Ok(Begun::Closed),
        Signup::Immediate => Address::Believed,
        Signup::VerifyFirst if visit.app.post.is_open() => Address::Proven,
        Signup::VerifyFirst => return Ok(Begun::Impossible),
    };
    let known = match address {
        Address::Proven => {
            // Beyond the limit of an address nothing is sent and the answer is the same: it must not tell how often somebody asked.
            if send(visit, &newcomer.email).await? == Sent::NetworkLimit {
                return Ok(Begun::TooMany);
            }
            false
        }
        Address::Believed => {
            if attempts::admit_signup(visit).await? == Admission::Closed {
                return Ok(Begun::TooMany);
            }
            users::by_email(&visit.app.db, &newcomer.email.folded)
                .await?
                .is_some()
        }
    };
    if known {
        return Ok(Begun::Taken);
    }
    let bytes = visit.moment.bytes::<16>();
    let name = newcomer.name.as_deref().unwrap_or(&newcomer.email.display);
    let begun = party.library().start_passkey_registration(
        Uuid::from_bytes(bytes),
        &newcomer.email.display,
        name,
        None,
    );
    let (options, asked) = begun.map_err(|_| Trouble::Internal("a passkey challenge cannot be made"))?;
    let waiting = Waiting {
        newcomer,
        address,
        handle: hex(&bytes),
        asked,
    };
    let ceremony = Ceremony::new(visit, client.to_string(), SECONDS, waiting);
    let mut offer = Offer::of(&options, ceremony.seal(&visit.app, LABEL)?)?;
    keep_on_the_device(&mut offer.options);
    Ok(Begun::Asked(offer, address))
}

/// Mails a code to who has no account, and to who has one that there is one. The work is the same.
async fn send(visit: &Visit, email: &Email) -> Result<Sent, Trouble> {
    let known = users::by_email(&visit.app.db, &email.folded).await?;
    let text = visit.text(visit.header("x-request-language"));
    let tenant = &visit.app.config.name;
    let order = Order {
        purpose: Use::SignUp,
        subject: &email.folded,
        address: &email.display,
        user: known.as_ref().map(|user| &user.id),
        reader: match known.as_ref().is_some_and(|user| user.blocked) {
            true => Reader::Nobody,
            false => Reader::Somebody,
        },
    };
    mail_code::write(visit, order, |code| {
        let to = &email.display;
        match &known {
            None => Ok(letters::with_code(
                text,
                &text.mails.sign_up_code,
                tenant,
                to,
                code,
            )),
            Some(user) => {
                let errand = Errand::ResetPassword {
                    user: user.id.clone(),
                    epoch: user.epoch,
                };
                let link = tickets::link(visit, text.language, errand, None)?;
                Ok(letters::with_link(
                    text,
                    &text.mails.joined_already,
                    tenant,
                    &user.email,
                    &link,
                ))
            }
        }
    })
    .await
}

/// Takes the answer to a challenge of this sort; `None` when it is of another. Everything is counted, then the authenticator's answer is
/// looked at, then the code, so that a wrong answer uses no code up.
///
/// # Errors
/// [`Trouble`] when the database does not answer, or a mail cannot be written.
pub async fn finish(
    visit: &Visit,
    client: &ClientId,
    (challenge, response): (&str, &str),
    code: Option<&str>,
) -> Result<Option<Joined>, Trouble> {
    if visit.app.sealer.open_transient(LABEL, challenge).is_err() {
        return Ok(None);
    }
    let opened = Ceremony::<Waiting>::open(visit, LABEL, client.as_str(), challenge);
    let (Some(ceremony), Some(party)) = (opened, &visit.app.relying_party) else {
        return Ok(Some(Joined::Expired));
    };
    if visit.app.config.accounts.signup == Signup::Closed {
        return Ok(Some(Joined::Expired));
    }
    let folded = ceremony.state.newcomer.email.folded.clone();
    if attempts::admit(visit, &folded).await? == Admission::Closed {
        return Ok(Some(Joined::TooMany));
    }
    let Some(made) = attested(party, &ceremony.state.asked, response) else {
        return Ok(Some(Joined::Wrong));
    };
    if ceremony.state.address == Address::Proven {
        let Some(code) = code else {
            return Ok(Some(Joined::NoCode));
        };
        match mail_code::check(visit, Use::SignUp, &folded, code).await? {
            Outcome::Right => {}
            Outcome::Wrong => return Ok(Some(Joined::WrongCode)),
            Outcome::Gone => return Ok(Some(Joined::CodeGone)),
        }
    }
    let user = new_user(visit, &ceremony.state);
    let row = row(visit, &made, &user.id, "")?;
    let joined = write(visit, ceremony, user, row).await?;
    if matches!(joined, Joined::As(..)) {
        attempts::passed(visit, &folded).await?;
    }
    Ok(Some(joined))
}

async fn write(
    visit: &Visit,
    ceremony: Ceremony<Waiting>,
    user: User,
    passkey: passkeys::Passkey,
) -> Result<Joined, Trouble> {
    let waiting = ceremony.state;
    let codes = Fresh::make(visit, &user);
    let letter = letter(visit, &waiting, &user)?;
    let event = Record::new("ss")
        .user(&user.id)
        .detail("with a passkey")
        .at(visit);
    let (id, until, moment) = (ceremony.id, ceremony.expires_at, visit.moment);
    let (owner, folded, handle) = (user.clone(), waiting.newcomer.email.folded, waiting.handle);
    let fresh = codes.clone();
    let written = visit.app.db.tx(async move |tx| {
        if !flows::use_up(tx, &id, until).await? {
            return Ok(Written::Used);
        }
        if !users::insert(tx, &owner, &folded).await? {
            return Ok(Written::Taken);
        }
        passkeys::new_handle(tx, &owner.id, &handle).await?;
        if !passkeys::insert(tx, &passkey).await? {
            users::delete(tx, &owner.id).await?;
            return Ok(Written::Known);
        }
        fresh.insert(tx).await?;
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, letter.as_ref(), moment).await?;
        Ok(Written::Added)
    });
    Ok(match (written.await?, waiting.address) {
        (Written::Added, _) => {
            visit.app.jobs.ring();
            Joined::As(Box::new(user), codes.shown())
        }
        (Written::Used, _) => Joined::Expired,
        (Written::Known, _) => Joined::Wrong,
        (Written::Taken, Address::Proven) => Joined::CodeGone,
        (Written::Taken, Address::Believed) => Joined::Taken,
    })
}

enum Written {
    Added,
    Used,
    Taken,
    Known,
}

/// The mail by which an address that was believed is proven later, where mail can be sent.
fn letter(visit: &Visit, waiting: &Waiting, user: &User) -> Result<Option<Draft>, Trouble> {
    if waiting.address == Address::Proven || !visit.app.post.is_open() {
        return Ok(None);
    }
    let errand = Errand::VerifyEmail {
        user: user.id.clone(),
        folded: waiting.newcomer.email.folded.clone(),
    };
    let (text, tenant) = (
        visit.text(visit.header("x-request-language")),
        &visit.app.config.name,
    );
    let link = tickets::link(visit, text.language, errand, None)?;
    let envelope = letters::with_link(text, &text.mails.verify, tenant, &user.email, &link);
    mail::draft(&visit.app, &envelope, visit.moment).map(Some)
}

fn new_user(visit: &Visit, waiting: &Waiting) -> User {
    let newcomer = waiting.newcomer.clone();
    let id = UserId::new(format!("auth0|{}", hex(&visit.moment.bytes::<12>())));
    let user = User::new(id, &newcomer.email, visit.moment.now);
    User {
        name: newcomer.name.unwrap_or(user.name),
        nickname: newcomer.nickname.or(user.nickname),
        email_verified: waiting.address == Address::Proven,
        given_name: newcomer.given_name,
        family_name: newcomer.family_name,
        ..user
    }
}
