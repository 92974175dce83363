//! A disk that is full, played by a limit on the size of files: writes are refused, reads go on, nothing is lost, and
//! room that is made is taken without a restart.

use super::visitor::{request, text};
use super::{Deployment, Node, eventually};
use axum::http::StatusCode;
use std::process::Command;

/// The same program with files of at most this many bytes. A write beyond fails instead of killing it.
fn limited(deployment: &Deployment, bytes: u64) -> Command {
    let plain = deployment.command();
    let mut command = Command::new("/bin/sh");
    // `ulimit -f` counts blocks of 512 bytes (POSIX).
    let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" \"$@\"", bytes / 512);
    command
        .args(["-c", &script])
        .arg(plain.get_program())
        .args(plain.get_args())
        .env_clear();
    for (name, value) in plain.get_envs() {
        command.envs(value.map(|value| (name, value)));
    }
    command.current_dir(plain.get_current_dir().unwrap());
    command
}

/// Takes the limit of a running process away.
fn make_room(node: &Node) {
    let pid = node.child.id().to_string();
    let done = Command::new("prlimit")
        .args(["--pid", &pid, "--fsize=unlimited"])
        .status();
    assert!(done.unwrap().success());
}

#[tokio::test]
async fn a_full_disk_refuses_writes_keeps_reads_and_loses_nothing() {
    let deployment = Deployment::sqlite().await;
    let node = deployment.start().await;
    let tokens = node.visitor().tokens(&deployment).await;
    let access = text(&tokens["access_token"]);
    let mut refresh = text(&tokens["refresh_token"]);
    assert!(node.stop().await.success());

    let database = deployment.folder.path().join("data/sekisho.db");
    let room = std::fs::metadata(&database).unwrap().len() + 64 * 1024;
    let node = deployment.start_as(&mut limited(&deployment, room)).await;
    let mut visitor = node.visitor();
    let mut written = 0;
    let refused = loop {
        let answer = visitor.refresh(&deployment.spa, &refresh).await;
        if answer.status != StatusCode::OK {
            break answer;
        }
        refresh = text(&answer.json()["refresh_token"]);
        written += 1;
        assert!(written < 10_000, "the disk never became full");
    };
    assert_eq!(
        refused.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        refused.body
    );
    assert_eq!(refused.error(), "temporarily_unavailable");
    // What only reads goes on.
    assert_eq!(visitor.machine(&deployment).await.status, StatusCode::OK);
    assert_eq!(visitor.userinfo(&access).await.status, StatusCode::OK);
    // A sign-in is a write; the form itself is not.
    let page = visitor.open(&request(&deployment)).await;
    assert_eq!(page.status, StatusCode::OK);
    let answer = visitor
        .fill_in(&page, crate::site::EMAIL, crate::site::PASSWORD)
        .await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
    assert!(answer.header("content-type").starts_with("text/html"));
    // The smallest write may fit for a moment longer.
    eventually("the node is not ready", async || {
        let answer = visitor.refresh(&deployment.spa, &refresh).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        visitor.get("/readyz").await.status == StatusCode::SERVICE_UNAVAILABLE
    })
    .await;

    make_room(&node);
    eventually("the node is ready again", async || {
        visitor.get("/readyz").await.status == StatusCode::OK
    })
    .await;
    refresh = visitor.next(&deployment, &refresh).await;
    node.kill().await;

    let node = deployment.start().await;
    let mut visitor = node.visitor();
    visitor.next(&deployment, &refresh).await;
    assert_eq!(visitor.userinfo(&access).await.status, StatusCode::OK);
}
