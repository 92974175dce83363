//! The registered claims (RFC 7519 section 4.1), typed, strict and borrowed from the token's bytes.
//!
//! Strict means: a claim of another type is refused with a reason that names it, and `null` is not read as absent
//! (treating a malformed `exp` as a missing one has made tokens eternal). What a token *must* have is the caller's
//! policy; [`Claims`] says only what was there.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use crate::strict;

/// The registered claims of a token. Other claims are skipped; for those, write a type of your own with the same
/// building blocks, as in the example.
///
/// ```
/// use sekisho_jose::claims::{Audience, NumericDate, Text, present};
/// use sekisho_jose::{Algorithm, Buffer, SigningKey, jwt};
///
/// #[derive(serde::Deserialize)]
/// struct AccessToken<'a> {
///     #[serde(borrow)]
///     iss: Text<'a>,
///     aud: Audience<'a>,
///     exp: NumericDate,
///     #[serde(default, deserialize_with = "present")]
///     scope: Option<Text<'a>>,
/// }
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let claims = serde_json::json!({"iss": "https://id.example/", "aud": "api", "exp": 1_800_000_000});
/// let token = jwt::sign(&claims, "at+jwt", &key)?;
///
/// let (trusted, mut buffer) = (key.verifying_key(), Buffer::new());
/// let read = jwt::verify::<AccessToken>(&token, &trusted, &mut buffer)?;
/// assert!(read.claims.aud.contains("api"));
/// assert_eq!(read.claims.exp.seconds(), 1_800_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Claims<'a> {
    /// Issuer (4.1.1). Compare it byte by byte.
    #[serde(
        borrow,
        default,
        deserialize_with = "claim::iss",
        skip_serializing_if = "Option::is_none"
    )]
    pub iss: Option<Text<'a>>,
    /// Subject (4.1.2).
    #[serde(
        borrow,
        default,
        deserialize_with = "claim::sub",
        skip_serializing_if = "Option::is_none"
    )]
    pub sub: Option<Text<'a>>,
    /// Audience (4.1.3).
    #[serde(
        borrow,
        default,
        deserialize_with = "claim::aud",
        skip_serializing_if = "Option::is_none"
    )]
    pub aud: Option<Audience<'a>>,
    /// Expiration: not valid at or after this time (4.1.4).
    #[serde(
        default,
        deserialize_with = "claim::exp",
        skip_serializing_if = "Option::is_none"
    )]
    pub exp: Option<NumericDate>,
    /// Not valid before this time (4.1.5).
    #[serde(
        default,
        deserialize_with = "claim::nbf",
        skip_serializing_if = "Option::is_none"
    )]
    pub nbf: Option<NumericDate>,
    /// When it was issued (4.1.6).
    #[serde(
        default,
        deserialize_with = "claim::iat",
        skip_serializing_if = "Option::is_none"
    )]
    pub iat: Option<NumericDate>,
    /// The token's own name (4.1.7).
    #[serde(
        borrow,
        default,
        deserialize_with = "claim::jti",
        skip_serializing_if = "Option::is_none"
    )]
    pub jti: Option<Text<'a>>,
}

/// For `#[serde(default, deserialize_with = "present")]` on an `Option` of your own claim types: an absent claim is
/// `None`; any other, `null` too, must read as `T`.
///
/// # Errors
/// Whatever `T` finds wrong.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    strict::present(deserializer)
}

/// One reader per claim, so that the reason names the claim.
mod claim {
    use super::{Deserialize, Deserializer, de};

    macro_rules! named {
        ($($name:ident)*) => {$(
            pub(super) fn $name<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
                deserializer: D,
            ) -> Result<Option<T>, D::Error> {
                T::deserialize(deserializer)
                    .map(Some)
                    .map_err(|error| de::Error::custom(format_args!("{}: {error}", stringify!($name))))
            }
        )*};
    }
    named!(iss sub aud exp nbf iat jti);
}

/// A string claim, borrowed unless the JSON text had escapes in it. Compares with `==` to `str`, byte by byte.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The string on its own.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == *other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == **other
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
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

/// A point in time in whole seconds since 1970-01-01T00:00:00Z, never negative.
///
/// RFC 7519 allows fractions; no issuer worth trusting writes them, and every lenient reader of a number has been a way
/// around an expiry, so a fraction, an exponent, a string and a negative number are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumericDate(i64);

impl NumericDate {
    /// From seconds since the epoch; `None` if negative.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Option<Self> {
        if seconds < 0 { None } else { Some(Self(seconds)) }
    }

    /// Seconds since the epoch, 0 or more.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }
}

impl Serialize for NumericDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;
        impl Visitor<'_> for Seconds {
            type Value = NumericDate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number of seconds since 1970")
            }
            #[inline]
            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<NumericDate, E> {
                i64::try_from(seconds)
                    .map(NumericDate)
                    .map_err(|_| E::custom("a time beyond 64 bits"))
            }
            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<NumericDate, E> {
                NumericDate::from_seconds(seconds).ok_or_else(|| E::custom("a negative time"))
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<NumericDate, E> {
                Err(E::custom("a time that is not a whole number"))
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<NumericDate, E> {
                Err(E::custom("a time given as a string"))
            }
        }
        deserializer.deserialize_any(Seconds)
    }
}

const INLINE: usize = 8;

/// A list of strings, as of `permissions`. Up to eight without escapes are held without allocating.
#[derive(Clone)]
pub struct TextList<'a>(Items<'a>);

#[derive(Clone)]
enum Items<'a> {
    Few { len: usize, texts: [&'a str; INLINE] },
    Many(Vec<Text<'a>>),
}

impl Default for TextList<'_> {
    fn default() -> Self {
        Self(Items::Few {
            len: 0,
            texts: [""; INLINE],
        })
    }
}

impl<'a> TextList<'a> {
    /// The strings in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (few, many): (&[&str], &[Text<'_>]) = match &self.0 {
            Items::Few { len, texts } => (&texts[..*len], &[]),
            Items::Many(texts) => (&[], texts),
        };
        few.iter().copied().chain(many.iter().map(Text::as_str))
    }

    /// Whether exactly this string is in the list.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        self.iter().any(|item| item == text)
    }

    /// How many strings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Items::Few { len, .. } => *len,
            Items::Many(texts) => texts.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    fn push(&mut self, text: Text<'a>) {
        if let (Items::Few { len, texts }, Cow::Borrowed(text)) = (&mut self.0, &text.0)
            && let Some(slot) = texts.get_mut(*len)
        {
            *slot = text;
            *len += 1;
            return;
        }
        self.spill(text);
    }

    #[cold]
    fn spill(&mut self, text: Text<'a>) {
        match &mut self.0 {
            Items::Many(texts) => texts.push(text),
            Items::Few { len, texts } => {
                let few = texts[..*len].iter().map(|&text| Text::from(text));
                self.0 = Items::Many(few.chain([text]).collect());
            }
        }
    }
}

impl<'a, T: Into<Text<'a>>> FromIterator<T> for TextList<'a> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::default();
        items.into_iter().for_each(|item| list.push(item.into()));
        list
    }
}

impl PartialEq for TextList<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for TextList<'_> {}

impl fmt::Debug for TextList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for TextList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|item| list.serialize_element(item))?;
        list.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TextList<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Strings)
    }
}

struct Strings;

impl<'de> Visitor<'de> for Strings {
    type Value = TextList<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<TextList<'de>, A::Error> {
        let mut list = TextList::default();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }
}

/// Whom a token is for: one string or an array of at least one (RFC 7519 section 4.1.3).
///
/// Written as a string if there is one audience, as an array otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience<'a>(TextList<'a>);

impl<'a> Audience<'a> {
    /// A single audience.
    #[must_use]
    pub fn one(audience: impl Into<Text<'a>>) -> Self {
        Self(std::iter::once(audience).collect())
    }

    /// Several audiences; `None` if there are none at all.
    #[must_use]
    pub fn many<T: Into<Text<'a>>>(audiences: impl IntoIterator<Item = T>) -> Option<Self> {
        let list: TextList<'_> = audiences.into_iter().collect();
        (!list.is_empty()).then_some(Self(list))
    }

    /// Whether exactly this audience is named.
    #[must_use]
    pub fn contains(&self, audience: &str) -> bool {
        self.0.contains(audience)
    }

    /// The audiences in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter()
    }
}

impl Serialize for Audience<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = self.iter();
        match (items.next(), items.next()) {
            (Some(only), None) => only.serialize(serializer),
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Audience<'a> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Audience<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Audience<'de>, E> {
                Ok(Audience::one(text))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Audience<'de>, E> {
                Ok(Audience::one(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Audience<'de>, A::Error> {
                let list = Strings.visit_seq(items)?;
                if list.is_empty() {
                    return Err(de::Error::custom("an empty array names no audience"));
                }
                Ok(Audience(list))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}
