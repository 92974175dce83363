//! Made-up people: as lines of an export, as rows, and as visitors who know their password.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Result, anyhow};
use argon2::password_hash::PasswordHasher as _;
use bench_server::process::User;
use sekisho::passwords::PasswordWork;
use serde_json::json;

/// Everybody's password.
const PASSWORD: &str = "nine purple lanterns";
/// 2021-03-05T16:34:12.123Z.
pub const CREATED: i64 = 1_614_962_052_123;

/// Everybody there is.
#[derive(Clone)]
pub struct People {
    pub count: u64,
    /// Of the password, with the server's own parameters, so that a login is one hash.
    pub hash: String,
}

impl People {
    /// So many, with hashes of this work.
    pub fn new(count: u64, work: &PasswordWork) -> Result<Self> {
        let hash = hasher(work)?.hash_password(PASSWORD.as_bytes());
        let hash = hash.map_err(|error| anyhow!("{error}"))?.to_string();
        Ok(Self { count, hash })
    }

    /// Ids come in the order of time, as a document store makes them.
    pub fn id(number: u64) -> String {
        format!("auth0|{number:024x}")
    }

    /// Addresses come in no order, so that an index of them is written all over.
    pub fn email(number: u64) -> String {
        // An odd factor makes a bijection of 64 bits: nobody has somebody else's.
        format!("{:016x}@mail.example", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn name(number: u64) -> String {
        format!("Person {number}")
    }

    pub fn nickname(number: u64) -> String {
        format!("person{number}")
    }

    /// The one whose turn it is: all over the table, everybody once before anybody twice.
    pub fn visitor(&self, turn: u64) -> User {
        let number = turn.wrapping_mul(7_368_787) % self.count;
        User {
            email: Self::email(number),
            password: PASSWORD.to_owned(),
        }
    }

    /// Writes Auth0's export of users, with their hashes as its bulk import has them.
    pub fn export(&self, path: &Path) -> Result<()> {
        let mut file = BufWriter::new(std::fs::File::create(path)?);
        for number in 0..self.count {
            let record = json!({
                "user_id": Self::id(number),
                "email": Self::email(number),
                "email_verified": true,
                "name": Self::name(number),
                "nickname": Self::nickname(number),
                "created_at": "2021-03-05T16:34:12.123Z",
                "updated_at": "2021-03-05T16:34:12.123Z",
                "password_hash": self.hash,
            });
            writeln!(file, "{record}")?;
        }
        Ok(file.flush()?)
    }
}

/// Argon2id with the parameters of the server's settings.
pub fn hasher(work: &PasswordWork) -> Result<argon2::Argon2<'static>> {
    let params = argon2::Params::new(work.memory_kib, work.passes, work.lanes, None);
    Ok(argon2::Argon2::new(
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        params.map_err(|error| anyhow!("{error}"))?,
    ))
}
