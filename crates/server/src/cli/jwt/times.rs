//! The time claims of a token in words, and what they mean now.

use jiff::tz::TimeZone;
use sekisho_rules::time::Timestamp;

use crate::cli::json::Written;

/// One time claim, explained.
pub(super) struct TimeClaim {
    /// Its name in the token.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) meaning: &'static str,
    /// Unix seconds.
    pub(super) at: i64,
}

/// Whether a token's own times allow its use now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// Before its `nbf`.
    TooEarly,
    /// Within its time, or without one.
    Within,
    /// At or after its `exp` (RFC 7519 section 4.1.4).
    Expired,
}

const KNOWN: [(&str, &str); 5] = [
    ("iat", "issued"),
    ("nbf", "not before"),
    ("auth_time", "signed in"),
    ("updated_at", "profile changed"),
    ("exp", "expires"),
];

/// The time claims of a payload, in a fixed order.
pub(super) fn claims(payload: &Written) -> Vec<TimeClaim> {
    KNOWN
        .into_iter()
        .filter_map(|(name, meaning)| {
            let at = payload.member(name)?.as_integer()?;
            Some(TimeClaim { name, meaning, at })
        })
        .collect()
}

/// What the times say about now.
pub(super) fn span(payload: &Written, now: Timestamp) -> Span {
    let claim = |name| payload.member(name).and_then(Written::as_integer);
    match (claim("exp"), claim("nbf")) {
        (Some(exp), _) if now.seconds() >= exp => Span::Expired,
        (_, Some(nbf)) if now.seconds() < nbf => Span::TooEarly,
        _ => Span::Within,
    }
}

impl TimeClaim {
    /// `2026-11-20 19:34:00 UTC`; the bare number when no calendar reaches it.
    pub(super) fn calendar(&self) -> String {
        match jiff::Timestamp::from_second(self.at) {
            Ok(at) => at
                .to_zoned(TimeZone::UTC)
                .strftime("%Y-%m-%d %H:%M:%S UTC")
                .to_string(),
            Err(_) => self.at.to_string(),
        }
    }

    /// `in 5 min`, `2 h 3 min ago`.
    pub(super) fn relative(&self, now: Timestamp) -> String {
        let seconds = self.at.saturating_sub(now.seconds());
        match seconds {
            0 => "now".to_owned(),
            1.. => format!("in {}", length(seconds.unsigned_abs())),
            _ => format!("{} ago", length(seconds.unsigned_abs())),
        }
    }
}

/// A length of time in its two largest units.
pub(super) fn length(seconds: u64) -> String {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];
    let mut rest = seconds;
    let mut parts = vec![];
    for (unit, size) in units {
        if rest >= size {
            parts.push(format!("{} {unit}", rest / size));
            rest %= size;
        } else if !parts.is_empty() {
            break;
        }
        if parts.len() == 2 {
            break;
        }
    }
    match parts.is_empty() {
        true => "0 s".to_owned(),
        false => parts.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_like_speech() {
        let cases = [
            (0, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3_600, "1 h"),
            (86_399, "23 h 59 min"),
            (90_061, "1 d 1 h"),
            (86_401, "1 d"),
        ];
        for (seconds, words) in cases {
            assert_eq!(length(seconds), words);
        }
    }

    #[test]
    fn rfc7519_4_1_4_a_token_is_expired_at_its_exp() {
        let payload = Written::parse(br#"{"exp":100,"nbf":10}"#).unwrap();
        let at = |second| span(&payload, Timestamp::from_seconds(second));
        assert_eq!(
            (at(9), at(10), at(99), at(100)),
            (Span::TooEarly, Span::Within, Span::Within, Span::Expired)
        );
        assert_eq!(
            span(&Written::parse(b"{}").unwrap(), Timestamp::from_seconds(0)),
            Span::Within
        );
    }
}
