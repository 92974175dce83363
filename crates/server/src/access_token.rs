//! Access tokens brought to our own endpoints: what one says, and whether the rows it came from still carry it. The endpoints that
//! read rows (`/userinfo`, `/oauth/introspect`, `/oauth/revoke`) share it, so that they cannot disagree.

use crate::app::App;
use sekisho_jose::jws;
use sekisho_rules::id::{ClientId, GrantId, SessionId};
use sekisho_rules::revoke::OPAQUE_PREFIX;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::standing::{
    AccessToken, Alone, Facts, Given, IssuerMarks, SigningKey, Standing, standing,
};
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::keys::KeyState;
use sekisho_store::{
    Fault, client_grants, clients, ended_tokens, families, issuer, keys, opaque_tokens, sessions, users,
};
use sekisho_verify::Scope;
use serde_json::{Map, Value};

/// An access token of ours whose form and signature hold. Whether it has expired or was ended is another question.
pub struct Seen {
    /// What rows are asked about.
    pub token: AccessToken,
    /// Its audiences; none when it is opaque.
    pub audiences: Vec<String>,
    /// How it is written.
    pub form: Form,
}

/// How an access token is written.
pub enum Form {
    /// As a JWT.
    Jwt {
        /// `jti`.
        jti: String,
        /// The key that signed it.
        kid: String,
        /// Every claim.
        claims: Map<String, Value>,
    },
    /// As a random value whose row says everything.
    Opaque,
}

/// A token and what its rows say.
pub struct Stood {
    /// Whether it stands.
    pub standing: Standing,
    /// Its user, when it has one that is still there.
    pub user: Option<User>,
}

impl Seen {
    /// Reads an access token. `None` for everything that is none of ours: ID tokens, foreign signatures, noise, and opaque tokens that
    /// have ended.
    ///
    /// # Errors
    /// [`Fault`] when the database does not answer.
    pub async fn read(app: &App, text: &str, now: Timestamp) -> Result<Option<Self>, Fault> {
        if !text.starts_with(OPAQUE_PREFIX) {
            return Ok(jwt(app, text));
        }
        let found = opaque_tokens::by_hash(&app.db, &SecretHash::of(text), now).await?;
        Ok(found.map(|found| Self {
            token: AccessToken {
                gid: found.gid,
                session_id: found.session_id,
                client_id: found.client_id,
                scope: found.scope,
                issued_at: found.issued_at.seconds(),
                expires_at: found.expires_at.seconds(),
            },
            audiences: Vec::new(),
            form: Form::Opaque,
        }))
    }

    /// Whether its own time is over.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.token.expires_at <= now.seconds()
    }

    /// Reads the rows it came from.
    ///
    /// # Errors
    /// [`Fault`] when the database does not answer.
    pub async fn stand(&self, app: &App) -> Result<Stood, Fault> {
        let (db, token) = (&app.db, &self.token);
        let client = clients::by_id(db, token.client_id.as_str()).await?;
        let family = families::by_gid(db, &token.gid).await?;
        let user = match &family {
            Some(family) => users::by_id(db, &family.user_id).await?,
            None => None,
        };
        let session = match &token.session_id {
            Some(session) => sessions::by_id(db, session).await?,
            None => None,
        };
        let given = match &family {
            Some(family) if family.client_id == token.client_id => Given::Family {
                family,
                user: user.as_ref(),
                session: session.as_ref(),
            },
            Some(_) => Given::Nothing,
            None => match client_grants::by_id(db, &token.client_id, &token.gid).await? {
                Some(_) => Given::ClientGrant,
                None => Given::Nothing,
            },
        };
        let issuer = issuer::get(db).await?;
        let (alone, key) = match &self.form {
            Form::Opaque => (false, SigningKey::Trusted),
            Form::Jwt { jti, kid, .. } => (ended_tokens::has(db, jti).await?, signing_key(app, kid).await?),
        };
        let facts = Facts {
            client: client.as_ref(),
            given,
            issuer: IssuerMarks {
                epoch: issuer.epoch,
                nbf: issuer.nbf,
            },
            alone: if alone { Alone::Ended } else { Alone::NotEnded },
            key,
        };
        let standing = standing(token, &facts);
        Ok(Stood { standing, user })
    }

    /// Its `sub`.
    pub fn subject(&self, user: Option<&User>) -> String {
        let of_jwt = match &self.form {
            Form::Jwt { claims, .. } => claims.get("sub").and_then(Value::as_str),
            Form::Opaque => None,
        };
        of_jwt
            .map(str::to_owned)
            .or_else(|| user.map(|user| user.id.to_string()))
            .unwrap_or_default()
    }
}

/// The row, not the set in memory: another process may have revoked the key a moment ago.
async fn signing_key(app: &App, kid: &str) -> Result<SigningKey, Fault> {
    Ok(match keys::state(&app.db, kid).await? {
        Some(KeyState::Next | KeyState::Current | KeyState::Previous) => SigningKey::Trusted,
        Some(KeyState::Revoked) | None => SigningKey::Revoked,
    })
}

fn jwt(app: &App, text: &str) -> Option<Seen> {
    let Value::Object(claims) = app.keys.own_payload(text)? else {
        return None;
    };
    let kid = jws::Unverified::parse(text).ok()?.kid()?.to_owned();
    let said = |name: &str| claims.get(name).and_then(Value::as_str);
    // `typ` cannot tell them apart: both may say `JWT`.
    let is_other = ["nonce", "at_hash", "c_hash", "events"]
        .iter()
        .any(|mark| claims.contains_key(*mark));
    if is_other || said("iss")? != app.config.issuer.as_str() {
        return None;
    }
    let token = AccessToken {
        gid: GrantId::new(said("gid")?),
        session_id: said("sid").map(SessionId::new),
        client_id: ClientId::new(said("client_id").or_else(|| said("azp"))?),
        scope: Scope::parse(said("scope").unwrap_or_default()).ok()?,
        issued_at: claims.get("iat")?.as_i64()?,
        expires_at: claims.get("exp")?.as_i64()?,
    };
    let audiences = match claims.get("aud")? {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many
            .iter()
            .map(|aud| aud.as_str().map(str::to_owned))
            .collect::<Option<_>>()?,
        _ => return None,
    };
    let jti = said("jti")?.to_owned();
    Some(Seen {
        token,
        audiences,
        form: Form::Jwt { jti, kid, claims },
    })
}
