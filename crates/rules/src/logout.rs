//! Logout: what ends, and where the browser goes afterwards (OpenID Connect RP-Initiated Logout 1.0, and the older `/v2/logout`).

use crate::client::{Client, LogoutNotices, Standing, origin_of};
use crate::id::SessionId;
use crate::redirect::{self, VerifiedReturn};
use crate::refusal::PageRefusal;

/// Which endpoint was called; they differ in proof and in how the return address is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `/oidc/logout`: without proof of intent the user is asked.
    Oidc,
    /// `/v2/logout`: never asks; the return address is compared without its query.
    Simple,
}

/// What the request says.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Which endpoint.
    pub door: Door,
    /// `post_logout_redirect_uri` or `returnTo`.
    pub return_to: Option<&'a str>,
    /// To be echoed when returning.
    pub state: Option<&'a str>,
    /// `logout_hint`: the `sid` the application knows.
    pub logout_hint: Option<&'a str>,
    /// The ID token that was sent.
    pub hint: Hint<'a>,
    /// Whether the user has just said yes on our own page.
    pub confirmation: Confirmation,
}

/// An `id_token_hint` after its signature was checked. Its expiry does not matter (RP-Initiated Logout section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint<'a> {
    /// None was sent.
    Absent,
    /// It is not one of our ID tokens, or names another client than `client_id`.
    Invalid,
    /// It is ours.
    Known {
        /// Whom it is about.
        sub: &'a str,
    },
}

/// Whether the user has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// They have.
    Given,
    /// They have not been asked.
    NotAsked,
    /// The operator does not want them to be asked.
    NotWanted,
}

/// Who is known to ask, and from which browser.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The client of `client_id` or of the hint's `aud`.
    pub client: Option<&'a Client>,
    /// Return addresses allowed when no client is named.
    pub tenant_urls: &'a [String],
    /// The browser's session and its user's `sub`.
    pub session: Option<(&'a SessionId, &'a str)>,
}

/// What a logout does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Show this error; end nothing.
    Refuse(PageRefusal),
    /// Ask the user first.
    Confirm,
    /// End the session, if there is one, and go on.
    End {
        /// The session of this browser.
        session: Option<SessionId>,
        /// Where to go.
        then: Then,
    },
}

/// Where the browser goes after a logout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// To the application, with `state` when it was sent.
    Return(String),
    /// To our page that says it is done.
    Page,
}

/// Decides what a logout ends and where it returns.
///
/// RP-Initiated Logout section 3: the return address MUST be registered, or nothing is redirected. Section 2: an invalid hint is an
/// error; without a hint that fits the session, the user is asked, because a mere link could have brought them here. A `logout_hint`
/// naming the very session of this browser is proof too: only an application that was signed in knows it.
pub fn plan(request: &Request<'_>, facts: Facts<'_>) -> Plan {
    if request.hint == Hint::Invalid {
        return Plan::Refuse(PageRefusal::Malformed("id_token_hint"));
    }
    let client = facts.client.filter(|client| client.standing == Standing::Enabled);
    let then = match request.return_to {
        None => Then::Page,
        Some(sent) => {
            let allowed = client.map_or(facts.tenant_urls, |client| &client.logout_urls);
            match verified_return(request.door, allowed, sent) {
                Some(to) => Then::Return(match request.state {
                    Some(state) => to.with_query(&[("state", state)]),
                    None => to.as_str().to_owned(),
                }),
                None => return Plan::Refuse(PageRefusal::LogoutUrlUnregistered),
            }
        }
    };
    let Some((session, sub)) = facts.session else {
        return Plan::End { session: None, then };
    };
    let proven = match request.hint {
        Hint::Known { sub: hinted } => hinted == sub,
        _ => request.logout_hint == Some(session.as_str()),
    };
    if request.door == Door::Oidc && !proven && request.confirmation == Confirmation::NotAsked {
        return Plan::Confirm;
    }
    Plan::End {
        session: Some(session.clone()),
        then,
    }
}

/// The most addresses one client may have a logout token posted to.
const BACKCHANNEL_URLS_MAX: usize = 5;

/// Decides whether a client may be told of logouts in this way.
///
/// OpenID Connect Back-Channel Logout 1.0 section 2.2: an absolute address without a fragment. Front-Channel Logout 1.0 section 2:
/// scheme, host and port of the page MUST be those of a redirect URI of the client, so that nobody has a stranger's page loaded.
/// Which hosts may be called at all is the operator's decision and asked for each call.
///
/// # Errors
/// A sentence for whoever registers it.
pub fn check_notices(notices: &LogoutNotices, callbacks: &[String]) -> Result<(), String> {
    if notices.backchannel_urls.len() > BACKCHANNEL_URLS_MAX {
        return Err(format!(
            "a logout is told to at most {BACKCHANNEL_URLS_MAX} addresses of one client"
        ));
    }
    for url in notices.backchannel_urls.iter().chain(&notices.frontchannel_url) {
        redirect::check_callback(url).map_err(|why| format!("{url}: {why}"))?;
        if origin_of(url).is_none() {
            return Err(format!("{url}: the address must begin with https:// or http://"));
        }
    }
    match &notices.frontchannel_url {
        Some(url) if !callbacks.iter().any(|one| origin_of(one) == origin_of(url)) => Err(format!(
            "{url}: scheme, host and port of a front-channel logout page must be those of a callback"
        )),
        Some(_) | None => Ok(()),
    }
}

/// Decides which address of a client is loaded in a frame when a session ends; `None` when it has none.
///
/// Front-Channel Logout 1.0 section 2: `iss` and `sid` are added to its query, whatever that holds already, for a client that asked
/// for them.
pub fn frame(notices: &LogoutNotices, issuer: &str, session: &SessionId) -> Option<String> {
    let url = notices.frontchannel_url.as_deref()?;
    Some(match notices.frontchannel_session_required {
        true => redirect::add_query(url, &[("iss", issuer), ("sid", session.as_str())]),
        false => url.to_owned(),
    })
}

fn verified_return(door: Door, allowed: &[String], sent: &str) -> Option<VerifiedReturn> {
    match door {
        Door::Oidc => redirect::logout_url_exact(allowed, sent),
        Door::Simple => redirect::logout_url(allowed, sent),
    }
}
