//! `/account/apps`: applications with access that lasts beyond a sign-in, or that a person allowed something; and the end of it.

use super::frame::{done, frame};
use super::{Detour, Person, answered};
use crate::audit::Record;
use crate::end::{self, Ending};
use crate::http::reply::html;
use crate::http::visit::Visit;
use crate::pages::{AccountAppsPage, AppAccess, AppScopes, AppsNotice, RequestedScope, Section};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::client::Party;
use sekisho_rules::id::ClientId;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::time::Timestamp;
use sekisho_store::{After, Fault, apis, audit, clients, consents, refresh_tokens};
use sekisho_verify::Scope;
use std::collections::BTreeMap;

const PATH: &str = "/account/apps";

/// What one application may do, as far as the rows say.
struct Access {
    since: Timestamp,
    last_used: Option<Timestamp>,
    /// By API; the empty name stands for what is about the person.
    scopes: BTreeMap<String, Scope>,
}

/// Shows who has access.
pub async fn show(visit: Visit) -> Response {
    answered(&visit, async {
        let person = Person::at(&visit, PATH).await?;
        page(&visit, &person).await
    })
    .await
}

/// `POST /account/apps/end`: takes from one application everything it was given.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    answered(&visit, taken(&visit, &form)).await
}

async fn taken(visit: &Visit, form: &Bytes) -> Result<Response, Detour> {
    let (person, form) = Person::of_form(visit, form, PATH).await?;
    let client = form.hint("client").ok_or(PageRefusal::Malformed("client"))?;
    let client = ClientId::new(client);
    let event = Record::new("srrt")
        .user(&person.user.id)
        .client(&client)
        .session(&person.session.id)
        .detail("access of an application ended by the user, at the account page")
        .at(visit);
    let (user, by) = (person.user.id.clone(), Ending::at(&visit.app, visit.moment.now));
    let ended = visit.app.db.tx(async move |tx| {
        let allowed = consents::withdraw(tx, &user, &client).await?;
        let grants = end::consent(tx, &by, &user, &client).await?;
        if !allowed && grants == 0 {
            return Ok(false);
        }
        audit::insert(tx, &event).await?;
        Ok(true)
    });
    let notice = match ended.await? {
        true => AppsNotice::Ended,
        false => AppsNotice::AlreadyEnded,
    };
    Ok(done(visit, PATH, notice.word()))
}

async fn page(visit: &Visit, person: &Person) -> Result<Response, Detour> {
    let mut apps = Vec::new();
    for (id, access) in access(visit, person).await? {
        let Some(client) = clients::by_id(&visit.app.db, &id).await? else {
            continue;
        };
        let mut scopes = Vec::new();
        for (api, scope) in access.scopes {
            scopes.push(described(visit, &api, &scope).await?);
        }
        apps.push(AppAccess {
            id,
            name: client.name,
            foreign: client.party == Party::Third,
            since: access.since.into(),
            last_used: access.last_used.map(Into::into),
            scopes: scopes.into_iter().flatten().collect(),
        });
    }
    let chrome = person.chrome(visit);
    let notice = visit.query.hint("done").and_then(AppsNotice::from_word);
    let notice = notice.map(|notice| notice.said(&chrome.text.account_apps));
    let page = AccountAppsPage {
        chrome,
        frame: frame(visit, person, Section::Apps, notice),
        action: visit.page("/account/apps/end"),
        apps,
    };
    Ok(html(&page, StatusCode::OK))
}

/// Who has access: the consents, and the grants that hold a refresh token, at most 100 of each.
async fn access(visit: &Visit, person: &Person) -> Result<BTreeMap<String, Access>, Fault> {
    let (db, user, now) = (&visit.app.db, &person.user.id, visit.moment.now);
    let mut all: BTreeMap<String, Access> = BTreeMap::new();
    for listed in consents::of_user(db, user).await? {
        let since = listed.consent.granted_at;
        let access = all.entry(listed.client.to_string()).or_insert_with(|| new(since));
        access.add(listed.audience, &listed.consent.scope, since);
    }
    for listed in refresh_tokens::page_of_user(db, user, now, &After::beginning(), 100).await? {
        let since = listed.created_at;
        let access = all
            .entry(listed.client_id.to_string())
            .or_insert_with(|| new(since));
        access.add(listed.audience.unwrap_or_default(), &listed.scope, since);
        access.last_used = access.last_used.max(Some(listed.last_used));
    }
    Ok(all)
}

fn new(since: Timestamp) -> Access {
    Access {
        since,
        last_used: None,
        scopes: BTreeMap::new(),
    }
}

impl Access {
    fn add(&mut self, audience: String, scope: &Scope, since: Timestamp) {
        self.since = self.since.min(since);
        let known = self.scopes.entry(audience).or_insert_with(Scope::empty);
        *known = known.union(scope);
    }
}

/// The scopes at one API: those about the person by themselves, the others under the name of the API.
async fn described(visit: &Visit, audience: &str, scope: &Scope) -> Result<Vec<AppScopes>, Fault> {
    let api = match audience {
        "" => None,
        audience => apis::by_identifier(&visit.app.db, audience).await?,
    };
    let (mut identity, mut others) = (Vec::new(), Vec::new());
    for word in scope.iter() {
        let known = api
            .as_ref()
            .and_then(|api| api.scopes.iter().find(|known| known.value == word));
        let asked = RequestedScope {
            scope: word.to_owned(),
            description: known
                .map(|known| known.description.clone())
                .filter(|text| !text.is_empty()),
        };
        match word {
            "openid" | "profile" | "email" | "offline_access" => identity.push(asked),
            _ => others.push(asked),
        }
    }
    let name = api.map_or_else(|| audience.to_owned(), |api| api.name);
    let groups = [(None, identity), ((!name.is_empty()).then_some(name), others)];
    Ok(groups
        .into_iter()
        .filter(|(_, scopes)| !scopes.is_empty())
        .map(|(api, scopes)| AppScopes { api, scopes })
        .collect())
}
