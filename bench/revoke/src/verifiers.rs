//! The verifiers: `OnlineVerifier`s as an API would run them, many in a process of their own that is told what to do line by line.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use sekisho_verify::fetch::{Credentials, FeedClient, OnlineVerifier};
use sekisho_verify::{Issuer, Policy, Verdict};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::deployment::{AUDIENCE, Deployment};

/// The first argument of such a process.
pub const CHILD: &str = "verifiers";
/// A verifier that has not refused by then never will.
const PATIENCE: Duration = Duration::from_secs(15);
/// Verifiers that start at the same time.
const STARTING: usize = 20;

/// Microseconds since 1970: all processes are on one machine.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The processes, as the one that measures sees them.
pub struct Fleet(Vec<Member>);

struct Member {
    child: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Fleet {
    /// Starts so many verifiers and waits until all of them are ready.
    pub async fn start(deployment: &Deployment, count: usize, processes: usize) -> Result<Self> {
        let mut members = Vec::new();
        for number in 0..processes {
            let share = count / processes + usize::from(number < count % processes);
            let mut child = Command::new(std::env::current_exe()?)
                .args([CHILD, &share.to_string(), &deployment.issuer])
                .args([&deployment.listener.id, &deployment.listener.secret])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            let orders = child.stdin.take().context("no standard input")?;
            let answers = BufReader::new(child.stdout.take().context("no standard output")?).lines();
            members.push(Member {
                child,
                orders,
                answers,
            });
        }
        let mut fleet = Self(members);
        fleet.all_say("ready").await?;
        Ok(fleet)
    }

    /// Has every verifier accept a token.
    pub async fn accept(&mut self, token: &str) -> Result<()> {
        for member in &mut self.0 {
            member.orders.write_all(format!("{token}\n").as_bytes()).await?;
        }
        self.all_say("accepted").await
    }

    /// When each verifier refused that token, in microseconds.
    pub async fn refused(&mut self) -> Result<Vec<i64>> {
        let mut times = Vec::new();
        for member in &mut self.0 {
            let line = member
                .answers
                .next_line()
                .await?
                .context("a verifier process ended")?;
            times.extend(serde_json::from_str::<Vec<i64>>(&line).with_context(|| line.clone())?);
        }
        Ok(times)
    }

    /// Resident memory of all processes, in megabytes (10^6 bytes).
    pub fn memory(&self) -> Result<f64> {
        let ids = self.0.iter().filter_map(|member| member.child.id());
        ids.map(crate::deployment::memory_of).sum()
    }

    /// Ends the processes.
    pub async fn stop(self) -> Result<()> {
        for mut member in self.0 {
            drop(member.orders);
            member.child.wait().await?;
        }
        Ok(())
    }

    async fn all_say(&mut self, word: &str) -> Result<()> {
        for member in &mut self.0 {
            let said = tokio::time::timeout(Duration::from_secs(120), member.answers.next_line()).await??;
            ensure!(said.as_deref() == Some(word), "expected {word}, got {said:?}");
        }
        Ok(())
    }
}

struct Listening {
    verifier: OnlineVerifier,
    news: Arc<Notify>,
}

/// The life of a verifier process: a token a line, until there are no more.
pub async fn listen(words: &[String]) -> Result<()> {
    let [count, issuer, id, secret] = words else {
        bail!("expected: {CHILD} COUNT ISSUER CLIENT SECRET");
    };
    let mut all = Vec::new();
    let count: usize = count.parse()?;
    while all.len() < count {
        let batch: Vec<Listening> = (all.len()..count.min(all.len() + STARTING))
            .map(|_| open(issuer, id, secret))
            .collect::<Result<_>>()?;
        for listening in &batch {
            listening.verifier.wait_ready(Duration::from_secs(60)).await?;
        }
        all.extend(batch);
    }
    println!("ready");
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(token) = orders.next_line().await? {
        for listening in &all {
            let verdict = listening.verifier.check(&token, seconds()).await;
            ensure!(verdict.is_trusted(), "a good token was not accepted: {verdict:?}");
        }
        println!("accepted");
        let waits: Vec<_> = all.iter().map(|listening| refusal(listening, &token)).collect();
        let mut times = Vec::new();
        for wait in waits {
            times.push(wait.await??);
        }
        println!("{}", serde_json::to_string(&times)?);
    }
    for listening in &all {
        listening.verifier.close().await;
    }
    Ok(())
}

fn open(issuer: &str, id: &str, secret: &str) -> Result<Listening> {
    let news = Arc::new(Notify::new());
    let bell = Arc::clone(&news);
    let feed = FeedClient::new(issuer, Credentials::new(id, secret)).on_event(move |_| bell.notify_one());
    let policy = Policy::access(Issuer::fetched(issuer), AUDIENCE);
    Ok(Listening {
        verifier: OnlineVerifier::listening(policy, feed)?,
        news,
    })
}

/// When the verifier refuses the token. It is asked whenever its feed brought something.
fn refusal(listening: &Listening, token: &str) -> JoinHandle<Result<i64>> {
    let (verifier, news) = (listening.verifier.clone(), Arc::clone(&listening.news));
    let token = token.to_owned();
    tokio::spawn(async move {
        let waiting = async {
            loop {
                match verifier.check(&token, seconds()).await {
                    Verdict::Refused(_) => return now(),
                    _ => news.notified().await,
                }
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.context("a verifier still accepts a revoked token")
    })
}

fn seconds() -> u64 {
    u64::try_from(now() / 1_000_000).unwrap_or(0)
}
