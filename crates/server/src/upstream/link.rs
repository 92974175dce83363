//! Joins an identity to an account, and takes it away again. Both tell the owner by mail, in the same transaction.

use super::calls::Person;
use super::tokens::UpstreamTokens;
use crate::audit::Record;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::notices;
use crate::text::Text;
use sekisho_rules::factor::FactorKind;
use sekisho_rules::id::UserId;
use sekisho_rules::upstream::Connection;
use sekisho_rules::upstream::account::{WaysIn, may_unlink};
use sekisho_rules::upstream::profile::Profile;
use sekisho_rules::user::User;
use sekisho_store::identities::{self, Identity, SealedTokens};
use sekisho_store::{Fault, audit, connections, factors, passkeys, users};

/// What came of joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// It opens this account now, or did before.
    Here,
    /// It opens another account.
    Elsewhere,
}

/// What came of taking away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// It opens nothing any more.
    Gone,
    /// It is the last way in.
    LastWayIn,
    /// It was not there.
    Missing,
}

/// The row of an identity, with the provider's tokens sealed where they are kept.
pub(crate) fn row(
    visit: &Visit,
    connection: &Connection,
    user: &UserId,
    person: &Person,
) -> Result<Identity, Trouble> {
    let provider = connection.provider();
    let place = Identity::row(&provider, &person.profile.subject);
    let seal = |tokens: &UpstreamTokens| tokens.seal(&visit.app, &place, visit.moment.now);
    let tokens: Option<SealedTokens> = person.tokens.as_ref().map(seal).transpose()?;
    Ok(Identity {
        provider,
        user_id: user.clone(),
        connection_id: connection.id.clone(),
        profile: person.profile.clone(),
        tokens,
        linked_at: visit.moment.now,
        last_used_at: Some(visit.moment.now),
    })
}

/// Joins somebody at a provider to an account. The caller holds both proofs.
///
/// # Errors
/// [`Trouble`] when the database does not answer.
pub async fn link(
    visit: &Visit,
    connection: &Connection,
    user: &User,
    person: &Person,
) -> Result<Linked, Trouble> {
    let new = row(visit, connection, &user.id, person)?;
    let event = Record::new("link")
        .user(&user.id)
        .detail(said("joined", connection.display_name(), &new.profile))
        .at(visit);
    let words = |text: &'static Text| &text.upstream.mail_linked;
    let notice = notices::about(visit, user, words, Some(connection.display_name()))?;
    let moment = visit.moment;
    let added = visit.app.db.tx(async move |tx| {
        if !identities::insert(tx, &new).await? {
            return Ok(false);
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, notice.as_ref(), moment).await?;
        Ok(true)
    });
    if added.await? {
        visit.app.jobs.ring();
        return Ok(Linked::Here);
    }
    let found = identities::find(&visit.app.db, &connection.provider(), &person.profile.subject).await?;
    Ok(match found {
        Some(found) if found.user_id == user.id => Linked::Here,
        _ => Linked::Elsewhere,
    })
}

/// Takes an identity from an account, unless nothing else would open it.
///
/// # Errors
/// [`Trouble`] when the database does not answer.
pub async fn unlink(visit: &Visit, user: &User, provider: &str, subject: &str) -> Result<Unlinked, Trouble> {
    let Some(found) = identities::find(&visit.app.db, provider, subject)
        .await?
        .filter(|found| found.user_id == user.id)
    else {
        return Ok(Unlinked::Missing);
    };
    let before = ways_in(visit, user).await?;
    let usable = usable(visit).await?;
    // An identity whose connection is off opens nothing, so taking it away takes no way in.
    let connection = connections::by_id(&visit.app.db, &found.connection_id).await?;
    let counts = connection.as_ref().is_some_and(Connection::is_enabled);
    let service = connection.map_or_else(|| provider.to_owned(), |c| c.display_name().to_owned());
    let event = Record::new("unlink")
        .user(&user.id)
        .detail(said("taken away", provider, &found.profile))
        .at(visit);
    let words = |text: &'static Text| &text.upstream.mail_unlinked;
    let notice = notices::about(visit, user, words, Some(&service))?;
    let moment = visit.moment;
    let (owner, provider, subject) = (user.id.clone(), provider.to_owned(), subject.to_owned());
    let gone = visit.app.db.tx(async move |tx| {
        // Two browsers must not each take what the other leaves.
        users::hold(tx, &owner).await?;
        let held = identities::connections_of(tx, &owner).await?;
        let ways = WaysIn {
            passkeys: usize::try_from(passkeys::count(tx, &owner).await?).unwrap_or(0),
            identities: held.iter().filter(|one| usable.contains(one)).count(),
            ..before
        };
        if counts && !may_unlink(ways) {
            return Ok(Unlinked::LastWayIn);
        }
        if !identities::delete(tx, &provider, &subject, &owner).await? {
            return Ok(Unlinked::Missing);
        }
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, notice.as_ref(), moment).await?;
        Ok(Unlinked::Gone)
    });
    let gone = gone.await?;
    if gone == Unlinked::Gone {
        visit.app.jobs.ring();
    }
    Ok(gone)
}

/// The ids of the connections that people may sign in by.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn usable(visit: &Visit) -> Result<Vec<String>, Fault> {
    Ok(super::offered(visit).await?.into_iter().map(|c| c.id).collect())
}

/// The ways into an account.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn ways_in(visit: &Visit, user: &User) -> Result<WaysIn, Fault> {
    let db = &visit.app.db;
    let usable = usable(visit).await?;
    let held = identities::of_user(db, &user.id).await?;
    let kinds = factors::kinds(db, &user.id).await?;
    Ok(WaysIn {
        password: user.password_hash.is_some(),
        passkeys: kinds.iter().filter(|kind| **kind == FactorKind::Passkey).count(),
        identities: held
            .iter()
            .filter(|one| usable.contains(&one.connection_id))
            .count(),
        // A proven address chooses a new password by mail.
        mail: user.address().is_some() && user.email_verified && visit.app.post.is_open(),
    })
}

/// What the audit table says of an identity: where, and which subject; never the name or the address.
fn said(what: &str, provider: &str, profile: &Profile) -> String {
    format!("{what}: {provider} {}", profile.subject)
}
