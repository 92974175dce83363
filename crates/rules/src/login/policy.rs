//! Which passwords may be new ones: the one rule of every door that sets a password.
//!
//! NIST SP 800-63B section 3.1.1.2: length counts, and a password that others try first is refused; nothing is asked about digits
//! or symbols, and nothing expires. How guessable a text is, whether it leaked and whether it was used before are facts that the
//! caller brings; what they mean is decided here.

use super::password::{MIN_CHARACTERS, prepare};
use super::tried_first::COMMON;
use unicode_normalization::UnicodeNormalization;

/// The most earlier passwords that can be remembered for one person.
pub const MOST_HISTORY: usize = 24;

/// What the operator decided about new passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The least score, 0 to 4, on zxcvbn's scale; 0 asks for none.
    pub strength: u8,
    /// How many of a person's last passwords may not come again, the present one included; 0 allows all.
    pub history: usize,
}

impl Default for PasswordPolicy {
    /// Score 3, at least a hundred million guesses, and not the present password again.
    fn default() -> Self {
        Self {
            strength: 3,
            history: 1,
        }
    }
}

/// One reason why a password cannot be a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weakness {
    /// Fewer than [`MIN_CHARACTERS`].
    TooShort,
    /// More than [`super::password::MAX_BYTES`].
    TooLong,
    /// It holds a character that keyboards do not type, such as NUL; other programs would cut it off there (threat 23).
    Unusable,
    /// It holds the person's name, a part of their address, or the name of this service.
    Personal,
    /// Everybody's first try.
    Common,
    /// It stands in a list of passwords that leaked.
    Breached,
    /// It can be guessed in too few tries.
    Guessable,
    /// The person had it before, or has it now.
    UsedBefore,
}

impl Weakness {
    /// In one clause, for the operator.
    pub fn said(self) -> &'static str {
        match self {
            Self::TooShort => "it must have at least 8 characters",
            Self::TooLong => "it must have at most 256 bytes",
            Self::Unusable => "it must not hold control characters",
            Self::Personal => "it must not hold the person's name or address, or the name of this service",
            Self::Common => "it is one of the most common passwords",
            Self::Breached => "it stands in a list of leaked passwords",
            Self::Guessable => "it is too easy to guess; a few unrelated words are better",
            Self::UsedBefore => "it was used for this account before",
        }
    }
}

/// What the caller found out about a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// How hard it is to guess, 0 to 4.
    pub score: u8,
    /// Whether it stands in a list of leaked passwords.
    pub breached: bool,
    /// Whether the person had it before.
    pub used_before: bool,
}

/// Decides what is wrong with the form of a password alone: length and characters. Nothing else is worth asking while this is not
/// empty, and nothing expensive may be done with a longer text (threat 25).
pub fn form(text: &str) -> Vec<Weakness> {
    let Some(prepared) = prepare(text) else {
        return vec![Weakness::TooLong];
    };
    let mut found = Vec::new();
    if prepared.chars().count() < MIN_CHARACTERS {
        found.push(Weakness::TooShort);
    }
    if prepared.chars().any(char::is_control) {
        found.push(Weakness::Unusable);
    }
    found
}

/// Decides every reason why a password of good form cannot be this person's new one; empty when it can.
///
/// `personal` comes from [`personal_words`]. That a password is guessable is said only when nothing says why.
pub fn judge(policy: PasswordPolicy, text: &str, personal: &[String], facts: Facts) -> Vec<Weakness> {
    let mut found = form(text);
    if found.contains(&Weakness::TooLong) {
        return found;
    }
    let folded = fold(text);
    if personal.iter().any(|word| folded.contains(word.as_str())) {
        found.push(Weakness::Personal);
    }
    if is_common(&folded) {
        found.push(Weakness::Common);
    }
    if facts.breached {
        found.push(Weakness::Breached);
    }
    let explained = found.iter().any(|weakness| {
        matches!(
            weakness,
            Weakness::TooShort | Weakness::Common | Weakness::Breached
        )
    });
    if facts.score < policy.strength && !explained {
        found.push(Weakness::Guessable);
    }
    if facts.used_before {
        found.push(Weakness::UsedBefore);
    }
    found
}

/// The words of a person and of this service that a password must not hold: whole names and addresses and their parts, of at least
/// four characters, or two where a character is a syllable or a word.
pub fn personal_words<'a>(said: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut words = Vec::new();
    for text in said {
        let folded = fold(text);
        // The last label of a domain (`com`) is nobody's own.
        let own = match folded.split_once('@') {
            Some((local, domain)) => {
                words.push(folded.clone());
                words.push(local.to_owned());
                let domain = domain.rsplit_once('.').map_or(domain, |(name, _)| name);
                format!("{local} {domain}")
            }
            None => folded,
        };
        let joined: String = own.chars().filter(|c| !c.is_whitespace()).collect();
        words.push(joined);
        words.extend(own.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
        // `taro1985` is also `taro` and `1985`.
        words.extend(own.split(|c: char| !c.is_alphabetic()).map(str::to_owned));
        words.extend(own.split(|c: char| !c.is_numeric()).map(str::to_owned));
    }
    words.retain(|word| {
        let least = if word.is_ascii() { 4 } else { 2 };
        word.chars().count() >= least
    });
    words.sort_unstable();
    words.dedup();
    words
}

/// Words for an estimate of strength that are not the person's: those that Japanese speakers use first.
pub fn common_words() -> &'static [&'static str] {
    COMMON
}

/// Everybody's first try, also with something cheap before or behind it.
fn is_common(folded: &str) -> bool {
    let bare = folded.trim_matches(|c: char| !c.is_alphabetic());
    COMMON.iter().any(|word| *word == bare || *word == folded)
        || COMMON.iter().any(|word| {
            let twice = bare.len() == word.len() * 2;
            twice && bare.starts_with(word) && bare.ends_with(word)
        })
}

/// One form for what looks alike: compatibility forms (full-width letters, half-width katakana) and case.
fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: Facts = Facts {
        score: 4,
        breached: false,
        used_before: false,
    };

    fn judged(text: &str, facts: Facts) -> Vec<Weakness> {
        let personal = personal_words(["taro.yamada1985@mail.example.co.jp", "山田 太郎", "Sekisho"]);
        judge(PasswordPolicy::default(), text, &personal, facts)
    }

    #[test]
    fn sp800_63b_nothing_is_asked_about_digits_or_symbols() {
        for good in [
            "correct horse battery staple",
            "aaaa bbbb cccc",
            "庭に二羽鶏がいる",
            "        ",
        ] {
            assert_eq!(judged(good, GOOD), [], "{good}");
        }
    }

    #[test]
    fn every_reason_is_said_at_once() {
        let facts = Facts {
            score: 0,
            breached: true,
            used_before: true,
        };
        assert_eq!(
            judged("yamada", facts),
            [
                Weakness::TooShort,
                Weakness::Personal,
                Weakness::Breached,
                Weakness::UsedBefore
            ]
        );
        assert_eq!(
            judged("some words", Facts { score: 2, ..GOOD }),
            [Weakness::Guessable]
        );
        assert_eq!(
            judged("password123", Facts { score: 1, ..GOOD }),
            [Weakness::Common]
        );
    }

    #[test]
    fn sp800_63b_words_of_the_person_and_the_service_are_refused() {
        for personal in [
            "the Yamada house",
            "taro.yamada1985@mail.example.co.jp",
            "ＹＡＭＡＤＡ horse battery",
            "born in 1985 somewhere",
            "my sekisho secret words",
            "山田さんの犬は白い",
            "TARO horse battery",
        ] {
            assert_eq!(judged(personal, GOOD), [Weakness::Personal], "{personal}");
        }
        assert_eq!(judged("a co jp horse", GOOD), [], "short parts are everybody's");
    }

    #[test]
    fn sp800_63b_common_passwords_are_refused_with_decoration_too() {
        for common in [
            "Password1!",
            "パスワード1234",
            "ﾊﾟｽﾜｰﾄﾞ1234",
            "sakura2024",
            "!!himitsu!!",
            "doraemon",
            "nihonnihon",
        ] {
            assert_eq!(judged(common, GOOD), [Weakness::Common], "{common}");
        }
    }

    #[test]
    fn threat_23_a_password_with_a_nul_or_without_characters_is_refused() {
        assert_eq!(form(""), [Weakness::TooShort]);
        assert_eq!(form("long enough\0"), [Weakness::Unusable]);
        assert_eq!(form("\0"), [Weakness::TooShort, Weakness::Unusable]);
    }

    #[test]
    fn threat_25_a_huge_password_is_refused_before_anything_looks_at_it() {
        let huge = "a".repeat(1_000_000);
        assert_eq!(judged(&huge, GOOD), [Weakness::TooLong]);
        assert_eq!(form(&"\u{1f511}".repeat(65)), [Weakness::TooLong]);
    }

    proptest! {
        #[test]
        fn what_passes_can_be_checked_later(text in any::<String>()) {
            if judge(PasswordPolicy::default(), &text, &[], GOOD).is_empty() {
                prop_assert!(prepare(&text).is_some());
            }
        }

        #[test]
        fn a_personal_word_is_found_wherever_it_stands(before in "[ -~]{0,9}", after in "[ -~]{0,9}") {
            let text = format!("{before}Yamada{after}");
            let judged = judged(&text, GOOD);
            prop_assert!(judged.contains(&Weakness::Personal));
        }
    }
}
