//! Access tokens that are not JWTs.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args, column};
use sekisho_rules::grant::Grant;
use sekisho_rules::id::{ClientId, GrantId, SessionId};
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_verify::Scope;

sql! {
    BY_HASH = "SELECT gid, client_id, session_id, scope, issued_at, expires_at, ended_at FROM opaque_tokens WHERE hash = $1";
    INSERT = "INSERT INTO opaque_tokens (hash, gid, client_id, user_id, session_id, scope, issued_at, expires_at, ended_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)";
    END = "UPDATE opaque_tokens SET ended_at = $3 WHERE hash = $1 AND client_id = $2 AND ended_at IS NULL";
}

/// An opaque token that is alive by its own row.
#[derive(Clone, Debug)]
pub struct OpaqueToken {
    /// Its grant.
    pub gid: GrantId,
    /// Whom it was issued to.
    pub client_id: ClientId,
    /// The session it names.
    pub session_id: Option<SessionId>,
    /// What it opens.
    pub scope: Scope,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The token with this hash, unless it has expired or ended.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no token.
pub async fn by_hash(db: &Db, hash: &SecretHash, now: Timestamp) -> Result<Option<OpaqueToken>, Fault> {
    let Some(row) = db.opt(sql::BY_HASH, args![hash.bytes().to_vec()]).await? else {
        return Ok(None);
    };
    if column::opt_time(&row, "ended_at")?.is_some() || column::time(&row, "expires_at")? <= now {
        return Ok(None);
    }
    Ok(Some(OpaqueToken {
        gid: GrantId::new(row.get::<String>("gid")?),
        client_id: ClientId::new(row.get::<String>("client_id")?),
        session_id: row.get::<Option<String>>("session_id")?.map(SessionId::new),
        scope: column::scope(&row, "scope")?,
        issued_at: column::time(&row, "issued_at")?,
        expires_at: column::time(&row, "expires_at")?,
    }))
}

/// Adds the opaque access token of a grant.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, hash: &SecretHash, grant: &Grant) -> Result<(), Fault> {
    let subject = grant.user();
    let arguments = args![
        hash.bytes().to_vec(),
        grant.gid().as_str(),
        grant.client().id.as_str(),
        subject.map(|subject| subject.user.id.as_str().to_owned()),
        subject
            .and_then(|subject| subject.session_id.as_ref())
            .map(|id| id.as_str().to_owned()),
        grant.scope().as_str(),
        grant.issued_at().millis(),
        grant.issued_at().plus_seconds(grant.access_lifetime()).millis(),
    ];
    tx.run(sql::INSERT, arguments).await.map(drop)
}

/// Ends a token of this client. `false` when it had ended.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn end(tx: &mut Tx, hash: &SecretHash, client: &ClientId, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![hash.bytes().to_vec(), client.as_str(), now.millis()];
    Ok(tx.run(sql::END, arguments).await? == 1)
}
