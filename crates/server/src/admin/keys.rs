//! Signing keys: listed, rotated, revoked, and sealed again under another key-encryption key.

use sekisho_jose::Algorithm;
use sekisho_rules::time::Timestamp;
use sekisho_store::keys::{self as rows, KeyRow, KeyState};
use sekisho_store::{Fault, Tx, audit, clients, factors, issuer, jobs, revocations};

use super::clients::place as secret_place;
use super::{Actor, Refused};
use crate::app::App;
use crate::end::{self, Ending};
use crate::factors::place as factor_place;
use crate::feed::HASH_KEY;
use crate::http::moment::Moment;
use crate::jobs::place as job_place;
use crate::keys::{fresh, place as key_place};

/// Every key there ever was, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(app: &App) -> Result<Vec<KeyRow>, Refused> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = rows::page(&app.db, &after).await?;
        let Some(last) = page.last() else { break };
        after = last.kid.clone();
        all.extend(page);
    }
    all.sort_by_key(|key| key.created_at);
    Ok(all)
}

/// What a rotation did.
pub struct Rotated {
    /// Signs from now on.
    pub current: String,
    /// Published, for the next rotation.
    pub next: String,
}

/// Seconds a next key is published before it may sign: as long as verifiers of other makes keep a key set.
pub const PUBLISHED_SECONDS: i64 = 600;

/// Whether a rotation may use a next key that verifiers have not had the time to learn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// It waits until they have.
    None,
    /// An emergency: some verifications may fail until key sets are read again.
    Now,
}

/// Rotates: the next key, which verifiers know already, signs from now on; the current one goes on being published so
/// that its tokens verify; a fresh next key is made and published. Former keys whose last token has expired leave the
/// published set.
///
/// # Errors
/// When the next key was published less than [`PUBLISHED_SECONDS`] ago and there is no haste, or when another rotation
/// runs at the same time.
pub async fn rotate(app: &App, actor: Actor, alg: Algorithm, haste: Haste) -> Result<Rotated, Refused> {
    let live = rows::live(&app.db).await?;
    let moment = Moment { now: app.clock.now() };
    let (current, next) = (
        of(&live, alg, KeyState::Current)?,
        of(&live, alg, KeyState::Next)?,
    );
    let known_in = PUBLISHED_SECONDS - moment.now.millis_since(next.state_since) / 1000;
    if haste == Haste::None && known_in > 0 {
        return Err(Refused::invalid(format!(
            "the next key was published a moment ago and verifiers may not know it yet: wait {known_in} s, or say --now"
        )));
    }
    let (current, next) = (current.kid.clone(), next.kid.clone());
    let spent = spent(&live, issuer::get(&app.db).await?.max_lifetime, moment.now);
    let new = fresh(&app.sealer, alg, KeyState::Next, moment)
        .await
        .map_err(|error| Refused::Internal(error.to_string()))?;
    let rotated = Rotated {
        current: next.clone(),
        next: new.kid.clone(),
    };
    let event = actor.did(moment, format!("signing key {next} replaced {current}"));
    let done = app.db.tx(async move |tx| {
        change(tx, &current, KeyState::Current, KeyState::Previous, moment.now).await?;
        change(tx, &next, KeyState::Next, KeyState::Current, moment.now).await?;
        rows::insert(tx, &new).await?;
        for kid in &spent {
            change(tx, kid, KeyState::Previous, KeyState::Revoked, moment.now).await?;
        }
        audit::insert(tx, &event).await
    });
    changed(done.await)?;
    Ok(rotated)
}

/// Revokes a key: it leaves the published set, and its tokens stop verifying at once where somebody listens, elsewhere as the set is
/// read again. Revoking the current or the next key makes another take its place first.
///
/// # Errors
/// When there is no such live key.
pub async fn revoke(app: &App, actor: Actor, kid: &str) -> Result<(), Refused> {
    let (state, alg) = state_of(app, kid).await?;
    if state == KeyState::Current {
        rotate(app, actor.clone(), alg, Haste::Now).await?;
    }
    let (state, _) = state_of(app, kid).await?;
    let moment = Moment { now: app.clock.now() };
    let substitute = match state {
        KeyState::Next => {
            let made = fresh(&app.sealer, alg, KeyState::Next, moment).await;
            Some(made.map_err(|error| Refused::Internal(error.to_string()))?)
        }
        _ => None,
    };
    let event = actor.did(moment, format!("signing key {kid} revoked"));
    let (name, by) = (kid.to_owned(), Ending::at(app, moment.now));
    let done = app.db.tx(async move |tx| {
        change(tx, &name, state, KeyState::Revoked, moment.now).await?;
        // A next key has signed nothing yet, but a node that is late may sign with it.
        end::signing_key(tx, &by, &name).await?;
        if let Some(substitute) = &substitute {
            rows::insert(tx, substitute).await?;
        }
        audit::insert(tx, &event).await
    });
    changed(done.await)
}

/// Seals everything again that is not sealed under the current key-encryption key. Answers how many values were. It
/// may be repeated, and the server may run meanwhile with both keys.
///
/// # Errors
/// When a value opens with none of the keys at hand.
pub async fn rewrap(app: &App, actor: Actor) -> Result<usize, Refused> {
    let mut done = 0;
    for key in list(app).await? {
        if app.sealer.is_current(&key.sealed) {
            continue;
        }
        let sealed = again(app, &key_place(&key.kid), &key.sealed)?;
        let kid = key.kid;
        app.db
            .tx(async move |tx| rows::reseal(tx, &kid, sealed.clone()).await)
            .await?;
        done += 1;
    }
    let mut after = String::new();
    loop {
        let page = clients::page(&app.db, &after).await?;
        let Some(last) = page.last() else { break };
        after = last.id.as_str().to_owned();
        for client in page {
            let Some(old) = client.sealed_secret.filter(|old| !app.sealer.is_current(old)) else {
                continue;
            };
            let sealed = again(app, &secret_place(&client.id), &old)?;
            let id = client.id;
            let won = app
                .db
                .tx(async move |tx| clients::reseal(tx, &id, old.clone(), sealed.clone()).await);
            done += usize::from(won.await?);
        }
    }
    done += rewrap_jobs(app).await?;
    done += super::connections::rewrap(app).await?;
    done += rewrap_factors(app).await?;
    done += feed_key(app).await?;
    let moment = Moment { now: app.clock.now() };
    let event = actor.did(
        moment,
        format!("{done} values sealed again under {}", app.sealer.kek_id()),
    );
    app.db.tx(async move |tx| audit::insert(tx, &event).await).await?;
    Ok(done)
}

async fn rewrap_jobs(app: &App) -> Result<usize, Refused> {
    let (mut done, mut after) = (0, String::new());
    loop {
        let page = jobs::sealed(&app.db, &after).await?;
        let Some((last, _)) = page.last() else {
            return Ok(done);
        };
        after = last.clone();
        for (id, old) in page.into_iter().filter(|(_, old)| !app.sealer.is_current(old)) {
            let sealed = again(app, &job_place(&id), &old)?;
            let won = app
                .db
                .tx(async move |tx| jobs::reseal(tx, &id, old.clone(), sealed.clone()).await);
            done += usize::from(won.await?);
        }
    }
}

async fn rewrap_factors(app: &App) -> Result<usize, Refused> {
    let (mut done, mut after) = (0, String::new());
    loop {
        let page = factors::sealed(&app.db, &after).await?;
        let Some((last, _)) = page.last() else {
            return Ok(done);
        };
        after = last.clone();
        for (id, old) in page.into_iter().filter(|(_, old)| !app.sealer.is_current(old)) {
            let sealed = again(app, &factor_place(&id), &old)?;
            let won = app
                .db
                .tx(async move |tx| factors::reseal(tx, &id, old.clone(), sealed.clone()).await);
            done += usize::from(won.await?);
        }
    }
}

/// The hash key of the revocation feed.
async fn feed_key(app: &App) -> Result<usize, Refused> {
    let known = revocations::identity(&app.db).await?;
    let Some(known) = known.filter(|known| !app.sealer.is_current(&known.sealed_hash_key)) else {
        return Ok(0);
    };
    let old = known.sealed_hash_key;
    let sealed = again(app, &HASH_KEY, &old)?;
    let won = app
        .db
        .tx(async move |tx| revocations::reseal(tx, old.clone(), sealed.clone()).await);
    Ok(usize::from(won.await?))
}

pub(super) fn again(app: &App, place: &crate::seal::Place<'_>, old: &[u8]) -> Result<Vec<u8>, Refused> {
    let internal =
        |error: crate::seal::SealError| Refused::Internal(format!("{} {}: {error}", place.table, place.row));
    let plain = app.sealer.open(place, old).map_err(internal)?;
    app.sealer.seal(place, &plain).map_err(internal)
}

fn of(live: &[KeyRow], alg: Algorithm, state: KeyState) -> Result<&KeyRow, Refused> {
    let key = live
        .iter()
        .find(|key| key.state == state && key.alg == alg.name());
    key.ok_or_else(|| Refused::Internal(format!("there is no {} {alg} signing key", state.word())))
}

/// Former keys that stopped signing longer ago than any token lives. A day of grace covers clocks and ID tokens.
fn spent(live: &[KeyRow], max_lifetime: i64, now: Timestamp) -> Vec<String> {
    let grace = 86_400;
    let is_spent = |key: &&KeyRow| {
        key.state == KeyState::Previous
            && key.state_since.plus_seconds(max_lifetime.saturating_add(grace)) < now
    };
    live.iter().filter(is_spent).map(|key| key.kid.clone()).collect()
}

async fn state_of(app: &App, kid: &str) -> Result<(KeyState, Algorithm), Refused> {
    let live = rows::live(&app.db).await?;
    let key = live.iter().find(|key| key.kid == kid);
    key.and_then(|key| Some((key.state, key.alg.parse().ok()?)))
        .ok_or_else(|| Refused::Missing("live signing key", kid.to_owned()))
}

const LOST: &str = "signing key state";

/// A change that finds the key in another state rolls everything back.
async fn change(tx: &mut Tx, kid: &str, from: KeyState, to: KeyState, now: Timestamp) -> Result<(), Fault> {
    match rows::change_state(tx, kid, from, to, now).await? {
        true => Ok(()),
        false => Err(Fault::Conflict(LOST.to_owned())),
    }
}

fn changed(done: Result<(), Fault>) -> Result<(), Refused> {
    done.map_err(|fault| match fault {
        Fault::Conflict(_) => Refused::Changed,
        other => Refused::Fault(other),
    })
}
