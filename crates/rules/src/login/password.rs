//! Passwords as text: what a new one must be like, and the form in which every one is hashed.
//!
//! NIST SP 800-63B section 3.1.1.2: length is what counts. There are no rules about digits or symbols and passwords never expire.
//! A list of known bad passwords is not built yet.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Fewest characters of a new password.
pub const MIN_CHARACTERS: usize = 8;
/// Most bytes of any password. 64 characters of any script fit, which the standard asks for; more would only feed the hash.
pub const MAX_BYTES: usize = 256;

/// Why a password cannot be a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`MIN_CHARACTERS`].
    #[error("the password must have at least 8 characters")]
    TooShort,
    /// More than [`MAX_BYTES`].
    #[error("the password must have at most 256 bytes")]
    TooLong,
}

/// Decides whether a text may become somebody's password: 8 characters to 256 bytes, counted in Unicode form NFC.
///
/// # Errors
/// [`PasswordError`].
pub fn check_new_password(text: &str) -> Result<(), PasswordError> {
    let prepared = prepare(text).ok_or(PasswordError::TooLong)?;
    match prepared.chars().count() {
        0..MIN_CHARACTERS => Err(PasswordError::TooShort),
        _ => Ok(()),
    }
}

/// The form that is hashed when a password is set and again when it is checked, `None` when it is too long to be anybody's.
///
/// NFC, so that a letter with an accent is the same letter whichever keyboard typed it. Not NFKC, which would make different
/// passwords equal and break hashes brought along from systems that hash what was typed, which is nearly always NFC.
pub fn prepare(text: &str) -> Option<Zeroizing<String>> {
    // NFC at most triples the bytes and never makes fewer than a third of them: anything longer cannot fit.
    if text.len() > MAX_BYTES * 3 {
        return None;
    }
    let mut prepared = Zeroizing::new(String::with_capacity(text.len() * 3));
    prepared.extend(text.nfc());
    (prepared.len() <= MAX_BYTES).then_some(prepared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sp800_63b_length_is_the_only_rule() {
        for good in [
            "12345678",
            "aaaaaaaa",
            "        ",
            "correct horse battery staple",
            "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}\u{3067}\u{3059}\u{3088}",
        ] {
            assert_eq!(check_new_password(good), Ok(()), "{good}");
        }
        for short in ["", "1234567", "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}"] {
            assert_eq!(check_new_password(short), Err(PasswordError::TooShort), "{short}");
        }
        assert_eq!(check_new_password(&"\u{1f511}".repeat(64)), Ok(()));
        assert_eq!(
            check_new_password(&"\u{1f511}".repeat(65)),
            Err(PasswordError::TooLong)
        );
        assert_eq!(
            check_new_password(&"a".repeat(1_000_000)),
            Err(PasswordError::TooLong)
        );
    }

    #[test]
    fn characters_are_counted_after_normalising() {
        // Four letters, each with its accent apart.
        assert_eq!(
            check_new_password(&"e\u{301}".repeat(4)),
            Err(PasswordError::TooShort)
        );
        assert_eq!(prepare(&"e\u{301}".repeat(8)), prepare(&"\u{e9}".repeat(8)));
    }

    proptest! {
        #[test]
        fn preparing_twice_is_preparing_once(text in any::<String>()) {
            if let Some(once) = prepare(&text) {
                prop_assert_eq!(prepare(&once), Some(once));
            }
        }

        #[test]
        fn ascii_is_hashed_as_it_was_typed(text in "[ -~]{0,256}") {
            let prepared = prepare(&text).unwrap();
            prop_assert_eq!(prepared.as_str(), &text);
        }

        #[test]
        fn a_new_password_can_always_be_checked_later(text in any::<String>()) {
            prop_assert!(check_new_password(&text).is_err() || prepare(&text).is_some());
        }
    }
}
