//! A file of users taken apart, record by record, in bounded memory: a line each, the objects of one JSON array, or CSV (RFC 4180).
//!
//! It knows where each record ends, so that an import goes on there; it does not know what a record means.

use std::io::{self, BufRead};

/// The longest record, in bytes.
pub const LONGEST_RECORD: usize = 1 << 20;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One JSON object a line.
    Lines,
    /// One JSON array of objects.
    Array,
    /// CSV with a header.
    Csv,
}

impl Layout {
    /// By the first character that is no space; a byte order mark counts as space.
    pub fn of(beginning: &[u8]) -> Self {
        let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Self::Lines,
            Some(b'[') => Self::Array,
            _ => Self::Csv,
        }
    }
}

/// One record, or why it could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its bytes.
    pub bytes: Result<Vec<u8>, &'static str>,
}

/// Takes a file apart.
pub struct Records<R> {
    from: R,
    layout: Layout,
    /// Bytes read so far.
    pub position: u64,
    /// Line ends read so far.
    pub line: u64,
}

impl<R: BufRead> Records<R> {
    /// From a reader that stands at this position.
    pub fn new(from: R, layout: Layout, position: u64, line: u64) -> Self {
        Self {
            from,
            layout,
            position,
            line,
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&mut self) -> io::Result<Option<Record>> {
        match self.layout {
            Layout::Lines => self.next_line(),
            Layout::Array => self.next_object(),
            Layout::Csv => self.next_row(),
        }
    }

    fn next_line(&mut self) -> io::Result<Option<Record>> {
        loop {
            let line = self.line + 1;
            let Some(bytes) = self.line()? else {
                return Ok(None);
            };
            match bytes {
                Ok(bytes) if bytes.trim_ascii().is_empty() => {}
                bytes => return Ok(Some(Record { line, bytes })),
            }
        }
    }

    /// One line without its end, or why it is not taken; then its rest was passed over.
    fn line(&mut self) -> io::Result<Option<Result<Vec<u8>, &'static str>>> {
        let mut bytes = Vec::new();
        let (mut read, mut long) = (false, false);
        loop {
            let part = self.from.fill_buf()?;
            if part.is_empty() {
                break;
            }
            read = true;
            let (taken, ends) = match part.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (part.len(), false),
            };
            if bytes.len() + taken > LONGEST_RECORD {
                long = true;
                bytes.clear();
            }
            if !long {
                bytes.extend_from_slice(&part[..taken]);
            }
            self.from.consume(taken);
            self.position += taken as u64;
            if ends {
                self.line += 1;
                break;
            }
        }
        if long {
            return Ok(Some(Err("the record is longer than 1 MiB")));
        }
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => rest.to_vec(),
            None => bytes,
        };
        Ok(read.then_some(Ok(bytes)))
    }

    /// Braces are counted, outside of strings; what stands between objects is passed over.
    fn next_object(&mut self) -> io::Result<Option<Record>> {
        let mut record = Record {
            line: 0,
            bytes: Ok(Vec::new()),
        };
        let (mut depth, mut in_string, mut escaped) = (0u32, false, false);
        loop {
            let part = self.from.fill_buf()?;
            if part.is_empty() {
                return Ok((depth > 0).then_some(Record {
                    bytes: Err("the file ends inside this record"),
                    ..record
                }));
            }
            let (mut taken, mut done) = (0, false);
            for &byte in part {
                taken += 1;
                if byte == b'\n' {
                    self.line += 1;
                }
                match (in_string, byte) {
                    (true, _) if escaped => escaped = false,
                    (true, b'\\') => escaped = true,
                    (true, b'"') => in_string = false,
                    (true, _) => {}
                    (false, b'"') => in_string = depth > 0,
                    (false, b'{') => {
                        if depth == 0 {
                            record.line = self.line + 1;
                        }
                        depth += 1;
                    }
                    (false, b'}') => {
                        depth = depth.saturating_sub(1);
                        done = depth == 0 && record.line > 0;
                    }
                    (false, _) => {}
                }
                if depth > 0 || done {
                    push(&mut record.bytes, byte);
                }
                if done {
                    break;
                }
            }
            self.from.consume(taken);
            self.position += taken as u64;
            if done {
                return Ok(Some(record));
            }
        }
    }

    /// Lines, until the quotes are even.
    fn next_row(&mut self) -> io::Result<Option<Record>> {
        let Some(mut record) = self.next_line()? else {
            return Ok(None);
        };
        while let Ok(bytes) = &mut record.bytes
            && bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1
        {
            match self.line()? {
                None => record.bytes = Err("the file ends inside a quoted field"),
                Some(Err(why)) => record.bytes = Err(why),
                Some(Ok(more)) if bytes.len() + more.len() < LONGEST_RECORD => {
                    bytes.push(b'\n');
                    bytes.extend_from_slice(&more);
                }
                Some(Ok(_)) => record.bytes = Err("the record is longer than 1 MiB"),
            }
        }
        Ok(Some(record))
    }
}

fn push(bytes: &mut Result<Vec<u8>, &'static str>, byte: u8) {
    if let Ok(kept) = bytes {
        match kept.len() < LONGEST_RECORD {
            true => kept.push(byte),
            false => *bytes = Err("the record is longer than 1 MiB"),
        }
    }
}

/// The fields of a CSV row (RFC 4180 section 2).
///
/// # Errors
/// Where a quote stands that does not belong there.
pub fn fields(row: &[u8]) -> Result<Vec<String>, &'static str> {
    let text = std::str::from_utf8(row).map_err(|_| "the row is not UTF-8")?;
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let field = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (field, after) = rest.split_at(end);
                if field.contains('"') {
                    return Err("a quote stands inside a field that does not begin with one");
                }
                rest = after;
                field.to_owned()
            }
            Some(quoted) => {
                let mut field = String::new();
                let mut inner = quoted;
                loop {
                    let end = inner.find('"').ok_or("a quoted field does not end")?;
                    field.push_str(&inner[..end]);
                    inner = &inner[end + 1..];
                    match inner.strip_prefix('"') {
                        Some(after) => {
                            field.push('"');
                            inner = after;
                        }
                        None => break,
                    }
                }
                rest = inner;
                field
            }
        };
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(fields),
            None => return Err("text stands behind a quoted field"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(u64, Result<String, &'static str>)> {
        let mut records = Records::new(text.as_bytes(), Layout::of(text.as_bytes()), 0, 0);
        let mut found = Vec::new();
        while let Some(record) = records.read().unwrap() {
            let bytes = record.bytes.map(|bytes| String::from_utf8(bytes).unwrap());
            found.push((record.line, bytes));
        }
        assert_eq!(records.position, text.len() as u64);
        found
    }

    #[test]
    fn lines_arrays_and_rows_are_taken_apart() {
        let one = r#"{"a":"}{\"","b":{"c":1}}"#;
        assert_eq!(
            all(&format!("\u{feff}{one}\r\n\n{{}}")),
            [(1, Ok(one.into())), (3, Ok("{}".into()))]
        );
        assert_eq!(
            all(&format!("[\n {one},\n{{}}]\n")),
            [(2, Ok(one.into())), (3, Ok("{}".into()))]
        );
        assert_eq!(
            all("email,name\na@b.c,\"Two\nlines, \"\"quoted\"\"\"\nd@e.f,x"),
            [
                (1, Ok("email,name".into())),
                (2, Ok("a@b.c,\"Two\nlines, \"\"quoted\"\"\"".into())),
                (4, Ok("d@e.f,x".into())),
            ]
        );
        assert_eq!(
            fields(b"a@b.c,\"Two\nlines, \"\"quoted\"\"\",").unwrap(),
            ["a@b.c", "Two\nlines, \"quoted\"", ""]
        );
    }

    #[test]
    fn what_is_broken_is_said_and_the_rest_goes_on() {
        assert_eq!(all("[{\"a\":1"), [(1, Err("the file ends inside this record"))]);
        assert_eq!(
            all("a,b\n\"x"),
            [
                (1, Ok("a,b".into())),
                (2, Err("the file ends inside a quoted field"))
            ]
        );
        let long = format!("{{\"a\":\"{}\"}}\n{{}}\n", "x".repeat(LONGEST_RECORD));
        assert_eq!(
            all(&long),
            [(1, Err("the record is longer than 1 MiB")), (2, Ok("{}".into()))]
        );
        let long = format!("[{{\"a\":\"{}\"}},\n{{}}]", "x".repeat(LONGEST_RECORD));
        assert_eq!(
            all(&long),
            [(1, Err("the record is longer than 1 MiB")), (2, Ok("{}".into()))]
        );
        for wrong in ["a\"b", "\"a\"b", "\"a"] {
            assert!(fields(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_import_goes_on_where_a_record_ended() {
        let text = "[{\"a\":1},{\"b\":2}]";
        let mut records = Records::new(text.as_bytes(), Layout::Array, 0, 0);
        records.read().unwrap();
        let at = usize::try_from(records.position).unwrap();
        let mut rest = Records::new(
            &text.as_bytes()[at..],
            Layout::Array,
            records.position,
            records.line,
        );
        assert_eq!(rest.read().unwrap().unwrap().bytes.unwrap(), b"{\"b\":2}");
    }
}
