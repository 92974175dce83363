//! Client grants: what a client may ask for in its own name.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::grant::client_credentials::ClientGrant;
use sekisho_rules::id::{ClientId, GrantId};
use sekisho_rules::time::Timestamp;

sql! {
    OF_CLIENT = "SELECT id, audience, scope FROM client_grants WHERE client_id = $1 ORDER BY id LIMIT 100";
    FOR_AUDIENCE = "SELECT id, audience, scope FROM client_grants WHERE client_id = $1 AND audience = $2";
    BY_ID = "SELECT id, audience, scope FROM client_grants WHERE id = $1 AND client_id = $2";
    INSERT = "INSERT INTO client_grants (id, client_id, audience, scope, created_at) VALUES ($1, $2, $3, $4, $5) \
              ON CONFLICT (client_id, audience) DO UPDATE SET scope = excluded.scope RETURNING id";
    DELETE = "DELETE FROM client_grants WHERE client_id = $1 AND audience = $2 RETURNING id";
}

fn grant(row: &Row) -> Result<ClientGrant, Fault> {
    Ok(ClientGrant {
        id: GrantId::new(row.get::<String>("id")?),
        audience: row.get("audience")?,
        scope: column::scope(row, "scope")?,
    })
}

/// The grants of a client, at most 100.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no grant.
pub async fn of_client(db: &Db, client: &ClientId) -> Result<Vec<ClientGrant>, Fault> {
    db.all(sql::OF_CLIENT, args![client.as_str()])
        .await?
        .iter()
        .map(grant)
        .collect()
}

/// The grant of a client with this id, which is the `gid` of its tokens.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no grant.
pub async fn by_id(db: &Db, client: &ClientId, id: &GrantId) -> Result<Option<ClientGrant>, Fault> {
    db.opt(sql::BY_ID, args![id.as_str(), client.as_str()])
        .await?
        .as_ref()
        .map(grant)
        .transpose()
}

/// The grant a request names: the one for the audience, or without an audience the client's only one.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no grant.
pub async fn asked(db: &Db, client: &ClientId, audience: Option<&str>) -> Result<Option<ClientGrant>, Fault> {
    match audience {
        Some(audience) => db
            .opt(sql::FOR_AUDIENCE, args![client.as_str(), audience])
            .await?
            .as_ref()
            .map(grant)
            .transpose(),
        None => {
            let mut grants = of_client(db, client).await?;
            Ok(if grants.len() == 1 { grants.pop() } else { None })
        }
    }
}

/// Adds a grant, or changes the scope of the one for this audience.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn put(tx: &mut Tx, client: &ClientId, grant: &ClientGrant, now: Timestamp) -> Result<(), Fault> {
    tx.changed();
    let arguments = args![
        grant.id.as_str(),
        client.as_str(),
        grant.audience.as_str(),
        grant.scope.as_str(),
        now.millis()
    ];
    tx.one(sql::INSERT, arguments).await.map(drop)
}

/// Deletes a grant; answers its id. `None` when there is none.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete(tx: &mut Tx, client: &ClientId, audience: &str) -> Result<Option<GrantId>, Fault> {
    tx.changed();
    let row = tx.opt(sql::DELETE, args![client.as_str(), audience]).await?;
    row.map(|row| Ok(GrantId::new(row.get::<String>("id")?)))
        .transpose()
}
