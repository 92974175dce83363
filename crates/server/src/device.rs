//! What a `User-Agent` says about a device, as far as it helps a person to know it again. It is a claim of the browser, no fact.

/// Browser and system, as they call themselves; either may be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The browser.
    pub browser: Option<String>,
    /// The system.
    pub system: Option<String>,
}

impl Device {
    /// Reads a `User-Agent`.
    pub fn of(user_agent: &str) -> Self {
        let known = |name: &str| (name != woothee::woothee::VALUE_UNKNOWN).then(|| name.to_owned());
        match woothee::parser::Parser::new().parse(user_agent) {
            None => Self {
                browser: None,
                system: None,
            },
            Some(read) => Self {
                browser: known(read.name),
                system: known(read.os).map(|name| today(&name)),
            },
        }
    }
}

/// Systems by the names they have today. Browsers no longer tell one Windows from the next, so neither do we.
fn today(name: &str) -> String {
    match name {
        "Mac OSX" => "macOS".to_owned(),
        name if name.starts_with("Windows ") && name != "Windows Phone OS" => "Windows".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Device;

    #[test]
    fn usual_browsers_are_known_by_name() {
        for (agent, browser, system) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                Some("Chrome"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:150.0) Gecko/20100101 Firefox/150.0",
                Some("Firefox"),
                Some("macOS"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
                Some("Safari"),
                Some("iPhone"),
            ),
            ("", None, None),
            ("<script>alert(1)</script>", None, None),
        ] {
            let device = Device::of(agent);
            assert_eq!(
                (device.browser.as_deref(), device.system.as_deref()),
                (browser, system),
                "{agent}"
            );
        }
    }
}
