//! Attempts at a credential: one set of counters for every endpoint that checks one, shared by all nodes (threat 10).
//!
//! An attempt is counted before the credential is looked at, so that a hundred guesses at once are a hundred guesses, and given back
//! when the credential was right. What is counted is the address that was typed, whether or not it has an account, so that the answer
//! tells nothing (threat 24). Passwords are counted by address and everything proven after one by user id: whoever knows the password
//! does not wipe out their guesses at the second factor with it.

use crate::audit::Record;
use crate::failures::{self, Told};
use crate::http::cookie::Cookie;
use crate::http::visit::Visit;
use crate::mail::{Envelope, letters};
use crate::text::Language;
use crate::tickets;
use sekisho_rules::identity::Email;
use sekisho_rules::login::attempts::{self as rules, Bucket, Spread, Strikes, Struck};
use sekisho_rules::login::bot_check;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::ticket::Errand;
use sekisho_rules::user::User;
use sekisho_store::{Fault, Tx, browsers, counters};

/// Whether an attempt may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may; it is counted.
    Open,
    /// There were too many. The credential is not looked at, right or wrong.
    Closed,
}

/// What came of counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Admitted,
    /// The network made too many at any accounts.
    NetworkEmpty,
    /// There were too many at this account from everywhere.
    AccountEmpty,
    /// This is the first one too many at this account from this network.
    PairClosedNow {
        since: i64,
    },
    PairClosed,
}

/// The counters an attempt goes into.
#[derive(Clone)]
struct Counters {
    network: Option<Bucket>,
    pair: Option<Strikes>,
    account: Option<Bucket>,
}

impl Counters {
    fn of(visit: &Visit, account: &str) -> Self {
        let (limits, here) = (visit.app.config.attacks.limits, visit.network());
        let trusted = visit.app.config.attacks.trusted_networks.contains(visit.ip);
        Self {
            network: limits.network(&here).filter(|_| !trusted),
            pair: limits.pair(account, &here),
            account: limits.account(account),
        }
    }

    /// For a browser in which the owner signed in before: strangers must not be able to keep them out. It is counted all the same, so
    /// that giving it back gives back what was taken.
    fn without_bottom(self) -> Self {
        let deeper = |bucket: Bucket| Bucket {
            holds: i64::MAX,
            ..bucket
        };
        Self {
            network: self.network.map(deeper),
            account: self.account.map(deeper),
            ..self
        }
    }

    /// Counts an attempt that will be looked at; one that will not leaves nothing behind.
    async fn count(self, visit: &Visit) -> Result<Counted, Fault> {
        let now = visit.moment.now;
        let counted = visit.app.db.tx(async move |tx| {
            if let Some(network) = &self.network
                && !counters::take(tx, network, now).await?
            {
                return Ok(Counted::NetworkEmpty);
            }
            if let Some(pair) = &self.pair {
                let refused = match counters::strike(tx, pair, now).await? {
                    Struck::Counted(_) => None,
                    Struck::ClosedNow { since } => Some(Counted::PairClosedNow { since }),
                    Struck::Closed => Some(Counted::PairClosed),
                };
                if let Some(refused) = refused {
                    give_back(tx, self.network.as_ref()).await?;
                    return Ok(refused);
                }
            }
            if let Some(account) = &self.account
                && !counters::take(tx, account, now).await?
            {
                if let Some(pair) = &self.pair {
                    counters::unstrike(tx, pair).await?;
                }
                give_back(tx, self.network.as_ref()).await?;
                return Ok(Counted::AccountEmpty);
            }
            Ok(Counted::Admitted)
        });
        counted.await
    }
}

/// Counts an attempt at an account: the folded address, or the id of a user who is known already.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn admit(visit: &Visit, account: &str) -> Result<Admission, Fault> {
    let counters = Counters::of(visit, account);
    let mut counted = counters.clone().count(visit).await?;
    if matches!(counted, Counted::NetworkEmpty | Counted::AccountEmpty)
        && is_known_browser(visit, account).await?
    {
        counted = counters.without_bottom().count(visit).await?;
    }
    if counted == Counted::Admitted {
        return Ok(Admission::Open);
    }
    note(visit, account, counted);
    Ok(Admission::Closed)
}

/// The credential was right: what was counted for it from here is forgotten. Elsewhere only this attempt is given back, so that nobody
/// wipes out their guesses at others by signing in as themselves.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn passed(visit: &Visit, account: &str) -> Result<(), Fault> {
    let held = Counters::of(visit, account);
    let given = visit.app.db.tx(async move |tx| {
        if let Some(pair) = &held.pair {
            counters::clear(tx, &pair.key).await?;
        }
        give_back(tx, held.network.as_ref()).await?;
        give_back(tx, held.account.as_ref()).await
    });
    given.await
}

/// The credential was not looked at after all: the attempt does not count.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn not_made(visit: &Visit, account: &str) -> Result<(), Fault> {
    let held = Counters::of(visit, account);
    let given = visit.app.db.tx(async move |tx| {
        if let Some(pair) = &held.pair {
            counters::unstrike(tx, pair).await?;
        }
        give_back(tx, held.network.as_ref()).await?;
        give_back(tx, held.account.as_ref()).await
    });
    given.await
}

async fn give_back(tx: &mut Tx, bucket: Option<&Bucket>) -> Result<(), Fault> {
    match bucket {
        Some(bucket) => counters::give_back(tx, bucket).await,
        None => Ok(()),
    }
}

/// Forgets everything that was counted at a user's account: they proved who they are in another way, or the operator says so. Answers
/// how many counters that were.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn lift(tx: &mut Tx, user: &User) -> Result<u64, Fault> {
    let mut lifted = counters::lift(tx, &rules::subject(user.id.as_str())).await?;
    if let Ok(email) = Email::parse(&user.email) {
        lifted += counters::lift(tx, &rules::subject(&email.folded)).await?;
    }
    Ok(lifted)
}

/// Counts a new account from this network; `Closed` when there were too many.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn admit_signup(visit: &Visit) -> Result<Admission, Fault> {
    let attacks = &visit.app.config.attacks;
    let bucket = attacks.limits.signups(&visit.network());
    let (Some(bucket), false) = (bucket, attacks.trusted_networks.contains(visit.ip)) else {
        return Ok(Admission::Open);
    };
    let now = visit.moment.now;
    let taken = visit
        .app
        .db
        .tx(async move |tx| counters::take(tx, &bucket, now).await);
    if taken.await? {
        return Ok(Admission::Open);
    }
    let event = Record::new("limit_mu").detail("too many sign-ups from this network");
    let failures = &visit.app.failures;
    failures.note_seldom(&visit.app, event.at(visit), &visit.network());
    Ok(Admission::Closed)
}

/// An account failed from here: looks whether this network tries one after another, and says so once a day.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn failed(visit: &Visit, account: &str) -> Result<(), Fault> {
    let Some(spread) = spread(visit, account) else {
        return Ok(());
    };
    let now = visit.moment.now;
    let found = visit.app.db.tx(async move |tx| {
        if !counters::mark(tx, &spread.pair, rules::SPREAD_SECONDS, now).await? {
            return Ok(None);
        }
        let accounts = counters::tally(tx, &spread.accounts, rules::SPREAD_SECONDS, now).await?;
        let many = accounts >= spread.limit;
        let new = many && counters::mark(tx, &spread.mark, rules::SPREAD_REMEMBERED, now).await?;
        Ok(new.then_some(accounts))
    });
    if let Some(accounts) = found.await? {
        let why = format!("{accounts} accounts failed from this network within an hour");
        tracing::warn!(network = visit.network(), accounts, "credential stuffing");
        let event = Record::new("stuffing").detail(why).at(visit);
        visit.app.failures.note(&visit.app, event, None);
    }
    Ok(())
}

/// Whether this network was seen to try one account after another.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn tries_many(visit: &Visit) -> Result<bool, Fault> {
    match spread(visit, "") {
        Some(spread) => counters::is_marked(&visit.app.db, &spread.mark, visit.moment.now).await,
        None => Ok(false),
    }
}

/// Trusted networks are many people.
fn spread(visit: &Visit, account: &str) -> Option<Spread> {
    let attacks = &visit.app.config.attacks;
    match attacks.trusted_networks.contains(visit.ip) {
        true => None,
        false => attacks.limits.spread(account, &visit.network()),
    }
}

/// What is held against this network and, where one is named, an account: what decides whether a bot check is due.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn held(visit: &Visit, account: Option<&str>) -> Result<bot_check::Facts, Fault> {
    let (db, now) = (&visit.app.db, visit.moment.now);
    let counters = Counters::of(visit, account.unwrap_or_default());
    let missing = async |bucket: Option<&Bucket>| match bucket {
        Some(bucket) => counters::missing(db, bucket, now).await,
        None => Ok(0),
    };
    let mut facts = bot_check::Facts {
        bad_network: visit.app.addresses.is_bad(visit.ip),
        many_accounts: tries_many(visit).await?,
        failed_from_network: missing(counters.network.as_ref()).await?,
        ..bot_check::Facts::default()
    };
    if let Some(account) = account {
        facts.failed_here = match &counters.pair {
            Some(pair) => counters::struck(db, pair, now).await?,
            None => 0,
        };
        facts.failed_at_account = missing(counters.account.as_ref()).await?;
        facts.known_browser = facts.failed_at_account > 0 && is_known_browser(visit, account).await?;
    }
    Ok(facts)
}

async fn is_known_browser(visit: &Visit, account: &str) -> Result<bool, Fault> {
    let Some(held) = visit.cookie(Cookie::Browser) else {
        return Ok(false);
    };
    match failures::owner(&visit.app, account).await? {
        Some(user) => {
            let known = browsers::find(&visit.app.db, &user.id, &SecretHash::of(&held)).await?;
            Ok(known.is_some())
        }
        None => Ok(false),
    }
}

/// Notes that an attempt was refused; the first time for a pair the owner is told.
fn note(visit: &Visit, account: &str, counted: Counted) {
    let (app, failures) = (&visit.app, &visit.app.failures);
    let network = visit.network();
    let event = |kind, why: &str| Record::new(kind).detail(why).at(visit);
    match counted {
        Counted::Admitted => {}
        Counted::NetworkEmpty => {
            let event = event("limit_mu", "too many failures from this network");
            failures.note_seldom(app, event, &network);
        }
        Counted::AccountEmpty => {
            let why = format!("too many failures at {account} from everywhere");
            failures.note_seldom(app, event("limit_wc", &why), account);
        }
        Counted::PairClosed => {
            let why = format!("still closed: {account} from this network");
            failures.note_seldom(app, event("limit_wc", &why), &format!("{account} {network}"));
        }
        Counted::PairClosedNow { since } => {
            let why = format!("too many failures at {account} from this network");
            let letters = Language::ALL.map(|language| letter(visit, language, account, since));
            let told = Told {
                account: account.to_owned(),
                otherwise: visit.text(None).language,
                letters: letters.into_iter().flatten().collect(),
            };
            failures.note(app, event("limit_wc", &why), Some(told));
        }
    }
}

/// What the owner reads, with the link that opens the pair again.
fn letter(visit: &Visit, language: Language, account: &str, since: i64) -> Option<Envelope> {
    let errand = Errand::Unblock {
        account: account.to_owned(),
        network: visit.network(),
        since,
    };
    let link = tickets::link(visit, language, errand, None).ok()?;
    let text = language.text();
    let from = visit.ip.to_string();
    Some(letters::about(
        text,
        &text.attacks.blocked_mail,
        &visit.app.config.name,
        &from,
        &link,
    ))
}
