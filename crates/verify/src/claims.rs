//! `Claims`: what a trusted token says, typed. Owns reading the JSON in one pass, in which every known claim has its
//! one type (RFC 7519 section 4.1, RFC 9068 section 2.2) and anything else is refused by name; whether the values
//! are *acceptable* is `verifier`'s.

mod actors;

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::Scope;
use crate::reject::{ClaimName, Reject};
use actors::Chain;

/// What a token says, after the [`Verifier`](crate::Verifier) has said that it can be believed.
///
/// Times are Unix seconds. Claims that are not here are in the payload: [`Claims::decode`] reads it into a type of
/// yours, [`Claims::extra`] one member of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// The issuer: exactly one of the policy's.
    pub iss: String,
    /// Whom the token speaks for: a user (`auth0|…`) or a machine (`<client id>@clients`).
    pub sub: String,
    /// All audiences; at least one is the policy's.
    pub aud: Vec<String>,
    /// When it ends.
    pub exp: u64,
    /// When it was issued.
    pub iat: u64,
    /// When it begins, if that was said.
    pub nbf: Option<u64>,
    /// The scope; empty when the token has none.
    pub scope: Scope,
    /// The permissions of role-based access control; empty when the token has none.
    pub permissions: Vec<String>,
    /// The client: `client_id` (RFC 9068) or `azp` (Auth0's default form).
    pub client_id: Option<String>,
    /// The token's own id.
    pub jti: Option<String>,
    /// The grant (refresh family) that it comes from; Sekisho's, for revocation.
    pub gid: Option<String>,
    /// The browser session that it comes from.
    pub sid: Option<String>,
    /// Who acts for `sub` (`act.sub`, RFC 8693 section 4.1), the present actor first, then those before it.
    pub actors: Vec<String>,
    /// How it was got, where the issuer says so: `client-credentials`, `password`, …
    pub gty: Option<String>,
    /// The organization that the user logged in to.
    pub org_id: Option<String>,
    payload: Box<[u8]>,
}

impl Claims {
    /// Whether the token has this scope word.
    pub fn has_scope(&self, word: &str) -> bool {
        self.scope.contains(word)
    }

    /// Whether the token has this permission.
    pub fn has_permission(&self, permission: &str) -> bool {
        self.permissions.iter().any(|held| held == permission)
    }

    /// Says which of these scope words are missing, as the refusal to answer with.
    ///
    /// # Errors
    /// [`Reject::Scope`] with the missing words.
    pub fn require_scope(&self, required: &Scope) -> Result<(), Reject> {
        match required.without(&self.scope) {
            missing if missing.is_empty() => Ok(()),
            missing => Err(Reject::Scope(missing)),
        }
    }

    /// Reads the payload into a type of yours, for claims of your own.
    ///
    /// # Errors
    /// When the payload has not that shape.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.payload)
    }

    /// Reads one claim, `https://example.com/roles` for example; `None` when it is absent.
    pub fn extra(&self, name: &str) -> Option<serde_json::Value> {
        let mut members: serde_json::Map<String, serde_json::Value> = self.decode().ok()?;
        members.remove(name)
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let texts = [
            &self.jti,
            &self.gid,
            &self.sid,
            &self.client_id,
            &self.gty,
            &self.org_id,
        ];
        let many = [&self.aud, &self.permissions, &self.actors];
        let named = texts.iter().filter_map(|text| text.as_ref());
        let listed = many.iter().flat_map(|texts| texts.iter());
        let of_list: usize = listed.map(|text| text.len() + size_of::<String>()).sum();
        let of_texts: usize = named.map(String::len).sum();
        size_of::<Self>()
            + self.payload.len()
            + self.iss.len()
            + self.sub.len()
            + self.scope.as_str().len()
            + of_texts
            + of_list
    }

    /// The payload as it was signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// Between when a token counts. Unix seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) exp: u64,
    pub(crate) iat: u64,
    /// 0, which lies behind everybody, when it was not said.
    pub(crate) nbf: u64,
}

impl Times {
    pub(crate) fn of(claims: &Claims) -> Self {
        Self {
            exp: claims.exp,
            iat: claims.iat,
            nbf: claims.nbf.unwrap_or(0),
        }
    }
}

/// Prints the claims that tell whose token it is, never the payload.
impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims")
            .field("iss", &self.iss)
            .field("sub", &self.sub)
            .field("aud", &self.aud)
            .field("exp", &self.exp)
            .field("scope", &self.scope)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// The members of the payload that have a meaning here, not yet judged: `None` is absent, and only absent.
#[derive(Default)]
pub(crate) struct RawClaims<'a> {
    iss: Option<Value<'a>>,
    sub: Option<Value<'a>>,
    aud: Option<Value<'a>>,
    exp: Option<Value<'a>>,
    nbf: Option<Value<'a>>,
    iat: Option<Value<'a>>,
    jti: Option<Value<'a>>,
    azp: Option<Value<'a>>,
    client_id: Option<Value<'a>>,
    scope: Option<Value<'a>>,
    permissions: Option<Value<'a>>,
    gid: Option<Value<'a>>,
    sid: Option<Value<'a>>,
    gty: Option<Value<'a>>,
    org_id: Option<Value<'a>>,
    act: Option<Chain<'a>>,
    pub(crate) marks: Marks,
}

/// Members whose mere presence tells what kind of token this is.
#[derive(Default, Clone, Copy)]
pub(crate) struct Marks {
    /// `nonce`, `at_hash` or `c_hash` (OIDC Core 2, 3.3.2.11): an ID token.
    pub(crate) id_token: bool,
    /// `events` (RFC 8417): a logout token or another security event.
    pub(crate) event: bool,
    /// `cnf` (RFC 7800): needs a proof of possession.
    pub(crate) bound: bool,
    /// `gid`: an access token of ours.
    pub(crate) grant: bool,
}

/// A JSON value as far as a known claim can use it.
enum Value<'a> {
    Text(Cow<'a, str>),
    Whole(u64),
    Texts(Vec<Cow<'a, str>>),
    Other,
}

impl<'a> RawClaims<'a> {
    /// `iss`, before anything else is taken from here.
    pub(crate) fn issuer(&self) -> Result<&str, Reject> {
        match &self.iss {
            Some(Value::Text(text)) => Ok(text),
            Some(_) => Err(Reject::Mistyped(ClaimName::Iss)),
            None => Err(Reject::Missing(ClaimName::Iss)),
        }
    }

    /// `azp` as it stands.
    pub(crate) fn azp(&self) -> Option<&str> {
        match &self.azp {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Every claim in its type.
    ///
    /// # Errors
    /// [`Reject::Missing`], [`Reject::Mistyped`], [`Reject::Party`].
    pub(crate) fn typed(self, payload: Box<[u8]>) -> Result<Claims, Reject> {
        let aud = match self.aud {
            Some(Value::Text(one)) => vec![one.into_owned()],
            Some(Value::Texts(many)) if !many.is_empty() => owned(many),
            Some(_) => return Err(Reject::Mistyped(ClaimName::Aud)),
            None => return Err(Reject::Missing(ClaimName::Aud)),
        };
        let scope = match self.scope {
            Some(Value::Text(text)) => Scope::parse(&text).map_err(|_| Reject::Mistyped(ClaimName::Scope))?,
            Some(_) => return Err(Reject::Mistyped(ClaimName::Scope)),
            None => Scope::empty(),
        };
        let permissions = match self.permissions {
            Some(Value::Texts(many)) => owned(many),
            Some(_) => return Err(Reject::Mistyped(ClaimName::Permissions)),
            None => Vec::new(),
        };
        let azp = text(self.azp, ClaimName::Azp)?;
        let client_id = match (text(self.client_id, ClaimName::ClientId)?, azp) {
            (Some(client_id), Some(azp)) if client_id != azp => return Err(Reject::Party),
            (client_id, azp) => client_id.or(azp),
        };
        Ok(Claims {
            iss: required(text(self.iss, ClaimName::Iss)?, ClaimName::Iss)?,
            sub: required(text(self.sub, ClaimName::Sub)?, ClaimName::Sub)?,
            aud,
            exp: required(seconds(self.exp.as_ref(), ClaimName::Exp)?, ClaimName::Exp)?,
            iat: required(seconds(self.iat.as_ref(), ClaimName::Iat)?, ClaimName::Iat)?,
            nbf: seconds(self.nbf.as_ref(), ClaimName::Nbf)?,
            scope,
            permissions,
            client_id,
            jti: text(self.jti, ClaimName::Jti)?,
            gid: text(self.gid, ClaimName::Gid)?,
            sid: text(self.sid, ClaimName::Sid)?,
            actors: match self.act.map(Chain::subjects) {
                None => Vec::new(),
                Some(Some(actors)) => owned(actors),
                Some(None) => return Err(Reject::Mistyped(ClaimName::Act)),
            },
            gty: text(self.gty, ClaimName::Gty)?,
            org_id: text(self.org_id, ClaimName::OrgId)?,
            payload,
        })
    }

    fn member(&mut self, name: &str) -> Option<&mut Option<Value<'a>>> {
        Some(match name {
            "iss" => &mut self.iss,
            "sub" => &mut self.sub,
            "aud" => &mut self.aud,
            "exp" => &mut self.exp,
            "nbf" => &mut self.nbf,
            "iat" => &mut self.iat,
            "jti" => &mut self.jti,
            "azp" => &mut self.azp,
            "client_id" => &mut self.client_id,
            "scope" => &mut self.scope,
            "permissions" => &mut self.permissions,
            "gid" => &mut self.gid,
            "sid" => &mut self.sid,
            "gty" => &mut self.gty,
            "org_id" => &mut self.org_id,
            _ => return None,
        })
    }
}

impl Marks {
    fn note(&mut self, name: &str) {
        match name {
            "nonce" | "at_hash" | "c_hash" => self.id_token = true,
            "events" => self.event = true,
            "cnf" => self.bound = true,
            "gid" => self.grant = true,
            _ => {}
        }
    }
}

fn owned(texts: Vec<Cow<'_, str>>) -> Vec<String> {
    texts.into_iter().map(Cow::into_owned).collect()
}

fn required<T>(value: Option<T>, name: ClaimName) -> Result<T, Reject> {
    value.ok_or(Reject::Missing(name))
}

fn text(value: Option<Value<'_>>, name: ClaimName) -> Result<Option<String>, Reject> {
    match value {
        None => Ok(None),
        Some(Value::Text(text)) if !text.is_empty() => Ok(Some(text.into_owned())),
        Some(_) => Err(Reject::Mistyped(name)),
    }
}

/// A NumericDate as every issuer of the Auth0 family writes it: a whole number that fits an `i64`.
fn seconds(value: Option<&Value<'_>>, name: ClaimName) -> Result<Option<u64>, Reject> {
    match value {
        None => Ok(None),
        Some(&Value::Whole(seconds)) if i64::try_from(seconds).is_ok() => Ok(Some(seconds)),
        Some(_) => Err(Reject::Mistyped(name)),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawClaims<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<'a>(RawClaims<'a>);
        impl<'de: 'a, 'a> Visitor<'de> for Members<'a> {
            type Value = RawClaims<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of claims")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawClaims<'a>, A::Error> {
                let mut raw = self.0;
                while let Some(Text(name)) = map.next_key::<Text<'a>>()? {
                    raw.marks.note(&name);
                    if name == "act" {
                        raw.act = Some(map.next_value()?);
                        continue;
                    }
                    let Some(slot) = raw.member(&name) else {
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    // Members that come twice are refused by the reader underneath.
                    *slot = Some(map.next_value::<Value<'a>>()?);
                }
                Ok(raw)
            }
        }
        deserializer.deserialize_map(Members(RawClaims::default()))
    }
}

/// A string, borrowed from the payload unless it is written with escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(Value::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
                Ok(Value::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
                Ok(Value::Whole(number))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
                Ok(Value::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
                Ok(Value::Other)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
                Ok(Value::Other)
            }
            fn visit_unit<E>(self) -> Result<Value<'de>, E> {
                Ok(Value::Other)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
                let mut texts = Some(Vec::new());
                while let Some(element) = seq.next_element::<Value<'de>>()? {
                    match (element, &mut texts) {
                        (Value::Text(text), Some(texts)) => texts.push(text),
                        _ => texts = None,
                    }
                }
                Ok(texts.map_or(Value::Other, Value::Texts))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Value::Other)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
