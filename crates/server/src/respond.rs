//! Answers to the application: an authorization response, or a refusal, in the response mode it asked for. Whoever calls this holds
//! a [`Trusted`] request, so nothing here can lead to an address nobody registered.

use crate::http::guard;
use crate::http::reply::{Trouble, html, said_in_redirect, see_other};
use crate::http::visit::Visit;
use crate::pages::{FormPostPage, WebMessagePage};
use axum::http::{StatusCode, header};
use axum::response::Response;
use sekisho_rules::authorize::{self, Trusted};
use sekisho_rules::refusal::Refusal;

/// Sends a refusal to the application.
///
/// # Errors
/// None today; the type lets callers end with it.
pub fn refuse(visit: &Visit, trusted: &Trusted, refusal: &Refusal) -> Result<Response, Trouble> {
    tracing::info!(reason = ?refusal.reason, private = %refusal.private, client = %trusted.client.id, "refused by redirect");
    let (code, description) = said_in_redirect(&refusal.reason, visit.app.config.wire);
    Ok(say(visit, trusted, trusted.error(code, &description)))
}

/// Says an authorization response in the response mode the application asked for.
pub fn say(visit: &Visit, trusted: &Trusted, response: authorize::Response) -> Response {
    let owned = |fields: Vec<(&'static str, String)>| -> Vec<(String, String)> {
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    };
    match response {
        authorize::Response::Redirect(to) => see_other(&to),
        authorize::Response::FormPost { action, fields } => {
            let app = trusted.client.name.clone();
            html(
                &FormPostPage {
                    chrome: visit.bare_chrome(None),
                    app,
                    action,
                    parameters: owned(fields),
                },
                StatusCode::OK,
            )
        }
        authorize::Response::WebMessage { origin, fields } => {
            let page = WebMessagePage::new(visit.bare_chrome(None), origin.clone(), &owned(fields));
            let mut response = html(&page, StatusCode::OK);
            if let Some(policy) = guard::framed_by(&origin) {
                response
                    .headers_mut()
                    .insert(header::CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
    }
}
