//! Codes of six digits that a person reads in one place and types in another.

/// How many digits.
pub const DIGITS: usize = 6;

/// Reads what was typed as a code. People copy spaces and hyphens with it, and a Japanese keyboard writes digits full width; what is
/// left must be six digits.
pub fn read(typed: &str) -> Option<String> {
    let mut digits = String::with_capacity(DIGITS);
    for character in typed.chars() {
        let digit = match character {
            '0'..='9' => character,
            '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(character) - 0xff10 + 0x30)?,
            ' ' | '\t' | '\u{a0}' | '\u{3000}' | '-' | '\u{2010}' | '\u{2011}' => continue,
            _ => return None,
        };
        if digits.len() == DIGITS {
            return None;
        }
        digits.push(digit);
    }
    (digits.len() == DIGITS).then_some(digits)
}

/// Makes a code of a random number. Of 64 random bits every code is as likely as another, to one part in 10^13.
pub fn from_random(bits: u64) -> String {
    format!("{:06}", bits % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_was_copied() {
        for typed in [
            "012345",
            " 012 345\t",
            "012-345",
            "\u{ff10}\u{ff11}\u{ff12}345",
            "0 1 2\u{3000}3 4 5",
        ] {
            assert_eq!(read(typed).as_deref(), Some("012345"), "{typed:?}");
        }
    }

    #[test]
    fn anything_else_is_no_code() {
        for typed in [
            "",
            "12345",
            "1234567",
            "12345a",
            "\u{661}23456",
            "+12345",
            "12345\u{0}",
            "123456 7",
        ] {
            assert_eq!(read(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn every_code_has_six_digits() {
        assert_eq!(from_random(0), "000000");
        assert_eq!(from_random(7_000_042), "000042");
        assert!(read(&from_random(u64::MAX)).is_some());
    }
}
