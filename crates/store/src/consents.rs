//! Consents: what users allowed third-party clients.

use crate::statements::sql;
use crate::{Db, Fault, Tx, args, column};
use sekisho_rules::consent::Consent;
use sekisho_rules::id::{ClientId, UserId};

sql! {
    GET = "SELECT scope, granted_at FROM consents WHERE user_id = $1 AND client_id = $2 AND audience = $3";
    OF_USER = "SELECT client_id, audience, scope, granted_at FROM consents WHERE user_id = $1 ORDER BY client_id, audience LIMIT 100";
    WITHDRAW = "DELETE FROM consents WHERE user_id = $1 AND client_id = $2";
    PUT = "INSERT INTO consents (user_id, client_id, audience, scope, granted_at) VALUES ($1, $2, $3, $4, $5) \
           ON CONFLICT (user_id, client_id, audience) \
           DO UPDATE SET scope = excluded.scope, granted_at = excluded.granted_at";
}

/// Who allowed whom, and where. The audience is empty when no API is involved.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// Who allowed.
    pub user: &'a UserId,
    /// Whom.
    pub client: &'a ClientId,
    /// At which API.
    pub audience: Option<&'a str>,
}

/// What the user allowed, if anything.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no consent.
pub async fn get(db: &Db, of: Parties<'_>) -> Result<Option<Consent>, Fault> {
    let arguments = args![
        of.user.as_str(),
        of.client.as_str(),
        of.audience.unwrap_or_default()
    ];
    let Some(row) = db.opt(sql::GET, arguments).await? else {
        return Ok(None);
    };
    Ok(Some(Consent {
        scope: column::scope(&row, "scope")?,
        granted_at: column::time(&row, "granted_at")?,
    }))
}

/// Remembers what the user allows, in place of what was there.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn put(tx: &mut Tx, of: Parties<'_>, consent: &Consent) -> Result<(), Fault> {
    let arguments = args![
        of.user.as_str(),
        of.client.as_str(),
        of.audience.unwrap_or_default(),
        consent.scope.as_str(),
        consent.granted_at.millis(),
    ];
    tx.run(sql::PUT, arguments).await.map(drop)
}

/// Forgets what a user allowed a client, at every API. `false` when there was nothing.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn withdraw(tx: &mut Tx, user: &UserId, client: &ClientId) -> Result<bool, Fault> {
    Ok(tx
        .run(sql::WITHDRAW, args![user.as_str(), client.as_str()])
        .await?
        > 0)
}

/// A consent with the parties it is between.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Whom the user allowed.
    pub client: ClientId,
    /// At which API; empty when no API is involved.
    pub audience: String,
    /// What, and when.
    pub consent: Consent,
}

/// What a user allowed, at most 100.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no consent.
pub async fn of_user(db: &Db, user: &UserId) -> Result<Vec<Listed>, Fault> {
    let rows = db.all(sql::OF_USER, args![user.as_str()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Listed {
                client: ClientId::new(row.get::<String>("client_id")?),
                audience: row.get("audience")?,
                consent: Consent {
                    scope: column::scope(row, "scope")?,
                    granted_at: column::time(row, "granted_at")?,
                },
            })
        })
        .collect()
}
