//! Clients.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::client::{
    AuthMethod, Client, ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy, Rotation, Standing,
};
use sekisho_rules::factor::MfaPolicy;
use sekisho_rules::id::ClientId;
use sekisho_rules::time::Timestamp;

macro_rules! columns {
    () => {
        "id, name, kind, auth_method, secret, jwks, callbacks, logout_urls, web_origins, grant_types, first_party, enabled, \
         rotating, refresh_leeway, refresh_lifetime, refresh_idle, id_token_lifetime, backchannel_logout_urls, \
         backchannel_logout_session_required, frontchannel_logout_url, frontchannel_logout_session_required, mfa, epoch, nbf"
    };
}

sql! {
    BY_ID = concat!("SELECT ", columns!(), " FROM clients WHERE id = $1");
    PAGE = concat!("SELECT ", columns!(), " FROM clients WHERE id > $1 ORDER BY id LIMIT 100");
    ORIGINS = "SELECT id, callbacks, web_origins FROM clients WHERE id > $1 AND enabled = TRUE ORDER BY id LIMIT 100";
    INSERT = "INSERT INTO clients (id, name, kind, auth_method, secret, jwks, callbacks, logout_urls, web_origins, grant_types, \
              first_party, enabled, rotating, refresh_leeway, refresh_lifetime, refresh_idle, id_token_lifetime, epoch, nbf, \
              created_at, updated_at, backchannel_logout_urls, backchannel_logout_session_required, frontchannel_logout_url, \
              frontchannel_logout_session_required, mfa) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, 0, $18, $18, $19, $20, $21, $22, $23) \
              ON CONFLICT (id) DO NOTHING RETURNING id";
    SET_ENABLED = "UPDATE clients SET enabled = $2, updated_at = $3, epoch = epoch + 1 WHERE id = $1 RETURNING id";
    SET_SECRET = "UPDATE clients SET secret = $2, updated_at = $3 WHERE id = $1 RETURNING id";
    SET_ADDRESSES = "UPDATE clients SET callbacks = $2, logout_urls = $3, updated_at = $4 \
                     WHERE id = $1 AND (callbacks <> $2 OR logout_urls <> $3)";
    SET_REGISTRATION = "UPDATE clients SET name = $2, callbacks = $3, logout_urls = $4, web_origins = $5, first_party = $6, \
                        rotating = $7, refresh_leeway = $8, refresh_lifetime = $9, refresh_idle = $10, \
                        backchannel_logout_urls = $11, backchannel_logout_session_required = $12, frontchannel_logout_url = $13, \
                        frontchannel_logout_session_required = $14, updated_at = $15, mfa = $16, \
                        grant_types = $17 WHERE id = $1 RETURNING id";
    RESEAL = "UPDATE clients SET secret = $3 WHERE id = $1 AND secret = $2 RETURNING id";
    RAISE_EPOCH = "UPDATE clients SET epoch = epoch + 1 WHERE id = $1 RETURNING id";
    RAISE_NBF = "UPDATE clients SET nbf = $2 WHERE id = $1 AND nbf < $2";
    DELETE = "DELETE FROM clients WHERE id = $1 RETURNING id";
}

fn client(row: &Row) -> Result<Client, Fault> {
    Ok(Client {
        id: ClientId::new(row.get::<String>("id")?),
        name: row.get("name")?,
        kind: column::word(row, "kind", ClientKind::from_word)?,
        auth_method: column::word(row, "auth_method", AuthMethod::from_word)?,
        sealed_secret: row.get("secret")?,
        jwks: row.get("jwks")?,
        callbacks: column::json(row, "callbacks")?,
        logout_urls: column::json(row, "logout_urls")?,
        web_origins: column::json(row, "web_origins")?,
        grant_types: column::json::<Vec<GrantType>>(row, "grant_types")?,
        party: if row.get("first_party")? {
            Party::First
        } else {
            Party::Third
        },
        standing: if row.get("enabled")? {
            Standing::Enabled
        } else {
            Standing::Disabled
        },
        refresh: RefreshPolicy {
            rotation: if row.get("rotating")? {
                Rotation::Rotating
            } else {
                Rotation::Fixed
            },
            leeway: row.get("refresh_leeway")?,
            lifetime: row.get("refresh_lifetime")?,
            idle: row.get("refresh_idle")?,
        },
        notices: LogoutNotices {
            backchannel_urls: column::json(row, "backchannel_logout_urls")?,
            backchannel_session_required: row.get("backchannel_logout_session_required")?,
            frontchannel_url: row.get("frontchannel_logout_url")?,
            frontchannel_session_required: row.get("frontchannel_logout_session_required")?,
        },
        id_token_lifetime: row.get("id_token_lifetime")?,
        mfa: column::opt_word(row, "mfa", MfaPolicy::from_word)?,
        epoch: row.get("epoch")?,
        nbf: row.get("nbf")?,
    })
}

/// The client with this id.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no client.
pub async fn by_id(db: &Db, id: &str) -> Result<Option<Client>, Fault> {
    db.opt(sql::BY_ID, args![id])
        .await?
        .as_ref()
        .map(client)
        .transpose()
}

/// Up to 100 clients whose id comes after `after`, in order of id.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no client.
pub async fn page(db: &Db, after: &str) -> Result<Vec<Client>, Fault> {
    db.all(sql::PAGE, args![after])
        .await?
        .iter()
        .map(client)
        .collect()
}

/// The callbacks and web origins of every enabled client.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn addresses(db: &Db) -> Result<Vec<String>, Fault> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = db.all(sql::ORIGINS, args![after.as_str()]).await?;
        for row in &page {
            all.extend(column::json::<Vec<String>>(row, "callbacks")?);
            all.extend(column::json::<Vec<String>>(row, "web_origins")?);
        }
        match page.last() {
            Some(last) if page.len() == 100 => after = last.get("id")?,
            _ => return Ok(all),
        }
    }
}

/// Adds a client; `false` when the id is taken.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &Client, now: Timestamp) -> Result<bool, Fault> {
    tx.changed();
    let row = tx
        .opt(
            sql::INSERT,
            args![
                new.id.as_str(),
                new.name.as_str(),
                new.kind.word(),
                new.auth_method.word(),
                new.sealed_secret.clone(),
                new.jwks.clone(),
                column::to_json(&new.callbacks)?,
                column::to_json(&new.logout_urls)?,
                column::to_json(&new.web_origins)?,
                column::to_json(&new.grant_types)?,
                new.party == Party::First,
                new.standing == Standing::Enabled,
                new.refresh.rotation == Rotation::Rotating,
                new.refresh.leeway,
                new.refresh.lifetime,
                new.refresh.idle,
                new.id_token_lifetime,
                now.millis(),
                column::to_json(&new.notices.backchannel_urls)?,
                new.notices.backchannel_session_required,
                &new.notices.frontchannel_url,
                new.notices.frontchannel_session_required,
                new.mfa.map(|policy| policy.word().to_owned()),
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// Enables or disables and raises the epoch. `false` when there is no such client.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn set_standing(tx: &mut Tx, id: &ClientId, to: Standing, now: Timestamp) -> Result<bool, Fault> {
    tx.changed();
    let enabled = to == Standing::Enabled;
    Ok(tx
        .opt(sql::SET_ENABLED, args![id.as_str(), enabled, now.millis()])
        .await?
        .is_some())
}

/// Brings callbacks and logout addresses in line with `client`; touches nothing when they are.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn set_addresses(tx: &mut Tx, client: &Client, now: Timestamp) -> Result<(), Fault> {
    tx.changed();
    let (callbacks, logout_urls) = (
        column::to_json(&client.callbacks)?,
        column::to_json(&client.logout_urls)?,
    );
    let arguments = args![client.id.as_str(), callbacks, logout_urls, now.millis()];
    tx.run(sql::SET_ADDRESSES, arguments).await.map(drop)
}

/// Writes everything of a client that can be changed by editing it: name, addresses, party, refresh tokens, logout. `false` when there is
/// no such client.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn set_registration(tx: &mut Tx, client: &Client, now: Timestamp) -> Result<bool, Fault> {
    tx.changed();
    let arguments = args![
        client.id.as_str(),
        client.name.as_str(),
        column::to_json(&client.callbacks)?,
        column::to_json(&client.logout_urls)?,
        column::to_json(&client.web_origins)?,
        client.party == Party::First,
        client.refresh.rotation == Rotation::Rotating,
        client.refresh.leeway,
        client.refresh.lifetime,
        client.refresh.idle,
        column::to_json(&client.notices.backchannel_urls)?,
        client.notices.backchannel_session_required,
        &client.notices.frontchannel_url,
        client.notices.frontchannel_session_required,
        now.millis(),
        client.mfa.map(|policy| policy.word().to_owned()),
        column::to_json(&client.grant_types)?,
    ];
    Ok(tx.opt(sql::SET_REGISTRATION, arguments).await?.is_some())
}

/// Replaces the sealed secret. `false` when there is no such client.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn set_secret(tx: &mut Tx, id: &ClientId, sealed: Vec<u8>, now: Timestamp) -> Result<bool, Fault> {
    tx.changed();
    Ok(tx
        .opt(sql::SET_SECRET, args![id.as_str(), sealed, now.millis()])
        .await?
        .is_some())
}

/// Replaces the sealed form of a secret when the key-encryption key changes. `false` when the secret is another one by
/// now.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn reseal(tx: &mut Tx, id: &ClientId, old: Vec<u8>, new: Vec<u8>) -> Result<bool, Fault> {
    tx.changed();
    Ok(tx.opt(sql::RESEAL, args![id.as_str(), old, new]).await?.is_some())
}

/// Raises the epoch, which kills every row born under the old one; the client goes on working. `false` when there is no such client.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn raise_epoch(tx: &mut Tx, id: &ClientId) -> Result<bool, Fault> {
    tx.changed();
    Ok(tx.opt(sql::RAISE_EPOCH, args![id.as_str()]).await?.is_some())
}

/// Voids tokens with `iat` before this unix second.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn raise_nbf(tx: &mut Tx, id: &ClientId, nbf: i64) -> Result<(), Fault> {
    tx.changed();
    tx.run(sql::RAISE_NBF, args![id.as_str(), nbf]).await.map(drop)
}

/// Deletes a client and everything that hangs on it. `false` when there is no such client.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete(tx: &mut Tx, id: &ClientId) -> Result<bool, Fault> {
    tx.changed();
    Ok(tx.opt(sql::DELETE, args![id.as_str()]).await?.is_some())
}
