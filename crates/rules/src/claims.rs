//! What goes into each token and into `/userinfo`.

use crate::api::Dialect;
use crate::factor::AMR_MULTI_FACTOR;
use crate::grant::{Grant, Origin, Subject, UserSubject};
use crate::id::{ClientId, SessionId, UserId};
use crate::time::Timestamp;
use crate::user::User;
use crate::wire::Wire;
use sekisho_verify::Scope;
use serde::Serialize;

/// The claims of a JWT access token (RFC 9068 section 2.2, and the older form its `dialect` names).
#[derive(Clone, Debug, Serialize)]
pub struct AccessClaims<'a> {
    iss: &'a str,
    sub: String,
    aud: Audiences<'a>,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gty: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    azp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    jti: &'a str,
    gid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    // How and when the user signed in (RFC 9068 section 2.2.1): an API may ask for more than that (RFC 9470).
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<&'a [String]>,
}

/// One audience is a string and several are a list (RFC 7519 section 4.1.3).
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Audiences<'a> {
    One(&'a str),
    Many(Vec<String>),
}

/// The `typ` header of a grant's access token.
pub fn access_typ(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::AccessToken => "JWT",
        Dialect::Rfc9068 => "at+jwt",
    }
}

/// Decides the claims of a grant's access token; `None` when it has no API and is opaque.
///
/// With `openid` granted the token opens `/userinfo` as well, and says so in `aud`. Every token carries `jti` and `gid`, those born in
/// a browser also `sid`: what revocation works by.
pub fn access<'a>(grant: &'a Grant, issuer: &'a str, jti: &'a str) -> Option<AccessClaims<'a>> {
    let api = grant.api()?;
    let client_id = grant.client().id.as_str();
    let iat = grant.issued_at().seconds();
    let standard = api.dialect == Dialect::Rfc9068;
    let told = grant.user().filter(|_| standard);
    Some(AccessClaims {
        iss: issuer,
        sub: match grant.subject() {
            Subject::User(subject) => subject.user.id.as_str().to_owned(),
            Subject::Client => format!("{client_id}@clients"),
        },
        aud: match grant.has_id_token() {
            true => Audiences::Many(vec![api.identifier.clone(), format!("{issuer}userinfo")]),
            false => Audiences::One(&api.identifier),
        },
        iat,
        exp: iat + grant.access_lifetime(),
        scope: (!grant.scope().is_empty()).then(|| grant.scope().to_string()),
        gty: match grant.origin() {
            _ if standard => None,
            Origin::Code | Origin::Gateway => None,
            Origin::Refresh => Some("refresh_token"),
            Origin::ClientCredentials => Some("client-credentials"),
            Origin::Password => Some("password"),
            Origin::Passwordless => Some("passwordless"),
            Origin::Passkey => Some("webauthn"),
        },
        azp: (!standard).then_some(client_id),
        client_id: standard.then_some(client_id),
        jti,
        gid: grant.gid().as_str(),
        sid: grant
            .user()
            .and_then(|subject| subject.session_id.as_ref())
            .map(|id| id.as_str()),
        auth_time: told.map(|subject| subject.auth_time.seconds()),
        acr: told.and_then(|subject| subject.acr.as_deref()),
        amr: told.map(|subject| &subject.amr[..]),
    })
}

/// The claims of an ID token (OpenID Connect Core section 2).
#[derive(Clone, Debug, Serialize)]
pub struct IdClaims<'a> {
    #[serde(flatten)]
    profile: Profile<'a>,
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<&'a str>>,
}

/// Decides the claims of a grant's ID token; `None` when it has none.
///
/// `nonce` is echoed when it was sent and absent otherwise, and always absent on refresh (OpenID Connect Core section 12.2).
pub fn id<'a>(grant: &'a Grant, issuer: &'a str, wire: Wire) -> Option<IdClaims<'a>> {
    let subject = grant.user().filter(|_| grant.has_id_token())?;
    let iat = grant.issued_at().seconds();
    Some(IdClaims {
        profile: profile(&subject.user, grant.scope(), wire),
        iss: issuer,
        aud: grant.client().id.as_str(),
        iat,
        exp: iat + grant.client().id_token_lifetime,
        auth_time: subject.auth_time.seconds(),
        sid: subject.session_id.as_ref().map(|id| id.as_str()),
        nonce: subject.nonce.as_deref(),
        acr: subject.acr.as_deref(),
        amr: amr(subject, wire),
    })
}

/// How the user has proven themselves (RFC 8176): every method by the standard; on Auth0's wire only that there were several.
fn amr(subject: &UserSubject, wire: Wire) -> Option<Vec<&str>> {
    let all = subject.amr.iter().map(String::as_str);
    match wire {
        Wire::Standard => Some(all.collect()),
        Wire::Auth0 => {
            let several: Vec<&str> = all.filter(|method| *method == AMR_MULTI_FACTOR).collect();
            (!several.is_empty()).then_some(several)
        }
    }
}

/// The `typ` header of a logout token.
pub const LOGOUT_TYP: &str = "logout+jwt";

/// Seconds a logout token lives: long enough for a slow call, too short to be kept (OpenID Connect Back-Channel Logout 1.0 section 4).
const LOGOUT_LIFETIME: i64 = 120;

/// The claims of a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4).
#[derive(Clone, Debug, Serialize)]
pub struct LogoutClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    sub: &'a str,
    sid: &'a str,
    events: LogoutEvents,
}

#[derive(Clone, Debug, Serialize)]
struct LogoutEvents {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: NoMembers,
}

#[derive(Clone, Debug, Serialize)]
struct NoMembers {}

/// Decides the claims of the token that tells a client that a session has ended.
///
/// `sub` and `sid` are both there, whichever the client goes by. There MUST NOT be a `nonce`, so that nobody takes it for an ID token.
pub fn logout<'a>(
    issuer: &'a str,
    client: &'a ClientId,
    subject: (&'a UserId, &'a SessionId),
    jti: &'a str,
    now: Timestamp,
) -> LogoutClaims<'a> {
    let (user, session) = subject;
    LogoutClaims {
        iss: issuer,
        aud: client.as_str(),
        iat: now.seconds(),
        exp: now.seconds() + LOGOUT_LIFETIME,
        jti,
        sub: user.as_str(),
        sid: session.as_str(),
        events: LogoutEvents { logout: NoMembers {} },
    }
}

/// What `/userinfo` and the ID token say about a user (OpenID Connect Core section 5.1), as far as the scope opens it (section 5.4).
#[derive(Clone, Debug, Serialize)]
pub struct Profile<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<UpdatedAt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

/// A number by the standard, ISO 8601 text on Auth0's wire.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum UpdatedAt {
    Number(i64),
    Text(String),
}

/// Decides what a scope shows of a user.
pub fn profile<'a>(user: &'a User, scope: &Scope, wire: Wire) -> Profile<'a> {
    let shown = scope.contains("profile");
    let email = scope.contains("email");
    Profile {
        sub: user.id.as_str(),
        name: shown.then_some(user.name.as_str()),
        nickname: user.nickname.as_deref().filter(|_| shown),
        given_name: user.given_name.as_deref().filter(|_| shown),
        family_name: user.family_name.as_deref().filter(|_| shown),
        picture: user.picture.as_deref().filter(|_| shown),
        locale: user.locale.as_deref().filter(|_| shown),
        updated_at: shown.then(|| updated_at(user.updated_at, wire)),
        email: user.address().filter(|_| email),
        email_verified: user.address().filter(|_| email).map(|_| user.email_verified),
    }
}

fn updated_at(at: Timestamp, wire: Wire) -> UpdatedAt {
    match wire {
        Wire::Standard => UpdatedAt::Number(at.seconds()),
        Wire::Auth0 => UpdatedAt::Text(at.iso8601()),
    }
}
