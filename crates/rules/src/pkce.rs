//! Proof Key for Code Exchange (RFC 7636): whoever redeems a code must know what only the one who asked for it knew.
//!
//! Only `S256` exists here. `plain` would show the secret to everybody who sees the authorization request (RFC 9700 section 2.1.1).

use crate::refusal::Reason;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Characters of the base64url form of a SHA-256 digest.
const CHALLENGE_LENGTH: usize = 43;

/// An `S256` code challenge: base64url of the SHA-256 of a verifier, 43 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

/// Decides what a request announces as its proof key.
///
/// RFC 7636 section 4.3: a challenge without a method means `plain`, which we refuse as section 4.4.1 allows. A method without a
/// challenge is refused too: the client meant to be protected and is not.
///
/// # Errors
/// [`Reason::PkceMethod`] for any method but `S256`; [`Reason::Malformed`] for a challenge no verifier can ever fit.
pub fn challenge(code_challenge: Option<&str>, method: Option<&str>) -> Result<Option<Challenge>, Reason> {
    match (code_challenge, method) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(Reason::Malformed(
            "code_challenge",
            "it must be sent with code_challenge_method",
        )),
        (Some(text), Some("S256")) => Challenge::from_stored(text).map(Some).ok_or(Reason::Malformed(
            "code_challenge",
            "it must be 43 characters of base64url, the SHA-256 of the verifier",
        )),
        (Some(_), _) => Err(Reason::PkceMethod),
    }
}

impl Challenge {
    /// From text that was stored or sent; `None` unless it is 43 characters of base64url.
    pub fn from_stored(text: &str) -> Option<Self> {
        let fits = text.len() == CHALLENGE_LENGTH
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The challenge of a verifier (RFC 7636 section 4.2).
    pub fn of(verifier: &str) -> Self {
        Self(base64_simd::URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(verifier.as_bytes())))
    }

    /// The challenge as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Decides whether a `code_verifier` is the one behind this challenge.
    ///
    /// RFC 7636 section 4.6, with the grammar of section 4.1: 43 to 128 unreserved characters. The comparison takes the same time
    /// wherever the two differ.
    pub fn accepts(&self, verifier: &str) -> bool {
        is_verifier(verifier) && {
            let expected = base64_simd::URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(verifier.as_bytes()));
            self.0.as_bytes().ct_eq(expected.as_bytes()).into()
        }
    }
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn made_from(verifier: &str) -> Challenge {
        Challenge(base64_simd::URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(verifier.as_bytes())))
    }

    #[test]
    fn rfc7636_appendix_b() {
        let announced = challenge(Some(CHALLENGE), Some("S256")).unwrap().unwrap();
        assert!(announced.accepts(VERIFIER));
        assert_eq!(announced.as_str(), CHALLENGE);
        assert_eq!(made_from(VERIFIER), announced);
    }

    #[test]
    fn rfc7636_section_4_3_plain_is_refused_by_name_and_by_omission() {
        assert_eq!(challenge(None, None), Ok(None));
        for method in [None, Some("plain"), Some("s256"), Some("S512"), Some("")] {
            assert_eq!(
                challenge(Some(CHALLENGE), method),
                Err(Reason::PkceMethod),
                "{method:?}"
            );
        }
        assert!(matches!(
            challenge(None, Some("S256")),
            Err(Reason::Malformed("code_challenge", _))
        ));
    }

    #[test]
    fn challenge_that_is_no_digest_is_refused() {
        for text in [
            "",
            "short",
            &CHALLENGE[1..],
            &format!("{CHALLENGE}="),
            &CHALLENGE.replace('-', "+"),
            &"é".repeat(43),
        ] {
            assert!(
                matches!(challenge(Some(text), Some("S256")), Err(Reason::Malformed(..))),
                "{text}"
            );
        }
    }

    #[test]
    fn threat_23_empty_or_malformed_verifier_is_refused() {
        for verifier in [
            "",
            &"a".repeat(42),
            &"a".repeat(129),
            &format!("{}=", "a".repeat(43)),
            &"é".repeat(43),
        ] {
            assert!(!made_from(verifier).accepts(verifier), "{verifier}");
        }
        // The challenge itself is public and opens nothing.
        assert!(!Challenge::from_stored(CHALLENGE).unwrap().accepts(CHALLENGE));
    }

    proptest! {
        #[test]
        fn a_verifier_opens_its_own_challenge_only(a in "[A-Za-z0-9._~-]{43,128}", b in "[A-Za-z0-9._~-]{43,128}") {
            prop_assert!(made_from(&a).accepts(&a));
            prop_assert_eq!(made_from(&a).accepts(&b), a == b);
        }

        #[test]
        fn a_verifier_changed_in_one_character_is_refused(a in "[a-z0-9]{43,128}", at in 0_usize..43) {
            let mut changed = a.clone();
            changed.replace_range(at..=at, "~");
            prop_assert!(!made_from(&a).accepts(&changed));
        }

        #[test]
        fn any_text_is_answered(text in any::<String>(), method in any::<Option<String>>()) {
            let answer = challenge(Some(&text), method.as_deref());
            prop_assert_eq!(answer.is_ok(), method.as_deref() == Some("S256") && Challenge::from_stored(&text).is_some());
            prop_assert_eq!(made_from(&text).accepts(&text), is_verifier(&text));
        }
    }
}
