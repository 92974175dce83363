//! Finding where a string or number ends, eight bytes at a time where that pays.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The position of the first quote, backslash or control character from `at` on; at least the length if there is none.
#[inline(never)]
pub(super) fn to_special(bytes: &[u8], mut at: usize) -> usize {
    // Sets the high bit of the first byte that is below `n`, and possibly of later ones.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGHS;
    while let Some(word) = word_at(bytes, at) {
        let found = below(word, 0x20) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1);
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + position_or_len(bytes.get(at..), |byte| {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    })
}

/// The position of the first quote from `at` on; at least the length if there is none.
#[inline(always)]
pub(super) fn to_quote(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word_at(bytes, at) {
        let found = (word ^ (ONES * 0x22)).wrapping_sub(ONES) & !word & HIGHS;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    to_quote_at_the_end(bytes, at)
}

#[cold]
#[inline(never)]
fn to_quote_at_the_end(bytes: &[u8], at: usize) -> usize {
    at + position_or_len(bytes.get(at..), |byte| byte == b'"')
}

#[inline(always)]
fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..at + 8)?
        .first_chunk::<8>()
        .map(|word| u64::from_le_bytes(*word))
}

fn position_or_len(bytes: Option<&[u8]>, wanted: impl Fn(u8) -> bool) -> usize {
    let bytes = bytes.unwrap_or_default();
    bytes.iter().position(|&byte| wanted(byte)).unwrap_or(bytes.len())
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

/// A number of at most 18 digits and nothing else, with its end; the others are rare.
#[inline]
pub(super) fn small_integer(bytes: &[u8], start: usize) -> Option<(u64, usize)> {
    let (mut number, mut at) = (0, start);
    while let Some(&byte) = bytes.get(at) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // Wraps only beyond the 18 digits that are accepted below.
        number = u64::wrapping_add(u64::wrapping_mul(number, 10), u64::from(digit));
        at += 1;
    }
    let leading_zero = at > start + 1 && bytes[start] == b'0';
    let goes_on = matches!(bytes.get(at), Some(b'+' | b'-' | b'.' | b'e' | b'E'));
    (at > start && at - start <= 18 && !leading_zero && !goes_on).then_some((number, at))
}

/// Whether no string in the text can have escapes or control characters.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    // Without an early end, so that the compiler makes it 16 or 32 bytes at a time.
    !bytes
        .iter()
        .fold(false, |odd, &byte| odd | (byte < 0x20) | (byte == b'\\'))
}
