//! Finding where a string or number ends, eight bytes at a time where that pays.

/// The position of the first quote, backslash or control character at or after `at`; the length if there is none.
#[inline]
pub(super) fn to_special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    // Sets the high bit of the first byte that is below `n`, and possibly of later ones.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGHS;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (ONES * 0x22);
        let backslash = word ^ (ONES * 0x5c);
        let found = below(word, 0x20) | below(quote, 1) | below(backslash, 1);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes
        .get(at)
        .is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
    {
        at += 1;
    }
    at
}

/// The end of everything that could belong to a number.
#[inline]
pub(super) fn past_number(bytes: &[u8], mut at: usize) -> usize {
    while matches!(
        bytes.get(at),
        Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
    ) {
        at += 1;
    }
    at
}

/// A number of at most 18 digits and nothing else; the others are rare.
#[inline]
pub(super) fn small_integer(digits: &[u8]) -> Option<u64> {
    if digits.len() > 18 || (digits.len() > 1 && digits[0] == b'0') {
        return None;
    }
    let mut number = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    Some(number)
}
