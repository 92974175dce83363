//! The gateway's answer to a proxy that asks, before it passes a request on, who sent it.

use crate::gateway::GatewayApp;
use crate::id::UserId;
use sekisho_verify::Scope;
use std::fmt::Write as _;

/// The longest address a sign-in returns to, in bytes.
const MAX_RETURN: usize = 2000;

/// Where a sign-in returns to: a path of the application's own host, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnPath(String);

impl ReturnPath {
    /// The front page.
    pub fn front() -> Self {
        Self("/".to_owned())
    }

    /// Decides whether a browser may be sent to an address after signing in.
    ///
    /// It must be absolute within its host (RFC 3986 section 4.2: `/` and not `//`, which would name another host), and hold nothing
    /// that a browser reads otherwise than we do: no backslash, no blank or control character, nothing beyond ASCII, no fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = text.bytes();
        let rooted = bytes.next() == Some(b'/') && bytes.next() != Some(b'/');
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#'));
        (rooted && plain && text.len() <= MAX_RETURN).then(|| Self(text.to_owned()))
    }

    /// The path and query.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who sent a request, as far as an answer to somebody unknown depends on it: a person can be sent to sign in, a program cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A browser that opens a page.
    Person,
    /// A script, a program, a websocket.
    Program,
}

/// What a request says about its sender. All of it are the sender's own words; nothing but the form of a refusal hangs on them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Signs<'a> {
    /// The request method.
    pub method: &'a str,
    /// `Accept`.
    pub accept: Option<&'a str>,
    /// `Sec-Fetch-Mode`, which browsers send and scripts cannot set.
    pub fetch_mode: Option<&'a str>,
    /// Whether it asks for a websocket (RFC 6455 section 4.1).
    pub websocket: bool,
    /// Whether it has an `Authorization` header.
    pub authorization: bool,
    /// Whether it has `X-Requested-With`.
    pub requested_with: bool,
}

impl Caller {
    /// Decides who sent a request. A redirect is of use only to what can follow it and come back: a navigation that reads.
    pub fn of(signs: &Signs<'_>) -> Self {
        let reads = matches!(signs.method, "GET" | "HEAD");
        let program = signs.websocket || signs.authorization || signs.requested_with || !reads;
        let navigates = match signs.fetch_mode {
            Some(mode) => mode == "navigate",
            None => signs
                .accept
                .is_some_and(|accepts| accepts.to_ascii_lowercase().contains("text/html")),
        };
        match !program && navigates {
            true => Self::Person,
            false => Self::Program,
        }
    }
}

/// What a request asks of the gateway.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who asks.
    pub caller: Caller,
    /// The address asked for; `None` when no browser could be sent back to it.
    pub back: Option<ReturnPath>,
    /// The scope that this part of the application needs.
    pub needs: Scope,
}

/// What a request presented, once it was checked.
#[derive(Clone, Debug)]
pub enum Presented {
    /// Nothing, or a cookie that opens nothing any more.
    Nothing,
    /// A token or cookie that stands.
    Holder(Identity),
    /// An access token that is not good: foreign, expired, ended, or for another API.
    BadToken,
}

/// Who stands behind a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The `sub`.
    pub user: UserId,
    /// The e-mail address, when it is known: a bearer token does not say it.
    pub email: Option<String>,
    /// What the token opens.
    pub scope: Scope,
    /// The access token for the application.
    pub token: String,
}

/// What a proxy does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Pass it on with these facts.
    Pass(Identity),
    /// Send the browser to this address to sign in.
    SignIn(String),
    /// Answer it with an error.
    Deny(Denial),
}

/// Why a request is not passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// 401: nobody is signed in (RFC 6750 section 3: no error code when nothing was sent).
    Unauthorized,
    /// 401: the access token is not good (RFC 6750 section 3.1).
    BadToken,
    /// 403: this scope is needed (RFC 6750 section 3.1).
    InsufficientScope(Scope),
    /// 400: no browser can be sent back to the address.
    BadAddress,
}

/// Decides whether a request may pass to an application.
///
/// Whoever holds a standing session or a good access token passes, if the scope suffices. A person without one is sent to sign in, at
/// the application's own host and with an address of that host to return to; a program is told so in the words of RFC 6750.
pub fn verdict(app: &GatewayApp, asked: &Asked, presented: Presented) -> Verdict {
    match presented {
        Presented::Holder(identity) => match asked.needs.without(&identity.scope).is_empty() {
            true => Verdict::Pass(identity),
            false => Verdict::Deny(Denial::InsufficientScope(asked.needs.clone())),
        },
        Presented::BadToken => Verdict::Deny(Denial::BadToken),
        Presented::Nothing => match (asked.caller, &asked.back) {
            (Caller::Program, _) => Verdict::Deny(Denial::Unauthorized),
            (Caller::Person, None) => Verdict::Deny(Denial::BadAddress),
            (Caller::Person, Some(back)) => Verdict::SignIn(sign_in(app, back)),
        },
    }
}

/// Where a sign-in at an application begins.
fn sign_in(app: &GatewayApp, back: &ReturnPath) -> String {
    let mut link = app.origin.link("/.sekisho/start?rd=");
    for byte in back.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            link.push(char::from(byte));
        } else {
            let _ = write!(link, "%{byte:02X}");
        }
    }
    link
}

#[cfg(test)]
mod tests;
