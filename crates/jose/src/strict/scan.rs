//! Finding where a string or number ends, eight bytes at a time where that pays.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The position of the first quote, backslash or control character from `at` on; at least the length if there is none.
#[inline]
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

/// The position of the first quote from `at` on. `None` also for a text of less than eight bytes; [`to_special`] reads
/// those.
#[inline(always)]
pub(super) fn to_quote(bytes: &[u8], at: usize) -> Option<usize> {
    let quotes = |word: u64| (word ^ (ONES * 0x22)).wrapping_sub(ONES) & !word & HIGHS;
    let mut rest = bytes.get(at..)?;
    let found = loop {
        let Some((word, after)) = rest.split_first_chunk() else {
            // What is left of the last word: zeros, which are no quotes, take the place of what was read before.
            let word = u64::from_le_bytes(*bytes.last_chunk()?);
            break quotes(word.checked_shr(64 - 8 * rest.len() as u32)?);
        };
        match quotes(u64::from_le_bytes(*word)) {
            0 => rest = after,
            found => break found,
        }
    };
    (found != 0).then(|| bytes.len() - rest.len() + found.trailing_zeros() as usize / 8)
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
    let (least, backslash) = bytes.iter().fold((u8::MAX, false), |(least, backslash), &byte| {
        (least.min(byte), backslash | (byte == b'\\'))
    });
    least >= 0x20 && !backslash
}
