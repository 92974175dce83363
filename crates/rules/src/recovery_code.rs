//! Recovery codes: what lets a person in who lost their second factor. Shown once, written down, kept only as hashes.

use crate::secret::SecretHash;
use zeroize::Zeroizing;

/// How many codes a person gets at once.
pub const CODES: usize = 10;

/// Random bytes in a code: 120 bits are beyond guessing, so a plain hash is enough to store.
pub const BYTES: usize = 15;

/// Crockford's alphabet: no I, L, O or U, which people misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const CHARACTERS: usize = 24;
const GROUP: usize = 4;

/// One code. It has no `Debug` or `Display`; [`RecoveryCode::shown`] is the only way to read it.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// From bytes that came from a cryptographic random source.
    pub fn from_random(bytes: &[u8; BYTES]) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS));
        for five in bytes.chunks_exact(5) {
            let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            for place in (0..8).rev() {
                let index = usize::try_from(bits >> (5 * place) & 31).unwrap_or(0);
                text.push(char::from(ALPHABET[index]));
            }
        }
        Self(text)
    }

    /// Reads what a person typed: in any case, with or without the hyphens, and with the letters that look like digits taken as such.
    /// `None` when it can be no code.
    pub fn parse(typed: &str) -> Option<Self> {
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS));
        for character in typed.chars() {
            let character = match character.to_ascii_uppercase() {
                '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' => continue,
                blank if blank.is_whitespace() => continue,
                'O' => '0',
                'I' | 'L' => '1',
                // Japanese keyboards type full-width letters and digits.
                wide @ '\u{ff10}'..='\u{ff5a}' => {
                    let narrow = u8::try_from(u32::from(wide) - 0xfee0).ok()?;
                    char::from(narrow).to_ascii_uppercase()
                }
                other => other,
            };
            let known = u8::try_from(character).is_ok_and(|byte| ALPHABET.contains(&byte));
            if !known || text.len() == CHARACTERS {
                return None;
            }
            text.push(character);
        }
        (text.len() == CHARACTERS).then_some(Self(text))
    }

    /// As it is shown: groups of four with hyphens.
    pub fn shown(&self) -> String {
        let mut shown = String::with_capacity(CHARACTERS + CHARACTERS / GROUP);
        for (at, character) in self.0.chars().enumerate() {
            if at > 0 && at % GROUP == 0 {
                shown.push('-');
            }
            shown.push(character);
        }
        shown
    }

    /// What is stored in its place.
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code =
            RecoveryCode::from_random(&[0, 68, 50, 20, 199, 66, 84, 182, 53, 207, 132, 101, 58, 86, 215]);
        assert_eq!(code.shown(), "0123-4567-89AB-CDEF-GHJK-MNPQ");
        for typed in [
            "0123-4567-89AB-CDEF-GHJK-MNPQ",
            "0123456789abcdefghjkmnpq",
            " o123 4567\t89ab\u{3000}cdef ghjk mnpq ",
            "0I23-4567-89AB-CDEF-GHJK-MNPQ",
            "０１２３４５６７８９ＡＢcdefghjkmnpq",
        ] {
            let read = RecoveryCode::parse(typed).map(|read| read.hash());
            assert_eq!(read, Some(code.hash()), "{typed}");
        }
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        let long = "0".repeat(25);
        for typed in [
            "",
            "0123",
            "0123456789abcdefghjkmnpu",
            &long,
            "0123456789abcdefghjkmnp\u{e9}",
        ] {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
    }
}
