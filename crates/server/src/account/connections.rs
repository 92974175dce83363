//! `/account/connections`: accounts at other services that open this one. Linking and unlinking ask for a fresh login.

use super::frame::{done, frame};
use super::{Detour, Person, answered, fresh_login};
use crate::http::reply::html;
use crate::http::visit::Visit;
use crate::pages::{ConnectionsNotice, ConnectionsPage, LinkableService, LinkedIdentity, Section};
use crate::upstream::{self, Goal, Unlinked};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::upstream::Connection;
use sekisho_rules::upstream::account::{WaysIn, may_unlink};
use sekisho_rules::upstream::fresh::Wanted;
use sekisho_store::identities::Identity;
use sekisho_store::{connections, identities};

const PATH: &str = "/account/connections";

/// `GET /account/connections`.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        let db = &visit.app.db;
        let (every, held) = (
            connections::every(db).await?,
            identities::of_user(db, &person.user.id).await?,
        );
        let ways = upstream::ways_in(&visit, &person.user).await?;
        let chrome = person.chrome(&visit);
        let notice = visit.query.hint("done").and_then(ConnectionsNotice::from_word);
        let said = notice.map(|notice| notice.said(&chrome.text.upstream));
        let framed = frame(&visit, &person, Section::Connections, said);
        let framed = match notice.is_some_and(ConnectionsNotice::is_refusal) {
            true => framed.refused(),
            false => framed,
        };
        let linkable = every
            .iter()
            .filter(|connection| connection.is_enabled())
            .filter(|connection| held.iter().all(|one| one.connection_id != connection.id))
            .map(|connection| LinkableService {
                name: connection.display_name().to_owned(),
                connection: connection.name.clone(),
            });
        let page = ConnectionsPage {
            chrome,
            frame: framed,
            linked: held.iter().map(|one| shown(one, &every, ways)).collect(),
            linkable: linkable.collect(),
            change_action: visit.page("/account/connections/change"),
        };
        Ok(html(&page, StatusCode::OK))
    })
    .await
}

/// `POST /account/connections/change`: `link` names a connection, `unlink` an identity as `provider subject`.
pub async fn change(visit: Visit, form: Bytes) -> Response {
    answered(&visit, taken(&visit, &form)).await
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Detour> {
    let (person, form) = Person::of_form(visit, form, PATH).await?;
    fresh_login(visit, &person, PATH).await?;
    if let Some(name) = form.hint("link") {
        let Some(connection) = upstream::named(visit, name).await? else {
            return Ok(done(visit, PATH, ConnectionsNotice::NotLinked.word()));
        };
        let goal = Goal::Link {
            user: person.user.id.clone(),
            session: person.session.id.clone(),
        };
        return Ok(
            match upstream::begin(visit, &connection, (goal, Wanted::Any)).await? {
                Ok(response) => response,
                Err(failure) => {
                    tracing::warn!(connection = connection.name, %failure, "linking could not begin");
                    done(visit, PATH, ConnectionsNotice::NotLinked.word())
                }
            },
        );
    }
    let named = form.hint("unlink").and_then(|row| row.split_once(' '));
    let (provider, subject) = named.ok_or(PageRefusal::Malformed("unlink"))?;
    let notice = match upstream::unlink(visit, &person.user, provider, subject).await? {
        Unlinked::Gone => ConnectionsNotice::Unlinked,
        Unlinked::LastWayIn => ConnectionsNotice::LastWay,
        Unlinked::Missing => ConnectionsNotice::WasGone,
    };
    Ok(done(visit, PATH, notice.word()))
}

fn shown(identity: &Identity, every: &[Connection], ways: WaysIn) -> LinkedIdentity {
    let connection = every.iter().find(|one| one.id == identity.connection_id);
    let in_use = connection.is_some_and(Connection::is_enabled);
    let profile = &identity.profile;
    let address = profile
        .email
        .as_ref()
        .map(|address| address.email.display.clone());
    LinkedIdentity {
        service: connection.map_or_else(|| identity.provider.clone(), |one| one.display_name().to_owned()),
        person: address.or(profile.nickname.clone()).or(profile.name.clone()),
        row: Identity::row(&identity.provider, &profile.subject),
        linked: identity.linked_at.into(),
        last_used: identity.last_used_at.map(Into::into),
        in_use,
        may_go: !in_use || may_unlink(ways),
    }
}
