//! One-time codes by mail: six digits that prove a mailbox. A code is bound to what it is for and whom it is of, works once, for ten
//! minutes, and dies of five wrong tries; a newer one takes its place. Every door that takes one counts the attempt first
//! ([`crate::attempts::admit`]).

use crate::app::App;
use crate::audit::Record;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::mail::{Envelope, letters};
use crate::throttle::{self, MAILS_FROM_NETWORK, MAILS_TO_ADDRESS};
use sekisho_rules::id::{UserId, hex};
use sekisho_rules::identity::Email;
use sekisho_rules::login::one_time_code;
use sekisho_rules::secret::SecretHash;
use sekisho_store::mail_codes::{self, MailCode};
use sekisho_store::{Fault, audit};

/// Seconds a code works.
pub const LIFETIME_SECONDS: i64 = 600;

/// How often a code may be tried.
pub const TRIES: i64 = 5;

/// What a code is for. A code for one purpose opens nothing else (threat 19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A second factor; the subject is the user's id.
    SecondFactor,
    /// A sign-in without a password; the subject is the folded address.
    Passwordless,
    /// An account that begins with a passkey; the subject is the folded address.
    SignUp,
}

impl Use {
    fn word(self) -> &'static str {
        match self {
            Self::SecondFactor => "second factor",
            Self::Passwordless => "passwordless",
            Self::SignUp => "sign-up",
        }
    }

    fn audit_kind(self) -> &'static str {
        match self {
            Self::SecondFactor => "gd_send_email",
            Self::Passwordless => "cls",
            Self::SignUp => "svr",
        }
    }
}

/// A code that was sent, by its own id; it says nothing about the digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeHandle(String);

impl CodeHandle {
    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What came of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is on its way, if there is somebody to read it.
    Code(CodeHandle),
    /// This mailbox got enough mails for now; the code before still works. Telling this to somebody unknown would tell them that
    /// others asked.
    AddressLimit,
    /// Too many mails were asked for from this network address.
    NetworkLimit,
}

/// What came of a code that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is the one; it is used up.
    Right,
    /// It is not.
    Wrong,
    /// There is none to compare it with: never sent, too old, used, or tried too often.
    Gone,
}

/// Whether somebody shall read the mail. For nobody the work is the same, and nothing is kept or sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Somebody.
    Somebody,
    /// Nobody: there is no account that could be signed in to.
    Nobody,
}

/// A code to be made.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// What for.
    pub purpose: Use,
    /// Of whom: see [`Use`].
    pub subject: &'a str,
    /// Where it goes, as it is written.
    pub address: &'a str,
    /// The account, if there is one.
    pub user: Option<&'a UserId>,
    /// Whether it is sent.
    pub reader: Reader,
}

/// Makes a code and mails it to a user who is known.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written or the database does not answer.
pub async fn send(
    visit: &Visit,
    purpose: Use,
    address: &str,
    subject: &str,
    locales: Option<&str>,
) -> Result<Sent, Trouble> {
    let text = visit.text(locales);
    let (words, user) = match purpose {
        Use::SecondFactor => (&text.mails.factor_code, Some(UserId::new(subject))),
        Use::Passwordless => (&text.mails.sign_in_code, None),
        Use::SignUp => (&text.mails.sign_up_code, None),
    };
    let order = Order {
        purpose,
        subject,
        address,
        user: user.as_ref(),
        reader: Reader::Somebody,
    };
    let tenant = &visit.app.config.name;
    write(visit, order, |code| {
        Ok(letters::with_code(text, words, tenant, address, code))
    })
    .await
}

/// Makes a code and mails it in a letter of the caller's.
///
/// # Errors
/// [`Trouble`] when the mail cannot be written or the database does not answer.
pub async fn write(
    visit: &Visit,
    order: Order<'_>,
    letter: impl FnOnce(&str) -> Result<Envelope, Trouble>,
) -> Result<Sent, Trouble> {
    if !throttle::allow(visit, MAILS_FROM_NETWORK, &visit.network()).await? {
        return Ok(Sent::NetworkLimit);
    }
    let folded = Email::parse(order.address).map_or_else(|_| order.address.to_owned(), |email| email.folded);
    if !throttle::allow(visit, MAILS_TO_ADDRESS, &folded).await? {
        return Ok(Sent::AddressLimit);
    }
    let code = one_time_code::from_random(u64::from_be_bytes(visit.moment.bytes()));
    let id = visit.moment.id();
    let key = key(order.purpose, order.subject);
    let row = MailCode {
        digest: visit.app.sealer.mark(LABEL, &bound(&key, &id, &code)),
        key,
        id: id.clone(),
        expires_at: visit.moment.now.plus_seconds(LIFETIME_SECONDS),
    };
    let job = mail::draft(&visit.app, &letter(&code)?, visit.moment)?;
    let kept = (order.reader == Reader::Somebody).then_some((row, job));
    let event = Record::new(order.purpose.audit_kind());
    let event = order
        .user
        .iter()
        .fold(event, |event, user| event.user(user))
        .at(visit);
    let moment = visit.moment;
    let written = visit.app.db.tx(async move |tx| {
        audit::insert(tx, &event).await?;
        if let Some((row, job)) = &kept {
            mail_codes::put(tx, row).await?;
            mail::enqueue(tx, Some(job), moment).await?;
        }
        Ok(())
    });
    written.await?;
    visit.app.jobs.ring();
    Ok(Sent::Code(CodeHandle(id)))
}

/// Looks at a code that was typed. Right it is only once.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn check(visit: &Visit, purpose: Use, subject: &str, typed: &str) -> Result<Outcome, Fault> {
    let key = key(purpose, subject);
    let (outcome, id) = compare(visit, &key, typed).await?;
    match (outcome, id) {
        (Outcome::Right, Some(id)) if !mail_codes::use_up(&visit.app.db, &key, &id).await? => {
            Ok(Outcome::Gone)
        }
        (outcome, _) => Ok(outcome),
    }
}

/// The same, and leaves a right code as it is. The try counts.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn look_at(visit: &Visit, purpose: Use, subject: &str, typed: &str) -> Result<Outcome, Fault> {
    let (outcome, _) = compare(visit, &key(purpose, subject), typed).await?;
    Ok(outcome)
}

async fn compare(visit: &Visit, key: &str, typed: &str) -> Result<(Outcome, Option<String>), Fault> {
    let app = &visit.app;
    let found = mail_codes::tried(&app.db, key, TRIES, visit.moment.now).await?;
    Ok(match found {
        None => (Outcome::Gone, None),
        Some((id, digest)) => match is_it(app, typed, (key, &id), &digest) {
            true => (Outcome::Right, Some(id)),
            false => (Outcome::Wrong, Some(id)),
        },
    })
}

/// What the digest is made under.
const LABEL: &str = "code in a mail";

fn is_it(app: &App, typed: &str, row: (&str, &str), digest: &SecretHash) -> bool {
    let (key, id) = row;
    let typed = one_time_code::read(typed);
    let code = typed.as_deref().unwrap_or_default();
    app.sealer.recognises(LABEL, &bound(key, id, code), digest) && typed.is_some()
}

/// Everything a code is bound to; each part but the last has one length.
fn bound(key: &str, id: &str, code: &str) -> String {
    format!("{key} {id} {code}")
}

fn key(purpose: Use, subject: &str) -> String {
    hex(SecretHash::of(&format!("{}\n{subject}", purpose.word())).bytes())
}
