//! How much one address may ask of the Management API: so many requests each second at this node, told on every answer. It protects
//! the node from a client that has run wild, not from an attacker with many addresses.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use super::refused::Refused;
use crate::app::App;
use crate::http::visit::Visit;

/// Requests of one address in one second.
const LIMIT: u32 = 100;
/// The most addresses that are told apart in one second; those beyond share one count.
const ADDRESSES: usize = 10_000;

/// The counts of one node.
#[derive(Default)]
pub struct Quota(Mutex<Window>);

#[derive(Default)]
struct Window {
    second: i64,
    counts: HashMap<IpAddr, u32>,
    others: u32,
}

/// What is left after a request was counted: a negative number when it was one too many.
struct Left(i64);

impl Quota {
    fn count(&self, who: IpAddr, second: i64) -> Left {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.second != second {
            *window = Window {
                second,
                ..Window::default()
            };
        }
        let is_full = window.counts.len() >= ADDRESSES && !window.counts.contains_key(&who);
        let count = match is_full {
            true => &mut window.others,
            false => window.counts.entry(who).or_default(),
        };
        *count = count.saturating_add(1);
        Left(i64::from(LIMIT) - i64::from(*count))
    }
}

/// Counts a request before anything else is done for it, and tells on the answer what is left.
pub async fn limited(
    State((app, quota)): State<(Arc<App>, Arc<Quota>)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(visit) = Visit::from_request_parts(&mut parts, &app).await;
    let second = app.clock.now().seconds();
    let Left(left) = quota.count(visit.ip, second);
    let mut response = match left < 0 {
        true => Refused::TooMany(1).response(),
        false => next.run(Request::from_parts(parts, body)).await,
    };
    let headers = response.headers_mut();
    let mut tell = |name: &'static str, value: i64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    tell("x-ratelimit-limit", i64::from(LIMIT));
    tell("x-ratelimit-remaining", left.max(0));
    tell("x-ratelimit-reset", second + 1);
    response
}

#[cfg(test)]
mod tests {
    use super::{LIMIT, Left, Quota};
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn an_address_is_counted_by_itself_and_anew_each_second() {
        let quota = Quota::default();
        let (one, other) = (
            IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
        );
        for asked in 1..=LIMIT {
            let Left(left) = quota.count(one, 7);
            assert_eq!(left, i64::from(LIMIT - asked));
        }
        assert!(quota.count(one, 7).0 < 0);
        assert_eq!(quota.count(other, 7).0, i64::from(LIMIT) - 1);
        assert_eq!(quota.count(one, 8).0, i64::from(LIMIT) - 1);
    }
}
