//! Asks a provider who came back with a code.

use super::documents::Wanted;
use super::tokens::{UpstreamTokens, secret_place};
use super::{Attempt, CALLBACK};
use crate::egress::{Answer, EgressError, Question};
use crate::http::visit::Visit;
use sekisho_jose::{Algorithm, KeySet, SigningKey, jwt};
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::answer::word;
use sekisho_rules::upstream::id_token::{self, Claims, Expected, Refused};
use sekisho_rules::upstream::profile::{self, Profile, Told};
use sekisho_rules::upstream::{Connection, Endpoints, Keeping, Strategy, TokenAuth};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// Seconds a client secret that is made for one call to Apple lives.
const APPLE_SECRET_SECONDS: i64 = 300;
/// What a provider's access token is taken to live when it does not say, in seconds.
const USUAL_LIFE: i64 = 3600;
/// The longest life a provider's token is believed to have, in seconds.
const LONGEST_LIFE: i64 = 90 * 86_400;

/// Why a provider did not tell who somebody is. The words are for the log and repeat nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No answer.
    #[error("{0}")]
    Unreachable(EgressError),
    /// An answer with another status than a good one; redirects are not followed.
    #[error("the provider answered with status {0}")]
    Status(u16),
    /// The provider's own error code.
    #[error("the provider said {0}")]
    Said(String),
    /// An answer of another form than it must have.
    #[error("{0}")]
    NotUnderstood(&'static str),
    /// The ID token is not believed.
    #[error("{0}")]
    IdToken(Refused),
    /// The connection is not set up to work.
    #[error("{0}")]
    Settings(&'static str),
}

impl Failure {
    /// Whether trying again may help: the provider is at fault, or the way to it.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Status(500..=599 | 429))
    }
}

/// Somebody a provider vouches for.
pub struct Person {
    /// Who.
    pub profile: Profile,
    /// The provider's tokens, where they are to be kept.
    pub tokens: Option<UpstreamTokens>,
    /// When they proved themselves there, where the ID token says so.
    pub auth_time: Option<Timestamp>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: Option<String>,
    id_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<Value>,
    error: Option<String>,
}

/// Redeems the code and reads who it is about. `user` is what Apple sends beside it, once.
///
/// # Errors
/// [`Failure`].
pub async fn who(
    visit: &Visit,
    connection: &Connection,
    endpoints: &Endpoints,
    attempt: &Attempt,
    (code, user): (&str, Option<&str>),
) -> Result<Person, Failure> {
    let secret = visit
        .app
        .sealer
        .open(&secret_place(&connection.id), &connection.sealed_secret);
    let secret = secret.map_err(|_| Failure::Settings("the secret of the connection cannot be opened"))?;
    let told = redeem(visit, connection, endpoints, (code, &attempt.verifier), &secret).await?;
    let access_token = told.access_token.clone().unwrap_or_default();
    let claims = match connection.strategy.has_id_token() {
        true => {
            let token = told
                .id_token
                .as_deref()
                .ok_or(Failure::NotUnderstood("there is no ID token in the answer"))?;
            Some(believed(visit, connection, endpoints, (token, &attempt.nonce), &secret).await?)
        }
        false => None,
    };
    let needs_more = claims.as_ref().is_none_or(|claims| {
        connection.strategy == Strategy::Oidc
            && !(claims.contains_key("email") && claims.contains_key("name"))
    });
    let userinfo = match &endpoints.userinfo {
        Some(address) if needs_more && !access_token.is_empty() => {
            Some(resource(visit, address, &access_token).await?)
        }
        _ => None,
    };
    let emails = match &endpoints.emails {
        // Whoever withholds the addresses signs in without one.
        Some(address) if !access_token.is_empty() => resource(visit, address, &access_token).await.ok(),
        _ => None,
    };
    let first_name: Option<Value> = user
        .filter(|_| connection.strategy == Strategy::Apple)
        .and_then(|user| serde_json::from_str(user).ok());
    let told_by = Told {
        claims: claims.as_ref(),
        userinfo: userinfo.as_ref(),
        emails: emails.as_ref(),
        first_name: first_name.as_ref(),
    };
    let profile = profile::read(connection, &told_by)
        .ok_or(Failure::NotUnderstood("the provider does not say who it is"))?;
    let auth_time = claims
        .as_ref()
        .and_then(|claims| claims.get("auth_time")?.as_i64());
    let kept = connection.settings.tokens == Keeping::Kept && !access_token.is_empty();
    Ok(Person {
        tokens: kept.then(|| UpstreamTokens {
            access_token,
            refresh_token: told.refresh_token,
            expires_in: seconds(told.expires_in.as_ref()),
        }),
        profile,
        auth_time: auth_time.map(Timestamp::from_seconds),
    })
}

async fn redeem(
    visit: &Visit,
    connection: &Connection,
    endpoints: &Endpoints,
    (code, verifier): (&str, &str),
    secret: &[u8],
) -> Result<TokenAnswer, Failure> {
    let secret = shown_secret(visit, connection, secret)?;
    let redirect_uri = visit.app.config.issuer.link(CALLBACK);
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", verifier),
    ];
    let basic = match endpoints.token_auth {
        TokenAuth::Basic => Some(basic(&connection.client_id, &secret)),
        TokenAuth::Post => {
            fields.push(("client_id", &connection.client_id));
            fields.push(("client_secret", &secret));
            None
        }
    };
    let question = Question::Form {
        fields: &fields,
        basic: basic.as_ref().map(|text| text.as_str()),
    };
    let answer = visit.app.egress.ask(&endpoints.token, question).await;
    let answer = answer.map_err(Failure::Unreachable)?;
    let read: Option<TokenAnswer> = serde_json::from_slice(&answer.body).ok();
    match read {
        // GitHub answers 200 to a code it does not take.
        Some(TokenAnswer {
            error: Some(error), ..
        }) => Err(Failure::Said(word(&error))),
        Some(told) if answer.status == 200 => Ok(told),
        _ if answer.status != 200 => Err(Failure::Status(answer.status)),
        _ => Err(Failure::NotUnderstood("the token endpoint's answer is not JSON")),
    }
}

/// Our secret as this provider wants it: for Apple a JWT signed by the key, for everybody else the secret itself.
fn shown_secret(visit: &Visit, connection: &Connection, secret: &[u8]) -> Result<Zeroizing<String>, Failure> {
    let text = std::str::from_utf8(secret).map_err(|_| Failure::Settings("the secret is not text"))?;
    let (Strategy::Apple, Some(team), Some(kid)) = (
        connection.strategy,
        &connection.settings.team_id,
        &connection.settings.key_id,
    ) else {
        return Ok(Zeroizing::new(text.to_owned()));
    };
    let key = SigningKey::from_pem(Algorithm::Es256, text)
        .map_err(|_| Failure::Settings("the secret is not a P-256 private key (PEM)"))?;
    let now = visit.moment.now.seconds();
    let claims = json!({
        "iss": team,
        "sub": connection.client_id,
        "aud": "https://appleid.apple.com",
        "iat": now,
        "exp": now + APPLE_SECRET_SECONDS,
    });
    let signed = jwt::sign(&claims, "JWT", &key.with_kid(kid));
    signed
        .map(Zeroizing::new)
        .map_err(|_| Failure::Settings("the secret for Apple cannot be signed"))
}

/// The `Authorization` of a client (RFC 6749 section 2.3.1: both parts are written as in a form first).
fn basic(id: &str, secret: &str) -> Zeroizing<String> {
    let encoded = |text: &str| -> String { url::form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = Zeroizing::new(format!("{}:{}", encoded(id), encoded(secret)));
    Zeroizing::new(format!(
        "Basic {}",
        base64_simd::STANDARD.encode_to_string(pair.as_bytes())
    ))
}

/// The claims of an ID token, with the keys read anew when none answers to it.
async fn believed(
    visit: &Visit,
    connection: &Connection,
    endpoints: &Endpoints,
    (token, nonce): (&str, &str),
    secret: &[u8],
) -> Result<Claims, Failure> {
    let issuer = endpoints
        .issuer
        .as_deref()
        .ok_or(Failure::Settings("the issuer of ID tokens is not known"))?;
    let expected = Expected {
        issuer,
        nonce,
        now: visit.moment.now,
    };
    let keys = keys(visit, connection, endpoints, (secret, Wanted::Usual)).await?;
    match id_token::check(connection, token, &keys, expected) {
        // A provider may change its key under the same name.
        Err(Refused::UnknownKey | Refused::Signature) => {
            let keys = self::keys(visit, connection, endpoints, (secret, Wanted::Newer)).await?;
            id_token::check(connection, token, &keys, expected)
        }
        checked => checked,
    }
    .map_err(Failure::IdToken)
}

async fn keys(
    visit: &Visit,
    connection: &Connection,
    endpoints: &Endpoints,
    (secret, wanted): (&[u8], Wanted),
) -> Result<KeySet, Failure> {
    let published = match &endpoints.jwks {
        Some(address) if !connection.id_token_algorithm().is_symmetric() => {
            Some(visit.app.upstream.document(visit, address, wanted).await?)
        }
        _ => None,
    };
    let document = published.as_ref().map(|body| body.as_slice());
    id_token::trusted(connection, secret, document)
        .map_err(|_| Failure::NotUnderstood("the provider's keys, or the secret that is one, cannot be read"))
}

async fn resource(visit: &Visit, address: &str, access_token: &str) -> Result<Value, Failure> {
    let bearer = Zeroizing::new(format!("Bearer {access_token}"));
    let answer = visit
        .app
        .egress
        .ask(address, Question::Resource { bearer: &bearer });
    let Answer { status, body, .. } = answer.await.map_err(Failure::Unreachable)?;
    match status {
        200 => serde_json::from_slice(&body)
            .map_err(|_| Failure::NotUnderstood("the provider's answer about the person is not JSON")),
        status => Err(Failure::Status(status)),
    }
}

/// `expires_in`, which some providers write as text.
fn seconds(sent: Option<&Value>) -> i64 {
    let number = match sent {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    number.unwrap_or(USUAL_LIFE).clamp(0, LONGEST_LIFE)
}
