//! `/u/password/check`: what is wrong with a password while it is typed into one of our forms. It decides nothing, writes nothing and
//! leaves this machine nowhere; the form is judged when it is sent. How often one address may ask is limited where the paths are.

use crate::http::body::{self, Accepts};
use crate::http::guard;
use crate::http::reply::Trouble;
use crate::http::visit::Visit;
use crate::new_password;
use crate::pages;
use axum::Json;
use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

/// Answers whether the password is good, and what to say of it, in the language of the page.
pub async fn check(visit: Visit, form: Bytes) -> Response {
    advised(&visit, &form)
        .await
        .unwrap_or_else(|trouble| trouble.page(&visit))
}

async fn advised(visit: &Visit, form: &Bytes) -> Result<Response, Trouble> {
    let form = body::parameters(&visit.headers, form, Accepts::Form)?;
    if !guard::is_from_our_page(&visit.app, &visit.headers) {
        return Err(Trouble::Forbidden);
    }
    let typed = form.hint("password").unwrap_or_default();
    let email = form.hint("email").unwrap_or_default();
    let reasons = match typed {
        "" => Vec::new(),
        typed => new_password::advise(&visit.app, typed, &[email]).await,
    };
    let problems = reasons.into_iter().map(new_password::problem).collect();
    let said = pages::password_advice(visit.text(None), problems);
    Ok(Json(json!({"good": said.is_empty() && !typed.is_empty(), "said": said})).into_response())
}
