//! Browsers in which a person signed in, known by a cookie of their own.

use crate::statements::sql;
use crate::{Db, Fault, Row, Tx, args, column};
use sekisho_rules::id::UserId;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;

sql! {
    FIND = "SELECT first_seen, last_seen, ip, country, user_agent, remembered_until FROM browsers WHERE user_id = $1 AND hash = $2";
    LATEST = "SELECT first_seen, last_seen, ip, country, user_agent, remembered_until FROM browsers WHERE user_id = $1 \
              ORDER BY last_seen DESC LIMIT 20";
    SEEN = "INSERT INTO browsers (user_id, hash, first_seen, last_seen, ip, country, user_agent) VALUES ($1, $2, $3, $3, $4, $5, $6) \
            ON CONFLICT (user_id, hash) DO UPDATE SET last_seen = excluded.last_seen, ip = excluded.ip, country = excluded.country, \
            user_agent = excluded.user_agent";
    REMEMBER = "UPDATE browsers SET remembered_until = $3 WHERE user_id = $1 AND hash = $2 RETURNING user_id";
    ASK_AGAIN = "UPDATE browsers SET remembered_until = 0 WHERE user_id = $1";
    FORGET_ALL = "DELETE FROM browsers WHERE user_id = $1";
}

/// A browser of one person.
#[derive(Clone, Debug)]
pub struct Browser {
    /// When they first signed in there.
    pub first_seen: Timestamp,
    /// When they last did.
    pub last_seen: Timestamp,
    /// From which address they last did.
    pub ip: String,
    /// In which country that was (ISO 3166-1 alpha-2), where it was known.
    pub country: Option<String>,
    /// With which program.
    pub user_agent: String,
    /// Until when no second factor is asked there.
    pub remembered_until: Timestamp,
}

fn browser(row: &Row) -> Result<Browser, Fault> {
    Ok(Browser {
        first_seen: column::time(row, "first_seen")?,
        last_seen: column::time(row, "last_seen")?,
        ip: row.get("ip")?,
        country: row.get("country")?,
        user_agent: row.get("user_agent")?,
        remembered_until: column::time(row, "remembered_until")?,
    })
}

/// The browser with this cookie, if this person signed in there before.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn find(db: &Db, user: &UserId, cookie: &SecretHash) -> Result<Option<Browser>, Fault> {
    let row = db
        .opt(sql::FIND, args![user.as_str(), cookie.bytes().to_vec()])
        .await?;
    row.as_ref().map(browser).transpose()
}

/// The 20 browsers a person used last, the latest first.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn latest(db: &Db, user: &UserId) -> Result<Vec<Browser>, Fault> {
    let rows = db.all(sql::LATEST, args![user.as_str()]).await?;
    rows.iter().map(browser).collect()
}

/// Notes a login; `seen` says where from, its `first_seen` and `remembered_until` are not read.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn seen(tx: &mut Tx, user: &UserId, cookie: &SecretHash, seen: &Browser) -> Result<(), Fault> {
    let arguments = args![
        user.as_str(),
        cookie.bytes().to_vec(),
        seen.last_seen.millis(),
        seen.ip.as_str(),
        &seen.country,
        seen.user_agent.as_str(),
    ];
    tx.run(sql::SEEN, arguments).await.map(drop)
}

/// Asks for no second factor in this browser until then. `false` when the person never signed in there.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn remember(
    tx: &mut Tx,
    user: &UserId,
    cookie: &SecretHash,
    until: Timestamp,
) -> Result<bool, Fault> {
    let arguments = args![user.as_str(), cookie.bytes().to_vec(), until.millis()];
    Ok(tx.opt(sql::REMEMBER, arguments).await?.is_some())
}

/// Asks for a second factor in every browser of a person again.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn ask_again(tx: &mut Tx, user: &UserId) -> Result<(), Fault> {
    tx.run(sql::ASK_AGAIN, args![user.as_str()]).await.map(drop)
}

/// Forgets every browser of a person: the next login in each is a new one.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn forget_all(tx: &mut Tx, user: &UserId) -> Result<(), Fault> {
    tx.run(sql::FORGET_ALL, args![user.as_str()]).await.map(drop)
}
