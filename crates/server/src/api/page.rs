//! Checkpoint paging: `take` and `from`, answered with `next` while there is more.

use base64_simd::URL_SAFE_NO_PAD;
use sekisho_rules::time::Timestamp;
use sekisho_store::After;

use super::refused::Refused;
use crate::http::visit::Visit;

/// How many are answered when nobody says.
const USUAL: i64 = 50;
/// The most.
const MOST: i64 = 100;

/// `take`.
///
/// # Errors
/// When it is no number from 1 to 100.
pub(super) fn take(visit: &Visit) -> Result<i64, Refused> {
    match one(visit, "take")? {
        None => Ok(USUAL),
        Some(text) => text
            .parse()
            .ok()
            .filter(|take| (1..=MOST).contains(take))
            .ok_or_else(|| Refused::Query(format!("'take' must be a number from 1 to {MOST}"))),
    }
}

/// `from`, as it was given as `next`.
///
/// # Errors
/// When it was not.
pub(super) fn from(visit: &Visit) -> Result<After, Refused> {
    match one(visit, "from")? {
        None => Ok(After::beginning()),
        Some(text) => read(&text).ok_or_else(not_given),
    }
}

/// `from`, of a list of numbered things.
///
/// # Errors
/// When it was not given as `next`.
pub(super) fn from_number(visit: &Visit) -> Result<u64, Refused> {
    match one(visit, "from")? {
        None => Ok(0),
        Some(text) => text.parse().map_err(|_| not_given()),
    }
}

/// What to write as `next` so that the list goes on after this place.
pub(super) fn next(after: &After) -> String {
    URL_SAFE_NO_PAD.encode_to_string(format!("{}.{}", after.created_at.millis(), after.id))
}

fn read(text: &str) -> Option<After> {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (millis, id) = text.split_once('.')?;
    let is_text = id.len() <= 255 && !id.contains('\0');
    is_text.then_some(After {
        created_at: Timestamp::from_millis(millis.parse().ok()?),
        id: id.to_owned(),
    })
}

fn one(visit: &Visit, name: &'static str) -> Result<Option<String>, Refused> {
    match visit.query.get(name) {
        Ok(value) => Ok(value.map(str::to_owned)),
        Err(_) => Err(Refused::Query(format!("'{name}' was sent more than once"))),
    }
}

fn not_given() -> Refused {
    Refused::Query("'from' must be the 'next' of an earlier answer".to_owned())
}
