//! The first beat: who asks, and where the answer may go.

use crate::client::{Client, Standing};
use crate::parameters::Parameters;
use crate::redirect::{self, VerifiedRedirect};
use crate::refusal::PageRefusal;

/// A request whose client and redirect URI are proven. Only [`trust`] makes one.
#[derive(Clone, Debug)]
pub struct Trusted {
    /// Who asks.
    pub client: Client,
    /// The `redirect_uri` as it was sent.
    pub redirect_uri: String,
    /// To be echoed byte for byte, and only if it was sent.
    pub state: Option<String>,
    pub(super) redirect: VerifiedRedirect,
    pub(super) mode: ResponseMode,
}

/// How the answer travels (OAuth 2.0 Multiple Response Types section 2.1, OAuth 2.0 Form Post, `web_message`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of a redirect; the default.
    Query,
    /// In the fragment of a redirect.
    Fragment,
    /// In a form that posts itself.
    FormPost,
    /// In a message to the opener or parent window.
    WebMessage,
}

impl ResponseMode {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "query" => Some(Self::Query),
            "fragment" => Some(Self::Fragment),
            "form_post" => Some(Self::FormPost),
            "web_message" => Some(Self::WebMessage),
            _ => None,
        }
    }
}

/// Which client to load. RFC 6749 section 4.1.2.1: without a valid client identifier the user must not be redirected.
///
/// # Errors
/// [`PageRefusal::ClientIdMissing`] when it is absent, empty or repeated.
pub fn client_id(parameters: &Parameters) -> Result<&str, PageRefusal> {
    parameters
        .required("client_id")
        .map_err(|_| PageRefusal::ClientIdMissing)
}

/// Decides whether answers, errors included, may travel to the redirect URI of this request.
///
/// RFC 6749 section 4.1.2.1 and RFC 9700 section 2.1: the URI must be registered for the client, compared exactly; otherwise the
/// user is told on a page of ours and is never sent anywhere. A disabled client is an unknown client.
///
/// # Errors
/// The [`PageRefusal`] to show.
pub fn trust(parameters: &Parameters, client: Option<Client>) -> Result<Trusted, PageRefusal> {
    let client = client
        .filter(|client| client.standing == Standing::Enabled)
        .ok_or(PageRefusal::ClientUnknown)?;
    let sent = parameters
        .required("redirect_uri")
        .map_err(|_| PageRefusal::RedirectMissing)?;
    let asked = parameters.hint("response_mode").and_then(ResponseMode::from_word);
    let mode = asked.unwrap_or(ResponseMode::Query);
    let redirect = redirect::match_callback(&client.callbacks, sent, client.kind)
        .or_else(|| match mode {
            ResponseMode::WebMessage => redirect::match_web_origin(&client.web_origins, sent),
            _ => None,
        })
        .ok_or(PageRefusal::RedirectUnregistered)?;
    if mode == ResponseMode::WebMessage && redirect.origin().is_none() {
        return Err(PageRefusal::ResponseMode);
    }
    // A repeated `state` is refused by `check`; echoing either copy would be a guess.
    let state = parameters.get("state").ok().flatten().map(str::to_owned);
    Ok(Trusted {
        redirect_uri: sent.to_owned(),
        state,
        redirect,
        mode,
        client,
    })
}
