//! From a settled grant to signed tokens. Nothing is signed unless the write that allows it was committed (write rules 2 and 4 of the
//! revocation protocol, docs/revocation.md).

use crate::audit::Record;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::seal::{Kek, Place, Sealer};
use sekisho_jose::{Algorithm, SigningKey, jwt};
use sekisho_rules::claims;
use sekisho_rules::family::RefreshToken;
use sekisho_rules::grant::{Grant, Subject};
use sekisho_rules::refusal::Reason;
use sekisho_rules::revoke::OPAQUE_PREFIX;
use sekisho_rules::secret::{Secret, SecretHash};
use sekisho_store::audit::Event;
use sekisho_store::{
    Fault, Settled, Tx, clients, families, issuer as issuer_row, opaque_tokens, session_clients, sessions,
};
use serde::Serialize;
use std::time::Duration;

/// How long a mint waits for a `nbf` to pass, in seconds.
const NBF_WAIT_SECONDS: i64 = 3;

/// How long after its `iat` a token may still be signed, in milliseconds: later a revocation might not know of it.
const SIGN_WITHIN_MILLIS: i64 = 2000;

/// How often tokens are dated before they are given up.
const DATINGS: usize = 3;

/// The answer of the token endpoint (RFC 6749 section 5.1). `scope` is always there: clients compare it.
#[derive(Serialize)]
pub struct Tokens {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
    expires_in: i64,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_code: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recovery_codes: Vec<String>,
}

impl Tokens {
    /// With the recovery codes that came with a first passkey.
    pub(crate) fn with_recovery_codes(mut self, codes: Vec<String>) -> Self {
        self.recovery_codes = codes;
        self
    }

    /// With the recovery code that takes the place of the one that was used.
    pub(crate) fn with_recovery_code(mut self, code: String) -> Self {
        self.recovery_code = Some(code);
        self
    }

    /// The access token alone.
    pub(crate) fn into_access_token(self) -> String {
        self.access_token
    }
}

/// The fresh values of one answer, made before the write so that their hashes can be part of it.
pub(crate) struct Fresh {
    jti: String,
    opaque: Option<String>,
    refresh: Option<RefreshToken>,
}

impl Fresh {
    pub(crate) fn new(visit: &Visit, grant: &Grant, refresh: Option<RefreshToken>) -> Self {
        let opaque = grant
            .api()
            .is_none()
            .then(|| format!("{OPAQUE_PREFIX}{}", visit.moment.secret().encode()));
        Self {
            jti: visit.moment.id(),
            opaque,
            refresh,
        }
    }

    pub(crate) fn opaque_hash(&self) -> Option<SecretHash> {
        self.opaque.as_deref().map(SecretHash::of)
    }
}

/// Waits until `iat` lies at or after every `nbf` that applies, so that a token is never void from birth and never dated ahead.
///
/// # Errors
/// [`Reason::Unavailable`] when that takes longer than three seconds.
pub(crate) async fn not_before(visit: &Visit, grant: Grant) -> Result<Grant, Refused> {
    let user = grant.user().map_or(0, |subject| subject.user.nbf);
    let issuer = visit.app.rows.issuer(&visit.app).await?;
    let nbf = issuer.nbf.max(grant.client().nbf).max(user);
    let ahead = nbf - grant.issued_at().seconds();
    if ahead <= 0 {
        return Ok(grant);
    }
    if ahead > NBF_WAIT_SECONDS {
        return Err(Reason::Unavailable.into());
    }
    let millis = u64::try_from(nbf * 1000 - grant.issued_at().millis()).unwrap_or(0);
    tokio::time::sleep(Duration::from_millis(millis)).await;
    let now = visit.app.clock.now();
    match now.seconds() >= nbf {
        true => Ok(grant.reissued_at(now)),
        false => Err(Reason::Unavailable.into()),
    }
}

/// Leaves the times of a grant's tokens in the session they name, in the transaction that allows them. `false` when the session has
/// ended: then nothing may be minted.
pub(crate) async fn mint_in_session(tx: &mut Tx, grant: &Grant) -> Result<bool, Fault> {
    match grant.user().and_then(|subject| subject.session_id.as_ref()) {
        Some(session) => {
            let times = (grant.issued_at().seconds(), grant.last_exp());
            sessions::mint(tx, session, times, grant.issued_at()).await
        }
        None => Ok(true),
    }
}

/// Notes that the client of a grant with an ID token took part in the session: it is told of its end.
pub(crate) async fn take_part(tx: &mut Tx, grant: &Grant) -> Result<(), Fault> {
    match grant.user().and_then(|subject| subject.session_id.as_ref()) {
        Some(session) if grant.has_id_token() => {
            session_clients::take_part(tx, session, &grant.client().id, grant.issued_at()).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Remembers an opaque access token in the transaction that allows it.
pub(crate) async fn remember_opaque(
    tx: &mut Tx,
    hash: Option<&SecretHash>,
    grant: &Grant,
) -> Result<(), Fault> {
    match hash {
        Some(hash) => opaque_tokens::insert(tx, hash, grant).await,
        None => Ok(()),
    }
}

/// The audit event of a grant.
pub(crate) fn event(visit: &Visit, grant: &Grant, kind: &'static str) -> Event {
    let record = Record::new(kind).client(&grant.client().id);
    let record = match grant.user() {
        Some(subject) => {
            let record = record.user(&subject.user.id);
            subject
                .session_id
                .iter()
                .fold(record, |record, id| record.session(id))
        }
        None => record,
    };
    record.at(visit)
}

/// Signs the tokens of a grant whose write was committed. When the commit took too long they are dated again, which is another write
/// of their row; after three times the answer is 503.
pub(crate) async fn sign(
    visit: &Visit,
    mut settled: Settled<Grant>,
    fresh: Fresh,
) -> Result<Tokens, Refused> {
    for _ in 1..DATINGS {
        if is_timely(visit, &settled) {
            break;
        }
        let grant = settled.clone().reissued_at(visit.app.clock.now());
        let again = visit.app.db.settle(async move |tx| {
            if !mint_in_session(tx, &grant).await? {
                return Ok(None);
            }
            families::mint(tx, &grant).await
        });
        settled = again.await?.ok_or(Reason::Unavailable)?;
    }
    match is_timely(visit, &settled) {
        true => tokens(visit, &settled, fresh),
        false => Err(Reason::Unavailable.into()),
    }
}

fn is_timely(visit: &Visit, grant: &Grant) -> bool {
    visit.app.clock.now().millis_since(grant.issued_at()) <= SIGN_WITHIN_MILLIS
}

/// Signs the token of a client's own grant, which passes no row. `iat` must not be later than the reading of the client: who ends the
/// client after it was read voids what was issued until then. So whenever the token is dated again, because it waited for a `nbf` or
/// was slow, the client is read again.
pub(crate) async fn sign_unwritten(visit: &Visit, mut grant: Grant) -> Result<Tokens, Refused> {
    if !matches!(grant.subject(), Subject::Client) {
        return Err(Refused::Internal("a user's grant needs its write"));
    }
    visit.app.db.clock().await?.check()?;
    // No write asks the door whether this node's clock may be trusted.
    visit.app.db.clock().await?.check()?;
    let mut was_read = grant.issued_at() == visit.moment.now;
    for _ in 0..DATINGS {
        if !was_read && !is_unchanged(visit, &grant).await? {
            break;
        }
        if is_timely(visit, &grant) {
            let fresh = Fresh::new(visit, &grant, None);
            return tokens(visit, &grant, fresh);
        }
        grant = grant.reissued_at(visit.app.clock.now());
        was_read = false;
    }
    Err(Reason::Unavailable.into())
}

/// Whether the client and the issuer are what they were when the grant was decided.
async fn is_unchanged(visit: &Visit, grant: &Grant) -> Result<bool, Refused> {
    let db = &visit.app.db;
    let issuer = issuer_row::get(db).await?;
    let client = clients::by_id(db, grant.client().id.as_str()).await?;
    Ok(issuer.nbf <= grant.issued_at().seconds()
        && client
            .is_some_and(|client| (client.epoch, client.nbf) == (grant.client().epoch, grant.client().nbf)))
}

fn tokens(visit: &Visit, grant: &Grant, fresh: Fresh) -> Result<Tokens, Refused> {
    let config = &visit.app.config;
    let keys = visit.app.keys.current();
    let access_token = match (
        claims::access(grant, config.issuer.as_str(), &fresh.jti),
        grant.api(),
        fresh.opaque,
    ) {
        (Some(claims), Some(api), _) => {
            let signing = keys
                .signing(api.signing_alg)
                .ok_or(Refused::Internal(SWITCHED_OFF))?;
            seal(&claims, claims::access_typ(api.dialect), signing)?
        }
        (_, _, Some(opaque)) => opaque,
        _ => return Err(Refused::Internal("an access token of no form")),
    };
    let id_token = match claims::id(grant, config.issuer.as_str(), config.wire) {
        Some(claims) => Some(seal(
            &claims,
            "JWT",
            keys.signing(Algorithm::Rs256)
                .ok_or(Refused::Internal(SWITCHED_OFF))?,
        )?),
        None => None,
    };
    Ok(Tokens {
        access_token,
        id_token,
        refresh_token: fresh.refresh.map(|token| token.encode()),
        scope: grant.scope().to_string(),
        expires_in: grant.access_lifetime(),
        token_type: "Bearer",
        recovery_code: None,
        recovery_codes: Vec::new(),
    })
}

const SWITCHED_OFF: &str = "no key for an API's algorithm: set keys.non_rsa, or add the API again with RS256";

fn seal(claims: &impl Serialize, typ: &str, key: &SigningKey) -> Result<String, Refused> {
    jwt::sign(claims, typ, key).map_err(|_| Refused::Internal("a token cannot be signed"))
}

const CHILD: Place<'static> = Place {
    table: "families",
    column: "sealed_child",
    row: "",
};

/// Seals a child's secret under its parent's: only who presents the parent again can be given the same child.
pub(crate) fn seal_child(parent: &Secret, child: &Secret) -> Option<Vec<u8>> {
    Sealer::new(Kek::new(parent.bytes()).ok()?, Vec::new())
        .seal(&CHILD, child.bytes())
        .ok()
}

/// Opens what [`seal_child`] sealed.
pub(crate) fn open_child(parent: &Secret, sealed: &[u8]) -> Option<Secret> {
    let plain = Sealer::new(Kek::new(parent.bytes()).ok()?, Vec::new())
        .open(&CHILD, sealed)
        .ok()?;
    Some(Secret::from_random(plain.as_slice().try_into().ok()?))
}
