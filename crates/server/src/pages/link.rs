//! The last guard before an address from elsewhere becomes an `href` or a form's `action`. Registration already
//! refuses such addresses; a page does not rely on it.

/// The address, or `#` when following it would run script in our origin. Browsers drop tabs, line ends and
/// leading controls before they read the scheme (URL Standard, "basic URL parser"), so the check does too.
pub(super) fn inert(address: &str) -> &str {
    let scheme: String = address
        .chars()
        .filter(|character| !character.is_ascii_control() && *character != ' ')
        .take_while(|character| *character != ':')
        .take(12)
        .collect();
    match scheme.to_ascii_lowercase().as_str() {
        "javascript" | "data" | "vbscript" | "blob" => "#",
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn threat_15_an_address_that_runs_script_leads_nowhere() {
        for address in [
            "javascript:alert(1)",
            " JaVaScRiPt:x",
            "java\nscript:x",
            "\u{1}javascript:x",
            "data:text/html,x",
        ] {
            assert_eq!(inert(address), "#", "{address:?}");
        }
        for address in [
            "https://app.example/cb?a=javascript:1",
            "com.example.app:/cb",
            "/u/login?state=a:b",
            "",
        ] {
            assert_eq!(inert(address), address);
        }
    }
}
