//! Identity: when two e-mail addresses are the same account.
//!
//! An address is normalised first and judged afterwards, so that nothing can pass the judgement in one form and mean something else
//! in another. The folded form has its own unique column; no database function takes part.

use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use unicode_normalization::UnicodeNormalization;

/// Longest address, in bytes (RFC 5321 section 4.5.3.1.3, less the brackets).
const MAX_LENGTH: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// An e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// As it was written, without space around it, in Unicode form NFC.
    pub display: String,
    /// What is compared: lower case, the domain in ASCII. Two addresses with the same folded form are one account.
    pub folded: String,
}

/// Why a text is no e-mail address we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// No text.
    #[error("the address is empty")]
    Empty,
    /// More than 254 bytes, or more than 64 before the `@`.
    #[error("the address is too long")]
    TooLong,
    /// Not exactly one `@`, in any of the forms Unicode has for it.
    #[error("the address must contain exactly one @")]
    At,
    /// The part before the `@` has a character we do not take, or a dot in the wrong place.
    #[error("the part before the @ is not valid")]
    Local,
    /// The part after the `@` is not a domain name.
    #[error("the part after the @ is not a domain name")]
    Domain,
}

impl Email {
    /// Decides whether a text is an e-mail address, and which account it names.
    ///
    /// RFC 5321 section 4.1.2 without quoted local parts and address literals, and RFC 6531 section 3.3 for other characters than
    /// ASCII. The local part is folded with Unicode lower case although a server could tell cases apart (RFC 5321 section 2.4),
    /// because people cannot. Characters that are only another look of a plain one (full width, ligatures, invisible ones) are
    /// refused, so that two accounts never look the same for that reason.
    ///
    /// # Errors
    /// An [`EmailError`] that says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text: String = text.trim().nfc().collect();
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(EmailError::TooLong);
        }
        if text.nfkc().filter(|character| *character == '@').count() != 1 {
            return Err(EmailError::At);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::At)?;
        let folded_local = fold(local);
        if !is_local(local) || !is_local(&folded_local) {
            return Err(EmailError::Local);
        }
        let folded_domain = ascii_domain(domain).ok_or(EmailError::Domain)?;
        let shown_domain = match domain.is_ascii() {
            true => domain.to_owned(),
            false => idna::domain_to_unicode(&folded_domain).0,
        };
        let email = Self {
            display: format!("{local}@{shown_domain}"),
            folded: format!("{folded_local}@{folded_domain}"),
        };
        let too_long = [local, &folded_local].iter().any(|part| part.len() > MAX_LOCAL)
            || [&email.display, &email.folded]
                .iter()
                .any(|whole| whole.len() > MAX_LENGTH);
        if too_long {
            Err(EmailError::TooLong)
        } else {
            Ok(email)
        }
    }
}

/// Unicode lower case in form NFC. It is not tied to a language, and a sigma is the same sigma at the end of a word.
fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|character| if character == 'ς' { 'σ' } else { character })
        .nfc()
        .collect()
}

/// RFC 5322 section 3.2.3, dot-atom, with RFC 6532 section 3.2 for the characters beyond ASCII.
fn is_local(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.chars().all(|character| match character {
                '\0'..='\x7f' => {
                    character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
                }
                _ => !character.is_control() && !character.is_whitespace() && !is_invisible(character),
            })
    };
    local.split('.').all(is_atom) && local.nfkc().eq(local.chars())
}

/// Characters that show nothing or turn the direction of others (Unicode's default ignorable code points), private use, and
/// non-characters.
fn is_invisible(character: char) -> bool {
    matches!(
        u32::from(character),
        0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E
            | 0x2060..=0x206F | 0x3164 | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0
            | 0xFFF0..=0xFFFF | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0x10FFFF
    )
}

/// The domain in lower-case ASCII (RFC 5890, Unicode Technical Standard 46), `None` when it is not a domain name.
fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let last = ascii.rsplit('.').next()?;
    let is_name = !last.is_empty()
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && ascii.parse::<Ipv4Addr>().is_err();
    is_name.then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(text: &str) -> String {
        Email::parse(text)
            .unwrap_or_else(|error| panic!("{text:?}: {error}"))
            .folded
    }

    #[test]
    fn addresses_that_name_one_account() {
        for (one, other) in [
            ("alice@example.com", " Alice@EXAMPLE.com\n"),
            ("caf\u{e9}@example.com", "CAFE\u{301}@example.com"),
            ("a@xn--r8jz45g.jp", "A@\u{4f8b}\u{3048}.jp"),
            ("a@b\u{fc}cher.example", "a@BU\u{308}CHER.example"),
            ("a@example.com", "a@example\u{3002}com"),
            ("\u{3b1}\u{3c3}@example.com", "\u{391}\u{3a3}@example.com"),
            ("\u{3b1}\u{3c2}@example.com", "\u{391}\u{3a3}@example.com"),
        ] {
            assert_eq!(folded(one), folded(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn addresses_that_name_two_accounts() {
        for (one, other) in [
            ("alice@example.com", "alice+x@example.com"),
            ("alice@example.com", "a.lice@example.com"),
            ("alice@example.com", "\u{430}lice@example.com"),
            ("alice@example.com", "al\u{131}ce@example.com"),
            ("alice@example.com", "alice@ex\u{430}mple.com"),
            ("alice@example.com", "alice@mail.example.com"),
        ] {
            assert_ne!(folded(one), folded(other), "{one:?} {other:?}");
        }
    }

    #[test]
    fn what_people_see_is_what_they_wrote() {
        assert_eq!(
            Email::parse("  Alice.B@Example.COM ").unwrap().display,
            "Alice.B@Example.COM"
        );
        let kanji = Email::parse("\u{592a}\u{90ce}@\u{4f8b}\u{3048}.jp").unwrap();
        assert_eq!(kanji.display, "\u{592a}\u{90ce}@\u{4f8b}\u{3048}.jp");
        assert_eq!(kanji.folded, "\u{592a}\u{90ce}@xn--r8jz45g.jp");
        // What a domain label hides is not shown either.
        assert_eq!(
            Email::parse("a@exam\u{ad}ple.com").unwrap().display,
            "a@example.com"
        );
    }

    #[test]
    fn threat_12_email_at_sign_is_counted_after_normalising() {
        for text in [
            "alice",
            "a@b@example.com",
            "a@example.com@evil.example",
            "a\u{ff20}example.com",
            "a\u{fe6b}example.com",
            "a\u{ff20}b@example.com",
            "a@b\u{ff20}example.com",
            "a@evil.example\u{fe6b}example.com",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError::At), "{text:?}");
        }
    }

    #[test]
    fn threat_12_email_local_part_hides_nothing() {
        for local in [
            "",
            ".a",
            "a.",
            "a..b",
            "a b",
            "\"a\"",
            "\"a@b\"",
            "a\\b",
            "a,b",
            "a;b",
            "a:b",
            "<a>",
            "a(b)",
            "[a]",
            "a\tb",
            "a\nb",
            "a\0",
            "a\u{7f}",
            "a\u{85}",
            "a\u{a0}b",
            "a\u{200b}b",
            "a\u{202e}b",
            "a\u{feff}",
            "a\u{ad}b",
            "a\u{3000}b",
            "\u{ff41}lice",
            "\u{fb01}x",
            "a\u{fe0f}",
            "a\u{e0001}",
            "\u{1d41a}lice",
            "\u{17f}am",
            "a\u{ff0e}b",
            "\u{e000}",
        ] {
            let text = format!("x{local}@example.com").replacen('x', "", 1);
            let at = local.contains('@');
            assert_eq!(
                Email::parse(&text),
                Err(if at { EmailError::At } else { EmailError::Local }),
                "{local:?}"
            );
        }
    }

    #[test]
    fn threat_12_email_domain_is_a_name() {
        for domain in [
            "",
            ".",
            ".com",
            "example..com",
            "-a.com",
            "a-.com",
            "a_b.com",
            "a b.com",
            "exa\tmple.com",
            "127.0.0.1",
            "[127.0.0.1]",
            "[IPv6:::1]",
            "1",
            "a.1",
            "example.com/evil",
            "example.com?x",
            "example.com:25",
            "example.com#",
            "a%2ecom",
            "xn--a.com",
            "a\u{202e}.com",
            "evil.com\u{2100}.example",
            "a\u{2024}.\u{2024}.com",
            "(x)example.com",
            "example.com>",
        ] {
            assert_eq!(
                Email::parse(&format!("a@{domain}")),
                Err(EmailError::Domain),
                "{domain:?}"
            );
        }
        assert_eq!(folded("demo@localhost"), "demo@localhost");
    }

    #[test]
    fn rfc5321_section_4_5_3_1_lengths_are_bytes() {
        let name = |length: usize| format!("{}@example.com", "a".repeat(length));
        assert!(Email::parse(&name(64)).is_ok());
        assert_eq!(Email::parse(&name(65)), Err(EmailError::TooLong));
        assert!(Email::parse(&format!("{}@example.com", "\u{e9}".repeat(32))).is_ok());
        assert_eq!(
            Email::parse(&format!("{}@example.com", "\u{e9}".repeat(33))),
            Err(EmailError::TooLong)
        );
        let domain = format!("{}.{}.{}.example", "a".repeat(60), "b".repeat(60), "c".repeat(60));
        assert!(Email::parse(&format!("{}@{domain}", "x".repeat(254 - 1 - domain.len()))).is_ok());
        assert_eq!(
            Email::parse(&format!("{}@{domain}", "x".repeat(254 - domain.len()))),
            Err(EmailError::TooLong)
        );
        assert_eq!(Email::parse(&"a".repeat(100_000)), Err(EmailError::TooLong));
        assert_eq!(Email::parse(" \n"), Err(EmailError::Empty));
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{1,12}@[a-zA-Z\u{e0}-\u{ff}\u{3041}-\u{3096}]{1,8}\\.[a-z]{2,4}") {
            if let Ok(email) = Email::parse(&text) {
                let again = Email::parse(&email.folded).unwrap();
                prop_assert_eq!(&again.folded, &email.folded);
                let shown = Email::parse(&email.display).unwrap();
                prop_assert_eq!(shown, email);
            }
        }

        #[test]
        fn letter_case_never_makes_another_account(local in "[a-zA-Z0-9\u{e0}-\u{f6}\u{3b1}-\u{3c9}\u{430}-\u{44f}]{1,16}", domain in "[a-zA-Z]{1,10}\\.[a-zA-Z]{2,5}") {
            let text = format!("{local}@{domain}");
            prop_assert_eq!(folded(&text.to_uppercase()), folded(&text));
            prop_assert_eq!(folded(&text.to_lowercase()), folded(&text));
        }

        #[test]
        fn what_is_accepted_has_one_at_sign_and_no_controls(text in any::<String>(), tail in any::<String>()) {
            for text in [&text, &format!("{text}@{tail}"), &format!("{text}@example.com")] {
                if let Ok(email) = Email::parse(text) {
                    for form in [&email.display, &email.folded] {
                        prop_assert_eq!(form.matches('@').count(), 1);
                        prop_assert!(form.len() <= 254 && !form.chars().any(|c| c.is_control() || c.is_whitespace()));
                    }
                    prop_assert!(email.folded.split_once('@').unwrap().1.is_ascii());
                }
            }
        }
    }
}
