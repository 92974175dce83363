//! The issuer: the one absolute address that every token names and every link is built from.

use std::net::IpAddr;

use url::{Host, Url};

use super::value::{ConfigError, Setting};

/// The issuer's address: absolute, with a trailing slash, https unless it is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(Url);

impl Issuer {
    /// Reads an address as an operator writes it; a missing trailing slash is added.
    ///
    /// # Errors
    /// A sentence that names `issuer` and what to write instead.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let setting = Setting::new("issuer", None);
        let mistake = |what: &str| setting.mistake(&format!("is \"{text}\", {what}"));
        let example = "write for example \"https://login.example.com/\"";
        let mut url =
            Url::parse(text).map_err(|_| mistake(&format!("which is not an absolute address; {example}")))?;
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(mistake(&format!("which is not a web address; {example}")));
        }
        if url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(mistake(&format!(
                "which holds more than scheme, host and port; {example}"
            )));
        }
        if url.path() != "/" {
            return Err(mistake(&format!(
                "which has a path; Sekisho needs a host of its own, so {example}"
            )));
        }
        url.set_path("/");
        let issuer = Self(url);
        if issuer.0.scheme() == "http" && !issuer.is_loopback() {
            return Err(mistake(
                "which is plain http; write https (http is for this machine only)",
            ));
        }
        Ok(issuer)
    }

    /// The text that goes into `iss`, with its trailing slash (OpenID Connect Core section 2: compared exactly).
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// An absolute link; `path` has no leading slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Without the trailing slash: the origin that browsers send.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// What a `Host` header must say: the host, with the port unless it is the scheme's own.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Whether browsers reach it by https.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether only this machine can reach it: `localhost`, `*.localhost`, 127.0.0.0/8 or ::1.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            None => false,
        }
    }
}

impl std::fmt::Display for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_has_a_trailing_slash_and_a_port_only_when_it_is_not_the_usual_one() {
        let of = |text: &str| Issuer::parse(text).unwrap();
        assert_eq!(
            of("https://Login.Example.com").as_str(),
            "https://login.example.com/"
        );
        assert_eq!(
            of("https://login.example.com:443/").authority(),
            "login.example.com"
        );
        assert_eq!(
            of("https://login.example.com:8443").authority(),
            "login.example.com:8443"
        );
        assert_eq!(of("http://[::1]:4000").authority(), "[::1]:4000");
        assert_eq!(of("http://localhost:4000").origin(), "http://localhost:4000");
        assert_eq!(
            of("http://localhost:4000").link("u/login"),
            "http://localhost:4000/u/login"
        );
    }

    #[test]
    fn http_is_for_this_machine_only() {
        for good in [
            "http://localhost:1",
            "http://127.0.0.2",
            "http://[::1]",
            "http://a.localhost",
        ] {
            assert!(Issuer::parse(good).unwrap().is_loopback(), "{good}");
        }
        for bad in [
            "http://example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://0.0.0.0",
        ] {
            assert!(
                Issuer::parse(bad).unwrap_err().to_string().contains("plain http"),
                "{bad}"
            );
        }
    }
}
