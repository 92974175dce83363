//! Makes the file of leaked passwords from what the operator has: a download of Have I Been Pwned, or a plain list.

use super::{ENTRIES_AT, ENTRY, GROUPS, MAGIC, split};
use anyhow::{Context as _, Result, bail, ensure};
use sekisho_rules::login::password::prepare;
use sha1::{Digest, Sha1};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// The longest line that is read.
const LONGEST_LINE: u64 = 4096;
/// The most passwords of a plain list: they are sorted in memory, 20 bytes each.
const MOST_PLAIN: usize = 20_000_000;

/// What a list is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// SHA-1 in hexadecimal, a colon and a count on each line, sorted: what the downloader of Have I Been Pwned writes.
    Hibp,
    /// One password on each line.
    Plain,
}

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// How many passwords are in the list.
    pub entries: u64,
    /// How long the file is.
    pub bytes: u64,
}

/// Writes the list. The file appears under its name only when it is whole.
///
/// # Errors
/// A sentence that names the line, or what the disk said.
pub fn build(from: impl Read, source: Source, to: &Path) -> Result<Built> {
    let beside = to.with_extension("part");
    let file = File::create(&beside).with_context(|| format!("{} cannot be written", beside.display()))?;
    let mut list = Writer::new(file)?;
    let mut lines = Lines {
        from: BufReader::with_capacity(1 << 20, from),
        number: 0,
        line: Vec::new(),
    };
    match source {
        Source::Hibp => {
            while let Some(line) = lines.next()? {
                let digest = hexadecimal(line)
                    .with_context(|| format!("line {} is no SHA-1 with a count", lines.number))?;
                list.add(&digest).map_err(|error| match error {
                    NotAdded::Order => anyhow::anyhow!(
                        "line {} is not in order; sort the file first, or take the download \"ordered by hash\"",
                        lines.number
                    ),
                    NotAdded::Disk(error) => error.into(),
                })?;
            }
        }
        Source::Plain => {
            let mut digests: Vec<[u8; 20]> = Vec::new();
            while let Some(line) = lines.next()? {
                ensure!(
                    digests.len() < MOST_PLAIN,
                    "a plain list may have {MOST_PLAIN} lines; make SHA-1 lines of a longer one and sort them"
                );
                // The form in which new passwords are looked for.
                // A longer one is nobody's.
                if let Some(text) = prepare(&String::from_utf8_lossy(line)) {
                    digests.push(Sha1::digest(text.as_bytes()).into());
                }
            }
            digests.sort_unstable();
            for digest in &digests {
                match list.add(digest) {
                    Ok(()) | Err(NotAdded::Order) => {}
                    Err(NotAdded::Disk(error)) => return Err(error.into()),
                }
            }
        }
    }
    let built = list.finish()?;
    ensure!(built.entries > 0, "there was no password in it");
    std::fs::rename(&beside, to)?;
    Ok(built)
}

/// Lines of bounded length, without their ends; empty ones are left out.
struct Lines<R> {
    from: BufReader<R>,
    number: u64,
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        loop {
            self.line.clear();
            self.number += 1;
            let read = (&mut self.from)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            if read as u64 == LONGEST_LINE && self.line.last() != Some(&b'\n') {
                bail!("line {} is longer than {LONGEST_LINE} bytes", self.number);
            }
            while matches!(self.line.last(), Some(b'\n' | b'\r')) {
                self.line.pop();
            }
            if !self.line.is_empty() {
                break;
            }
        }
        Ok(Some(&self.line))
    }
}

/// The digest at the beginning of a line.
fn hexadecimal(line: &[u8]) -> Option<[u8; 20]> {
    let digits = line.get(..40)?;
    if line.get(40).is_some_and(|byte| *byte != b':') {
        return None;
    }
    let mut digest = [0; 20];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(digest)
}

/// Why a digest was not added.
enum NotAdded {
    Order,
    Disk(std::io::Error),
}

/// Writes entries as they come, and the index in front of them at the end.
struct Writer {
    file: BufWriter<File>,
    starts: Vec<u64>,
    entries: u64,
    last: Option<[u8; 20]>,
}

impl Writer {
    fn new(file: File) -> Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.seek(SeekFrom::Start(ENTRIES_AT))?;
        Ok(Self {
            file,
            starts: Vec::with_capacity(GROUPS + 1),
            entries: 0,
            last: None,
        })
    }

    fn add(&mut self, digest: &[u8; 20]) -> Result<(), NotAdded> {
        if self.last.is_some_and(|last| last >= *digest) {
            return Err(NotAdded::Order);
        }
        self.last = Some(*digest);
        let (group, entry) = split(digest);
        while self.starts.len() <= group {
            self.starts.push(self.entries);
        }
        self.file.write_all(&entry).map_err(NotAdded::Disk)?;
        self.entries += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<Built> {
        self.starts.resize(GROUPS + 1, self.entries);
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(MAGIC)?;
        for start in &self.starts {
            self.file.write_all(&start.to_be_bytes())?;
        }
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(Built {
            entries: self.entries,
            bytes: ENTRIES_AT + self.entries * ENTRY as u64,
        })
    }
}
