//! Applications behind the gateway: a host whose proxy asks us about every request, and what tokens for it may open.

use crate::id::ClientId;
use sekisho_verify::Scope;
use url::{Host, Url};

/// An application behind the gateway. It is a client of ours that never sees a token endpoint: the gateway speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayApp {
    /// Where browsers reach it.
    pub origin: AppOrigin,
    /// The client that the gateway is for it.
    pub client_id: ClientId,
    /// The API its tokens are for.
    pub audience: String,
    /// What its tokens may open at that API.
    pub scope: Scope,
}

impl GatewayApp {
    /// The scope that is asked for at sign-in: the profile for the identity headers, and the application's own words.
    pub fn asked_scope(&self) -> String {
        format!("openid profile email {}", self.scope)
            .trim_end()
            .to_owned()
    }
}

/// The origin of an application as a browser would write it: scheme, host, and a port that is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppOrigin(String);

impl AppOrigin {
    /// Decides whether an application may be reached at an address. https, or http on this machine, and nothing after the host: its
    /// whole host is behind the gateway.
    ///
    /// # Errors
    /// A sentence for whoever registers it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXAMPLE: &str = "write scheme and host only, such as https://app.example.com";
        let url = Url::parse(text).map_err(|_| EXAMPLE)?;
        if !matches!(url.scheme(), "https" | "http")
            || url.path() != "/"
            || text.contains(['?', '#', '@', '\\'])
        {
            return Err(EXAMPLE);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err("an application is reached by https; http is for this machine only");
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// The origin, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a `Host` header says of it.
    pub fn host(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, host)| host)
    }

    /// Whether a `Host` header names it. The scheme's own port may be written (RFC 9110 section 4.2.3).
    pub fn is_named_by(&self, host: &str) -> bool {
        let usual = if self.0.starts_with("https:") {
            ":443"
        } else {
            ":80"
        };
        let bare = host.strip_suffix(usual).unwrap_or(host);
        bare.eq_ignore_ascii_case(self.host())
    }

    /// An absolute address on it; `path` begins with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::AppOrigin;

    #[test]
    fn an_application_is_a_host_and_nothing_more() {
        for (written, origin) in [
            ("https://App.Example.com", "https://app.example.com"),
            ("https://app.example.com:443/", "https://app.example.com"),
            ("https://app.example.com:8443", "https://app.example.com:8443"),
            ("http://localhost:5000", "http://localhost:5000"),
            ("http://[::1]:5000/", "http://[::1]:5000"),
        ] {
            assert_eq!(AppOrigin::parse(written).unwrap().as_str(), origin, "{written}");
        }
        for wrong in [
            "app.example.com",
            "http://app.example.com",
            "https://app.example.com/sub",
            "https://app.example.com/?x",
            "https://user@app.example.com",
            "https://app.example.com\\evil",
            "ftp://app.example.com",
            "https://",
            "",
        ] {
            assert!(AppOrigin::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_host_is_compared_with_its_port() {
        let of = |text: &str| AppOrigin::parse(text).unwrap();
        let app = of("https://app.example.com");
        assert!(app.is_named_by("APP.example.com") && app.is_named_by("app.example.com:443"));
        for other in [
            "app.example.com:80",
            "app.example.com.evil.example",
            "example.com",
            "app.example.com:8443",
            "",
        ] {
            assert!(!app.is_named_by(other), "{other}");
        }
        assert!(of("http://localhost:5000").is_named_by("localhost:5000"));
        assert!(!of("http://localhost:5000").is_named_by("localhost"));
    }
}
