//! Applications behind the gateway.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::gateway::{AppOrigin, GatewayApp};
use sekisho_rules::id::ClientId;
use sekisho_rules::time::Timestamp;

sql! {
    PAGE = "SELECT host, origin, client_id, audience, scope FROM gateway_apps WHERE host > $1 ORDER BY host LIMIT 100";
    BY_HOST = "SELECT host, origin, client_id, audience, scope FROM gateway_apps WHERE host = $1";
    INSERT = "INSERT INTO gateway_apps (host, origin, client_id, audience, scope, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
              ON CONFLICT (host) DO NOTHING RETURNING host";
}

fn app(row: &Row) -> Result<GatewayApp, Fault> {
    Ok(GatewayApp {
        origin: column::word(row, "origin", |text| AppOrigin::parse(text).ok())?,
        client_id: ClientId::new(row.get::<String>("client_id")?),
        audience: row.get("audience")?,
        scope: column::scope(row, "scope")?,
    })
}

/// Every application, in order of their hosts.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no application.
pub async fn every(db: &Db) -> Result<Vec<GatewayApp>, Fault> {
    let mut found: Vec<GatewayApp> = Vec::new();
    let mut after = String::new();
    loop {
        let rows = db.all(sql::PAGE, args![after.as_str()]).await?;
        let Some(last) = rows.last() else {
            return Ok(found);
        };
        after = last.get("host")?;
        for row in &rows {
            found.push(app(row)?);
        }
    }
}

/// The application of this host, as [`AppOrigin::host`] writes it.
///
/// # Errors
/// [`Fault`] when the database does not answer or the row fits no application.
pub async fn by_host(db: &Db, host: &str) -> Result<Option<GatewayApp>, Fault> {
    db.opt(sql::BY_HOST, args![host])
        .await?
        .as_ref()
        .map(app)
        .transpose()
}

/// Adds an application. `false` when its host is taken. It goes with its client.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &GatewayApp, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![
        new.origin.host(),
        new.origin.as_str(),
        new.client_id.as_str(),
        new.audience.as_str(),
        new.scope.as_str(),
        now.millis(),
    ];
    Ok(tx.opt(sql::INSERT, arguments).await?.is_some())
}
