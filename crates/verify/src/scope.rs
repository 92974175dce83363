//! `Scope`: what a client may do, as OAuth writes it (RFC 6749 section 3.3): a set of words between spaces. Owns the
//! grammar and the set operations; which scope an API *asks for* is the policy's, which it *grants* is the issuer's.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

/// A set of scope tokens in the order they first appeared.
///
/// The set is kept as one normal text (single spaces, no word twice), so that reading, printing and cloning cost one
/// allocation. Two scopes are equal when they hold the same words, whatever the order (RFC 6749 section 3.3).
///
/// ```
/// use sekisho_verify::Scope;
///
/// let asked: Scope = "openid read:notes write:notes".parse()?;
/// let allowed: Scope = "read:notes openid".parse()?;
///
/// assert!(asked.contains("read:notes"));
/// assert_eq!(asked.intersect(&allowed).to_string(), "openid read:notes");
/// assert!(allowed.is_subset(&asked));
/// # Ok::<(), sekisho_verify::ScopeError>(())
/// ```
#[derive(Clone, Default, Eq)]
pub struct Scope {
    text: String,
}

/// Why a text is not a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// A character outside `%x21 / %x23-5B / %x5D-7E` (quotes, backslashes, controls, anything not ASCII).
    #[error("a scope holds a character that RFC 6749 does not allow")]
    Character,
    /// More than [`Scope::MAX_BYTES`] bytes or more than [`Scope::MAX_TOKENS`] words.
    #[error("a scope is longer than is allowed")]
    TooLong,
}

impl Scope {
    /// The longest text that is read, in bytes.
    pub const MAX_BYTES: usize = 8192;
    /// The most words a scope holds; more are refused, so that set operations stay cheap whatever is sent.
    pub const MAX_TOKENS: usize = 256;

    /// The scope of nothing.
    pub const fn empty() -> Self {
        Self { text: String::new() }
    }

    /// Reads words separated by spaces (RFC 6749 section 3.3).
    ///
    /// More lenient than the grammar in two ways that clients in the field need: extra spaces are ignored, and an
    /// empty text is the empty scope. A word that comes twice is kept once.
    ///
    /// # Errors
    /// [`ScopeError::Character`] and [`ScopeError::TooLong`].
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ScopeError::TooLong);
        }
        if !text.bytes().all(|byte| byte == b' ' || is_scope_byte(byte)) {
            return Err(ScopeError::Character);
        }
        let mut scope = Self {
            text: String::with_capacity(text.len()),
        };
        let mut count = 0;
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            if scope.contains(token) {
                continue;
            }
            count += 1;
            if count > Self::MAX_TOKENS {
                return Err(ScopeError::TooLong);
            }
            scope.push(token);
        }
        Ok(scope)
    }

    /// Whether this exact word (case counts) is in the set.
    pub fn contains(&self, token: &str) -> bool {
        self.iter().any(|held| held == token)
    }

    /// Whether every word of this scope is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.iter().all(|token| other.contains(token))
    }

    /// The words that are in both, in the order of `self`.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        self.filtered(|token| other.contains(token))
    }

    /// The words of `self` that are not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.filtered(|token| !other.contains(token))
    }

    /// The words of `self`, then those of `other` that are new. The limits bind what is *read*; a union of two
    /// scopes may hold up to twice as many.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for token in other.iter().filter(|token| !self.contains(token)) {
            both.push(token);
        }
        both
    }

    /// The words, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split(' ').filter(|token| !token.is_empty())
    }

    /// How many words.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The words with single spaces between them: the form that goes on the wire. Empty for the empty scope, which
    /// the wire expresses by leaving the member out.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Those tokens that `keep` wants, in their order.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        let mut kept = Self::empty();
        for token in self.iter().filter(|token| keep(token)) {
            kept.push(token);
        }
        kept
    }

    /// Adds a word known to be well-formed and new.
    fn push(&mut self, token: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(token);
    }
}

/// NQCHAR of RFC 6749 appendix A.
const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
            || (self.text.len() == other.text.len() && self.is_subset(other) && other.is_subset(self))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({:?})", self.text)
    }
}

impl FromStr for Scope {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Scope {
    type Error = ScopeError;
    fn try_from(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

/// Written as its one string.
impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Read from one string by [`Scope::parse`].
impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rfc6749_3_3_words_are_kept_once_in_order() {
        let scope = Scope::parse(" openid  a:b openid offline_access ").unwrap();
        assert_eq!(scope.to_string(), "openid a:b offline_access");
        assert_eq!(scope.len(), 3);
        assert!(!scope.contains("a") && !scope.contains("OPENID") && !scope.contains(""));
        assert_eq!(scope, Scope::parse("offline_access a:b openid").unwrap());
        assert_ne!(scope, Scope::parse("offline_access a:c openid").unwrap());
    }

    #[test]
    fn rfc6749_3_3_bytes_outside_the_grammar_are_refused() {
        for bad in [
            "a\tb", "a\nb", "a\"b", "a\\b", "\u{e9}", "\u{ff41}", "\u{7f}", "a\0",
        ] {
            assert_eq!(Scope::parse(bad), Err(ScopeError::Character), "{bad:?}");
        }
    }

    #[test]
    fn threat_25_an_endless_scope_is_refused() {
        let words: Vec<String> = (0..=Scope::MAX_TOKENS).map(|n| n.to_string()).collect();
        assert_eq!(Scope::parse(&words.join(" ")), Err(ScopeError::TooLong));
        assert!(Scope::parse(&words[1..].join(" ")).is_ok());
        assert_eq!(
            Scope::parse(&" ".repeat(Scope::MAX_BYTES + 1)),
            Err(ScopeError::TooLong)
        );
    }

    #[test]
    fn the_json_form_is_one_string() {
        let scope: Scope = serde_json::from_str(r#""a \u0062""#).unwrap();
        assert_eq!(serde_json::to_string(&scope).unwrap(), r#""a b""#);
        assert!(serde_json::from_str::<Scope>(r#"["a"]"#).is_err());
    }

    fn scope() -> impl Strategy<Value = Scope> {
        proptest::collection::vec("[a-e]{1,2}", 0..8)
            .prop_map(|words| Scope::parse(&words.join(" ")).unwrap())
    }

    proptest! {
        #[test]
        fn law_set_operations_agree_with_membership(a in scope(), b in scope(), word in "[a-e]{1,2}") {
            prop_assert_eq!(a.union(&b).contains(&word), a.contains(&word) || b.contains(&word));
            prop_assert_eq!(a.intersect(&b).contains(&word), a.contains(&word) && b.contains(&word));
            prop_assert_eq!(a.without(&b).contains(&word), a.contains(&word) && !b.contains(&word));
            prop_assert!(a.intersect(&b).is_subset(&a) && a.is_subset(&a.union(&b)));
        }

        #[test]
        fn law_printing_and_reading_are_inverse(a in scope()) {
            prop_assert_eq!(Scope::parse(a.as_str()).unwrap(), a);
        }

        #[test]
        fn law_reading_never_panics(text in ".{0,64}") {
            let _ = Scope::parse(&text);
        }
    }
}
