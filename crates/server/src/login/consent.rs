//! `/u/consent`: what a third-party application may have.

use super::{Open, open};
use crate::http::body::{self, Accepts};
use crate::http::reply::{Trouble, html, see_other};
use crate::http::visit::Visit;
use crate::journey::Asked;
use crate::pages::{ConsentPage, RequestedScope};
use crate::signed_in::browser;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::consent::Consent;
use sekisho_rules::refusal::{PageRefusal, Reason};
use sekisho_rules::user::User;
use sekisho_store::consents::{self, Parties};
use sekisho_verify::Scope;

/// Shows the form.
pub async fn show(visit: Visit) -> Response {
    let shown = async {
        let open = match open(&visit, visit.query.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        match browser(&visit).await?.signed_in {
            Some((_, user)) => Ok(page(&visit, &open, &user)),
            None => Ok(see_other(&visit.link("/authorize/resume", &open.handle))),
        }
    };
    shown
        .await
        .unwrap_or_else(|trouble: Trouble| trouble.page(&visit))
}

/// Takes the form.
pub async fn submit(visit: Visit, form: Bytes) -> Response {
    let taken = async {
        let form = body::parameters(&visit.headers, &form, Accepts::Form)?;
        let open = match open(&visit, form.hint("state")).await? {
            Ok(open) => open,
            Err(refusal) => return Ok(refusal),
        };
        let Some((_, user)) = browser(&visit).await?.signed_in else {
            return Ok(see_other(&visit.link("/authorize/resume", &open.handle)));
        };
        open.journey.check_form(&visit, Asked::User(&user.id), &form)?;
        match form.hint("decision") {
            Some("allow") => allow(&visit, &open, user).await,
            Some("deny") => crate::respond::refuse(&visit, &open.trusted, &Reason::AccessDenied.into()),
            _ => Err(PageRefusal::Malformed("decision").into()),
        }
    };
    taken.await.unwrap_or_else(|trouble| trouble.page(&visit))
}

/// Remembers the consent. A consent given before is widened, never narrowed: the person did not take anything back here.
async fn allow(visit: &Visit, open: &Open, user: User) -> Result<Response, Trouble> {
    let client = open.trusted.client.id.clone();
    let audience = open.valid.api.as_ref().map(|api| api.identifier.clone());
    let parties = Parties {
        user: &user.id,
        client: &client,
        audience: audience.as_deref(),
    };
    let before = consents::get(&visit.app.db, parties)
        .await?
        .map_or_else(Scope::empty, |consent| consent.scope);
    let consent = Consent {
        scope: before.union(&open.valid.scope),
        granted_at: visit.moment.now,
    };
    visit
        .app
        .db
        .tx(async move |tx| {
            let parties = Parties {
                user: &user.id,
                client: &client,
                audience: audience.as_deref(),
            };
            consents::put(tx, parties, &consent).await
        })
        .await?;
    Ok(see_other(&visit.link("/authorize/resume", &open.handle)))
}

fn page(visit: &Visit, open: &Open, user: &User) -> Response {
    let api = open.valid.api.as_ref();
    let described = |scope: &str| {
        let known = api.and_then(|api| api.scopes.iter().find(|known| known.value == scope));
        known
            .map(|known| known.description.clone())
            .filter(|text| !text.is_empty())
    };
    let (mut identity_scopes, mut api_scopes) = (Vec::new(), Vec::new());
    for scope in open.valid.scope.iter() {
        match scope {
            "openid" | "profile" | "email" | "offline_access" => {
                identity_scopes.push(RequestedScope {
                    scope: scope.to_owned(),
                    description: None,
                });
            }
            _ => api_scopes.push(RequestedScope {
                scope: scope.to_owned(),
                description: described(scope),
            }),
        }
    }
    let host = url::Url::parse(&open.trusted.redirect_uri).ok();
    let page = ConsentPage {
        chrome: visit.chrome(open.journey.locales()),
        app: open.trusted.client.name.clone(),
        return_host: host
            .as_ref()
            .and_then(url::Url::host_str)
            .unwrap_or(&open.trusted.redirect_uri)
            .to_owned(),
        account: user.shown().to_owned(),
        action: visit.link("/u/consent", &open.handle),
        state: open.handle.clone(),
        csrf: open.journey.form_token(Asked::User(&user.id)),
        identity_scopes,
        api: api.map(|api| api.name.clone()),
        api_scopes,
    };
    html(&page, StatusCode::OK)
}
