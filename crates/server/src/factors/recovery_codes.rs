//! Recovery codes: made with the first factor or anew, kept as hashes, each good for one time.

use super::{fresh_id, told};
use crate::audit::Record;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::jobs::mail;
use sekisho_rules::factor::FactorKind;
use sekisho_rules::recovery_code::{BYTES, CODES, RecoveryCode};
use sekisho_rules::session::Session;
use sekisho_rules::user::User;
use sekisho_store::factors::{self, Factor};
use sekisho_store::{Fault, Tx, audit};

/// A fresh set on its way to its row.
#[derive(Clone)]
pub struct Fresh {
    factor: Factor,
    codes: Vec<RecoveryCode>,
}

impl Fresh {
    /// Makes a set for this person.
    pub fn make(visit: &Visit, user: &User) -> Self {
        let now = visit.moment.now;
        Self {
            factor: Factor {
                id: fresh_id(visit, FactorKind::RecoveryCode),
                user_id: user.id.clone(),
                kind: FactorKind::RecoveryCode,
                name: String::new(),
                sealed: None,
                last_step: -1,
                created_at: now,
                confirmed_at: Some(now),
                last_used_at: None,
            },
            codes: (0..CODES)
                .map(|_| RecoveryCode::from_random(&visit.moment.bytes::<BYTES>()))
                .collect(),
        }
    }

    /// As they are shown, once.
    pub fn shown(&self) -> Vec<String> {
        self.codes.iter().map(RecoveryCode::shown).collect()
    }

    /// Puts the set in place of any before it.
    ///
    /// # Errors
    /// [`Fault`] when a statement fails.
    pub async fn insert(&self, tx: &mut Tx) -> Result<(), Fault> {
        factors::delete_kind(tx, &self.factor.user_id, FactorKind::RecoveryCode).await?;
        factors::insert(tx, &self.factor).await?;
        for code in &self.codes {
            factors::add_code(tx, &self.factor.id, code.hash().bytes()).await?;
        }
        Ok(())
    }

    /// Puts the set where it waits, good for nothing, until the factor it goes with is confirmed.
    ///
    /// # Errors
    /// [`Fault`] when a statement fails.
    pub(super) async fn insert_waiting(&self, tx: &mut Tx) -> Result<(), Fault> {
        let factor = Factor {
            confirmed_at: None,
            ..self.factor.clone()
        };
        factors::insert(tx, &factor).await?;
        for code in &self.codes {
            factors::add_code(tx, &factor.id, code.hash().bytes()).await?;
        }
        Ok(())
    }
}

/// A code to take the place of one that was used, and the list it goes to; none when there is no list.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn one_more(visit: &Visit, user: &User) -> Result<Option<(String, RecoveryCode)>, Fault> {
    let all = factors::of_user(&visit.app.db, &user.id).await?;
    let list = all
        .into_iter()
        .find(|factor| factor.kind == FactorKind::RecoveryCode && factor.confirmed_at.is_some());
    Ok(list.map(|list| (list.id, RecoveryCode::from_random(&visit.moment.bytes::<BYTES>()))))
}

/// A set to go with a person's first factor; none when they have one already.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn first(visit: &Visit, user: &User) -> Result<Option<Fresh>, Fault> {
    let kinds = factors::kinds(&visit.app.db, &user.id).await?;
    let has = kinds.contains(&FactorKind::RecoveryCode);
    Ok((!has).then(|| Fresh::make(visit, user)))
}

/// Replaces a person's codes; those of before no longer work. Call it only when `Session::freshness` said yes. Answers the codes to show.
///
/// # Errors
/// [`Refused`] when the database does not answer or the mail cannot be written.
pub async fn replace(visit: &Visit, user: &User, session: &Session) -> Result<Vec<String>, Refused> {
    let fresh = Fresh::make(visit, user);
    let shown = fresh.shown();
    let event = Record::new("gd_enrollment_complete")
        .user(&user.id)
        .session(&session.id)
        .detail(FactorKind::RecoveryCode.word())
        .at(visit);
    let letter = told(visit, user, |text| &text.mails.recovery_codes_made)?;
    let moment = visit.moment;
    let written = visit.app.db.tx(async move |tx| {
        fresh.insert(tx).await?;
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, letter.as_ref(), moment).await
    });
    written.await?;
    visit.app.jobs.ring();
    Ok(shown)
}

/// How many codes a person has left.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn left(visit: &Visit, user: &User) -> Result<i64, Fault> {
    let mut left = 0;
    for factor in factors::of_user(&visit.app.db, &user.id).await? {
        if factor.kind == FactorKind::RecoveryCode {
            left += factors::codes_left(&visit.app.db, &factor.id).await?;
        }
    }
    Ok(left)
}
