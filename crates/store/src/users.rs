//! Users.

use crate::statements::sql;
use crate::{Arg, Db, Fault, Row, Tx, args, column, password_history};
use sekisho_rules::id::UserId;
use sekisho_rules::identity::Email;
use sekisho_rules::profile::Profile;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;

macro_rules! columns {
    () => {
        "id, email, email_verified, name, nickname, given_name, family_name, picture, locale, password_hash, blocked, epoch, \
         nbf, created_at, updated_at"
    };
}

sql! {
    BY_ID = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
    BY_EMAIL = concat!("SELECT ", columns!(), " FROM users WHERE email_folded = $1");
    PAGE = concat!("SELECT ", columns!(), " FROM users WHERE id > $1 ORDER BY id LIMIT 100");
    INSERT = "INSERT INTO users (id, email, email_folded, email_verified, name, nickname, given_name, family_name, picture, \
              password_hash, blocked, epoch, nbf, created_at, updated_at, locale) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, FALSE, 0, 0, $11, $11, $12) \
              ON CONFLICT DO NOTHING RETURNING id";
    LOGGED_IN = "UPDATE users SET last_login_at = $3 WHERE id = $1 AND epoch = $2 AND blocked = FALSE RETURNING id";
    REHASHED = "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3";
    // Takes the lock of the row: what hangs on the account is read and changed by one at a time.
    HOLD = "UPDATE users SET epoch = epoch WHERE id = $1 RETURNING id";
    // The same, so that the hash that is read is the one that is replaced.
    HOLD_PASSWORD = "UPDATE users SET password_hash = password_hash WHERE id = $1 RETURNING password_hash";
    SET_PASSWORD = "UPDATE users SET password_hash = $2, updated_at = $3, epoch = epoch + 1 WHERE id = $1 RETURNING id";
    RESET_PASSWORD = "UPDATE users SET password_hash = $2, updated_at = $3, epoch = epoch + 1, email_verified = TRUE \
                      WHERE id = $1 AND epoch = $4 AND blocked = FALSE RETURNING id";
    CHANGE_PASSWORD = "UPDATE users SET password_hash = $2, updated_at = $3, epoch = epoch + 1 \
                       WHERE id = $1 AND epoch = $4 AND blocked = FALSE RETURNING id";
    CHANGE_PROFILE = "UPDATE users SET name = $2, given_name = $3, family_name = $4, nickname = $5, picture = $6, locale = $7, \
                      updated_at = $8 WHERE id = $1 AND blocked = FALSE RETURNING id";
    VERIFY_EMAIL = "UPDATE users SET email_verified = TRUE, updated_at = $3 \
                    WHERE id = $1 AND email_folded = $2 AND email_verified = FALSE AND blocked = FALSE RETURNING id";
    TAKE_OVER = "UPDATE users SET email_verified = TRUE, password_hash = NULL, updated_at = $3, epoch = epoch + 1 \
                 WHERE id = $1 AND email_folded = $2 AND email_verified = FALSE AND blocked = FALSE RETURNING id";
    CHANGE_EMAIL = "UPDATE users SET name = CASE WHEN name = email THEN $2 ELSE name END, email = $2, email_folded = $3, \
                    email_verified = TRUE, updated_at = $4, epoch = epoch + 1 WHERE id = $1 AND epoch = $5 AND blocked = FALSE \
                    AND NOT EXISTS (SELECT 1 FROM users AS other WHERE other.email_folded = $3 AND other.id <> $1) RETURNING id";
    SET_BLOCKED = "UPDATE users SET blocked = $2, updated_at = $3, epoch = epoch + 1 WHERE id = $1 RETURNING id";
    LOG_OUT = "UPDATE users SET epoch = epoch + 1 WHERE id = $1 RETURNING id";
    RAISE_NBF = "UPDATE users SET nbf = $2 WHERE id = $1 AND nbf < $2";
    DELETE = "DELETE FROM users WHERE id = $1 RETURNING id";
}

fn user(row: &Row) -> Result<User, Fault> {
    Ok(User {
        id: UserId::new(row.get::<String>("id")?),
        email: row.get("email")?,
        email_verified: row.get("email_verified")?,
        name: row.get("name")?,
        nickname: row.get("nickname")?,
        given_name: row.get("given_name")?,
        family_name: row.get("family_name")?,
        picture: row.get("picture")?,
        locale: row.get("locale")?,
        password_hash: row.get("password_hash")?,
        blocked: row.get("blocked")?,
        epoch: row.get("epoch")?,
        nbf: row.get("nbf")?,
        created_at: column::time(row, "created_at")?,
        updated_at: column::time(row, "updated_at")?,
    })
}

/// The user with this id.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no user.
pub async fn by_id(db: &Db, id: &UserId) -> Result<Option<User>, Fault> {
    db.opt(sql::BY_ID, args![id.as_str()])
        .await?
        .as_ref()
        .map(user)
        .transpose()
}

/// The user with this folded address.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no user.
pub async fn by_email(db: &Db, folded: &str) -> Result<Option<User>, Fault> {
    db.opt(sql::BY_EMAIL, args![folded])
        .await?
        .as_ref()
        .map(user)
        .transpose()
}

/// Up to 100 users whose id comes after `after`, in order of id.
///
/// # Errors
/// [`Fault`] when the database does not answer or a row fits no user.
pub async fn page(db: &Db, after: &str) -> Result<Vec<User>, Fault> {
    db.all(sql::PAGE, args![after]).await?.iter().map(user).collect()
}

/// Adds a user; `false` when the folded address or the id is taken.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn insert(tx: &mut Tx, new: &User, email_folded: &str) -> Result<bool, Fault> {
    let row = tx
        .opt(
            sql::INSERT,
            args![
                new.id.as_str(),
                new.email.as_str(),
                email_folded,
                new.email_verified,
                new.name.as_str(),
                &new.nickname,
                &new.given_name,
                &new.family_name,
                &new.picture,
                &new.password_hash,
                new.created_at.millis(),
                &new.locale,
            ],
        )
        .await?;
    Ok(row.is_some())
}

/// Notes a login, if the user is still as they were when their password was read: same epoch, not blocked. It is the gate a new
/// session passes, in the same transaction.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn logged_in(tx: &mut Tx, user: &User, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx
        .opt(sql::LOGGED_IN, args![user.id.as_str(), user.epoch, now.millis()])
        .await?
        .is_some())
}

/// Replaces a hash by a better hash of the same password. It ends nothing, and loses against a changed password.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn rehashed(tx: &mut Tx, id: &UserId, old: &str, new: &str) -> Result<(), Fault> {
    tx.run(sql::REHASHED, args![id.as_str(), new, old])
        .await
        .map(drop)
}

/// Makes whoever else takes a way into this account away wait for the end of the transaction. `false` when there is no such user.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn hold(tx: &mut Tx, id: &UserId) -> Result<bool, Fault> {
    Ok(tx.opt(sql::HOLD, args![id.as_str()]).await?.is_some())
}

/// The hash of an accepted new password, and how many hashes of earlier ones are kept beside it.
#[derive(Clone)]
pub struct NewHash {
    /// In the form in which it is stored.
    pub hash: String,
    /// How many earlier ones are kept, so that they do not come again.
    pub keep: usize,
}

/// Sets a new password and raises the epoch, which kills every row born under the old one. `false` when there is no such user.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn set_password(tx: &mut Tx, id: &UserId, new: &NewHash, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![id.as_str(), new.hash.as_str(), now.millis()];
    replace_password(tx, id, (sql::SET_PASSWORD, arguments), new.keep, now).await
}

/// Sets a new password for whoever opened a link that was sent to the account's address, which proves the address too. Raises the epoch.
/// `false` when the epoch has moved on since the link was made, or the account is blocked or gone.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn reset_password(
    tx: &mut Tx,
    id: &UserId,
    epoch: i64,
    new: &NewHash,
    now: Timestamp,
) -> Result<bool, Fault> {
    let arguments = args![id.as_str(), new.hash.as_str(), now.millis(), epoch];
    replace_password(tx, id, (sql::RESET_PASSWORD, arguments), new.keep, now).await
}

/// Sets a new password for the user who is signed in, and raises the epoch. `false` when the epoch has moved on since they were read, or
/// the account is blocked or gone.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn change_password(tx: &mut Tx, user: &User, new: &NewHash, now: Timestamp) -> Result<bool, Fault> {
    let arguments = args![user.id.as_str(), new.hash.as_str(), now.millis(), user.epoch];
    replace_password(tx, &user.id, (sql::CHANGE_PASSWORD, arguments), new.keep, now).await
}

/// Replaces a password by this statement, and keeps the hash of the one before; of a replacement that does not happen nothing is kept.
async fn replace_password(
    tx: &mut Tx,
    id: &UserId,
    (statement, arguments): (&'static str, &[Arg]),
    keep: usize,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some(held) = tx.opt(sql::HOLD_PASSWORD, args![id.as_str()]).await? else {
        return Ok(false);
    };
    if tx.opt(statement, arguments).await?.is_none() {
        return Ok(false);
    }
    let before: Option<String> = held.get("password_hash")?;
    password_history::remember(tx, id, before.as_deref(), keep, now).await?;
    Ok(true)
}

/// Sets what a person says about themselves. `false` when the account is blocked or gone.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn change_profile(
    tx: &mut Tx,
    id: &UserId,
    profile: &Profile,
    now: Timestamp,
) -> Result<bool, Fault> {
    let arguments = args![
        id.as_str(),
        profile.name.as_str(),
        &profile.given_name,
        &profile.family_name,
        &profile.nickname,
        &profile.picture,
        &profile.locale,
        now.millis(),
    ];
    Ok(tx.opt(sql::CHANGE_PROFILE, arguments).await?.is_some())
}

/// Notes that the account's address is proven. `false` when it was already, or is another one by now.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn verify_email(tx: &mut Tx, id: &UserId, folded: &str, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx
        .opt(sql::VERIFY_EMAIL, args![id.as_str(), folded, now.millis()])
        .await?
        .is_some())
}

/// Notes that the account's address is proven, by somebody who may not be who made the account: takes the password away and raises the
/// epoch. `false` when the address was proven already, or is another one by now.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn take_over(tx: &mut Tx, id: &UserId, folded: &str, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx
        .opt(sql::TAKE_OVER, args![id.as_str(), folded, now.millis()])
        .await?
        .is_some())
}

/// Gives an account another address, which is proven. Raises the epoch. `false` when the epoch has moved on since `epoch`, the address
/// has an account, or this one is blocked or gone.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn change_email(
    tx: &mut Tx,
    id: &UserId,
    epoch: i64,
    email: &Email,
    now: Timestamp,
) -> Result<bool, Fault> {
    let arguments = args![
        id.as_str(),
        email.display.as_str(),
        email.folded.as_str(),
        now.millis(),
        epoch,
    ];
    Ok(tx.opt(sql::CHANGE_EMAIL, arguments).await?.is_some())
}

/// Blocks or unblocks and raises the epoch. `false` when there is no such user.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn set_blocked(tx: &mut Tx, id: &UserId, blocked: bool, now: Timestamp) -> Result<bool, Fault> {
    Ok(tx
        .opt(sql::SET_BLOCKED, args![id.as_str(), blocked, now.millis()])
        .await?
        .is_some())
}

/// Raises the epoch, which kills every row born under the old one; the user may sign in again. `false` when there is no such user.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn log_out(tx: &mut Tx, id: &UserId) -> Result<bool, Fault> {
    Ok(tx.opt(sql::LOG_OUT, args![id.as_str()]).await?.is_some())
}

/// Voids tokens with `iat` before this unix second.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn raise_nbf(tx: &mut Tx, id: &UserId, nbf: i64) -> Result<(), Fault> {
    tx.run(sql::RAISE_NBF, args![id.as_str(), nbf]).await.map(drop)
}

/// Deletes a user and everything that hangs on them. `false` when there is no such user.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn delete(tx: &mut Tx, id: &UserId) -> Result<bool, Fault> {
    Ok(tx.opt(sql::DELETE, args![id.as_str()]).await?.is_some())
}
