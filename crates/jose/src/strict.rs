//! JSON as tokens may contain it (RFC 8259 within RFC 7519 section 4): one UTF-8 object, no member twice at any depth,
//! no value deeper than [`MAX_DEPTH`], no object larger than [`names::MAX_MEMBERS`], and `null` never read as absent.
//!
//! A serde deserializer of its own, because finding duplicates while reading costs next to nothing there and a third of the
//! whole check as a layer over another parser. What is rare and intricate (escapes, numbers that are not 64-bit
//! integers) is handed to serde_json; a fuzz target holds the two against each other.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::Error;

use self::names::Names;

mod names;
mod scan;
#[cfg(test)]
mod tests;

/// Objects and arrays within each other, the outermost counted.
pub(crate) const MAX_DEPTH: u32 = 64;

/// Reads `json` as one object into `T`.
pub(crate) fn from_slice<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, Error> {
    let text = std::str::from_utf8(json).map_err(|_| fail("not UTF-8"))?;
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        plain: scan::is_plain(json),
    };
    if reader.peek() != Some(b'{') {
        return Err(fail("not a JSON object"));
    }
    // Claims are large: a result changed in place is not copied.
    let mut value = T::deserialize(&mut reader);
    if value.is_ok() && reader.peek().is_some() {
        value = Err(fail("something follows the JSON object"));
    }
    value
}

/// For `#[serde(default, deserialize_with = "present")]`: an absent member is `None`, any other, `null` too, must be a
/// `T`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The text and how far it has been read.
struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u32,
    /// No backslash and no control character anywhere: a string ends at the next quote.
    plain: bool,
}

#[cold]
fn fail(reason: &'static str) -> Error {
    Error::custom(reason)
}

impl<'de> Reader<'de> {
    /// The next byte that is not white space, not yet taken.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        match self.text.as_bytes().get(self.at) {
            Some(&byte) if byte > b' ' => Some(byte),
            _ => self.skip_space(),
        }
    }

    #[cold]
    fn skip_space(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    #[inline(always)]
    fn colon(&mut self) -> Result<(), Error> {
        if self.peek() != Some(b':') {
            return Err(fail("a member without a colon"));
        }
        self.at += 1;
        Ok(())
    }

    /// A string whose opening quote is the next byte, if it has no escapes. Otherwise nothing is taken.
    #[inline(always)]
    fn borrowed_string(&mut self) -> Option<&'de str> {
        match self.plain_string() {
            Some(text) => Some(text),
            None => self.unescaped_string(),
        }
    }

    /// The same in a text without escapes, as nearly every token is: found without a call.
    #[inline(always)]
    fn plain_string(&mut self) -> Option<&'de str> {
        if !self.plain {
            return None;
        }
        let start = self.at + 1;
        let end = scan::to_quote(self.text.as_bytes(), start)?;
        let text = self.text.get(start..end)?;
        self.at = end + 1;
        Some(text)
    }

    #[inline(never)]
    fn unescaped_string(&mut self) -> Option<&'de str> {
        let (bytes, start) = (self.text.as_bytes(), self.at + 1);
        let end = scan::to_special(bytes, start);
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    #[cold]
    fn escaped_string(&mut self) -> Result<String, Error> {
        let bytes = self.text.as_bytes();
        let mut end = scan::to_special(bytes, self.at + 1);
        while bytes.get(end) == Some(&b'\\') {
            // The escaped character is ASCII or refused below; two bytes on is at most the closing quote.
            end = scan::to_special(bytes, end + 2);
        }
        if bytes.get(end) != Some(&b'"') {
            return Err(fail("a string without end or with a control character"));
        }
        let quoted = self
            .text
            .get(self.at..=end)
            .ok_or_else(|| fail("a malformed string"))?;
        self.at = end + 1;
        serde_json::from_str(quoted)
    }

    #[inline(always)]
    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.borrowed_string() {
            Some(text) => visitor.visit_borrowed_str(text),
            None => self.visit_escaped(visitor),
        }
    }

    /// Any value, away from where plain strings are read, which needs no registers saved then.
    #[inline(never)]
    fn rarer<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    #[cold]
    #[inline(never)]
    fn visit_escaped<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.escaped_string()?)
    }

    #[inline]
    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if let Some((number, end)) = scan::small_integer(self.text.as_bytes(), self.at) {
            self.at = end;
            return visitor.visit_u64(number);
        }
        let start = self.at;
        self.at = scan::past_number(self.text.as_bytes(), start);
        rare_number(&self.text[start..self.at], visitor)
    }

    fn literal<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let rest = &self.text.as_bytes()[self.at..];
        if rest.starts_with(b"true") {
            self.at += 4;
            visitor.visit_bool(true)
        } else if rest.starts_with(b"false") {
            self.at += 5;
            visitor.visit_bool(false)
        } else if rest.starts_with(b"null") {
            self.at += 4;
            visitor.visit_unit()
        } else {
            Err(fail("not a JSON value"))
        }
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Error> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(fail("nested too deeply"));
        }
        Ok(())
    }

    #[inline]
    fn object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.enter()?;
        let mut members = Members {
            reader: self,
            names: Names::default(),
            state: State::Start,
        };
        // In place, as in `from_slice`.
        let mut value = visitor.visit_map(&mut members);
        if value.is_ok()
            && let Err(error) = members.finish()
        {
            value = Err(error);
        }
        value
    }

    #[inline]
    fn array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.enter()?;
        let mut elements = Elements {
            reader: self,
            state: State::Start,
        };
        let value = visitor.visit_seq(&mut elements)?;
        if elements.more()? {
            return Err(fail("an array with too many elements"));
        }
        Ok(value)
    }
}

/// Negative numbers, fractions, exponents and what does not fit: as serde_json reads them.
#[cold]
fn rare_number<'de, V: Visitor<'de>>(text: &'de str, visitor: V) -> Result<V::Value, Error> {
    struct Hand<V>(V);
    impl<'de, V: Visitor<'de>> Visitor<'de> for Hand<V> {
        type Value = V::Value;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.expecting(f)
        }
        fn visit_u64<E: de::Error>(self, number: u64) -> Result<V::Value, E> {
            self.0.visit_u64(number)
        }
        fn visit_i64<E: de::Error>(self, number: i64) -> Result<V::Value, E> {
            self.0.visit_i64(number)
        }
        fn visit_f64<E: de::Error>(self, number: f64) -> Result<V::Value, E> {
            self.0.visit_f64(number)
        }
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = json.deserialize_any(Hand(visitor))?;
    json.end()?;
    Ok(value)
}

macro_rules! as_any {
    ($($name:ident($($arg:ident: $kind:ty),*);)*) => {$(
        #[inline]
        fn $name<V: Visitor<'de>>(self, $($arg: $kind,)* visitor: V) -> Result<V::Value, Error> {
            $(let _ = $arg;)*
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'"') => self.string(visitor),
            Some(b'{') => self.object(visitor),
            Some(b'[') => self.array(visitor),
            Some(b'-' | b'0'..=b'9') => self.number(visitor),
            Some(_) => self.literal(visitor),
            None => Err(fail("the JSON text ends too early")),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.text.as_bytes().get(self.at) == Some(&b'"')
            && let Some(text) = self.plain_string()
        {
            return visitor.visit_borrowed_str(text);
        }
        self.rarer(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.peek() == Some(b'n') {
            struct Null;
            impl Visitor<'_> for Null {
                type Value = ();
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("null")
                }
                fn visit_unit<E: de::Error>(self) -> Result<(), E> {
                    Ok(())
                }
            }
            self.literal(Null)?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'"') => visitor.visit_enum(String::deserialize(self)?.into_deserializer()),
            Some(b'{') => {
                self.enter()?;
                let mut members = Members {
                    reader: self,
                    names: Names::default(),
                    state: State::Start,
                };
                let value = visitor.visit_enum(MapAccessDeserializer::new(&mut members))?;
                members.finish()?;
                Ok(value)
            }
            _ => Err(fail("not the name of a variant")),
        }
    }

    as_any! {
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_unit();
        deserialize_unit_struct(_name: &'static str);
        deserialize_seq();
        deserialize_tuple(_len: usize);
        deserialize_tuple_struct(_name: &'static str, _len: usize);
        deserialize_map();
        deserialize_struct(_name: &'static str, _fields: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

/// How far an object or array has been read.
#[derive(PartialEq)]
enum State {
    Start,
    Within,
    Ended,
}

/// The members of one object, each name once.
struct Members<'r, 'de> {
    reader: &'r mut Reader<'de>,
    names: Names,
    state: State,
}

impl Members<'_, '_> {
    /// A visitor may stop early; the object may not go on then.
    fn finish(&mut self) -> Result<(), Error> {
        if self.more()? {
            return Err(fail("an object with too many members"));
        }
        Ok(())
    }

    #[inline]
    fn more(&mut self) -> Result<bool, Error> {
        more(self.reader, &mut self.state, b'}')
    }
}

impl<'de> Members<'_, 'de> {
    #[cold]
    #[inline(never)]
    fn next_escaped_key<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let name = self.reader.escaped_string()?;
        self.reader.colon()?;
        self.names.meet_escaped(self.reader.text, &name)?;
        seed.deserialize(name.into_deserializer())
    }
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if !self.more()? {
            return Ok(None);
        }
        if self.reader.peek() != Some(b'"') {
            return Err(fail("a member without a name"));
        }
        let start = self.reader.at;
        match self.reader.borrowed_string() {
            Some(name) => {
                self.reader.colon()?;
                self.names.meet(self.reader.text, start + 1, name)?;
                seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
            }
            None => self.next_escaped_key(seed).map(Some),
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }
}

struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    state: State,
}

impl Elements<'_, '_> {
    #[inline]
    fn more(&mut self) -> Result<bool, Error> {
        more(self.reader, &mut self.state, b']')
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        if !self.more()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

/// Takes the comma before another member or element, or the closing bracket.
#[inline]
fn more(reader: &mut Reader<'_>, state: &mut State, close: u8) -> Result<bool, Error> {
    if *state == State::Ended {
        return Ok(false);
    }
    let next = reader.peek();
    if next == Some(close) {
        reader.at += 1;
        reader.depth -= 1;
        *state = State::Ended;
        return Ok(false);
    }
    if *state == State::Within {
        if next != Some(b',') {
            return Err(fail("a comma is missing"));
        }
        // What follows must be a name or a value; the closing bracket is neither.
        reader.at += 1;
    }
    *state = State::Within;
    Ok(true)
}
