//! A new password: the same rule at every door that sets one. A [`NewPassword`] exists only when the rule took it, and only it is hashed
//! into what the store saves.

use crate::app::App;
use crate::audit::Record;
use crate::breached::Ask;
use crate::http::visit::Visit;
use crate::pages::SignupProblem;
use crate::passwords::PasswordError;
use sekisho_rules::id::ClientId;
use sekisho_rules::identity::Email;
use sekisho_rules::login::password::{MAX_BYTES, prepare};
use sekisho_rules::login::policy::{self, Facts, Weakness};
use sekisho_rules::user::User;
use sekisho_store::users::NewHash;
use sekisho_store::{Fault, password_history};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// The name of the program, which a password must not hold either.
const PRODUCT: &str = "Sekisho";

/// Whose password it will be.
#[derive(Clone, Copy)]
pub enum Whose<'a> {
    /// Somebody who has no account yet, by address and, if they said one, name.
    New(&'a Email, Option<&'a str>),
    /// Somebody who has one.
    Known(&'a User),
}

/// A password that the rule took, in the form that is hashed.
pub struct NewPassword(Zeroizing<String>);

impl NewPassword {
    /// Hashes it into what the store saves.
    ///
    /// # Errors
    /// [`PasswordError::Busy`], [`PasswordError::Failed`].
    pub async fn hash(&self, app: &App) -> Result<NewHash, PasswordError> {
        Ok(NewHash {
            hash: app.passwords.hash(&self.0).await?,
            keep: app.config.password_rule.policy.history.saturating_sub(1),
        })
    }
}

/// Why a text does not become somebody's password.
#[derive(Debug)]
pub enum Unfit {
    /// There is none.
    Missing,
    /// The rule refuses it, for all these reasons.
    Weak(Vec<Weakness>),
    /// Too many passwords are being checked at the moment.
    Busy,
    /// The database does not answer.
    Broken(Fault),
}

impl Unfit {
    /// What to say on a form; nothing when the database does not answer, which is said on a page of its own.
    ///
    /// # Errors
    /// [`Fault`] when that was the reason.
    pub fn problems(self) -> Result<Vec<SignupProblem>, Fault> {
        match self {
            Self::Missing => Ok(vec![SignupProblem::PasswordMissing]),
            Self::Weak(reasons) => Ok(reasons.into_iter().map(problem).collect()),
            Self::Busy => Ok(vec![SignupProblem::Busy]),
            Self::Broken(fault) => Err(fault),
        }
    }
}

/// Notes a sign-up that failed for its password; what is the machine's fault is no failure of theirs.
pub fn note_refused(visit: &Visit, client: Option<&ClientId>, email: &Email, unfit: &Unfit) {
    let Unfit::Weak(reasons) = unfit else { return };
    let kind = match reasons.contains(&Weakness::Breached) {
        true => "signup_pwd_leak",
        false => "fs",
    };
    let event = client
        .iter()
        .fold(Record::new(kind), |event, client| event.client(client));
    let event = event.detail(format!("{}: the password was refused: {reasons:?}", email.folded));
    visit.app.failures.note(&visit.app, event.at(visit), None);
}

/// Decides whether a text becomes somebody's new password. The answer names every reason at once, except that what costs work (the
/// passwords of before, the service that knows leaked ones) is asked only when nothing else is wrong.
///
/// # Errors
/// [`Unfit`].
pub async fn read(app: &App, sent: Option<&str>, whose: Whose<'_>) -> Result<NewPassword, Unfit> {
    let sent = sent.filter(|text| !text.is_empty()).ok_or(Unfit::Missing)?;
    let reasons = weaknesses(app, sent, &words(app, whose), Ask::ListAndService).await;
    if !reasons.is_empty() {
        return Err(Unfit::Weak(reasons));
    }
    let prepared = prepare(sent).ok_or_else(|| Unfit::Weak(vec![Weakness::TooLong]))?;
    if let Whose::Known(user) = whose
        && used_before(app, user, &prepared).await?
    {
        return Err(Unfit::Weak(vec![Weakness::UsedBefore]));
    }
    Ok(NewPassword(prepared))
}

/// What is wrong with a text, as far as can be said while somebody types it: not whether it was used before, and nothing leaves this
/// machine. `said` is what the form says of the person.
pub async fn advise(app: &App, typed: &str, said: &[&str]) -> Vec<Weakness> {
    let said = said.iter().copied().chain([app.config.name.as_str(), PRODUCT]);
    weaknesses(app, typed, &policy::personal_words(said), Ask::List).await
}

/// Everything wrong with a text beside its history.
async fn weaknesses(app: &App, text: &str, personal: &[String], ask: Ask) -> Vec<Weakness> {
    let rule = app.config.password_rule.policy;
    let form = policy::form(text);
    // A text this long is not looked at any further (threat 25).
    let Some(prepared) = prepare(text) else {
        return form;
    };
    let facts = Facts {
        score: score(prepared.clone(), personal.to_vec()).await,
        ..Facts::default()
    };
    let found = policy::judge(rule, text, personal, facts);
    let ask = match found.is_empty() {
        true => ask,
        false => Ask::List,
    };
    match app.breached.holds(app, &prepared, ask).await {
        true => policy::judge(
            rule,
            text,
            personal,
            Facts {
                breached: true,
                ..facts
            },
        ),
        false => found,
    }
}

/// How hard a password is to guess, 0 to 4, for somebody who knows these words. It looks at 100 characters, off the async threads.
async fn score(password: Zeroizing<String>, personal: Vec<String>) -> u8 {
    let scored = tokio::task::spawn_blocking(move || {
        let words: Vec<&str> = personal
            .iter()
            .map(String::as_str)
            .chain(policy::common_words().iter().copied())
            .collect();
        zxcvbn::zxcvbn(&password, &words).score() as u8
    });
    // A password that breaks the estimate is not refused for it.
    scored.await.unwrap_or(4)
}

/// The words a person's password must not hold.
fn words(app: &App, whose: Whose<'_>) -> Vec<String> {
    let service = [app.config.name.as_str(), PRODUCT];
    match whose {
        Whose::New(email, name) => {
            policy::personal_words(service.into_iter().chain([email.display.as_str()]).chain(name))
        }
        Whose::Known(user) => {
            let names = [&user.nickname, &user.given_name, &user.family_name];
            let names = names.into_iter().filter_map(|name| name.as_deref());
            let person = [user.email.as_str(), user.name.as_str()];
            policy::personal_words(service.into_iter().chain(person).chain(names))
        }
    }
}

/// Whether somebody has this password or had it lately. Each look costs a hash.
async fn used_before(app: &App, user: &User, prepared: &str) -> Result<bool, Unfit> {
    let history = app.config.password_rule.policy.history;
    if history == 0 {
        return Ok(false);
    }
    let earlier = match history {
        1 => Vec::new(),
        _ => password_history::of_user(&app.db, &user.id)
            .await
            .map_err(Unfit::Broken)?,
    };
    let hashes = user.password_hash.iter().chain(&earlier).take(history);
    for hash in hashes {
        match app.passwords.verify(Some(hash), prepared).await {
            Ok(true) => return Ok(true),
            // A hash nobody can read is no password of theirs.
            Ok(false) | Err(PasswordError::Unreadable) => {}
            Err(_) => return Err(Unfit::Busy),
        }
    }
    Ok(false)
}

/// What a form says of a reason.
pub fn problem(weakness: Weakness) -> SignupProblem {
    match weakness {
        Weakness::TooShort => SignupProblem::PasswordTooShort,
        Weakness::TooLong => SignupProblem::PasswordTooLong(MAX_BYTES),
        Weakness::Unusable => SignupProblem::PasswordUnusable,
        Weakness::Personal => SignupProblem::PasswordPersonal,
        Weakness::Common => SignupProblem::PasswordTooCommon,
        Weakness::Breached => SignupProblem::PasswordBreached,
        Weakness::Guessable => SignupProblem::PasswordGuessable,
        Weakness::UsedBefore => SignupProblem::PasswordUsedBefore,
    }
}

/// The body of the 400 that Auth0's `/dbconnections/signup` answers for a password that is refused: `name` tells the kind, `policy` and
/// `description` the rules, those that are not met with `verified: false`.
pub fn refusal(unfit: &Unfit) -> Value {
    let has = |weakness| matches!(unfit, Unfit::Weak(reasons) if reasons.contains(&weakness));
    let (name, message) = if has(Weakness::Personal) {
        ("PasswordNoUserInfoError", "Password contains user information")
    } else if has(Weakness::Common) || has(Weakness::Breached) {
        ("PasswordDictionaryError", "Password is too common")
    } else if has(Weakness::UsedBefore) {
        ("PasswordHistoryError", "Password has previously been used")
    } else {
        ("PasswordStrengthError", "Password is too weak")
    };
    if name != "PasswordStrengthError" {
        return json!({
            "name": name, "code": "invalid_password", "message": message, "description": message, "statusCode": 400,
        });
    }
    let least = sekisho_rules::login::password::MIN_CHARACTERS;
    let length = !has(Weakness::TooShort) && !has(Weakness::TooLong);
    let guessing = !has(Weakness::Guessable) && !has(Weakness::Unusable);
    json!({
        "name": name,
        "code": "invalid_password",
        "message": message,
        "policy": format!("* At least {least} characters in length\n* Hard to guess: a few unrelated words work well"),
        "description": {
            "rules": [
                {"message": "At least %d characters in length", "format": [least], "code": "lengthAtLeast", "verified": length},
                {"message": "Hard to guess: a few unrelated words work well", "code": "hardToGuess", "verified": guessing},
            ],
            "verified": false,
        },
        "statusCode": 400,
    })
}
