//! What holds for every hosted page, in every state and both languages.

#[path = "../examples/gallery/states.rs"]
mod states;

use sekisho::pages::asset;
use sekisho::text::Language;
use states::{Names, every, with_names};

/// Every page: its name with the language, and its HTML.
fn pages() -> Vec<(String, String)> {
    let render = |language: Language| {
        every(language.text())
            .into_iter()
            .map(move |(state, page)| (format!("{state}-{}", language.tag()), page.unwrap()))
    };
    Language::ALL.into_iter().flat_map(render).collect()
}

/// The start tags of a page, each from `<` to `>`, comments and end tags left out.
fn tags(html: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let end = rest.find('>').unwrap() + 1;
        if rest.as_bytes()[1].is_ascii_alphabetic() {
            tags.push(&rest[..end]);
        }
        rest = &rest[end..];
    }
    tags
}

/// The value of an attribute.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}

#[test]
fn no_page_has_inline_script_or_style() {
    for (page, html) in pages() {
        for tag in tags(&html) {
            assert!(
                !tag.starts_with("<style") && attribute(tag, "style").is_none(),
                "{page}: {tag}"
            );
            assert!(!tag.contains(" on") || !has_handler(tag), "{page}: {tag}");
            if tag.starts_with("<script") {
                assert!(
                    attribute(tag, "src").is_some_and(|src| src.starts_with("/assets/")),
                    "{page}: {tag}"
                );
            }
        }
        assert!(!html.to_lowercase().contains("javascript:"), "{page}");
        for (at, _) in html.match_indices("<script") {
            let inside = html[at..].split_once('>').unwrap().1;
            assert!(
                inside.starts_with("</script>"),
                "{page}: a script element holds text"
            );
        }
    }
}

/// Whether a tag has an attribute whose name begins with `on`, outside of any value.
fn has_handler(tag: &str) -> bool {
    tag.split('"').step_by(2).any(|outside| {
        outside
            .split_ascii_whitespace()
            .any(|word| word.to_ascii_lowercase().starts_with("on"))
    })
}

#[test]
fn every_asset_a_page_names_is_served() {
    for (page, html) in pages() {
        let mut named = 0;
        for tag in tags(&html) {
            for source in [attribute(tag, "src"), attribute(tag, "href")]
                .into_iter()
                .flatten()
            {
                if source.starts_with("/assets/") {
                    assert!(asset(source).is_some(), "{page}: {source}");
                    named += 1;
                }
            }
        }
        assert!(named >= 2, "{page} has a style sheet and an icon");
    }
}

#[test]
fn every_visible_input_has_a_label_and_every_picture_an_alternative() {
    for (page, html) in pages() {
        for tag in tags(&html) {
            if tag.starts_with("<input") && attribute(tag, "type") != Some("hidden") {
                let id = attribute(tag, "id").unwrap();
                assert!(html.contains(&format!("<label for=\"{id}\">")), "{page}: {tag}");
            }
            assert!(
                !tag.starts_with("<img") || attribute(tag, "alt").is_some(),
                "{page}: {tag}"
            );
            for reference in ["aria-describedby", "aria-controls"] {
                for id in attribute(tag, reference)
                    .unwrap_or_default()
                    .split_ascii_whitespace()
                {
                    assert!(html.contains(&format!(" id=\"{id}\"")), "{page}: {tag}");
                }
            }
        }
        assert_eq!(html.matches("<h1>").count(), 1, "{page}");
    }
}

#[test]
fn every_page_says_its_language_and_offers_the_other() {
    for (page, html) in pages() {
        let tag = &page[page.len() - 2..];
        assert!(html.contains(&format!("<html lang=\"{tag}\">")), "{page}");
        let can_be_shown_again = !["form_post", "web_message"]
            .iter()
            .any(|name| page.starts_with(name));
        let current = html.contains(&format!("ui_locales={tag}\" lang=\"{tag}\""));
        assert_eq!(current, can_be_shown_again, "{page}");
    }
}

#[test]
fn errors_stand_beside_their_fields_and_several_are_listed_first() {
    for language in Language::ALL {
        let text = language.text();
        let pages = every(text);
        let page = |wanted: &str| {
            let found = pages.iter().find(|(state, _)| state == wanted).unwrap();
            found.1.as_ref().unwrap()
        };
        let several = page("login-missing");
        for (field, said) in [
            ("email", text.shell.email_missing),
            ("password", text.shell.password_missing),
        ] {
            assert!(several.contains(&format!("<a href=\"#{field}\">{said}</a>")));
            assert!(several.contains(&format!("id=\"{field}-wrong\">{said}</p>")));
        }
        let html = page("login-malformed");
        let said = format!(
            "id=\"email-wrong\" role=\"alert\">{}</p>",
            text.shell.email_malformed
        );
        assert!(
            html.contains(&said) && !html.contains("href=\"#email\""),
            "one is said once"
        );
        let input = tags(html)
            .into_iter()
            .find(|tag| attribute(tag, "id") == Some("email"))
            .unwrap();
        assert_eq!(attribute(input, "aria-describedby"), Some("email-wrong"));
        assert_eq!(attribute(input, "aria-invalid"), Some("true"));
        assert_eq!(
            attribute(input, "value"),
            Some("hanako@"),
            "what was typed is kept"
        );
        assert!(input.contains(" autofocus"));
        let password = tags(html)
            .into_iter()
            .find(|tag| attribute(tag, "id") == Some("password"))
            .unwrap();
        assert!(attribute(password, "value").is_none() && !password.contains(" autofocus"));
        assert!(html.contains(&format!("<title>{}: ", text.shell.error_prefix)));
    }
}

#[test]
fn threat_15_script_in_a_name_is_inert() {
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title></textarea></script><svg onload=alert(1)>",
        "{{ 7 * 7 }}<!--",
    ];
    for language in Language::ALL {
        let calm = with_names(
            language.text(),
            "",
            &Names {
                app: "x".into(),
                email: "x".into(),
            },
        );
        for name in hostile {
            let names = Names {
                app: name.into(),
                email: name.into(),
            };
            let pages = with_names(language.text(), "", &names);
            for ((state, page), (_, calm)) in pages.into_iter().zip(&calm) {
                let (page, calm) = (page.unwrap(), calm.as_ref().unwrap());
                assert!(!page.contains(name), "{state}: {name} is there as it came");
                let elements = |html: &str| -> Vec<String> { tags(html).into_iter().map(shape).collect() };
                assert_eq!(
                    elements(&page),
                    elements(calm),
                    "{state}: {name} changed the page's elements"
                );
            }
        }
    }
}

/// A tag's name and the names of its attributes, without their values.
fn shape(tag: &str) -> String {
    tag.split('"').step_by(2).collect()
}
