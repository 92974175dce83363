//! `/oidc/logout` and `/v2/logout`: the end of a session at this browser.

use crate::audit::Record;
use crate::config::LogoutPrompt;
use crate::end::Ending;
use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::{Trouble, html, see_other, with_cookie};
use crate::http::visit::Visit;
use crate::journey::{Asked, Journey, Purpose};
use crate::pages::{LogoutConfirmPage, ReturnLink};
use crate::signed_in::browser;
use crate::signed_out;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use sekisho_rules::client::Client;
use sekisho_rules::id::SessionId;
use sekisho_rules::logout::{Confirmation, Door, Facts, Hint, Plan, Request, Then, plan};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::refusal::PageRefusal;
use sekisho_rules::user::User;
use sekisho_store::{audit, clients};

/// `GET /oidc/logout` (RP-Initiated Logout section 2).
pub async fn oidc(visit: Visit) -> Response {
    let request = visit.query.clone();
    leave(&visit, Door::Oidc, request, Confirmation::NotAsked).await
}

/// `POST /oidc/logout`.
pub async fn oidc_by_form(visit: Visit, form: Bytes) -> Response {
    match body::parameters(&visit.headers, &form, Accepts::Form) {
        Ok(request) => leave(&visit, Door::Oidc, request, Confirmation::NotAsked).await,
        Err(refused) => Trouble::from(refused).page(&visit),
    }
}

/// `GET /v2/logout`.
pub async fn simple(visit: Visit) -> Response {
    let request = visit.query.clone();
    leave(&visit, Door::Simple, request, Confirmation::NotAsked).await
}

/// `POST /u/logout`: the person said yes.
pub async fn confirm(visit: Visit, form: Bytes) -> Response {
    let confirmed = async {
        let form = body::parameters(&visit.headers, &form, Accepts::Form)?;
        let journey = Journey::open(&visit, Purpose::SignOut, form.hint("state"))?;
        journey.check_form(&visit, Asked::Anybody, &form)?;
        Ok(journey.request)
    };
    match confirmed.await {
        Ok(request) => leave(&visit, Door::Oidc, request, Confirmation::Given).await,
        Err(trouble) => Trouble::page(&trouble, &visit),
    }
}

async fn leave(visit: &Visit, door: Door, request: Parameters, confirmation: Confirmation) -> Response {
    decide(visit, door, request, confirmation)
        .await
        .unwrap_or_else(|trouble| trouble.page(visit))
}

async fn decide(
    visit: &Visit,
    door: Door,
    sent: Parameters,
    confirmation: Confirmation,
) -> Result<Response, Trouble> {
    if !guard::is_navigation(&visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let read = |name: &'static str| sent.get(name).map_err(|_| PageRefusal::Malformed(name));
    let hint =
        read("id_token_hint")?.map(|token| visit.app.keys.id_token(token, visit.app.config.issuer.as_str()));
    let hinted_client = hint
        .as_ref()
        .and_then(|claims| claims.as_ref()?.get("aud")?.as_str().map(str::to_owned));
    let named = read("client_id")?.map(str::to_owned);
    let contradiction = named.is_some() && hinted_client.is_some() && named != hinted_client;
    let client = match named.or(hinted_client) {
        Some(id) => clients::by_id(&visit.app.db, &id).await?,
        None => None,
    };
    let signed_in = browser(visit).await?.signed_in;
    let hinted_sub = hint
        .as_ref()
        .and_then(|claims| claims.as_ref()?.get("sub")?.as_str());
    let request = Request {
        door,
        return_to: read(if door == Door::Oidc {
            "post_logout_redirect_uri"
        } else {
            "returnTo"
        })?,
        state: read("state")?.filter(|_| door == Door::Oidc),
        logout_hint: read("logout_hint")?,
        hint: match (&hint, hinted_sub) {
            _ if contradiction => Hint::Invalid,
            (None, _) => Hint::Absent,
            (Some(_), Some(sub)) => Hint::Known { sub },
            (Some(_), None) => Hint::Invalid,
        },
        confirmation: match visit.app.config.accounts.logout_prompt {
            LogoutPrompt::Skip => Confirmation::NotWanted,
            LogoutPrompt::Ask => confirmation,
        },
    };
    let facts = Facts {
        client: client.as_ref(),
        tenant_urls: &visit.app.config.accounts.logout_urls,
        session: signed_in
            .as_ref()
            .map(|(session, user)| (&session.id, user.id.as_str())),
    };
    match (plan(&request, facts), signed_in) {
        (Plan::Refuse(refusal), _) => Err(refusal.into()),
        (Plan::Confirm, Some((_, user))) => ask(visit, sent.clone(), &user),
        (Plan::Confirm, None) => Err(Trouble::Internal("nobody to ask")),
        (Plan::End { session, then }, signed_in) => {
            let mut frames = Vec::new();
            if let (Some(session), Some((_, user))) = (session, signed_in) {
                frames = signed_out::frames(&visit.app, &session).await?;
                end(visit, session, &user).await?;
            }
            let locales = sent.hint("ui_locales");
            let chrome = visit.chrome(locales);
            Ok(match (then, frames.is_empty()) {
                (Then::Return(to), true) => signed_out::cleared(visit, see_other(&to)),
                (Then::Return(to), false) => {
                    signed_out::say(visit, chrome, frames, signed_out::Way::Onward(to))
                }
                (Then::Page, _) => {
                    let back = signed_out::Way::Back(client.as_ref().and_then(back_to));
                    signed_out::say(visit, chrome, frames, back)
                }
            })
        }
    }
}

async fn end(visit: &Visit, session: SessionId, user: &User) -> Result<(), Trouble> {
    let by = Ending::at(&visit.app, visit.moment.now);
    let event = Record::new("slo").user(&user.id).session(&session).at(visit);
    visit
        .app
        .db
        .tx(async move |tx| {
            crate::end::session(tx, &by, &session).await?;
            audit::insert(tx, &event).await
        })
        .await?;
    Ok(())
}

fn ask(visit: &Visit, sent: Parameters, user: &User) -> Result<Response, Trouble> {
    let (journey, cookie) = Journey::begin(visit, Purpose::SignOut, sent);
    let page = LogoutConfirmPage {
        chrome: visit.bare_chrome(journey.locales()),
        account: user.shown().to_owned(),
        action: "/u/logout".to_owned(),
        state: journey.seal(&visit.app)?,
        csrf: journey.form_token(Asked::Anybody),
        stay_url: None,
    };
    Ok(with_cookie(html(&page, StatusCode::OK), cookie))
}

fn back_to(client: &Client) -> Option<ReturnLink> {
    let href = client.logout_urls.iter().find(|url| url.starts_with("http"))?;
    Some(ReturnLink {
        app: client.name.clone(),
        href: href.clone(),
    })
}
