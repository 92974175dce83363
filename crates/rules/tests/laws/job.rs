//! When work is tried again.

use proptest::prelude::*;
use sekisho_rules::job::{Next, RetryPolicy};
use sekisho_rules::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

proptest! {
    #[test]
    fn pauses_grow_up_to_a_bound_with_a_part_left_to_chance(
        first in 1..600_i64, longest in 600..100_000_i64, tried in 1..30_i64, chance in any::<u32>()
    ) {
        let policy = RetryPolicy { tries: 20, first, longest };
        match policy.after(tried, NOW, chance) {
            Next::GiveUp => prop_assert!(tried >= 20),
            Next::Again(at) => {
                prop_assert!(tried < 20);
                let whole = (first * 3_i64.saturating_pow(u32::try_from(tried - 1).unwrap())).min(longest) * 1000;
                let pause = at.millis_since(NOW);
                prop_assert!(pause >= whole / 2 && pause <= whole, "{} of {}", pause, whole);
            }
        }
    }
}

#[test]
fn what_failed_together_does_not_come_back_together() {
    let policy = RetryPolicy {
        tries: 3,
        first: 10,
        longest: 60,
    };
    assert_ne!(policy.after(1, NOW, 1), policy.after(1, NOW, 4000));
    assert_eq!(policy.after(3, NOW, 0), Next::GiveUp);
}
