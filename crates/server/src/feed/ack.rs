//! `POST /revocations/ack`: a verifier says how far it has come.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::acks::Who;
use super::ask::{self, Unserved};
use super::event::Why;
use super::pulse::running;
use crate::http::body::{self, Accepts};
use crate::http::visit::Visit;

/// `POST /revocations/ack`.
pub async fn acknowledge(visit: Visit, bytes: Bytes) -> Response {
    let app = &visit.app;
    let token = match app.feed.admit(&visit) {
        Ok(token) => token,
        Err(denied) => return app.feed.deny(&denied),
    };
    let parameters = match body::parameters(&visit.headers, &bytes, Accepts::FormOrJson) {
        Ok(parameters) => parameters,
        Err(refused) => return refused.oauth(app.config.wire),
    };
    let (feed_id, seq, verifier) = match ask::acknowledgement(&parameters) {
        Ok(said) => said,
        Err(unserved) => return unserved.into_response(),
    };
    // Known only once the feed was read; before that, whatever is said is about another node's.
    let other = app
        .feed
        .state()
        .as_ref()
        .is_some_and(|state| state.feed_id != feed_id);
    if other {
        return Unserved::Snapshot(Why::FeedId).into_response();
    }
    let client = token.claims.client_id.clone().unwrap_or_default();
    let who = Who::new(&client, super::verifier_name(verifier.as_deref(), &token));
    app.feed.acks.receive(who, seq, running());
    StatusCode::NO_CONTENT.into_response()
}
