//! Users from before: a file of another program's, or of our own, becomes rows.
//!
//! A thread takes the file apart and judges each record while the batch before it is written, so memory stays flat. Each batch is one
//! transaction that also notes how far the file has come; an import that was interrupted goes on there. Whoever is here already keeps
//! their account: only what is empty in it is filled, and only while its owner has not signed in or changed anything.

pub mod linked;
pub mod person;
pub mod records;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek as _, SeekFrom, stdin};
use std::path::PathBuf;
use std::sync::Arc;

use sekisho_rules::id::hex;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::Connection;
use sekisho_store::imports::{self, Arrival, Joined, Newcomer, Progress};
use sekisho_store::{Fault, audit, connections};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::{Actor, Refused};
use crate::app::App;
use crate::http::moment::Moment;
use linked::Linked;
use person::{Person, Weak};
use records::{Layout, Records, fields};

/// Records of one transaction.
const BATCH: usize = 500;
/// Batches that wait to be written.
const AHEAD: usize = 2;
/// How much of a file tells it from others.
const BEGINNING: u64 = 65_536;
/// The most names of members that are told apart in the report.
const MOST_NAMES: usize = 64;

/// Which form a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// By its first character: `{` or `[` is JSON, anything else CSV
    Auto,
    /// Auth0's export of users, or its bulk import schema
    Auth0Users,
    /// Auth0's export of password hashes
    Auth0Hashes,
    /// CSV with a header
    Csv,
    /// What `user export` writes: one JSON object a line, or an array of them
    Json,
}

/// What is imported.
#[derive(Clone, Debug)]
pub struct Import {
    /// The file; `None` is standard input, which cannot be gone on with, but may be sent again.
    pub file: Option<PathBuf>,
    /// Its form.
    pub format: Format,
}

/// What an import says on its way.
pub enum Told<'a> {
    /// It goes on where an earlier one stopped.
    Resumed(Progress),
    /// A batch is written.
    Written(Progress),
    /// A record was refused.
    Refused {
        /// The line it begins on.
        line: u64,
        /// One clause.
        why: &'a str,
    },
}

/// What an import did, together with the interrupted ones of the same file.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The counts.
    pub progress: Progress,
    /// Members of records that nothing here keeps, and how often each stood in what was read this time.
    pub left: BTreeMap<String, u64>,
}

/// Imports a file.
///
/// # Errors
/// When the file cannot be read, has another form, or the database does not answer. What was written stays, and the next try goes on
/// there.
pub async fn run(
    app: &App,
    actor: &Actor,
    import: Import,
    told: &mut (dyn FnMut(Told<'_>) -> Result<(), Refused> + Send),
) -> Result<Imported, Refused> {
    let unreadable = |error: std::io::Error| Refused::invalid(format!("the file cannot be read: {error}"));
    let mut source = Source::open(&import).map_err(unreadable)?;
    let before = match &source.id {
        Some(id) => imports::find(&app.db, id).await?,
        None => None,
    };
    let mut imported = Imported::default();
    if let Some(before) = before {
        imported.progress = before;
        told(Told::Resumed(before))?;
    }
    source.start(import.format, before)?;
    source.connections = connections::every(&app.db).await?;
    let (id, now) = (source.id.take(), app.clock.now());
    let (batches, mut ready) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || source.read_all(now, &batches));
    while let Some(batch) = ready.recv().await {
        for (line, why) in &batch.refused {
            told(Told::Refused { line: *line, why })?;
        }
        for name in &batch.left {
            if imported.left.len() < MOST_NAMES || imported.left.contains_key(name) {
                *imported.left.entry(name.clone()).or_default() += 1;
            }
        }
        let (progress, taken) = write(app, actor, id.as_deref(), imported.progress, batch).await?;
        for line in taken {
            let why = "the address belongs to another account";
            told(Told::Refused { line, why })?;
        }
        imported.progress = progress;
        told(Told::Written(progress))?;
    }
    match reading.await {
        Ok(read) => read.map_err(unreadable)?,
        Err(_) => return Err(Refused::Internal("the file's reader died".to_owned())),
    }
    if let Some(id) = &id {
        imports::forget(&app.db, id).await?;
    }
    Ok(imported)
}

/// Some records, judged.
#[derive(Default)]
struct Batch {
    newcomers: Vec<Newcomer>,
    lines: Vec<u64>,
    joined: Vec<Joined>,
    /// Which of them bring a digest, and which.
    weak: Vec<(usize, Weak)>,
    refused: Vec<(u64, String)>,
    left: Vec<String>,
    position: u64,
    line: u64,
}

/// Writes a batch; answers how far the import is and the lines whose address was somebody else's.
async fn write(
    app: &App,
    actor: &Actor,
    id: Option<&str>,
    before: Progress,
    mut batch: Batch,
) -> Result<(Progress, Vec<u64>), Refused> {
    for (at, weak) in &batch.weak {
        let argon2id = app.passwords.hash(&weak.digest).await?;
        batch.newcomers[*at].user.password_hash = Some(weak.plain.wrap(&weak.salt, &argon2id));
    }
    let moment = Moment { now: app.clock.now() };
    let refused = batch.refused.len() as u64;
    let base = Progress {
        position: batch.position,
        line: batch.line,
        refused: before.refused + refused,
        ..before
    };
    let event = actor.did(moment, "users imported");
    let (newcomers, identities) = (Arc::new(batch.newcomers), Arc::new(batch.joined));
    let id = id.map(str::to_owned);
    let written = app.db.tx(async move |tx| {
        let arrivals = imports::bring(tx, &newcomers).await?;
        let joined = imports::join(tx, &identities).await?;
        let mut progress = base;
        for arrival in &arrivals {
            match arrival {
                Arrival::Added => progress.added += 1,
                Arrival::Filled => progress.filled += 1,
                Arrival::Known => progress.known += 1,
                Arrival::Taken => progress.refused += 1,
            }
        }
        let (added, filled) = (progress.added - base.added, progress.filled - base.filled);
        if added + filled + joined > 0 {
            let mut event = event.clone();
            event.detail.push_str(&format!(
                ": {added} added, {filled} completed, {joined} identities linked"
            ));
            audit::insert(tx, &event).await?;
        }
        if let Some(id) = &id {
            imports::save(tx, id, progress, moment.now).await?;
        }
        Ok::<_, Fault>((progress, arrivals))
    });
    let (progress, arrivals) = written.await?;
    let taken = batch.lines.iter().zip(&arrivals);
    let taken = taken.filter(|(_, arrival)| **arrival == Arrival::Taken);
    Ok((progress, taken.map(|(line, _)| *line).collect()))
}

/// The file on its way in.
struct Source {
    from: BufReader<Box<dyn Input>>,
    /// Tells it from other files; `None` for standard input.
    id: Option<String>,
    layout: Layout,
    format: Format,
    columns: Vec<String>,
    connections: Vec<Connection>,
    position: u64,
    line: u64,
}

/// A reader that may be able to seek.
trait Input: Read + Send {
    fn go_to(&mut self, position: u64) -> std::io::Result<()>;
}

impl Input for File {
    fn go_to(&mut self, position: u64) -> std::io::Result<()> {
        self.seek(SeekFrom::Start(position)).map(drop)
    }
}

impl Input for std::io::Stdin {
    fn go_to(&mut self, _: u64) -> std::io::Result<()> {
        Ok(())
    }
}

impl Source {
    fn open(import: &Import) -> std::io::Result<Self> {
        let (input, id): (Box<dyn Input>, _) = match &import.file {
            None => (Box::new(stdin()), None),
            Some(path) => {
                let file = File::open(path)?;
                let length = file.metadata()?.len();
                let mut beginning = Vec::new();
                (&file).take(BEGINNING).read_to_end(&mut beginning)?;
                let digest = Sha256::new()
                    .chain_update(length.to_be_bytes())
                    .chain_update(&beginning)
                    .finalize();
                (&file).seek(SeekFrom::Start(0))?;
                (Box::new(file), Some(hex(&digest)))
            }
        };
        let mut from = BufReader::with_capacity(1 << 18, input);
        let layout = match import.format {
            Format::Csv => Layout::Csv,
            _ => Layout::of(from.fill_buf()?),
        };
        Ok(Self {
            from,
            id,
            layout,
            format: import.format,
            columns: Vec::new(),
            connections: Vec::new(),
            position: 0,
            line: 0,
        })
    }

    /// Reads the header, and goes to where the last import stopped.
    fn start(&mut self, format: Format, before: Option<Progress>) -> Result<(), Refused> {
        if self.layout == Layout::Csv {
            if !matches!(format, Format::Auto | Format::Csv) {
                return Err(Refused::invalid(
                    "the file is not JSON: it does not begin with { or [",
                ));
            }
            let mut records = Records::new(&mut self.from, Layout::Csv, 0, 0);
            let header = records.read().ok().flatten().and_then(|record| record.bytes.ok());
            (self.position, self.line) = (records.position, records.line);
            let header = header.ok_or_else(|| Refused::invalid("the file is empty"))?;
            self.columns = fields(&header).map_err(|why| Refused::invalid(format!("the header: {why}")))?;
            let named = |column: &String| column.trim() == "email";
            if !self.columns.iter().any(named) {
                return Err(Refused::invalid(
                    "the file is neither JSON nor CSV with a header that names a column email",
                ));
            }
        }
        if let Some(before) = before.filter(|before| before.position > self.position) {
            let moved = self.from.get_mut().go_to(before.position);
            moved.map_err(|error| Refused::invalid(format!("the file cannot be read: {error}")))?;
            // What is in the buffer was before.
            let stale = self.from.buffer().len();
            self.from.consume(stale);
            (self.position, self.line) = (before.position, before.line);
        }
        Ok(())
    }

    /// Sends batch after batch, until the file ends or nobody listens.
    fn read_all(mut self, now: Timestamp, batches: &mpsc::Sender<Batch>) -> std::io::Result<()> {
        let mut records = Records::new(&mut self.from, self.layout, self.position, self.line);
        let mut batch = Batch::default();
        let mut seen = 0;
        loop {
            let record = records.read()?;
            let ended = record.is_none();
            if let Some(record) = record {
                seen += 1;
                let read = record.bytes.map_err(str::to_owned);
                let form = (self.layout, self.format, self.columns.as_slice());
                let read = read.and_then(|bytes| judged(&bytes, form, &self.connections, now));
                batch.take(record.line, read);
            }
            if seen == BATCH || (ended && seen > 0) {
                (batch.position, batch.line) = (records.position, records.line);
                if batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                    return Ok(());
                }
                seen = 0;
            }
            if ended {
                return Ok(());
            }
        }
    }
}

impl Batch {
    fn take(&mut self, line: u64, read: Result<(Person, Linked), String>) {
        match read {
            Err(why) => self.refused.push((line, why)),
            Ok((person, linked)) => {
                if let Some(weak) = person.weak {
                    self.weak.push((self.newcomers.len(), weak));
                }
                self.left.extend(person.left);
                self.left.extend(linked.left);
                self.joined.extend(linked.joined);
                self.lines.push(line);
                self.newcomers.push(person.newcomer);
            }
        }
    }
}

/// A record as a person, or why it is none.
fn judged(
    bytes: &[u8],
    (layout, format, columns): (Layout, Format, &[String]),
    connections: &[Connection],
    now: Timestamp,
) -> Result<(Person, Linked), String> {
    let record = match layout {
        Layout::Csv => row(bytes, columns)?,
        Layout::Lines | Layout::Array => serde_json::from_slice::<Map<String, Value>>(bytes)
            .map_err(|_| "the record is not a JSON object".to_owned())?,
    };
    if format == Format::Auth0Hashes && !record.contains_key("passwordHash") {
        return Err("there is no passwordHash".to_owned());
    }
    let person = person::read(&record, now)?;
    let linked = linked::read(&record, &person.newcomer.user.id, connections)?;
    Ok((person, linked))
}

fn row(bytes: &[u8], columns: &[String]) -> Result<Map<String, Value>, String> {
    let fields = fields(bytes)?;
    if fields.len() != columns.len() {
        return Err(format!(
            "the row has {} fields, the header {}",
            fields.len(),
            columns.len()
        ));
    }
    let named = columns.iter().map(|column| column.trim().to_owned()).zip(fields);
    Ok(named
        .filter(|(_, field)| !field.is_empty())
        .map(|(column, field)| (column, Value::String(field)))
        .collect())
}
