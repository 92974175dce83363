//! `/account/data`: everything that is stored about a person, as a file. Nothing that opens an account is in it.

use super::frame::frame;
use super::{Detour, Person, answered, fresh_login};
use crate::audit::Record;
use crate::http::reply::{Trouble, html};
use crate::http::visit::Visit;
use crate::jobs::mail;
use crate::notices;
use crate::pages::{AccountDataPage, Section};
use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sekisho_rules::time::Timestamp;
use sekisho_store::{
    After, Fault, audit, browsers, consents, factors, identities, passkeys, refresh_tokens, sessions,
};
use serde_json::{Value, json};

pub(super) const PATH: &str = "/account/data";

/// The most events in the file, the newest of them.
const EVENTS: usize = 5000;

/// Shows what can be done with it.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        let page = AccountDataPage {
            chrome: person.chrome(&visit),
            frame: frame(&visit, &person, Section::Data, None),
            download_action: visit.page("/account/data/download"),
            delete_url: visit.page("/account/data/delete"),
        };
        Ok(html(&page, StatusCode::OK))
    })
    .await
}

/// `POST /account/data/download`: the file. It is asked for by a form, so that no link of another site fetches it.
pub async fn download(visit: Visit, form: Bytes) -> Response {
    answered(&visit, taken(&visit, &form)).await
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Detour> {
    let (person, _) = Person::of_form(visit, form, PATH).await?;
    fresh_login(visit, &person, PATH).await?;
    let file = everything(visit, &person).await?;
    let job = notices::draft(visit, &person.user, |text| &text.mails.data_downloaded)?;
    let event = Record::new("sapi")
        .user(&person.user.id)
        .session(&person.session.id)
        .detail("personal data downloaded by the user, at the account page")
        .at(visit);
    let moment = visit.moment;
    let noted = visit.app.db.tx(async move |tx| {
        audit::insert(tx, &event).await?;
        mail::enqueue(tx, job.as_ref(), moment).await
    });
    noted.await?;
    visit.app.jobs.ring();
    let body = serde_json::to_vec_pretty(&file).map_err(|_| Trouble::Internal("a file of data"))?;
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"account-data.json\""),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, body).into_response())
}

async fn everything(visit: &Visit, person: &Person) -> Result<Value, Fault> {
    let (db, user, now) = (&visit.app.db, &person.user, visit.moment.now);
    let (id, all) = (&user.id, After::beginning());
    let factors = factors::of_user(db, id).await?;
    let passkeys = passkeys::of_user(db, id).await?;
    let identities = identities::of_user(db, id).await?;
    let browsers = browsers::latest(db, id).await?;
    let sessions = sessions::page_of_user(db, id, now, &all, 100).await?;
    let consents = consents::of_user(db, id).await?;
    let grants = refresh_tokens::page_of_user(db, id, now, &all, 100).await?;
    let (events, is_complete) = events(visit, person).await?;
    Ok(json!({
        "made_at": now.iso8601(),
        "issuer": visit.app.config.issuer.as_str(),
        "profile": {
            "user_id": id.as_str(),
            "email": user.email,
            "email_verified": user.email_verified,
            "name": user.name,
            "given_name": user.given_name,
            "family_name": user.family_name,
            "nickname": user.nickname,
            "picture": user.picture,
            "locale": user.locale,
            "has_password": user.password_hash.is_some(),
            "created_at": user.created_at.iso8601(),
            "updated_at": user.updated_at.iso8601(),
        },
        "second_factors": factors.iter().map(|factor| json!({
            "kind": factor.kind.word(),
            "name": factor.name,
            "created_at": factor.created_at.iso8601(),
            "confirmed_at": factor.confirmed_at.map(Timestamp::iso8601),
            "last_used_at": factor.last_used_at.map(Timestamp::iso8601),
        })).collect::<Vec<_>>(),
        "passkeys": passkeys.iter().map(|passkey| json!({
            "name": passkey.name,
            "created_at": passkey.created_at.iso8601(),
            "last_used_at": passkey.last_used_at.map(Timestamp::iso8601),
        })).collect::<Vec<_>>(),
        "linked_accounts": identities.iter().map(|identity| json!({
            "provider": identity.provider,
            "user_id": identity.profile.subject,
            "linked_at": identity.linked_at.iso8601(),
            "last_used_at": identity.last_used_at.map(Timestamp::iso8601),
        })).collect::<Vec<_>>(),
        "browsers": browsers.iter().map(|browser| json!({
            "first_seen": browser.first_seen.iso8601(),
            "last_seen": browser.last_seen.iso8601(),
            "address": browser.ip,
            "country": browser.country,
            "user_agent": browser.user_agent,
        })).collect::<Vec<_>>(),
        "sessions": sessions.iter().map(|listed| json!({
            "session_id": listed.session.id.as_str(),
            "signed_in_at": listed.created_at.iso8601(),
            "last_seen": listed.session.last_seen.iso8601(),
            "address": listed.birthplace.ip,
            "user_agent": listed.birthplace.user_agent,
        })).collect::<Vec<_>>(),
        "allowed": consents.iter().map(|listed| json!({
            "client_id": listed.client.as_str(),
            "audience": listed.audience,
            "scope": listed.consent.scope.as_str(),
            "granted_at": listed.consent.granted_at.iso8601(),
        })).collect::<Vec<_>>(),
        "grants": grants.iter().map(|listed| json!({
            "client_id": listed.client_id.as_str(),
            "audience": listed.audience,
            "scope": listed.scope.as_str(),
            "created_at": listed.created_at.iso8601(),
            "last_used_at": listed.last_used.iso8601(),
            "expires_at": listed.expires_at.iso8601(),
        })).collect::<Vec<_>>(),
        "events": events,
        "events_complete": is_complete,
    }))
}

/// What happened, the newest first, and whether that is all of it.
async fn events(visit: &Visit, person: &Person) -> Result<(Vec<Value>, bool), Fault> {
    let mut events = Vec::new();
    let mut after = After::beginning();
    while events.len() < EVENTS {
        let page = audit::page_of_user(&visit.app.db, &person.user.id, &after).await?;
        let Some(last) = page.last() else {
            return Ok((events, true));
        };
        after = After {
            created_at: last.at,
            id: last.id.clone(),
        };
        events.extend(page.into_iter().map(|event| {
            json!({
                "at": event.at.iso8601(),
                "kind": event.kind,
                "client_id": event.client,
                "session_id": event.session,
                "address": event.ip,
                "user_agent": event.user_agent,
                "detail": event.detail,
                "risk": event.risk,
            })
        }));
    }
    Ok((events, false))
}
