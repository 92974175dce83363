//! Passkeys (Web Authentication Level 3): whose a presented one is, what it may be called, when it may be added or removed. Signatures,
//! origins and counters are checked by the library at the edge; what only an account can know is decided here.

use crate::id::UserId;

/// Most passkeys of one person.
pub const MOST: i64 = 20;

/// Most characters of a passkey's name.
pub const NAME_CHARACTERS: usize = 60;

/// What is known of the person before the passkey speaks.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// Nothing: the passkey says who it is (a discoverable credential).
    Anybody,
    /// They proved a first factor already.
    User(&'a UserId),
}

/// What the authenticator said about the person, after looking it up.
#[derive(Clone, Copy, Debug)]
pub enum Handle<'a> {
    /// It sent no user handle.
    Absent,
    /// It sent one that is nobody's.
    Nobody,
    /// It sent this person's.
    Of(&'a UserId),
}

/// Decides whether the owner of a credential is the person who signs in (Web Authentication Level 3, section 7.2, step 6): a known
/// person must own the credential, and a handle, when there is one, must be theirs; for an unknown person there must be one.
pub fn is_owner(owner: &UserId, expected: Expected<'_>, handle: Handle<'_>) -> bool {
    let named = match (expected, handle) {
        (_, Handle::Of(user)) => user == owner,
        (_, Handle::Nobody) | (Expected::Anybody, Handle::Absent) => false,
        (Expected::User(_), Handle::Absent) => true,
    };
    named
        && match expected {
            Expected::Anybody => true,
            Expected::User(user) => user == owner,
        }
}

/// Another way into an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherWay {
    /// There is a password.
    Password,
    /// There is an identity at another provider.
    LinkedAccount,
    /// There is none.
    None,
}

/// Decides whether a passkey may be removed: never the last way into an account.
pub fn may_remove(passkeys: i64, other: OtherWay) -> bool {
    passkeys > 1 || other != OtherWay::None
}

/// A name as its owner typed it, made fit to be shown: one line, no control characters, not too long. `None` when nothing is left.
pub fn name(typed: &str) -> Option<String> {
    let shown: String = typed
        .chars()
        .filter(|character| !character.is_control() && !is_direction(*character))
        .collect();
    let shown: String = shown.trim().chars().take(NAME_CHARACTERS).collect();
    let shown = shown.trim_end();
    (!shown.is_empty()).then(|| shown.to_owned())
}

/// Characters that turn the direction of what follows them, on a page where other names follow.
fn is_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_20_a_credential_of_another_account_is_nobodys() {
        let (hana, taro) = (UserId::new("auth0|hana"), UserId::new("auth0|taro"));
        let all = [
            (Expected::Anybody, Handle::Of(&hana), true),
            (Expected::Anybody, Handle::Of(&taro), false),
            (Expected::Anybody, Handle::Nobody, false),
            (Expected::Anybody, Handle::Absent, false),
            (Expected::User(&hana), Handle::Of(&hana), true),
            (Expected::User(&hana), Handle::Absent, true),
            (Expected::User(&hana), Handle::Nobody, false),
            (Expected::User(&hana), Handle::Of(&taro), false),
            (Expected::User(&taro), Handle::Absent, false),
            (Expected::User(&taro), Handle::Of(&taro), false),
            (Expected::User(&taro), Handle::Of(&hana), false),
        ];
        for (expected, handle, owned) in all {
            assert_eq!(
                is_owner(&hana, expected, handle),
                owned,
                "{expected:?} {handle:?}"
            );
        }
    }

    #[test]
    fn the_last_way_in_stays() {
        assert!(!may_remove(1, OtherWay::None));
        assert!(!may_remove(0, OtherWay::None));
        assert!(may_remove(2, OtherWay::None));
        assert!(may_remove(1, OtherWay::Password));
        assert!(may_remove(1, OtherWay::LinkedAccount));
    }

    #[test]
    fn a_name_is_one_line_of_text() {
        assert_eq!(name("  My key\n "), Some("My key".to_owned()));
        assert_eq!(name("花子の iPhone"), Some("花子の iPhone".to_owned()));
        assert_eq!(name("a\u{202e}b\u{0}c"), Some("abc".to_owned()));
        for empty in ["", "   ", "\n\t", "\u{202e}"] {
            assert_eq!(name(empty), None, "{empty:?}");
        }
        assert_eq!(
            name(&"x".repeat(1000)).map(|name| name.len()),
            Some(NAME_CHARACTERS)
        );
    }
}
