//! How far the issuer's clock is ahead of ours, from requests whose answer says what time it is there. The answer was made
//! between sending and receiving, so each request gives a range, and ranges of several requests narrow each other. Never from
//! the arrival of an event: a proxy may have kept it.

/// The range that the offset (issuer's clock less ours, milliseconds) lies in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Offset {
    range: Option<Range>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    low: i64,
    high: i64,
    /// Our time of the last measurement.
    at: u64,
}

/// What one request told. Our times are Unix milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoundTrip {
    /// Our time before the request was sent.
    pub(crate) sent: u64,
    /// Our time when the head of the answer was here.
    pub(crate) received: u64,
    /// The issuer's time in the answer's `Date`, in whole Unix seconds.
    pub(crate) date: Option<u64>,
    /// A time of the issuer's clock that lies before the answer: `as_of`.
    pub(crate) not_before: Option<u64>,
}

/// A range wider than this is no measurement: a request that took so long says too little.
const WIDEST: i64 = 10_000;

/// How far `as_of` may lie behind the issuer's clock (milliseconds) where no `Date` says more: a snapshot is kept for a second.
const AS_OF_BEHIND: i64 = 1_500;

/// How far two clocks drift apart in a second, in milliseconds: a generous 1,000 ppm.
const DRIFT: i64 = 1;

impl Offset {
    /// Takes a request into account; says whether it was a measurement.
    ///
    /// A range that does not fit the earlier ones replaces them: one of the clocks was set, or another node answered.
    pub(crate) fn measure(&mut self, trip: &RoundTrip) -> bool {
        let (sent, received) = (millis(trip.sent), millis(trip.received));
        // `Date` says whole seconds: the answer was made within the second that it names.
        let date = trip.date.map(|date| (millis(date.saturating_mul(1_000)), 999));
        let as_of = trip.not_before.map(|time| (millis(time), AS_OF_BEHIND));
        let Some((earliest, span)) = date.or(as_of).filter(|_| received >= sent) else {
            return false;
        };
        let floor = as_of.map_or(i64::MIN, |(time, _)| time - received);
        let high = earliest + span - sent;
        let low = (earliest - received).max(floor).min(high);
        if high - low > WIDEST {
            return false;
        }
        self.range = Some(match self.range {
            Some(old) if trip.received >= old.at => {
                let drift = (millis(trip.received - old.at) / 1_000 + 1) * DRIFT;
                let (both_low, both_high) = (low.max(old.low - drift), high.min(old.high + drift));
                match both_low <= both_high {
                    true => Range {
                        low: both_low,
                        high: both_high,
                        at: trip.received,
                    },
                    false => Range {
                        low,
                        high,
                        at: trip.received,
                    },
                }
            }
            _ => Range {
                low,
                high,
                at: trip.received,
            },
        });
        true
    }

    /// Our clock was set back by this many milliseconds: the issuer's is further ahead now.
    pub(crate) fn set_back(&mut self, by: u64) {
        if let Some(range) = &mut self.range {
            let by = millis(by);
            *range = Range {
                low: range.low + by,
                high: range.high + by,
                at: 0,
            };
        }
    }

    /// The middle of the range; `None` before the first measurement.
    pub(crate) fn estimate(&self) -> Option<i64> {
        self.range.map(|range| range.low + (range.high - range.low) / 2)
    }
}

fn millis(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX / 4)
}

/// Reads the `IMF-fixdate` form of a `Date` header (RFC 9110 section 5.6.7) as Unix seconds; the obsolete forms are not read.
pub(crate) fn parse_date(text: &str) -> Option<u64> {
    // "Sun, 06 Nov 1994 08:49:37 GMT"
    let rest = text.get(5..).filter(|_| text.len() == 29 && text.is_ascii())?;
    let mut words = rest.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let month = match words.next()? {
        "Jan" => 1,
        "Feb" => 2,
        "Mar" => 3,
        "Apr" => 4,
        "May" => 5,
        "Jun" => 6,
        "Jul" => 7,
        "Aug" => 8,
        "Sep" => 9,
        "Oct" => 10,
        "Nov" => 11,
        "Dec" => 12,
        _ => return None,
    };
    let year: u64 = words
        .next()?
        .parse()
        .ok()
        .filter(|year| (1970..10_000).contains(year))?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if words.next() != Some("GMT") || day == 0 || day > 31 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days since 1970-01-01 of a proleptic Gregorian date whose year begins in March.
    let (shifted_year, shifted_month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = shifted_year * 365 + shifted_year / 4 - shifted_year / 100
        + shifted_year / 400
        + (shifted_month * 153 + 2) / 5
        + day;
    Some((days.checked_sub(719_469)? * 24 + hour) * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::{Offset, RoundTrip, parse_date};
    use proptest::prelude::*;

    #[test]
    fn rfc9110_5_6_7_the_example_and_others() {
        assert_eq!(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse_date("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        assert_eq!(parse_date("Sat, 21 Nov 2026 12:00:00 GMT"), Some(1_795_262_400));
        for wrong in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Xyz 1994 08:49:37 GMT",
        ] {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
    }

    /// A request at our time `at` that took `rtt`, answered half way by a clock that is `offset` ahead.
    fn trip(at: u64, rtt: u64, offset: i64) -> RoundTrip {
        let there = (at + rtt / 2).checked_add_signed(offset).unwrap();
        RoundTrip {
            sent: at,
            received: at + rtt,
            date: Some(there / 1_000),
            not_before: None,
        }
    }

    #[test]
    fn one_request_is_within_a_second_and_its_round_trip() {
        for ahead in [-5_000, -300, 0, 700, 5_000, 61_000] {
            let mut offset = Offset::default();
            assert!(offset.measure(&trip(1_800_000_000_123, 40, ahead)));
            let error = (offset.estimate().unwrap() - ahead).abs();
            assert!(error <= 520, "{ahead}: off by {error} ms");
        }
    }

    #[test]
    fn many_requests_narrow_it() {
        let mut offset = Offset::default();
        for n in 0..20 {
            offset.measure(&trip(1_800_000_000_000 + n * 270, 10, 5_000));
        }
        let error = (offset.estimate().unwrap() - 5_000).abs();
        assert!(error <= 60, "off by {error} ms");
    }

    #[test]
    fn a_clock_that_was_set_is_believed_at_the_next_request() {
        let mut offset = Offset::default();
        for n in 0..20 {
            offset.measure(&trip(1_800_000_000_000 + n * 270, 10, 0));
        }
        offset.measure(&trip(1_800_000_010_000, 10, -5_000));
        assert!((offset.estimate().unwrap() + 5_000).abs() <= 520);
    }

    #[test]
    fn a_clock_that_was_set_back_counts_at_once() {
        let mut offset = Offset::default();
        offset.measure(&trip(1_800_000_000_000, 10, 0));
        let before = offset.estimate().unwrap();
        offset.set_back(3_600_000);
        assert_eq!(offset.estimate(), Some(before + 3_600_000));
        offset.measure(&trip(1_799_996_400_000, 10, 3_600_000));
        assert!((offset.estimate().unwrap() - 3_600_000).abs() <= 520);
    }

    #[test]
    fn without_a_date_the_snapshot_tells() {
        let mut offset = Offset::default();
        let trip = RoundTrip {
            sent: 5_000,
            received: 5_100,
            date: None,
            not_before: Some(9_800),
        };
        assert!(offset.measure(&trip));
        let estimate = offset.estimate().unwrap();
        assert!((4_700..=6_300).contains(&estimate), "{estimate}");
    }

    #[test]
    fn what_says_too_little_is_no_measurement() {
        let mut offset = Offset::default();
        assert!(!offset.measure(&trip(1_800_000_000_000, 30_000, 0)));
        assert!(!offset.measure(&RoundTrip {
            sent: 5,
            received: 6,
            date: None,
            not_before: None
        }));
        assert_eq!(offset.estimate(), None);
    }

    proptest! {
        /// The true offset lies within half the range of the estimate, whatever the round trips were.
        #[test]
        fn law_the_estimate_is_within_its_bound(
            ahead in -100_000_i64..100_000,
            trips in proptest::collection::vec((1_u64..3_000, 0_u64..2_000), 1..30),
        ) {
            let mut offset = Offset::default();
            let mut at = 1_800_000_000_000;
            let mut best = i64::MAX;
            for (wait, rtt) in trips {
                at += wait;
                let one = trip(at, rtt, ahead);
                at += rtt;
                offset.measure(&one);
                best = best.min(500 + i64::try_from(rtt).unwrap());
                prop_assert!((offset.estimate().unwrap() - ahead).abs() <= best + 100);
            }
        }
    }
}
