//! The request a proxy asks about, as it tells us. These headers are believed because only a trusted proxy is answered at all.

use crate::http::visit::Visit;
use axum::http::header;
use sekisho_rules::gateway::AppOrigin;

/// Host, address and method of the original request.
pub(super) struct Forwarded {
    pub(super) host: String,
    pub(super) method: String,
    /// A path with its query, or an absolute address.
    address: Option<String>,
}

impl Forwarded {
    /// `X-Forwarded-Host`, `-Uri` and `-Method` (Caddy, Traefik), or what configurations for nginx usually send.
    pub(super) fn by_headers(visit: &Visit) -> Self {
        let first = |names: [&str; 3]| names.into_iter().find_map(|name| visit.header(name));
        Self {
            address: first(["x-forwarded-uri", "x-original-uri", "x-original-url"]).map(str::to_owned),
            ..Self::without_address(visit)
        }
    }

    /// The original path below a prefix of ours (Envoy).
    pub(super) fn by_path(visit: &Visit, prefix: &str) -> Self {
        let below = visit.path_and_query().strip_prefix(prefix);
        Self {
            address: below.map(str::to_owned),
            ..Self::without_address(visit)
        }
    }

    fn without_address(visit: &Visit) -> Self {
        let host = visit.header("x-forwarded-host").or(visit.header(header::HOST));
        let method = visit
            .header("x-forwarded-method")
            .or(visit.header("x-original-method"));
        Self {
            host: host.unwrap_or_default().to_owned(),
            method: method.unwrap_or(visit.method.as_str()).to_owned(),
            address: None,
        }
    }

    /// The path and query that were asked for, at this application.
    pub(super) fn path(&self, origin: &AppOrigin) -> Option<&str> {
        let address = self.address.as_deref().unwrap_or("/");
        match address.strip_prefix(origin.as_str()) {
            // What follows the host must not make it another one: `https://app.example.com.evil.example/`.
            Some(rest) => rest.starts_with('/').then_some(rest),
            None => Some(address),
        }
    }
}
