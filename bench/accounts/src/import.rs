//! `sekisho user import` of many people, as an operator runs it, and plain INSERTs of the same rows before and after it.

use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bench_server::process::{Place, memory_of};
use bench_server::row::Row;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::people::People;
use crate::plain::Plain;

/// People between two lines of progress.
const PROGRESS_EVERY: u64 = 10_000;

/// A command of the program on the data of a place.
pub fn command(place: &Place, words: &[&str]) -> Command {
    let mut command = Command::new(&place.binary);
    command
        .args(words)
        .env("SEKISHO_ISSUER", "http://localhost:4000/")
        .env("SEKISHO_DATA_DIR", &place.data)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if let Some(url) = &place.postgres {
        command.env("DATABASE_URL", url);
    }
    command
}

/// Makes the tables of a place.
pub async fn migrate(place: &Place) -> Result<()> {
    std::fs::create_dir_all(&place.data)?;
    let output = command(place, &["migrate"]).output().await?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// How an import went.
pub struct Imported {
    seconds: f64,
    /// People that had come, and the most memory the program had until then, in MB.
    memory: Vec<(u64, f64)>,
}

/// Imports a file into a place.
pub async fn import(place: &Place, file: &Path, people: &People) -> Result<Imported> {
    migrate(place).await?;
    let file = file.to_str().context("a file's name")?;
    let begun = Instant::now();
    let mut child = command(place, &["user", "import", file])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let id = child.id().context("the import ended at once")?;
    let mut lines = BufReader::new(child.stderr.take().context("no standard error")?).lines();
    let mut memory = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let done: Option<u64> = line.split(' ').next().and_then(|word| word.parse().ok());
        // The last line may be read when the program has ended already.
        if let (Some(done), Ok(peak)) = (done, memory_of(id, "VmHWM")) {
            memory.push((done, peak));
        } else if done.is_none() {
            eprintln!("{line}");
        }
    }
    let output = child.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(
        output.status.success() && said.starts_with(&format!("{} added", people.count)),
        "the import said: {said}"
    );
    Ok(Imported {
        seconds: begun.elapsed().as_secs_f64(),
        memory,
    })
}

/// Half of the plain INSERTs, the import, and the other half, so that both have the same moments of the machine.
pub async fn compare(
    engine: &str,
    place: &Place,
    plain: &mut Plain,
    file: &Path,
    people: &People,
) -> Result<()> {
    let half = people.count / 2;
    eprintln!(
        "{engine}: {} people by plain INSERTs and by the import",
        people.count
    );
    let mut plainly = plain.insert(people, 0..half).await?.as_secs_f64();
    let imported = import(place, file, people).await?;
    plainly += plain.insert(people, half..people.count).await?.as_secs_f64();
    let count = people.count as f64;
    let (plain, import) = (count / plainly, count / imported.seconds);
    Row::new(format!("{engine}: plain batched INSERTs"), plain, "users/s")
        .note("the driver alone: 25 rows a statement, 500 a transaction")
        .print();
    Row::new(format!("{engine}: user import"), import, "users/s")
        .note(format!("{} users in {:.1} s", people.count, imported.seconds))
        .print();
    Row::new(
        format!("{engine}: import against plain INSERTs"),
        100.0 * import / plain,
        "%",
    )
    .at_least(80.0)
    .print();
    imported.print_memory(engine, people.count)
}

impl Imported {
    fn print_memory(&self, engine: &str, count: u64) -> Result<()> {
        let until = |users: u64| {
            let users = users.max(PROGRESS_EVERY);
            let found = self.memory.iter().rfind(|(done, _)| *done <= users);
            found
                .map(|(_, peak)| *peak)
                .context("the import said no progress; ask for at least 20000 users")
        };
        let (early, half, whole) = (until(count / 10)?, until(count / 2)?, until(count)?);
        Row::new(format!("{engine}: peak memory of the import"), whole, "MB")
            .note(format!("{early:.1} after a tenth, {half:.1} after half"))
            .print();
        Row::new(
            format!("{engine}: its peak memory, all against a tenth"),
            whole / early,
            "times",
        )
        .at_most(1.2)
        .print();
        Ok(())
    }
}
