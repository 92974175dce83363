//! A new password from a form: the same rule at every door that sets one.

use crate::pages::SignupProblem;
use sekisho_rules::login::password::{MAX_BYTES, PasswordError, check_new_password, prepare};
use zeroize::Zeroizing;

/// Reads a new password and brings it into the form that is hashed.
///
/// # Errors
/// What is wrong with it, to be said beside its field.
pub fn read(sent: Option<&str>) -> Result<Zeroizing<String>, SignupProblem> {
    let sent = sent.ok_or(SignupProblem::PasswordMissing)?;
    check_new_password(sent).map_err(|error| match error {
        PasswordError::TooShort => SignupProblem::PasswordTooShort,
        PasswordError::TooLong => SignupProblem::PasswordTooLong(MAX_BYTES),
    })?;
    prepare(sent).ok_or(SignupProblem::InvalidSignup)
}
