//! Passwords that leaked: a list in a file of the operator's, and a service that is asked by the first five digits of a SHA-1
//! (k-anonymity). A password is never written, sent or remembered, only looked for.
//!
//! The file holds 32 bits of each SHA-1, bits 16 to 48, sorted and grouped by the first 16, after an index of the groups. It is read
//! where it is needed and never as a whole, so a list of any length costs half a mebibyte of memory. A password that is not in the list
//! is taken for one that is with a chance of the list's length in 2^48.

use crate::app::App;
use crate::config::PasswordRule;
use anyhow::{Context as _, Result, ensure};
use sha1::{Digest, Sha1};
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

pub use build::{Built, Source, build};

mod build;

/// What a file begins with: name and version of the form.
const MAGIC: &[u8; 16] = b"sekisho leaked 1";
/// Groups, by the first 16 bits.
const GROUPS: usize = 1 << 16;
/// Bytes of an entry.
const ENTRY: usize = 4;
/// Where the entries begin.
const ENTRIES_AT: u64 = (MAGIC.len() + (GROUPS + 1) * 8) as u64;
/// The most bytes of a service's answer that are read: a range has about a thousand lines of forty bytes.
const MOST_ANSWER_BYTES: usize = 1 << 20;

/// What is known of leaked passwords.
#[derive(Default)]
pub struct Breached {
    list: Option<Arc<List>>,
    api: Option<String>,
}

/// Whom to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The operator's list alone: nothing leaves this machine.
    List,
    /// The list, then the service.
    ListAndService,
}

impl Breached {
    /// Opens the operator's list.
    ///
    /// # Errors
    /// A sentence that names the file and the remedy.
    pub fn open(rule: &PasswordRule) -> Result<Self> {
        let open = |path: &Path| {
            List::open(path).with_context(|| {
                format!(
                    "`passwords.breached_file` {} cannot be used; make it with `sekisho password-list build`",
                    path.display()
                )
            })
        };
        Ok(Self {
            list: rule.breached_file.as_deref().map(open).transpose()?.map(Arc::new),
            api: rule.breached_api.clone(),
        })
    }

    /// Whether a password leaked, as far as anybody knows. What cannot be asked is logged, counted, and taken for no: a list that is
    /// out of reach must not keep people from choosing a password.
    pub async fn holds(&self, app: &App, password: &str, ask: Ask) -> bool {
        if self.list.is_none() && self.api.is_none() {
            return false;
        }
        let digest: [u8; 20] = Sha1::digest(password.as_bytes()).into();
        if let Some(list) = self.list.clone() {
            let found = tokio::task::spawn_blocking(move || list.holds(&digest)).await;
            match found {
                Ok(Ok(true)) => return true,
                Ok(Ok(false)) => {}
                Ok(Err(error)) => app.metrics.leak_check_failed("list", &error.to_string()),
                Err(_) => app.metrics.leak_check_failed("list", "the look-up died"),
            }
        }
        match (&self.api, ask) {
            (Some(api), Ask::ListAndService) => match ask_service(app, api, &digest).await {
                Ok(found) => found,
                Err(error) => {
                    app.metrics.leak_check_failed("service", &error.to_string());
                    false
                }
            },
            _ => false,
        }
    }
}

/// Asks by the first five digits of the SHA-1; the rest is looked for in the answer. `Add-Padding` hides how many there are.
async fn ask_service(app: &App, api: &str, digest: &[u8; 20]) -> Result<bool> {
    let digits = sekisho_rules::id::hex(digest).to_ascii_uppercase();
    let (prefix, rest) = digits.split_at(5);
    let headers = [("accept", "text/plain"), ("add-padding", "true")];
    let answer = app
        .egress
        .get_with(&format!("{api}{prefix}"), &headers, MOST_ANSWER_BYTES)
        .await?;
    ensure!(answer.status == 200, "the service answered {}", answer.status);
    let text = std::str::from_utf8(&answer.body).context("the service did not answer text")?;
    let found = text.lines().filter_map(|line| line.trim().split_once(':'));
    // Padding has the count 0.
    Ok(found
        .into_iter()
        .any(|(suffix, count)| suffix.eq_ignore_ascii_case(rest) && count.trim() != "0"))
}

/// A list in a file.
struct List {
    file: File,
    /// How many entries stand before each group, and how many there are.
    starts: Vec<u64>,
}

impl List {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let mut magic = [0; MAGIC.len()];
        file.read_exact_at(&mut magic, 0).context("it is too short")?;
        ensure!(&magic == MAGIC, "it is not such a list");
        let mut index = vec![0; (GROUPS + 1) * 8];
        file.read_exact_at(&mut index, MAGIC.len() as u64)
            .context("it is too short")?;
        let starts: Vec<u64> = index
            .chunks_exact(8)
            .map(|bytes| {
                bytes
                    .iter()
                    .fold(0, |number, byte| number << 8 | u64::from(*byte))
            })
            .collect();
        let total = starts.last().copied().unwrap_or_default();
        ensure!(
            starts.is_sorted() && file.metadata()?.len() == ENTRIES_AT + total * ENTRY as u64,
            "it is cut off or damaged"
        );
        Ok(Self { file, starts })
    }

    /// Searches the group in the file, halving it with each read, then the last page of it in memory.
    fn holds(&self, digest: &[u8; 20]) -> std::io::Result<bool> {
        let (group, wanted) = split(digest);
        let (mut low, mut high) = (self.starts[group], self.starts[group + 1]);
        while high - low > 1024 {
            let middle = low + (high - low) / 2;
            let mut entry = [0; ENTRY];
            self.file
                .read_exact_at(&mut entry, ENTRIES_AT + middle * ENTRY as u64)?;
            match entry <= wanted {
                true => low = middle,
                false => high = middle,
            }
        }
        let mut page = vec![0; usize::try_from(high - low).unwrap_or_default() * ENTRY];
        self.file
            .read_exact_at(&mut page, ENTRIES_AT + low * ENTRY as u64)?;
        Ok(page.chunks_exact(ENTRY).any(|entry| entry == wanted))
    }
}

/// The group of a digest, and what stands for it there.
fn split(digest: &[u8; 20]) -> (usize, [u8; ENTRY]) {
    let group = usize::from(digest[0]) << 8 | usize::from(digest[1]);
    (group, [digest[2], digest[3], digest[4], digest[5]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(text: &str, source: Source) -> Result<(tempfile::TempDir, List, Built)> {
        let folder = tempfile::tempdir()?;
        let to = folder.path().join("list");
        let built = build(text.as_bytes(), source, &to)?;
        Ok((folder, List::open(&to)?, built))
    }

    fn digest(password: &str) -> [u8; 20] {
        Sha1::digest(password.as_bytes()).into()
    }

    #[test]
    fn a_list_holds_what_was_put_in_and_nothing_else() {
        let words: Vec<String> = (0..200_000).map(|n| format!("password {n}")).collect();
        let (_folder, list, built) = built(&words.join("\n"), Source::Plain).unwrap();
        assert_eq!(built.entries, 200_000);
        for word in words.iter().step_by(997) {
            assert!(list.holds(&digest(word)).unwrap(), "{word}");
        }
        let strangers = (0..2_000).filter(|n| list.holds(&digest(&format!("stranger {n}"))).unwrap());
        assert_eq!(strangers.count(), 0);
    }

    #[test]
    fn hibp_lines_are_read_in_order_and_nothing_else_is_taken_for_one() {
        let mut lines: Vec<String> = ["a", "b", "c"]
            .map(|word| format!("{}:7", sekisho_rules::id::hex(&digest(word)).to_uppercase()))
            .into();
        lines.sort();
        let (_folder, list, _) = built(&(lines.join("\r\n") + "\r\n"), Source::Hibp).unwrap();
        assert!(list.holds(&digest("b")).unwrap() && !list.holds(&digest("d")).unwrap());
        lines.reverse();
        let unsorted = built(&lines.join("\n"), Source::Hibp).err().unwrap();
        assert!(
            unsorted.to_string().contains("line 2 is not in order"),
            "{unsorted}"
        );
        let wrong = built("hunter2", Source::Hibp).err().unwrap();
        assert!(wrong.to_string().contains("line 1 is no SHA-1"), "{wrong}");
    }

    #[test]
    fn a_damaged_file_is_refused_when_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("list");
        build("one\ntwo".as_bytes(), Source::Plain, &to).unwrap();
        let whole = std::fs::read(&to).unwrap();
        for damaged in [&whole[..whole.len() - 1], &whole[..20], b"", b"sekisho leaked 2"] {
            std::fs::write(&to, damaged).unwrap();
            assert!(List::open(&to).is_err());
        }
    }
}
