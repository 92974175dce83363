//! JSON as tokens may contain it: one UTF-8 object, no member twice at any depth that is looked at (RFC 7519
//! section 4), and `null` never read as absent.
//!
//! Duplicates are found in the same pass that fills the caller's type, by a deserializer that wraps another and writes
//! down the member names it hands on. Member values that the caller's type skips are not searched inside: nobody reads
//! them.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

/// More members than this in one object are refused, so that looking for duplicates stays cheap.
pub(crate) const MAX_MEMBERS: usize = 256;

/// Reads `json` as one object into `T`.
pub(crate) fn from_slice<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, serde_json::Error> {
    // Checking the whole text at once is cheaper than string by string, and also covers what `T` skips.
    let text = std::str::from_utf8(json).map_err(|_| serde_json::Error::custom("not UTF-8"))?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(serde_json::Error::custom("not a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict(&mut json))?;
    json.end()?;
    Ok(value)
}

/// For `#[serde(default, deserialize_with = "present")]`: an absent member is `None`, any other, `null` too, must be a
/// `T`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Wraps a deserializer, a visitor, an access or a seed; what comes out of it is wrapped again.
struct Strict<X>(X);

/// Deserializer methods that can lead to a member: the visitor is wrapped.
macro_rules! watched {
    ($($name:ident($($arg:ident: $kind:ty),*);)*) => {$(
        #[inline]
        fn $name<V: Visitor<'de>>(self, $($arg: $kind,)* visitor: V) -> Result<V::Value, D::Error> {
            self.0.$name($($arg,)* Strict(visitor))
        }
    )*};
}

/// Deserializer methods that yield scalars, or skip: nothing to watch.
macro_rules! plain {
    ($($name:ident)*) => {$(
        #[inline]
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$name(visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    watched! {
        deserialize_any();
        deserialize_option();
        deserialize_seq();
        deserialize_map();
        deserialize_newtype_struct(name: &'static str);
        deserialize_tuple(len: usize);
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
    }
    plain! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier deserialize_ignored_any
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }
}

macro_rules! scalars {
    ($($name:ident: $kind:ty;)*) => {$(
        #[inline]
        fn $name<E: de::Error>(self, value: $kind) -> Result<V::Value, E> {
            self.0.$name(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    scalars! {
        visit_bool: bool;
        visit_i64: i64;
        visit_u64: u64;
        visit_i128: i128;
        visit_u128: u128;
        visit_f64: f64;
        visit_str: &str;
        visit_borrowed_str: &'de str;
        visit_string: String;
        visit_bytes: &[u8];
        visit_borrowed_bytes: &'de [u8];
        visit_byte_buf: Vec<u8>;
    }

    #[inline]
    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }
    #[inline]
    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }
    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Strict(deserializer))
    }
    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Strict(deserializer))
    }
    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Strict(elements))
    }
    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Members {
            inner: members,
            names: Names::default(),
        })
    }
    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Strict(data))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Strict<A> {
    type Error = A::Error;
    type Variant = Strict<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0
            .variant_seed(seed)
            .map(|(value, variant)| (value, Strict(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Strict(seed))
    }
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, Strict(visitor))
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Strict(visitor))
    }
}

/// The members of one object, each name seen once.
struct Members<'de, A> {
    inner: A,
    names: Names<'de>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'de, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        match self.inner.next_key::<Text<'de>>()? {
            None => Ok(None),
            Some(Text(Cow::Borrowed(name))) => {
                self.names.meet(Cow::Borrowed(name))?;
                seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
            }
            Some(Text(Cow::Owned(name))) => {
                self.names.meet(Cow::Owned(name.clone()))?;
                seed.deserialize(name.into_deserializer()).map(Some)
            }
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(Strict(seed))
    }
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
    fn meet<E: de::Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        let mark = 1u64 << digest(&name);
        if self.marks & mark != 0 && self.has(&name) {
            return Err(E::custom("a member is given twice"));
        }
        self.marks |= mark;
        match (name, self.inline.get_mut(self.len)) {
            (Cow::Borrowed(name), Some(slot)) => {
                *slot = name;
                self.len += 1;
                Ok(())
            }
            (name, _) if self.len + self.more.len() < MAX_MEMBERS => {
                self.more.push(name);
                Ok(())
            }
            _ => Err(E::custom("more than 256 members in one object")),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.inline[..self.len].contains(&name) || self.more.iter().any(|known| known == name)
    }
}

/// Six bits of a name, spread well enough for the registered claims.
#[inline]
fn digest(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let at = |i: usize| u32::from(bytes.get(i).copied().unwrap_or(0));
    let mixed = at(0) | at(1) << 8 | at(2) << 16 | (bytes.len() as u32) << 24;
    mixed.wrapping_mul(0x9e37_79b1) >> 26
}

/// A string borrowed from the JSON text unless it had escapes.
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyString;
        impl<'de> Visitor<'de> for AnyString {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            #[inline]
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(AnyString)
    }
}
