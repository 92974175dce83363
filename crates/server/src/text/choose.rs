//! Which language a browser gets: `ui_locales` first (OpenID Connect Core 1.0 section 3.1.2.1), then
//! `Accept-Language` (RFC 9110 section 12.5.4), else English.

use super::{Language, Text};

/// Accept-Language ranges looked at; a longer header is somebody playing.
const MOST_RANGES: usize = 32;

/// Chooses the language of the pages. `ui_locales` is a list of tags divided by spaces, best first;
/// `accept_language` is the header's value. What cannot be read is passed over, never refused: a wrong
/// language preference must not stop a sign-in.
#[must_use]
pub fn pick(ui_locales: Option<&str>, accept_language: Option<&str>) -> &'static Text {
    ui_locales
        .and_then(|tags| tags.split_ascii_whitespace().find_map(by_tag))
        .or_else(|| accept_language.and_then(preferred))
        .unwrap_or(Language::En)
        .text()
}

/// The language of a tag by its primary subtag: `ja`, `ja-JP` and `JA` are Japanese.
fn by_tag(tag: &str) -> Option<Language> {
    let primary = tag.split('-').next()?;
    Language::ALL
        .into_iter()
        .find(|language| primary.eq_ignore_ascii_case(language.tag()))
}

/// The known language with the highest weight; of equal weights the first (RFC 9110 section 12.4.2). A `*`
/// means "anything else", which is our language of last resort.
fn preferred(header: &str) -> Option<Language> {
    let mut best: Option<(Language, u16)> = None;
    for range in header.split(',').take(MOST_RANGES) {
        let mut parts = range.split(';').map(str::trim);
        let Some(tag) = parts.next() else { continue };
        let Some(weight) = weight(parts.next()) else {
            continue;
        };
        let Some(language) = (if tag == "*" {
            Some(Language::En)
        } else {
            by_tag(tag)
        }) else {
            continue;
        };
        if weight > 0 && best.is_none_or(|(_, so_far)| weight > so_far) {
            best = Some((language, weight));
        }
    }
    best.map(|(language, _)| language)
}

/// A weight in thousandths: `q=0.8` is 800, no parameter is 1000, anything else is unreadable.
fn weight(parameter: Option<&str>) -> Option<u16> {
    let Some(parameter) = parameter else {
        return Some(1000);
    };
    let (name, value) = parameter.split_once('=')?;
    if !name.trim_end().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value
        .trim_start()
        .split_once('.')
        .unwrap_or((value.trim_start(), ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|digit| digit.is_ascii_digit());
    match whole {
        "1" if digits && fraction.bytes().all(|digit| digit == b'0') => Some(1000),
        "0" if digits => format!("{fraction:0<3}").parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(ui_locales: Option<&str>, accept_language: Option<&str>) -> Language {
        pick(ui_locales, accept_language).language
    }

    #[test]
    fn without_a_wish_the_pages_are_english() {
        assert_eq!(language(None, None), Language::En);
        assert_eq!(language(Some(""), Some("")), Language::En);
        assert_eq!(language(Some("fr de"), Some("fr-CH, de;q=0.9")), Language::En);
    }

    #[test]
    fn ui_locales_is_ordered_and_beats_the_header() {
        assert_eq!(language(Some("ja"), Some("en")), Language::Ja);
        assert_eq!(language(Some("fr ja-JP en"), Some("en")), Language::Ja);
        assert_eq!(language(Some("en ja"), Some("ja")), Language::En);
        assert_eq!(
            language(Some("fr"), Some("ja")),
            Language::Ja,
            "an unknown wish falls to the header"
        );
        assert_eq!(language(Some("JA-jp"), None), Language::Ja, "tags have no case");
        assert_eq!(
            language(Some("javanese"), None),
            Language::En,
            "a prefix is not the language"
        );
    }

    #[test]
    fn accept_language_is_weighed() {
        assert_eq!(language(None, Some("ja,en-US;q=0.9,en;q=0.8")), Language::Ja);
        assert_eq!(language(None, Some("en;q=0.7, ja;q=0.8")), Language::Ja);
        assert_eq!(
            language(None, Some("en;q=0.80, ja ; q = 0.8")),
            Language::En,
            "equal weights: the first"
        );
        assert_eq!(
            language(None, Some("ja;q=0, en;q=0.1")),
            Language::En,
            "zero means: not this one"
        );
        assert_eq!(language(None, Some("fr, ja;q=0.001")), Language::Ja);
        assert_eq!(language(None, Some("*, ja;q=0.5")), Language::En);
    }

    #[test]
    fn unreadable_weights_are_passed_over() {
        for header in [
            "ja;q=2",
            "ja;q=-1",
            "ja;q=0.1234",
            "ja;q=1.5",
            "ja;q=x",
            "ja;level=1",
            "ja;q",
            ";;,,",
        ] {
            assert_eq!(language(None, Some(header)), Language::En, "{header}");
        }
        let long = format!("{}ja", "xx,".repeat(MOST_RANGES));
        assert_eq!(language(None, Some(&long)), Language::En);
    }
}
