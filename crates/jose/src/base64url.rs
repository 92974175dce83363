//! Base64url without padding (RFC 7515 appendix C), strictly: every byte string has exactly one encoding.
//!
//! Padding, `+` and `/`, white space, an impossible length and non-zero trailing bits are all refused, so a token
//! cannot be respelled into a second token with the same meaning.

use base64_simd::{AsOut, URL_SAFE_NO_PAD};

/// The text is not the one base64url encoding of any bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not strict base64url without padding")]
pub struct NotBase64Url;

/// Encodes `bytes` without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Decodes `text`.
///
/// # Errors
/// [`NotBase64Url`] for anything [`encode`] would not have written.
pub fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| NotBase64Url)
}

/// Encodes `bytes` at the end of `text`.
pub fn encode_append(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}

/// The number of bytes that `len` characters decode to, rounded up.
pub(crate) const fn decoded_len(len: usize) -> usize {
    len / 4 * 3 + 2
}

/// Decodes `text` into the front of `out`, which must hold at least [`decoded_len`] bytes.
pub(crate) fn decode_into<'o>(text: &str, out: &'o mut [u8]) -> Result<&'o [u8], NotBase64Url> {
    if out.len() < decoded_len(text.len()) {
        return Err(NotBase64Url);
    }
    URL_SAFE_NO_PAD
        .decode(text.as_bytes(), out.as_out())
        .map(|out| &*out)
        .map_err(|_| NotBase64Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exhaustive over every three-byte text: one encoding per value, and no other text is accepted.
    #[test]
    fn threat_j06_each_value_has_one_spelling() {
        let mut accepted = 0u32;
        for a in 0..=127u8 {
            for b in 0..=127u8 {
                for c in [None].into_iter().chain((0..=127u8).map(Some)) {
                    let text: String = [Some(a), Some(b), c]
                        .into_iter()
                        .flatten()
                        .map(char::from)
                        .collect();
                    if let Ok(bytes) = decode(&text) {
                        assert_eq!(encode(&bytes), text);
                        accepted += 1;
                    }
                }
            }
        }
        assert_eq!(accepted, 256 + 65_536);
    }

    #[test]
    fn threat_j06_padding_alphabet_space_and_length_are_refused_at_every_length() {
        for len in 0..200usize {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 37 + 251) as u8).collect();
            let text = encode(&bytes);
            assert_eq!(decode(&text).unwrap(), bytes);
            for bad in [
                format!("{text}="),
                format!("{text}=="),
                format!(" {text}"),
                format!("{text}\n"),
            ] {
                assert_eq!(decode(&bad), Err(NotBase64Url), "{bad:?}");
            }
            for at in 0..text.len() {
                for wrong in [b'+', b'/', b'=', b' ', b'.', 0, 0xff] {
                    let mut changed = text.clone().into_bytes();
                    changed[at] = wrong;
                    let changed = String::from_utf8_lossy(&changed).into_owned();
                    assert_eq!(decode(&changed), Err(NotBase64Url), "{changed:?}");
                }
            }
        }
        assert_eq!(decode("A"), Err(NotBase64Url));
        assert_eq!(decode("AAAAA"), Err(NotBase64Url));
    }
}
