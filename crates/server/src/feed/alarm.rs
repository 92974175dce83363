//! The alarm of a feed that went backwards: a backup was restored, or a replica that lagged was promoted, and nobody said
//! so. Revocations were lost then, and only the operator can say what to do (`sekisho restored`). Nothing is revoked by an
//! alarm; it is told, and the node is not ready while it stands.

use std::sync::{Mutex, PoisonError};

/// The standing alarm, if any.
#[derive(Default)]
pub(super) struct Alarms(Mutex<Option<Alarm>>);

struct Alarm {
    feed_id: String,
    /// The number that was seen and is no more.
    seen: u64,
}

impl Alarms {
    /// A number was seen under this feed that is above its head. `true` when nobody knew.
    pub(super) fn raise(&self, feed_id: &str, seen: u64) -> bool {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *standing {
            Some(alarm) if alarm.feed_id == feed_id => {
                alarm.seen = alarm.seen.max(seen);
                false
            }
            _ => {
                *standing = Some(Alarm {
                    feed_id: feed_id.to_owned(),
                    seen,
                });
                true
            }
        }
    }

    /// Takes the alarm back once the head has caught up, or the feed is another one. `true` when there was one.
    pub(super) fn look(&self, feed_id: &str, head: u64) -> bool {
        let mut standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = standing
            .as_ref()
            .is_some_and(|alarm| alarm.feed_id != feed_id || head >= alarm.seen);
        if over {
            *standing = None;
        }
        over
    }

    /// The sentence for the operator.
    pub(super) fn standing(&self) -> Option<String> {
        let standing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standing.as_ref().map(|alarm| {
            format!(
                "the revocation feed went backwards: number {} was seen and is no more; if a backup was restored, run \
                 `sekisho restored`",
                alarm.seen
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Alarms;

    #[test]
    fn an_alarm_stands_until_the_head_is_back_or_the_feed_is_another() {
        let alarms = Alarms::default();
        assert!(!alarms.look("a", 0) && alarms.standing().is_none());
        assert!(alarms.raise("a", 9) && !alarms.raise("a", 7));
        assert!(!alarms.look("a", 8));
        assert!(alarms.standing().unwrap().contains("number 9"));
        assert!(alarms.look("a", 9) && alarms.standing().is_none());
        assert!(alarms.raise("a", 9) && alarms.look("b", 0));
    }
}
