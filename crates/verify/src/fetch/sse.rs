//! Server-sent events (WHATWG HTML section 9.2.6) taken out of the bytes of an answer as they come. Owns the grammar and its
//! bounds; what an event means is `follow`'s.
//!
//! Stricter than a browser: an event without data is told too, because an event that was passed over could have been a
//! revocation.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name; `message` when it has none.
    pub(crate) name: String,
    /// Its data lines, joined by line feeds.
    pub(crate) data: Vec<u8>,
}

/// The stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SseError {
    /// An event longer than the limit.
    #[error("an event of the revocation feed is longer than is allowed")]
    TooLong,
}

/// The parser: bytes in, events out.
#[derive(Debug)]
pub(crate) struct Parser {
    limit: usize,
    /// The bytes of the line that has not ended yet.
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    /// Whether the event has a name or data, even empty ones.
    begun: bool,
    /// The last line ended in a carriage return, so that a line feed now belongs to it.
    returned: bool,
    /// The first line may begin with a byte order mark.
    first: bool,
}

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Parser {
    /// The longest event by default, in bytes: some 200,000 records.
    pub(crate) const LIMIT: usize = 8 * 1024 * 1024;

    /// A parser at the start of a stream that takes events, and lines, of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            name: Vec::new(),
            data: Vec::new(),
            begun: false,
            returned: false,
            first: true,
        }
    }

    /// Takes the next bytes and tells the events that they end.
    ///
    /// # Errors
    /// [`SseError`]; the stream must be left then, for nothing after it can be trusted to be whole.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, SseError> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            if std::mem::take(&mut self.returned) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + self.name.len() + self.data.len() + part.len() > self.limit {
                return Err(SseError::TooLong);
            }
            self.line.extend_from_slice(part);
            let Some(mark) = rest.first() else { break };
            self.returned = *mark == b'\r';
            bytes = &rest[1..];
            let line = std::mem::take(&mut self.line);
            events.extend(self.end_line(&line));
        }
        Ok(events)
    }

    /// Takes a whole line; an empty one ends an event.
    fn end_line(&mut self, line: &[u8]) -> Option<Event> {
        let line = match std::mem::take(&mut self.first) {
            true => line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line),
            false => line,
        };
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            // A comment.
            Some(0) => return None,
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => {
                self.name = value.to_vec();
                self.begun = true;
            }
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
                self.begun = true;
            }
            // `id` and `retry` say nothing that the data does not; other fields are passed over by the standard.
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.begun) {
            return None;
        }
        data.pop();
        let name = match name.is_empty() {
            true => "message".to_owned(),
            false => String::from_utf8_lossy(&name).into_owned(),
        };
        Some(Event { name, data })
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Parser, SseError};
    use proptest::prelude::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            data: data.as_bytes().to_vec(),
        }
    }

    fn parse(text: &str) -> Vec<Event> {
        Parser::new(1 << 10).push(text.as_bytes()).unwrap()
    }

    #[test]
    fn html_9_2_6_examples() {
        assert_eq!(
            parse("data: YHOO\ndata: +2\ndata: 10\n\n"),
            [event("message", "YHOO\n+2\n10")]
        );
        assert_eq!(
            parse(
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n"
            ),
            [event("message", "first event"), event("message", "second event")]
        );
        assert_eq!(
            parse("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"),
            [event("add", "73857293"), event("remove", "2153")]
        );
        assert_eq!(
            parse("data:test\n\ndata: test\n\n"),
            [event("message", "test"), event("message", "test")]
        );
        assert_eq!(
            parse("data\n\ndata\ndata\n\ndata:"),
            [event("message", ""), event("message", "\n")]
        );
    }

    #[test]
    fn every_line_ending_ends_a_line_once() {
        for text in [
            "event: a\ndata: b\n\n",
            "event: a\rdata: b\r\r",
            "event: a\r\ndata: b\r\n\r\n",
        ] {
            assert_eq!(parse(text), [event("a", "b")], "{text:?}");
        }
    }

    #[test]
    fn an_event_without_data_is_told() {
        assert_eq!(parse("event: snapshot\n\n"), [event("snapshot", "")]);
        assert_eq!(parse("\n\n\n: beat\n\nid: 4\n\n"), []);
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_once() {
        assert_eq!(parse("\u{FEFF}data: a\n\n"), [event("message", "a")]);
        assert_eq!(parse("data: a\n\n\u{FEFF}data: b\n\n"), [event("message", "a")]);
    }

    #[test]
    fn threat_25_lines_and_events_are_bounded() {
        let mut parser = Parser::new(64);
        assert_eq!(parser.push(&[b'x'; 64]), Ok(Vec::new()));
        assert_eq!(parser.push(b"y"), Err(SseError::TooLong));
        let mut parser = Parser::new(64);
        let endless = (0..64).try_for_each(|_| parser.push(b"data: 12345\n").map(drop));
        assert_eq!(endless, Err(SseError::TooLong));
        // A long stream of small events is not a long event.
        let mut parser = Parser::new(64);
        for _ in 0..1_000 {
            assert_eq!(parser.push(b"data: 1\n\n").unwrap().len(), 1);
        }
    }

    proptest! {
        /// Whatever comes, it is bounded and does not panic.
        #[test]
        fn threat_25_law_any_bytes_are_taken_or_refused(
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..40),
        ) {
            let mut parser = Parser::new(100);
            for part in parts {
                match parser.push(&part) {
                    Ok(events) => prop_assert!(events.iter().all(|event| event.data.len() <= 100)),
                    Err(SseError::TooLong) => break,
                }
                prop_assert!(parser.line.len() + parser.name.len() + parser.data.len() <= 100 + 40);
            }
        }

        /// Wherever the network cuts the bytes, the events are the same.
        #[test]
        fn law_cuts_change_nothing(
            lines in proptest::collection::vec("(event: [ab]|data: ?[a-z]{0,3}|:c|id: 1|)(\n|\r\n|\r)", 0..20),
            cuts in proptest::collection::vec(1_usize..7, 1..60),
        ) {
            let text: String = lines.concat();
            let whole = parse(&text);
            let mut parser = Parser::new(1 << 10);
            let mut rest = text.as_bytes();
            let mut events = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break }
                let (part, after) = rest.split_at((*cut).min(rest.len()));
                events.extend(parser.push(part).unwrap());
                rest = after;
            }
            prop_assert_eq!(events, whole);
        }
    }
}
