//! What is kept over a restart.

use super::*;
use sekisho_verify::fetch::{FeedEvent, StateFault};
use sekisho_verify::revocations::State;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sekisho-feed-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("state.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A verifier with a state file, and the faults that it tells.
fn keeping(
    issuer: &FeedIssuer,
    folder: &Folder,
    max_stale: Duration,
) -> (OnlineVerifier, Arc<Mutex<Vec<StateFault>>>) {
    let faults = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&faults);
    let client = client(issuer)
        .max_stale(max_stale)
        .state_file(folder.file())
        .on_event(move |event| {
            if let FeedEvent::StateIgnored(fault) = event {
                told.lock().unwrap().push(*fault);
            }
        });
    // Keys are not kept, so they are given here.
    let policy = policy_of(Issuer::pinned(issuer.url(), tokens::keys(&[&KEY])));
    (OnlineVerifier::listening(policy, client).unwrap(), faults)
}

/// Leaves a state file in which `s1` is revoked.
async fn leave(issuer: &FeedIssuer, folder: &Folder) {
    let (online, faults) = keeping(issuer, folder, PATIENCE);
    online.wait_ready(PATIENCE).await.unwrap();
    issuer.revoke(&[session("s1")]);
    until_answer(&online, &token(issuer, "s1"), "revoked", &["trusted"]).await;
    online.close().await;
    assert!(faults.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_restart_while_the_issuer_is_away_forgets_nothing() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let folder = Folder::new("away");
    leave(&issuer, &folder).await;
    issuer.refuse_tokens(usize::MAX / 2);
    let (online, _) = keeping(&issuer, &folder, PATIENCE);
    online.wait_ready(PATIENCE).await.unwrap();
    assert_eq!(answer(&online, &token(&issuer, "s1")).await, "revoked");
    assert!(is_trusted(&online, &token(&issuer, "s2")).await);
    // It goes on from there, without another snapshot.
    issuer.revoke(&[session("s2")]);
    issuer.refuse_tokens(0);
    until_answer(&online, &token(&issuer, "s2"), "revoked", &["trusted"]).await;
    assert_eq!(issuer.snapshots(), 1);
}

#[tokio::test]
async fn what_is_too_old_spares_a_snapshot_and_nothing_else() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let folder = Folder::new("old");
    leave(&issuer, &folder).await;
    issuer.refuse_tokens(usize::MAX / 2);
    let (online, faults) = keeping(&issuer, &folder, Duration::from_millis(1));
    until(|| *faults.lock().unwrap() == [StateFault::TooOld]).await;
    assert_eq!(online.feed_state(), Some(State::NeverLoaded));
    assert_eq!(answer(&online, &token(&issuer, "s2")).await, "unavailable");
    assert_eq!(answer(&online, &token(&issuer, "s1")).await, "revoked");
    issuer.refuse_tokens(0);
    until(|| online.feed_state() != Some(State::NeverLoaded)).await;
    assert_eq!(issuer.snapshots(), 1);
}

#[tokio::test]
async fn what_is_broken_is_ignored_and_counted() {
    let issuer = FeedIssuer::start(&[&KEY]).await;
    let folder = Folder::new("broken");
    leave(&issuer, &folder).await;
    let whole = std::fs::read(folder.file()).unwrap();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(folder.file())
        .unwrap();
    file.set_len(whole.len() as u64 / 2).unwrap();
    let (online, faults) = keeping(&issuer, &folder, PATIENCE);
    online.wait_ready(PATIENCE).await.unwrap();
    assert_eq!(*faults.lock().unwrap(), [StateFault::Corrupt]);
    assert_eq!(online.feed_counts().states_ignored, 1);
    assert_eq!(issuer.snapshots(), 2);
    assert_eq!(answer(&online, &token(&issuer, "s1")).await, "revoked");
}
