//! Passwords as text: how long they may be, and the form in which every one is hashed. What a new one must be like beside that is in
//! [`super::policy`].

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Fewest characters of a new password.
pub const MIN_CHARACTERS: usize = 8;
/// Most bytes of any password. 64 characters of any script fit, which the standard asks for; more would only feed the hash.
pub const MAX_BYTES: usize = 256;

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
    fn sp800_63b_sixty_four_characters_of_any_script_fit() {
        assert!(prepare(&"\u{1f511}".repeat(64)).is_some());
        assert!(prepare(&"\u{1f511}".repeat(65)).is_none());
        assert!(prepare(&"a".repeat(1_000_000)).is_none());
    }

    #[test]
    fn an_accent_apart_is_the_same_letter() {
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
    }
}
