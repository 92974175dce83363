//! The little DER and PEM that key import and export need (X.690, RFC 7468). Not a general ASN.1 reader.

use zeroize::Zeroizing;

use crate::KeyError;

/// The integers of an RSA private key, in the order of RFC 8017 appendix A.1.2 after the version:
/// n, e, d, p, q, dP, dQ, qInv. Big-endian without leading zeros.
pub(crate) type RsaIntegers = [Zeroizing<Vec<u8>>; 8];

/// Takes an RSA PKCS#8 document apart (RFC 5208 around RFC 8017).
pub(crate) fn rsa_integers(pkcs8: &[u8]) -> Result<RsaIntegers, KeyError> {
    let mut info = Reader(Reader(pkcs8).expect(SEQUENCE)?);
    info.expect(INTEGER)?;
    info.expect(SEQUENCE)?;
    let mut key = Reader(Reader(info.expect(OCTET_STRING)?).expect(SEQUENCE)?);
    key.expect(INTEGER)?;
    let mut integers = RsaIntegers::default();
    for integer in &mut integers {
        *integer = Zeroizing::new(strip_zeros(key.expect(INTEGER)?).to_vec());
    }
    Ok(integers)
}

/// `bytes` without its leading zero bytes.
pub(crate) fn strip_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The contents of the next element, which must have `tag`.
    fn expect(&mut self, tag: u8) -> Result<&'a [u8], KeyError> {
        const BAD: KeyError = KeyError::Malformed("unexpected DER");
        let (&found, rest) = self.0.split_first().ok_or(BAD)?;
        let (&first, rest) = rest.split_first().ok_or(BAD)?;
        if found != tag {
            return Err(BAD);
        }
        let (len, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).ok_or(BAD)?;
            if digits.is_empty() || digits.len() > 3 {
                return Err(BAD);
            }
            (
                digits.iter().fold(0, |len, &digit| len << 8 | usize::from(digit)),
                rest,
            )
        };
        let (contents, rest) = rest.split_at_checked(len).ok_or(BAD)?;
        self.0 = rest;
        Ok(contents)
    }
}

/// One PEM block (RFC 7468): its label and bytes. Text before and after is allowed, a second block is not read.
pub(crate) fn read_pem(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), KeyError> {
    const BAD: KeyError = KeyError::Malformed("no PEM block");
    let (_, after) = text.split_once("-----BEGIN ").ok_or(BAD)?;
    let (label, after) = after.split_once("-----").ok_or(BAD)?;
    let (body, after) = after.split_once("-----END ").ok_or(BAD)?;
    if !after.starts_with(label) || !after[label.len()..].starts_with("-----") {
        return Err(BAD);
    }
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    let der = base64_simd::STANDARD
        .decode_to_vec(body.as_bytes())
        .map_err(|_| KeyError::Malformed("PEM is not base64"))?;
    Ok((label, Zeroizing::new(der)))
}

/// Writes one PEM block with lines of 64 characters.
pub(crate) fn write_pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(base64_simd::STANDARD.encode_to_string(der));
    let mut text = Zeroizing::new(String::with_capacity(
        body.len() + body.len() / 64 + 2 * label.len() + 40,
    ));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}
