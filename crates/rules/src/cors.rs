//! Which web pages may read our answers across origins (the Fetch standard's CORS protocol).

/// Decides whether a page of this origin may read the answer: only if the origin is registered, character for character.
///
/// `origin` is the `Origin` header; `registered` is what [`crate::client::Client::origins`] gives for every enabled client. Nothing
/// in a token or a request body can add to it. `null` stands for any sandboxed page and is never allowed, nor is a wildcard.
pub fn allowed_origin<T: AsRef<str>>(origin: &str, registered: impl IntoIterator<Item = T>) -> bool {
    let is_web = origin.starts_with("https://") || origin.starts_with("http://");
    is_web && !origin.contains('*') && registered.into_iter().any(|one| one.as_ref() == origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REGISTERED: [&str; 4] = ["https://app.example", "http://localhost:3000", "null", "*"];

    #[test]
    fn threat_29_cors_only_registered_origins() {
        assert!(allowed_origin("https://app.example", REGISTERED));
        assert!(allowed_origin("http://localhost:3000", REGISTERED));
        for other in [
            "",
            "*",
            "null",
            "https://app.example/",
            "https://app.example:443",
            "https://APP.example",
            "HTTPS://app.example",
            "http://app.example",
            "https://app.example.evil.example",
            "https://evil-app.example",
            "https://app.example@evil.example",
            "https://app.example https://evil.example",
            "http://localhost",
            "http://localhost:30000",
            "http://127.0.0.1:3000",
            "https://*",
        ] {
            assert!(!allowed_origin(other, REGISTERED), "{other}");
        }
        assert!(!allowed_origin("https://*.example", ["https://*.example"]));
    }

    proptest! {
        #[test]
        fn threat_29_nothing_but_equality_allows(origin in "https?://[a-z.:0-9]{0,20}", one in "https?://[a-z.:0-9]{0,20}") {
            prop_assert_eq!(allowed_origin(&origin, [&one]), origin == one);
            prop_assert!(allowed_origin(&one, [&one]));
        }
    }
}
