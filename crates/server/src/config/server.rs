//! Where the program listens, whom it believes, and how much it takes from anybody.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::value::{ConfigError, Setting, Value};

/// Where to listen, whom to believe, how much to take.
#[derive(confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct ServerSection {
    /// Addresses to listen on, as `host:port`.
    #[config(env = "SEKISHO_LISTEN", default = ["127.0.0.1:4000", "[::1]:4000"])]
    pub(super) listen: Value,

    /// Host names that are answered besides the issuer's own, as `host` or `host:port`. Anything else gets 421.
    #[config(env = "SEKISHO_EXTRA_HOSTS")]
    pub(super) extra_hosts: Option<Value>,

    /// Addresses or networks (CIDR) of proxies in front. Only their `X-Forwarded-*` and `Forwarded` headers are
    /// read; from anybody else they are ignored.
    #[config(env = "SEKISHO_TRUSTED_PROXIES")]
    pub(super) trusted_proxies: Option<Value>,

    /// Addresses or networks that may read `/metrics`. The default is this machine.
    #[config(env = "SEKISHO_METRICS_READERS", default = ["127.0.0.0/8", "::1"])]
    pub(super) metrics_readers: Value,

    /// Open connections at the same time; more wait to be accepted.
    #[config(env = "SEKISHO_MAX_CONNECTIONS", default = 10000)]
    pub(super) max_connections: Value,

    /// The largest request body in bytes; a larger one gets 413.
    #[config(env = "SEKISHO_MAX_BODY_BYTES", default = 65536)]
    pub(super) max_body_bytes: Value,

    /// Seconds in which the head of a request must have arrived.
    #[config(env = "SEKISHO_HEADER_TIMEOUT", default = 10)]
    pub(super) header_timeout: Value,

    /// Seconds in which the body of a request must have arrived; later it gets 408.
    #[config(env = "SEKISHO_BODY_TIMEOUT", default = 15)]
    pub(super) body_timeout: Value,

    /// Seconds that open requests get to finish after SIGTERM or SIGINT.
    #[config(env = "SEKISHO_DRAIN", default = 20)]
    pub(super) drain: Value,
}

/// Where the program listens, whom it believes, and how much it takes.
#[derive(Clone, Debug)]
pub struct Server {
    /// At least one address; port 0 picks a free one.
    pub listen: Vec<SocketAddr>,
    /// Answered besides the issuer's host; lower case, with a port when one was written.
    pub extra_hosts: Vec<String>,
    /// Whose forwarded headers count.
    pub trusted_proxies: Networks,
    /// Who may read `/metrics`.
    pub metrics_readers: Networks,
    /// Open connections at once.
    pub max_connections: usize,
    /// Bytes of a request body.
    pub max_body_bytes: usize,
    /// Until the head of a request must be complete.
    pub header_timeout: Duration,
    /// Until the body of a request must be complete.
    pub body_timeout: Duration,
    /// What open requests get to finish when the program is asked to stop.
    pub drain: Duration,
}

impl ServerSection {
    pub(super) fn resolve(&self) -> Result<Server, ConfigError> {
        let listen = Setting::new("server.listen", Some(&self.listen));
        let extra = Setting::new("server.extra_hosts", self.extra_hosts.as_ref());
        Ok(Server {
            listen: addresses(&listen)?,
            extra_hosts: hosts(&extra)?,
            trusted_proxies: networks(&Setting::new(
                "server.trusted_proxies",
                self.trusted_proxies.as_ref(),
            ))?,
            metrics_readers: networks(&Setting::new(
                "server.metrics_readers",
                Some(&self.metrics_readers),
            ))?,
            max_connections: Setting::new("server.max_connections", Some(&self.max_connections))
                .number(1..=1_000_000, "connections")?
                .unwrap_or(10_000),
            max_body_bytes: Setting::new("server.max_body_bytes", Some(&self.max_body_bytes))
                .number(4096..=16_777_216, "bytes")?
                .unwrap_or(65_536),
            header_timeout: seconds(
                &Setting::new("server.header_timeout", Some(&self.header_timeout)),
                10,
            )?,
            body_timeout: seconds(&Setting::new("server.body_timeout", Some(&self.body_timeout)), 15)?,
            drain: seconds(&Setting::new("server.drain", Some(&self.drain)), 20)?,
        })
    }
}

/// A set of IP networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Vec<(IpAddr, u8)>);

impl Networks {
    /// Whether an address is in one of the networks. An IPv4 address that arrives in IPv6 clothes
    /// (`::ffff:10.0.0.1`) counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(network, length)| match (network, address) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                same_prefix(net.to_bits().into(), ip.to_bits().into(), *length, 32)
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => same_prefix(net.to_bits(), ip.to_bits(), *length, 128),
            _ => false,
        })
    }

    /// Whether there is no network at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One network a line; what follows a `#` is ignored.
    ///
    /// # Errors
    /// The number of the first line that is none.
    pub fn from_lines(text: &str) -> Result<Self, usize> {
        let mut networks = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                networks.push(Self::parse(line).ok_or(number + 1)?);
            }
        }
        Ok(Self(networks))
    }

    /// Reads `10.0.0.0/8` or a single address.
    fn parse(text: &str) -> Option<(IpAddr, u8)> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(most);
        (length <= most).then_some((address, length))
    }
}

fn same_prefix(network: u128, address: u128, length: u8, width: u8) -> bool {
    length == 0 || (network ^ address) >> (width - length) == 0
}

fn addresses(setting: &Setting<'_>) -> Result<Vec<SocketAddr>, ConfigError> {
    let listed = setting.list();
    if listed.is_empty() {
        return Err(setting.mistake("is empty; write at least one address such as \"127.0.0.1:4000\""));
    }
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            setting.mistake(&format!(
                "holds \"{text}\", which is not an address and a port; write for example \"127.0.0.1:4000\" or \
                 \"[::]:4000\""
            ))
        })
    };
    listed.into_iter().map(parse).collect()
}

fn hosts(setting: &Setting<'_>) -> Result<Vec<String>, ConfigError> {
    let parse = |text: &str| {
        let url = url::Url::parse(&format!("http://{text}/")).ok();
        let bare = url.filter(|url| {
            url.path() == "/"
                && url.username().is_empty()
                && url.query().is_none()
                && !text.contains(['/', '@', '#'])
        });
        bare.map(|_| text.to_ascii_lowercase()).ok_or_else(|| {
            setting.mistake(&format!(
                "holds \"{text}\", which is not a host; write a name such as \"login.example.com\" without scheme or path"
            ))
        })
    };
    setting.list().into_iter().map(parse).collect()
}

pub(super) fn networks(setting: &Setting<'_>) -> Result<Networks, ConfigError> {
    let parse = |text: &str| {
        Networks::parse(text).ok_or_else(|| {
            setting.mistake(&format!(
                "holds \"{text}\", which is not a network; write for example \"10.0.0.0/8\" or \"192.0.2.7\""
            ))
        })
    };
    setting
        .list()
        .into_iter()
        .map(parse)
        .collect::<Result<_, _>>()
        .map(Networks)
}

fn seconds(setting: &Setting<'_>, default: u64) -> Result<Duration, ConfigError> {
    let seconds = setting.number(1..=3600, "seconds")?.unwrap_or(default);
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_own_addresses_only() {
        let networks = Networks(vec![
            Networks::parse("10.0.0.0/8").unwrap(),
            Networks::parse("192.0.2.7").unwrap(),
            Networks::parse("2001:db8::/32").unwrap(),
        ]);
        let holds = |text: &str| networks.contains(text.parse().unwrap());
        assert!(
            holds("10.255.0.1") && holds("192.0.2.7") && holds("2001:db8:1::1") && holds("::ffff:10.1.2.3")
        );
        assert!(!holds("11.0.0.1") && !holds("192.0.2.8") && !holds("2001:db9::1") && !holds("::1"));
        assert!(Networks(vec![Networks::parse("0.0.0.0/0").unwrap()]).contains("8.8.8.8".parse().unwrap()));
        assert_eq!(Networks::parse("10.0.0.0/33"), None);
        assert!(!Networks::default().contains("127.0.0.1".parse().unwrap()));
    }
}
