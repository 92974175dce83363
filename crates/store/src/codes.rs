//! Authorization codes.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::code::{Code, StoredCode};
use sekisho_rules::id::{ClientId, Epochs, GrantId, SessionId, UserId};
use sekisho_rules::pkce::Challenge;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;

sql! {
    BY_HASH = "SELECT gid, client_id, user_id, session_id, user_epoch, client_epoch, issuer_epoch, redirect_uri, scope, audience, \
               nonce, acr, challenge, auth_time, auth_time_asked, amr, created_at, expires_at, used_at \
               FROM codes WHERE hash = $1";
    INSERT = "INSERT INTO codes (hash, gid, client_id, user_id, session_id, user_epoch, client_epoch, issuer_epoch, redirect_uri, \
              scope, audience, nonce, acr, challenge, auth_time, auth_time_asked, amr, created_at, expires_at, used_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, NULL)";
    CONSUME = "UPDATE codes SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING gid";
}

/// The code with this hash.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no code.
pub async fn by_hash(db: &Db, hash: &SecretHash) -> Result<Option<StoredCode>, Fault> {
    db.opt(sql::BY_HASH, args![hash.bytes().to_vec()])
        .await?
        .as_ref()
        .map(stored)
        .transpose()
}

fn stored(row: &Row) -> Result<StoredCode, Fault> {
    // A challenge that cannot be read must not become a code without one.
    let challenge = match row.get::<Option<String>>("challenge")? {
        None => None,
        Some(text) => Some(
            Challenge::from_stored(&text).ok_or_else(|| Fault::corrupt("codes", "challenge is not one"))?,
        ),
    };
    let code = Code {
        gid: GrantId::new(row.get::<String>("gid")?),
        client_id: ClientId::new(row.get::<String>("client_id")?),
        user_id: UserId::new(row.get::<String>("user_id")?),
        session_id: SessionId::new(row.get::<String>("session_id")?),
        epochs: Epochs {
            user: row.get("user_epoch")?,
            client: row.get("client_epoch")?,
            issuer: row.get("issuer_epoch")?,
        },
        redirect_uri: row.get("redirect_uri")?,
        scope: column::scope(row, "scope")?,
        audience: row.get("audience")?,
        nonce: row.get("nonce")?,
        acr: row.get("acr")?,
        challenge,
        auth_time: column::time(row, "auth_time")?,
        auth_time_asked: row.get("auth_time_asked")?,
        amr: column::words(row, "amr")?,
        created_at: column::time(row, "created_at")?,
        expires_at: column::time(row, "expires_at")?,
    };
    Ok(StoredCode {
        code,
        used_at: column::opt_time(row, "used_at")?,
    })
}

/// Adds a code.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, hash: &SecretHash, code: &Code) -> Result<(), Fault> {
    let arguments = args![
        hash.bytes().to_vec(),
        code.gid.as_str(),
        code.client_id.as_str(),
        code.user_id.as_str(),
        code.session_id.as_str(),
        code.epochs.user,
        code.epochs.client,
        code.epochs.issuer,
        code.redirect_uri.as_str(),
        code.scope.as_str(),
        &code.audience,
        &code.nonce,
        &code.acr,
        code.challenge
            .as_ref()
            .map(|challenge| challenge.as_str().to_owned()),
        code.auth_time.millis(),
        code.auth_time_asked,
        code.amr.join(" "),
        code.created_at.millis(),
        code.expires_at.millis(),
    ];
    tx.run(sql::INSERT, arguments).await.map(drop)
}

/// Consumes a code: the one statement that decides who wins when several redeem it at once.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn consume(tx: &mut Tx, hash: &SecretHash, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx
        .opt(sql::CONSUME, args![hash.bytes().to_vec(), now.millis()])
        .await?
        .is_some())
}
