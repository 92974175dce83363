//! Our cookies: what they are called, how they are set, how they are read.
//!
//! Over https they carry the `__Host-` prefix, so that no sibling host can set them. Over http (loopback only) names end in the port,
//! because browsers share cookies between ports and two instances must not disturb each other.

use axum::http::{HeaderMap, HeaderValue, header};

/// The names and attributes of our cookies, settled by the issuer's URL.
#[derive(Clone, Debug)]
pub struct CookieNames {
    session: String,
    flow: String,
    account: String,
    gateway: String,
    browser_state: String,
    browser: String,
    upstream: String,
    joining: String,
    attributes: Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Https,
    Http,
}

/// One of our cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// The single sign-on session; works in a cross-site iframe, as silent renewal needs it, and authorises no write.
    Session,
    /// Binds a browser journey to this browser.
    Flow,
    /// Opens the account page; bound to the session it was made in.
    Account,
    /// Opens an application behind the gateway, on that application's host; bound to the session it was made in.
    Gateway,
    /// Changes with the person at this browser, says nothing about them, and may be read by a script of ours in a frame
    /// (Session Management 1.0 section 4.2).
    BrowserState,
    /// A sign-in elsewhere that is under way; one for each, told apart by a mark after the name.
    Upstream,
    /// An identity that waits for its owner to prove the account it belongs to.
    Joining,
    /// Knows this browser again when somebody signs in who did so here before. It opens nothing.
    Browser,
}

impl CookieNames {
    /// For the host of an issuer, or of an application behind the gateway.
    pub fn new(issuer: &url::Url) -> Self {
        match (issuer.scheme(), issuer.port_or_known_default().unwrap_or(80)) {
            ("https", _) => Self {
                session: "__Host-sekisho".to_owned(),
                flow: "__Host-sekisho-flow".to_owned(),
                account: "__Host-sekisho-account".to_owned(),
                gateway: "__Host-sekisho-gateway".to_owned(),
                browser_state: "__Host-sekisho-state".to_owned(),
                browser: "__Host-sekisho-browser".to_owned(),
                upstream: "__Host-sekisho-upstream".to_owned(),
                joining: "__Host-sekisho-joining".to_owned(),
                attributes: Transport::Https,
            },
            (_, port) => Self {
                session: format!("sekisho-{port}"),
                flow: format!("sekisho-flow-{port}"),
                account: format!("sekisho-account-{port}"),
                gateway: format!("sekisho-gateway-{port}"),
                browser_state: format!("sekisho-state-{port}"),
                browser: format!("sekisho-browser-{port}"),
                upstream: format!("sekisho-upstream-{port}"),
                joining: format!("sekisho-joining-{port}"),
                attributes: Transport::Http,
            },
        }
    }

    /// What a cookie is called here.
    pub fn name(&self, cookie: Cookie) -> &str {
        match cookie {
            Cookie::Session => &self.session,
            Cookie::Flow => &self.flow,
            Cookie::Account => &self.account,
            Cookie::Gateway => &self.gateway,
            Cookie::BrowserState => &self.browser_state,
            Cookie::Browser => &self.browser,
            Cookie::Upstream => &self.upstream,
            Cookie::Joining => &self.joining,
        }
    }

    /// Reads a cookie. Two of the same name are none: one of them may have been planted.
    pub fn read(&self, headers: &HeaderMap, cookie: Cookie) -> Option<String> {
        read_named(headers, self.name(cookie))
    }

    /// Reads the one of several cookies of a sort that has this mark.
    pub fn read_marked(&self, headers: &HeaderMap, cookie: Cookie, mark: &str) -> Option<String> {
        read_named(headers, &format!("{}-{mark}", self.name(cookie)))
    }

    /// The marks of the cookies of a sort that a browser sent.
    pub fn marks(&self, headers: &HeaderMap, cookie: Cookie) -> Vec<String> {
        let before = format!("{}-", self.name(cookie));
        pairs(headers)
            .filter_map(|(name, _)| name.strip_prefix(&before))
            .map(str::to_owned)
            .collect()
    }

    /// The header that sets a cookie; without `max_age` (seconds) it ends with the browser session.
    pub fn set(&self, cookie: Cookie, value: &str, max_age: Option<i64>) -> Option<HeaderValue> {
        self.set_named(cookie, self.name(cookie), value, max_age)
    }

    /// The header that sets one of several cookies of a sort, which live for `max_age` seconds. The mark holds letters and digits only.
    pub fn set_marked(&self, cookie: Cookie, mark: &str, value: &str, max_age: i64) -> Option<HeaderValue> {
        let name = format!("{}-{mark}", self.name(cookie));
        self.set_named(cookie, &name, value, Some(max_age))
    }

    fn set_named(
        &self,
        cookie: Cookie,
        name: &str,
        value: &str,
        max_age: Option<i64>,
    ) -> Option<HeaderValue> {
        let same_site = match (self.attributes, cookie) {
            (Transport::Https, Cookie::Session | Cookie::BrowserState) => "; Secure; SameSite=None",
            (
                Transport::Https,
                Cookie::Flow
                | Cookie::Account
                | Cookie::Gateway
                | Cookie::Browser
                | Cookie::Upstream
                | Cookie::Joining,
            ) => "; Secure; SameSite=Lax",
            (Transport::Http, _) => "; SameSite=Lax",
        };
        let age = max_age
            .map(|seconds| format!("; Max-Age={seconds}"))
            .unwrap_or_default();
        let hidden = match cookie {
            Cookie::BrowserState => "",
            Cookie::Session
            | Cookie::Flow
            | Cookie::Account
            | Cookie::Gateway
            | Cookie::Browser
            | Cookie::Upstream
            | Cookie::Joining => "; HttpOnly",
        };
        HeaderValue::from_str(&format!("{name}={value}; Path=/{hidden}{same_site}{age}")).ok()
    }

    /// The header that removes a cookie.
    pub fn clear(&self, cookie: Cookie) -> Option<HeaderValue> {
        self.set(cookie, "", Some(0))
    }
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
}

fn read_named(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut found = pairs(headers)
        .filter(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then(|| first.to_owned())
}
