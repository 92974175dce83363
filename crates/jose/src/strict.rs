//! JSON as tokens may contain it (RFC 8259 within RFC 7519 section 4): one UTF-8 object, no member twice at any depth,
//! no value deeper than [`MAX_DEPTH`], no object larger than [`MAX_MEMBERS`], and `null` never read as absent.
//!
//! A serde deserializer of its own, because finding duplicates while reading costs next to nothing there and a third of the
//! whole check as a layer over another parser. What is rare and intricate (escapes, numbers that are not 64-bit
//! integers) is handed to serde_json; a fuzz target holds the two against each other.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::Error;

mod scan;
#[cfg(test)]
mod tests;

/// More members than this in one object are refused, so that looking for duplicates stays cheap.
pub(crate) const MAX_MEMBERS: usize = 256;

/// Objects and arrays within each other, the outermost counted.
pub(crate) const MAX_DEPTH: u32 = 64;

/// Reads `json` as one object into `T`.
pub(crate) fn from_slice<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, Error> {
    let text = std::str::from_utf8(json).map_err(|_| Error::custom("not UTF-8"))?;
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    if reader.peek() != Some(b'{') {
        return Err(Error::custom("not a JSON object"));
    }
    let value = T::deserialize(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(Error::custom("something follows the JSON object")),
    }
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
}

impl<'de> Reader<'de> {
    /// The next byte that is not white space, not yet taken.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8, missing: &'static str) -> Result<(), Error> {
        if self.peek() != Some(byte) {
            return Err(Error::custom(missing));
        }
        self.at += 1;
        Ok(())
    }

    /// A string whose opening quote is the next byte.
    #[inline]
    fn string(&mut self) -> Result<Cow<'de, str>, Error> {
        let start = self.at + 1;
        let end = scan::to_special(self.text.as_bytes(), start);
        if self.text.as_bytes().get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Cow::Borrowed(&self.text[start..end]));
        }
        self.escaped_string(end)
    }

    #[cold]
    fn escaped_string(&mut self, mut end: usize) -> Result<Cow<'de, str>, Error> {
        let bytes = self.text.as_bytes();
        while bytes.get(end) == Some(&b'\\') {
            // The escaped character is ASCII or refused below; two bytes on is at most the closing quote.
            end = scan::to_special(bytes, end + 2);
        }
        if bytes.get(end) != Some(&b'"') {
            return Err(Error::custom("a string without end or with a control character"));
        }
        let quoted = self
            .text
            .get(self.at..=end)
            .ok_or_else(|| Error::custom("a malformed string"))?;
        self.at = end + 1;
        serde_json::from_str::<String>(quoted).map(Cow::Owned)
    }

    #[inline]
    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let start = self.at;
        let end = scan::past_number(self.text.as_bytes(), start);
        self.at = end;
        match scan::small_integer(&self.text.as_bytes()[start..end]) {
            Some(number) => visitor.visit_u64(number),
            None => rare_number(&self.text[start..end], visitor),
        }
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
            Err(Error::custom("not a JSON value"))
        }
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Error> {
        self.at += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::custom("nested too deeply"));
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
        let value = visitor.visit_map(&mut members)?;
        members.finish()?;
        Ok(value)
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
            return Err(Error::custom("an array with too many elements"));
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
            Some(b'"') => match self.string()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            },
            Some(b'{') => self.object(visitor),
            Some(b'[') => self.array(visitor),
            Some(b'-' | b'0'..=b'9') => self.number(visitor),
            Some(_) => self.literal(visitor),
            None => Err(Error::custom("the JSON text ends too early")),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.peek() != Some(b'"') {
            return self.deserialize_any(visitor);
        }
        match self.string()? {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
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
            Some(b'"') => visitor.visit_enum(self.string()?.into_deserializer()),
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
            _ => Err(Error::custom("not the name of a variant")),
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
    names: Names<'de>,
    state: State,
}

impl Members<'_, '_> {
    /// A visitor may stop early; the object may not go on then.
    fn finish(&mut self) -> Result<(), Error> {
        if self.more()? {
            return Err(Error::custom("an object with too many members"));
        }
        Ok(())
    }

    #[inline]
    fn more(&mut self) -> Result<bool, Error> {
        more(self.reader, &mut self.state, b'}')
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
            return Err(Error::custom("a member without a name"));
        }
        let name = self.reader.string()?;
        self.reader.expect(b':', "a member without a colon")?;
        match name {
            Cow::Borrowed(name) => {
                self.names.meet(Cow::Borrowed(name))?;
                seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
            }
            Cow::Owned(name) => {
                self.names.meet(Cow::Owned(name.clone()))?;
                seed.deserialize(name.into_deserializer()).map(Some)
            }
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
            return Err(Error::custom("a comma is missing"));
        }
        reader.at += 1;
        if reader.peek() == Some(close) {
            return Err(Error::custom("a comma too many"));
        }
    }
    *state = State::Within;
    Ok(true)
}

const INLINE: usize = 24;

/// Member names met so far. The usual claim set allocates nothing and compares no names: `marks` has a bit for a cheap
/// digest of each name, and only a bit met before leads to comparing.
#[derive(Default)]
struct Names<'de> {
    marks: u64,
    len: usize,
    inline: [&'de str; INLINE],
    more: Vec<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    #[inline]
    fn meet(&mut self, name: Cow<'de, str>) -> Result<(), Error> {
        let mark = 1u64 << digest(&name);
        if self.marks & mark != 0 && self.has(&name) {
            return Err(Error::custom("a member is given twice"));
        }
        self.marks |= mark;
        match (name, self.inline.get_mut(self.len)) {
            (Cow::Borrowed(name), Some(slot)) => {
                *slot = name;
                self.len += 1;
                Ok(())
            }
            (name, _) => self.spill(name),
        }
    }

    #[cold]
    fn spill(&mut self, name: Cow<'de, str>) -> Result<(), Error> {
        if self.len + self.more.len() >= MAX_MEMBERS {
            return Err(Error::custom("more than 256 members in one object"));
        }
        self.more.push(name);
        Ok(())
    }

    #[cold]
    fn has(&self, name: &str) -> bool {
        self.inline[..self.len].contains(&name) || self.more.iter().any(|known| known == name)
    }
}

/// Six bits of a name. The multiplier was chosen so that the claims of access and ID tokens do not collide.
#[inline]
fn digest(name: &str) -> u32 {
    let [first, .., last] = name.as_bytes() else {
        return name.bytes().next().map_or(0, u32::from) & 63;
    };
    let middle = name.as_bytes()[name.len() / 2];
    let mixed = u32::from(*first) << 8 | u32::from(*last) << 16 | u32::from(middle) << 24;
    (mixed | name.len() as u32 & 0xff).wrapping_mul(0x1335_a2d3) >> 26
}
