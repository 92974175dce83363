//! The second beat: the rest of the request. Its errors travel to the proven redirect URI.

use super::trust::Trusted;
use crate::api::{Api, grantable};
use crate::client::{GrantType, Party};
use crate::factor::ACR_MULTI_FACTOR;
use crate::parameters::Parameters;
use crate::pkce::{self, Challenge};
use crate::refusal::{Reason, Refusal};
use sekisho_verify::Scope;

/// Parameters that may come only once; any other that we do not know is ignored.
const ONCE: &[&str] = &[
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "audience",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "display",
    "acr_values",
    "id_token_hint",
    "login_hint",
    "ui_locales",
    "claims_locales",
    "screen_hint",
];

/// A request that is understood. Only [`check`] makes one.
#[derive(Clone, Debug)]
pub struct Valid {
    /// What will be granted: what was asked, less what nobody here defines.
    pub scope: Scope,
    /// The API asked for.
    pub api: Option<Api>,
    /// To be echoed in the ID token.
    pub nonce: Option<String>,
    /// The PKCE challenge.
    pub challenge: Option<Challenge>,
    /// What the client wants the user to do again.
    pub prompt: Prompt,
    /// Seconds since the last proof of identity that are still acceptable.
    pub max_age: Option<i64>,
    /// Whether `acr_values` asks for more than one factor (OpenID Connect Core section 3.1.2.1). Other values are wishes we have no
    /// meaning for.
    pub multi_factor: bool,
    /// What to fill in as the address.
    pub login_hint: Option<String>,
    /// Which form to show first.
    pub screen: Screen,
    /// Whether the client is ours.
    pub party: Party,
}

/// The `prompt` parameter (OpenID Connect Core section 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Ask nothing; answer with an error instead.
    pub none: bool,
    /// Ask the user to prove themselves again. `select_account` means the same here, as a browser holds one account.
    pub login: bool,
    /// Ask for consent again.
    pub consent: bool,
}

/// Which form a user sees first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Sign in.
    Login,
    /// Create an account.
    Signup,
}

/// Which API to load for this request: `None` when none is asked for. The audience `{issuer}userinfo` names ourselves and is no API.
///
/// # Errors
/// [`Reason::Repeated`].
pub fn audience<'a>(parameters: &'a Parameters, issuer: &str) -> Result<Option<&'a str>, Reason> {
    let asked = parameters.get("audience")?;
    Ok(asked.filter(|audience| audience.strip_prefix(issuer) != Some("userinfo")))
}

/// Decides whether the request is one we serve, and what it asks for.
///
/// RFC 6749 section 3.1.1 (`response_type`), RFC 7636 section 4.4.1 (PKCE), OpenID Connect Core sections 3.1.2.1 and 3.1.2.6. Unknown
/// scopes are dropped, as is `offline_access` where the client or the API may not have it: the answer's `scope` says what was granted
/// (RFC 6749 section 3.3).
///
/// # Errors
/// The [`Refusal`] to send to the redirect URI.
pub fn check(
    trusted: &Trusted,
    parameters: &Parameters,
    issuer: &str,
    api: Option<Api>,
) -> Result<Valid, Refusal> {
    for name in ONCE {
        parameters.get(name)?;
    }
    for (name, reason) in [
        ("request", Reason::RequestNotSupported),
        ("request_uri", Reason::RequestUriNotSupported),
        ("registration", Reason::RegistrationNotSupported),
    ] {
        if parameters.hint(name).is_some() {
            return Err(reason.into());
        }
    }
    match parameters.required("response_type")? {
        "code" => {}
        _ => return Err(Reason::UnsupportedResponseType.into()),
    }
    let client = &trusted.client;
    if !client.may(GrantType::AuthorizationCode) {
        return Err(Reason::GrantNotAllowed("authorization_code").into());
    }
    if parameters
        .get("response_mode")?
        .is_some_and(|word| super::trust::ResponseMode::from_word(word).is_none())
    {
        return Err(
            Reason::Malformed("response_mode", "use query, fragment, form_post or web_message").into(),
        );
    }
    let challenge = pkce::challenge(
        parameters.get("code_challenge")?,
        parameters.get("code_challenge_method")?,
    )?;
    if challenge.is_none() && client.is_public() {
        return Err(Reason::PkceRequired.into());
    }
    if let Some(asked) = audience(parameters, issuer)?
        && api.as_ref().is_none_or(|api| api.identifier != asked)
    {
        return Err(Reason::UnknownAudience(asked.to_owned()).into());
    }
    Ok(Valid {
        scope: granted_scope(trusted, parameters, api.as_ref())?,
        api,
        nonce: parameters.get("nonce")?.map(str::to_owned),
        challenge,
        prompt: prompt(parameters.get("prompt")?)?,
        max_age: max_age(parameters.get("max_age")?)?,
        multi_factor: parameters
            .hint("acr_values")
            .is_some_and(|values| values.split(' ').any(|value| value == ACR_MULTI_FACTOR)),
        login_hint: parameters.hint("login_hint").map(str::to_owned),
        screen: match parameters.hint("screen_hint") {
            Some("signup") => Screen::Signup,
            _ => Screen::Login,
        },
        party: client.party,
    })
}

fn granted_scope(trusted: &Trusted, parameters: &Parameters, api: Option<&Api>) -> Result<Scope, Reason> {
    let asked = parameters.get("scope")?.unwrap_or_default();
    let asked = Scope::parse(asked)
        .map_err(|_| Reason::Malformed("scope", "use words separated by single spaces"))?;
    Ok(grantable(&asked, &trusted.client, api))
}

fn prompt(sent: Option<&str>) -> Result<Prompt, Reason> {
    let words: Vec<&str> = sent
        .unwrap_or_default()
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect();
    let has = |word| words.contains(&word);
    if has("none") && words.len() > 1 {
        return Err(Reason::Malformed(
            "prompt",
            "none cannot be combined with other values",
        ));
    }
    Ok(Prompt {
        none: has("none"),
        login: has("login") || has("select_account"),
        consent: has("consent"),
    })
}

fn max_age(sent: Option<&str>) -> Result<Option<i64>, Reason> {
    let Some(sent) = sent else { return Ok(None) };
    match sent.parse::<u32>() {
        Ok(seconds) => Ok(Some(i64::from(seconds))),
        Err(_) => Err(Reason::Malformed("max_age", "use a number of seconds")),
    }
}
