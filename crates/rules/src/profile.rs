//! What a person may say about themselves: the part of the profile that proves nothing.

use crate::user::User;
use unicode_normalization::UnicodeNormalization;
use url::Url;

/// The most characters of a name.
pub const NAME_CHARACTERS: usize = 150;

/// The most bytes of a picture's address.
pub const PICTURE_BYTES: usize = 2000;

/// What was typed into the fields of a profile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Typed<'a> {
    /// The display name.
    pub name: Option<&'a str>,
    /// First name.
    pub given_name: Option<&'a str>,
    /// Last name.
    pub family_name: Option<&'a str>,
    /// A short name.
    pub nickname: Option<&'a str>,
    /// The address of a picture.
    pub picture: Option<&'a str>,
    /// The language of our pages and mails.
    pub locale: Option<&'a str>,
}

/// A field of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The display name.
    Name,
    /// First name.
    GivenName,
    /// Last name.
    FamilyName,
    /// A short name.
    Nickname,
    /// The address of a picture.
    Picture,
    /// The language.
    Locale,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// More than [`NAME_CHARACTERS`].
    TooLong(Field),
    /// Characters that cannot be seen, or that turn the text around them.
    Unprintable(Field),
    /// Not an `https` address of a host.
    NotSecure,
    /// A language there are no pages in.
    UnknownLocale,
}

/// A profile that may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The display name.
    pub name: String,
    /// First name.
    pub given_name: Option<String>,
    /// Last name.
    pub family_name: Option<String>,
    /// A short name.
    pub nickname: Option<String>,
    /// The address of a picture. Nobody here ever fetches it.
    pub picture: Option<String>,
    /// The language of our pages and mails.
    pub locale: Option<String>,
}

impl Profile {
    /// What is stored now.
    pub fn of(user: &User) -> Self {
        Self {
            name: user.name.clone(),
            given_name: user.given_name.clone(),
            family_name: user.family_name.clone(),
            nickname: user.nickname.clone(),
            picture: user.picture.clone(),
            locale: user.locale.clone(),
        }
    }
}

/// Decides whether a profile may be stored, and in which form: names in NFC without white space around them, an empty field as none. A
/// person without a name is called by their address. Names reach other people's screens, so nothing invisible gets in.
///
/// # Errors
/// Everything that is wrong, in the order of the fields.
pub fn read(typed: Typed<'_>, email: &str, locales: &[&str]) -> Result<Profile, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut name = |field, typed: Option<&str>| {
        let text: String = typed.unwrap_or_default().nfc().collect();
        let text = text.trim();
        if text.chars().count() > NAME_CHARACTERS {
            problems.push(Problem::TooLong(field));
        } else if text.chars().any(is_unprintable) {
            problems.push(Problem::Unprintable(field));
        }
        (!text.is_empty()).then(|| text.to_owned())
    };
    let display = name(Field::Name, typed.name);
    let given_name = name(Field::GivenName, typed.given_name);
    let family_name = name(Field::FamilyName, typed.family_name);
    let nickname = name(Field::Nickname, typed.nickname);
    let picture = typed.picture.map(str::trim).filter(|text| !text.is_empty());
    let picture = picture.map(|text| match secure_url(text) {
        Some(url) => url,
        None => {
            problems.push(Problem::NotSecure);
            String::new()
        }
    });
    let locale = typed.locale.filter(|tag| !tag.is_empty());
    if locale.is_some_and(|tag| !locales.contains(&tag)) {
        problems.push(Problem::UnknownLocale);
    }
    match problems.is_empty() {
        false => Err(problems),
        true => Ok(Profile {
            name: display.unwrap_or_else(|| email.to_owned()),
            given_name,
            family_name,
            nickname,
            picture,
            locale: locale.map(str::to_owned),
        }),
    }
}

/// Control characters, and the marks that change the direction of what stands after them. The joiners that scripts need stay.
fn is_unprintable(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The address, as it is written in full, if it is `https`, names a host and carries no password.
fn secure_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let fits = url.scheme() == "https"
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.as_str().len() <= PICTURE_BYTES;
    fits.then(|| url.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_name(name: &str) -> Result<Profile, Vec<Problem>> {
        let typed = Typed {
            name: Some(name),
            ..Typed::default()
        };
        read(typed, "a@example.com", &["en", "ja"])
    }

    #[test]
    fn a_name_is_kept_as_people_write_it() {
        for name in ["関 花子", "O’Neill", "नेहा\u{200d}", "ab"] {
            assert_eq!(read_name(&format!("  {name} ")).unwrap().name, name);
        }
        assert_eq!(read_name("e\u{301}").unwrap().name, "é");
        assert_eq!(read_name("   ").unwrap().name, "a@example.com");
    }

    #[test]
    fn a_name_that_nobody_sees_right_is_refused() {
        for name in ["a\nb", "a\u{202e}b", "a\u{0}", "\u{2067}x"] {
            assert_eq!(
                read_name(name).unwrap_err(),
                [Problem::Unprintable(Field::Name)],
                "{name:?}"
            );
        }
        assert_eq!(
            read_name(&"あ".repeat(151)).unwrap_err(),
            [Problem::TooLong(Field::Name)]
        );
        assert!(read_name(&"あ".repeat(150)).is_ok());
    }

    #[test]
    fn a_picture_is_an_https_address_without_a_password() {
        let picture = |text: &str| {
            let typed = Typed {
                picture: Some(text),
                ..Typed::default()
            };
            read(typed, "a@example.com", &[]).map(|profile| profile.picture)
        };
        assert_eq!(
            picture(" https://例え.jp/a b.png ").unwrap().unwrap(),
            "https://xn--r8jz45g.jp/a%20b.png"
        );
        assert_eq!(picture("").unwrap(), None);
        for text in [
            "http://example.com/a.png",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            "https://user@example.com/",
            "https://:pw@example.com/",
            "//example.com/a",
            "a.png",
            &format!("https://example.com/{}", "a".repeat(2000)),
        ] {
            assert_eq!(picture(text).unwrap_err(), [Problem::NotSecure], "{text}");
        }
    }

    #[test]
    fn a_language_is_one_we_speak() {
        let locale = |tag: &str| {
            let typed = Typed {
                locale: Some(tag),
                ..Typed::default()
            };
            read(typed, "a@example.com", &["en", "ja"]).map(|profile| profile.locale)
        };
        assert_eq!(locale("ja").unwrap().as_deref(), Some("ja"));
        assert_eq!(locale("").unwrap(), None);
        for tag in ["fr", "JA", "en\n"] {
            assert_eq!(locale(tag).unwrap_err(), [Problem::UnknownLocale]);
        }
    }
}
