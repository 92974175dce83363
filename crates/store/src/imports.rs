//! Users that are brought along, many rows in one statement; and how far an import has come.

use crate::statements::sql;
use crate::{Arg, Db, Fault, Tx, args, column};
use sekisho_rules::id::UserId;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::profile::Profile;
use sekisho_rules::user::User;
use std::collections::HashSet;

/// Rows of one statement.
const MANY: usize = 25;

macro_rules! insert {
    ($rows:literal) => {
        concat!(
            "INSERT INTO users (id, email, email_folded, email_verified, name, nickname, given_name, family_name, picture, password_hash, \
             blocked, epoch, nbf, created_at, updated_at) VALUES ",
            $rows,
            " ON CONFLICT DO NOTHING RETURNING id"
        )
    };
}

sql! {
    INSERT_ONE = insert!("($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12, $13)");
    INSERT_MANY = insert!(
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12, $13), \
         ($14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, 0, 0, $25, $26), \
         ($27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, 0, 0, $38, $39), \
         ($40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, 0, 0, $51, $52), \
         ($53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, 0, 0, $64, $65), \
         ($66, $67, $68, $69, $70, $71, $72, $73, $74, $75, $76, 0, 0, $77, $78), \
         ($79, $80, $81, $82, $83, $84, $85, $86, $87, $88, $89, 0, 0, $90, $91), \
         ($92, $93, $94, $95, $96, $97, $98, $99, $100, $101, $102, 0, 0, $103, $104), \
         ($105, $106, $107, $108, $109, $110, $111, $112, $113, $114, $115, 0, 0, $116, $117), \
         ($118, $119, $120, $121, $122, $123, $124, $125, $126, $127, $128, 0, 0, $129, $130), \
         ($131, $132, $133, $134, $135, $136, $137, $138, $139, $140, $141, 0, 0, $142, $143), \
         ($144, $145, $146, $147, $148, $149, $150, $151, $152, $153, $154, 0, 0, $155, $156), \
         ($157, $158, $159, $160, $161, $162, $163, $164, $165, $166, $167, 0, 0, $168, $169), \
         ($170, $171, $172, $173, $174, $175, $176, $177, $178, $179, $180, 0, 0, $181, $182), \
         ($183, $184, $185, $186, $187, $188, $189, $190, $191, $192, $193, 0, 0, $194, $195), \
         ($196, $197, $198, $199, $200, $201, $202, $203, $204, $205, $206, 0, 0, $207, $208), \
         ($209, $210, $211, $212, $213, $214, $215, $216, $217, $218, $219, 0, 0, $220, $221), \
         ($222, $223, $224, $225, $226, $227, $228, $229, $230, $231, $232, 0, 0, $233, $234), \
         ($235, $236, $237, $238, $239, $240, $241, $242, $243, $244, $245, 0, 0, $246, $247), \
         ($248, $249, $250, $251, $252, $253, $254, $255, $256, $257, $258, 0, 0, $259, $260), \
         ($261, $262, $263, $264, $265, $266, $267, $268, $269, $270, $271, 0, 0, $272, $273), \
         ($274, $275, $276, $277, $278, $279, $280, $281, $282, $283, $284, 0, 0, $285, $286), \
         ($287, $288, $289, $290, $291, $292, $293, $294, $295, $296, $297, 0, 0, $298, $299), \
         ($300, $301, $302, $303, $304, $305, $306, $307, $308, $309, $310, 0, 0, $311, $312), \
         ($313, $314, $315, $316, $317, $318, $319, $320, $321, $322, $323, 0, 0, $324, $325)"
    );
    KNOWN = "SELECT email_folded FROM users WHERE id = $1";
    // Only what is empty is filled, and only while the account is as it was brought: every change of its owner's raises the epoch.
    FILL = "UPDATE users SET password_hash = COALESCE(password_hash, $3), nickname = COALESCE(nickname, $4), \
            given_name = COALESCE(given_name, $5), family_name = COALESCE(family_name, $6), picture = COALESCE(picture, $7), \
            name = CASE WHEN name = email THEN $8 ELSE name END \
            WHERE id = $1 AND email_folded = $2 AND epoch = 0 AND last_login_at IS NULL AND ( \
            (password_hash IS NULL AND COALESCE(password_hash, $3) IS NOT NULL) OR \
            (nickname IS NULL AND COALESCE(nickname, $4) IS NOT NULL) OR \
            (given_name IS NULL AND COALESCE(given_name, $5) IS NOT NULL) OR \
            (family_name IS NULL AND COALESCE(family_name, $6) IS NOT NULL) OR \
            (picture IS NULL AND COALESCE(picture, $7) IS NOT NULL) OR (name = email AND name <> $8)) RETURNING id";
    // Only while the account is as it was brought, so that a file brought twice gives nobody back what they gave up.
    JOIN = "INSERT INTO identities (provider, subject, user_id, connection_id, profile, linked_at) \
            SELECT $1, $2, id, $4, $5, created_at FROM users WHERE id = $3 AND epoch = 0 AND last_login_at IS NULL \
            ON CONFLICT (provider, subject) DO NOTHING RETURNING subject";
    FIND = "SELECT position, line, added, filled, known, refused FROM imports WHERE id = $1";
    SAVE = "INSERT INTO imports (id, position, line, added, filled, known, refused, updated_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET position = excluded.position, line = excluded.line, \
            added = excluded.added, filled = excluded.filled, known = excluded.known, refused = excluded.refused, \
            updated_at = excluded.updated_at";
    FORGET = "DELETE FROM imports WHERE id = $1";
}

/// A user to be brought along, with their folded address.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// The row.
    pub user: User,
    /// What is compared.
    pub folded: String,
}

/// Somebody's identity at a provider, brought along with their account.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The part of an id before the subject.
    pub provider: String,
    /// The account it opens.
    pub user_id: UserId,
    /// The connection they come by.
    pub connection_id: String,
    /// What is known of them there; the subject is in it.
    pub profile: Profile,
}

/// What became of a newcomer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// They have an account now.
    Added,
    /// They had one with this id, and something that was empty in it was filled.
    Filled,
    /// They had one with this id, and it stays as it is.
    Known,
    /// Somebody else has their address.
    Taken,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file that are done.
    pub position: u64,
    /// Lines of the file that are done.
    pub line: u64,
    /// Rows that became users.
    pub added: u64,
    /// Rows that filled something in.
    pub filled: u64,
    /// Rows that changed nothing.
    pub known: u64,
    /// Rows that were refused.
    pub refused: u64,
}

impl Progress {
    /// How many records are done.
    pub fn done(&self) -> u64 {
        self.added + self.filled + self.known + self.refused
    }
}

/// Brings users in. The answer has one entry for each, in order.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn bring(tx: &mut Tx, newcomers: &[Newcomer]) -> Result<Vec<Arrival>, Fault> {
    let mut arrivals = Vec::with_capacity(newcomers.len());
    for chunk in newcomers.chunks(MANY) {
        let mut added = HashSet::new();
        if chunk.len() == MANY {
            let arguments: Vec<Arg> = chunk.iter().flat_map(row).collect();
            for row in tx.all(sql::INSERT_MANY, &arguments).await? {
                added.insert(row.get::<String>("id")?);
            }
        } else {
            for newcomer in chunk {
                let arguments: Vec<Arg> = row(newcomer).into_iter().collect();
                if tx.opt(sql::INSERT_ONE, &arguments).await?.is_some() {
                    added.insert(newcomer.user.id.to_string());
                }
            }
        }
        for newcomer in chunk {
            // The second of two rows with one id finds the first.
            let arrival = match added.remove(newcomer.user.id.as_str()) {
                true => Arrival::Added,
                false => settle(tx, newcomer).await?,
            };
            arrivals.push(arrival);
        }
    }
    Ok(arrivals)
}

/// Joins identities to the accounts they were brought with, where nobody has signed in or changed anything since. Answers how many are
/// new.
///
/// # Errors
/// [`Fault`] when a statement fails.
pub async fn join(tx: &mut Tx, identities: &[Joined]) -> Result<u64, Fault> {
    let mut joined = 0;
    for identity in identities {
        let arguments = args![
            identity.provider.as_str(),
            identity.profile.subject.as_str(),
            identity.user_id.as_str(),
            identity.connection_id.as_str(),
            column::to_json(&identity.profile)?,
        ];
        joined += u64::from(tx.opt(sql::JOIN, arguments).await?.is_some());
    }
    Ok(joined)
}

/// Somebody whose row was not taken: known by their id, or kept out by somebody else's address.
async fn settle(tx: &mut Tx, newcomer: &Newcomer) -> Result<Arrival, Fault> {
    let user = &newcomer.user;
    let arguments = args![
        user.id.as_str(),
        newcomer.folded.as_str(),
        &user.password_hash,
        &user.nickname,
        &user.given_name,
        &user.family_name,
        &user.picture,
        user.name.as_str(),
    ];
    if tx.opt(sql::FILL, arguments).await?.is_some() {
        return Ok(Arrival::Filled);
    }
    match tx.opt(sql::KNOWN, args![user.id.as_str()]).await? {
        Some(_) => Ok(Arrival::Known),
        None => Ok(Arrival::Taken),
    }
}

fn row(newcomer: &Newcomer) -> [Arg; 13] {
    let user = &newcomer.user;
    [
        user.id.as_str().into(),
        user.email.as_str().into(),
        newcomer.folded.as_str().into(),
        user.email_verified.into(),
        user.name.as_str().into(),
        (&user.nickname).into(),
        (&user.given_name).into(),
        (&user.family_name).into(),
        (&user.picture).into(),
        (&user.password_hash).into(),
        user.blocked.into(),
        user.created_at.millis().into(),
        user.updated_at.millis().into(),
    ]
}

/// How far the import of this file has come; `None` when none of it is under way.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn find(db: &Db, id: &str) -> Result<Option<Progress>, Fault> {
    let Some(row) = db.opt(sql::FIND, args![id]).await? else {
        return Ok(None);
    };
    let number = |name| {
        row.get::<i64>(name)
            .map(|number| u64::try_from(number).unwrap_or(0))
    };
    Ok(Some(Progress {
        position: number("position")?,
        line: number("line")?,
        added: number("added")?,
        filled: number("filled")?,
        known: number("known")?,
        refused: number("refused")?,
    }))
}

/// Notes how far it has come, in the transaction of the rows that it counts.
///
/// # Errors
/// [`Fault`] when the statement fails.
pub async fn save(tx: &mut Tx, id: &str, progress: Progress, now: Timestamp) -> Result<(), Fault> {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    tx.run(
        sql::SAVE,
        args![
            id,
            number(progress.position),
            number(progress.line),
            number(progress.added),
            number(progress.filled),
            number(progress.known),
            number(progress.refused),
            now.millis(),
        ],
    )
    .await
    .map(drop)
}

/// The file is done: the next import of it begins at its beginning.
///
/// # Errors
/// [`Fault`] when the database does not answer.
pub async fn forget(db: &Db, id: &str) -> Result<(), Fault> {
    db.run(sql::FORGET, args![id]).await.map(drop)
}
