//! Where a browser may be sent: redirect URIs of clients and addresses to return to after logout.
//!
//! Addresses are compared as text, never after decoding or normalising, because every normaliser disagrees with some browser
//! (RFC 9700 section 2.1). What is registered must already be in the form a browser gives it, so both sides mean the same place.
//! There are no wildcards.

use crate::client::{ClientKind, origin_of};
use std::fmt::Write as _;
use url::Url;

/// Longest address, in bytes.
const MAX_LENGTH: usize = 2000;

/// Schemes that run code, read files or belong to the browser; an application cannot own them.
const FOREIGN_SCHEMES: &[&str] = &[
    "about",
    "blob",
    "chrome",
    "content",
    "data",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "jar",
    "javascript",
    "mailto",
    "resource",
    "sms",
    "tel",
    "urn",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// A redirect URI that is registered for the client that asked. Only [`match_callback`] and [`match_web_origin`] make one, so an
/// answer to an unproven address is a type error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRedirect(String);

/// An address to return to after logout that is registered. Only [`logout_url`] and
/// [`logout_url_exact`] make one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReturn(String);

/// Decides whether a `redirect_uri` is one of the client's.
///
/// RFC 6749 section 3.1.2.3 and RFC 9700 section 2.1: the two must be the same text. One exception, for native applications only
/// (RFC 8252 section 7.3): the port of `http://127.0.0.1` and `http://[::1]` may differ, as the system hands it out at run time;
/// everything else must still be the same text. `localhost` is no such address (RFC 8252 section 8.3).
pub fn match_callback(registered: &[String], sent: &str, kind: ClientKind) -> Option<VerifiedRedirect> {
    let same = |one: &String| match kind {
        ClientKind::Native => one == sent || same_loopback(one, sent),
        ClientKind::SinglePage | ClientKind::RegularWeb | ClientKind::Machine => one == sent,
    };
    // Rows may be older than the check at registration, so it is asked again.
    (check_callback(sent).is_ok() && registered.iter().any(same)).then(|| VerifiedRedirect(sent.to_owned()))
}

/// Decides whether a `redirect_uri` is a bare web origin of the client, which is all that a `web_message` answer needs.
pub fn match_web_origin(web_origins: &[String], sent: &str) -> Option<VerifiedRedirect> {
    let is_origin = || origin_of(sent).is_some_and(|origin| origin == sent);
    (web_origins.iter().any(|one| one == sent) && check_callback(sent).is_ok() && is_origin())
        .then(|| VerifiedRedirect(sent.to_owned()))
}

/// Decides whether a logout may return to `sent`.
///
/// As with Auth0, the query is left out of the comparison, on both sides: a query cannot change where the browser goes, and
/// applications carry their own state in it. All before the `?` must be the same text.
pub fn logout_url(allowed: &[String], sent: &str) -> Option<VerifiedReturn> {
    let place = without_query(sent);
    let plain = sent.len() <= MAX_LENGTH
        && sent
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\'));
    (plain && check_callback(place).is_ok() && allowed.iter().any(|one| without_query(one) == place))
        .then(|| VerifiedReturn(sent.to_owned()))
}

/// Decides whether a logout may return to `sent` where the whole text counts, query included (OpenID Connect RP-Initiated Logout
/// section 3).
pub fn logout_url_exact(allowed: &[String], sent: &str) -> Option<VerifiedReturn> {
    (check_callback(sent).is_ok() && allowed.iter().any(|one| one == sent))
        .then(|| VerifiedReturn(sent.to_owned()))
}

/// Decides whether an address may be registered: as a redirect URI, or as an address to return to.
///
/// RFC 6749 section 3.1.2: absolute, without fragment. Beyond that: no user name or password in it, only visible ASCII, no
/// backslash, no scheme that runs code or reads files, and already the text a browser would make of it (lower-case scheme and
/// host, no default port, no dot segments, no IP address in disguise).
///
/// # Errors
/// A sentence for whoever registers it.
pub fn check_callback(uri: &str) -> Result<(), &'static str> {
    if uri.is_empty() || uri.len() > MAX_LENGTH {
        return Err("the address must have 1 to 2000 characters");
    }
    if !uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "the address must be visible ASCII: write other characters percent-encoded, and international hosts as xn--",
        );
    }
    if uri.contains('#') {
        return Err("the address must not have a fragment (#)");
    }
    if uri.contains(['\\', '*']) {
        return Err("the address must not contain a backslash or a wildcard");
    }
    let url =
        Url::parse(uri).map_err(|_| "the address must be absolute, like https://app.example/callback")?;
    if FOREIGN_SCHEMES.contains(&url.scheme()) {
        return Err("the scheme of the address cannot belong to an application");
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || authority(uri).is_some_and(|part| part.contains('@'))
    {
        return Err("the address must not contain a user name or password");
    }
    if matches!(url.scheme(), "http" | "https") && !has_host(uri) {
        return Err("the address must name a host after //");
    }
    if !is_normal(uri, &url) {
        return Err(
            "the address must be in normal form: lower-case scheme and host, no default port, no dot segments",
        );
    }
    Ok(())
}

impl VerifiedRedirect {
    /// The address as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its origin as a browser writes it; `None` for a scheme of an application's own.
    pub fn origin(&self) -> Option<String> {
        origin_of(&self.0)
    }

    /// The address with these pairs added to its query (RFC 6749 section 3.1.2: a query that is there already stays).
    pub fn with_query(&self, pairs: &[(&str, &str)]) -> String {
        add_query(&self.0, pairs)
    }

    /// The address with these pairs as its fragment.
    pub fn with_fragment(&self, pairs: &[(&str, &str)]) -> String {
        let mut text = self.0.clone();
        push_pairs(&mut text, '#', pairs);
        text
    }
}

impl VerifiedReturn {
    /// The address as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address with these pairs added to its query.
    pub fn with_query(&self, pairs: &[(&str, &str)]) -> String {
        add_query(&self.0, pairs)
    }
}

pub(crate) fn add_query(address: &str, pairs: &[(&str, &str)]) -> String {
    let mut text = address.to_owned();
    match address.find('?') {
        None => push_pairs(&mut text, '?', pairs),
        Some(at) if at + 1 == address.len() => {
            text.pop();
            push_pairs(&mut text, '?', pairs);
        }
        Some(_) => push_pairs(&mut text, '&', pairs),
    }
    text
}

/// Writes every byte that is not unreserved as `%XX`, space included, so that form decoding and plain percent-decoding both give
/// the same bytes back.
fn push_pairs(text: &mut String, first: char, pairs: &[(&str, &str)]) {
    for (index, (name, value)) in pairs.iter().enumerate() {
        text.push(if index == 0 { first } else { '&' });
        push_encoded(text, name);
        text.push('=');
        push_encoded(text, value);
    }
}

fn push_encoded(text: &mut String, part: &str) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

fn without_query(address: &str) -> &str {
    address.split_once('?').map_or(address, |(place, _)| place)
}

/// Whether two addresses differ in nothing but the port of a loopback address.
fn same_loopback(registered: &str, sent: &str) -> bool {
    match (loopback(registered), loopback(sent)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// Host and everything after the port of an `http` loopback address.
fn loopback(address: &str) -> Option<(&'static str, &str)> {
    let host = ["http://127.0.0.1", "http://[::1]"]
        .into_iter()
        .find(|host| address.starts_with(host))?;
    let rest = address.strip_prefix(host)?;
    let rest = match rest.strip_prefix(':') {
        None => rest,
        Some(after) => {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = after.split_at(digits);
            port.parse::<u16>().ok().filter(|port| *port > 0)?;
            rest
        }
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

/// The text between `//` and the path.
fn authority(uri: &str) -> Option<&str> {
    let (_, after) = uri.split_once("://")?;
    after.split(['/', '?', '#']).next()
}

fn has_host(uri: &str) -> bool {
    authority(uri).is_some_and(|part| !part.is_empty())
}

/// Whether a browser would leave the text as it is. A missing `/` after the host is the one thing it adds that everybody leaves out.
fn is_normal(uri: &str, url: &Url) -> bool {
    let normal = url.as_str();
    let slash = || {
        let end = uri.split_once("://").map_or(0, |(scheme, after)| {
            scheme.len() + 3 + after.find(['/', '?']).unwrap_or(after.len())
        });
        normal.get(..end) == uri.get(..end)
            && normal.get(end..).and_then(|rest| rest.strip_prefix('/')) == uri.get(end..)
    };
    normal == uri || slash()
}

#[cfg(test)]
mod tests;
