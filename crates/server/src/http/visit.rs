//! One visit: everything a feature may know about a request apart from its body.

use crate::app::App;
use crate::http::cookie::Cookie;
use crate::http::moment::Moment;
use crate::pages::{Chrome, LanguageLink};
use crate::text::{Language, Text, pick};
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};
use sekisho_rules::login::attempts;
use sekisho_rules::parameters::Parameters;
use sekisho_rules::user::User;
use sekisho_store::sessions::Birthplace;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The paths that are ours on the hosts of applications behind the gateway.
pub const APPLICATION_PATHS: &str = "/.sekisho/";

/// What stands before the path of an asset there.
const APPLICATION_ASSETS: &str = "/.sekisho";

/// A request id, set by the outermost layer.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Who visits, when, from where.
pub struct Visit {
    /// The issuer that was visited.
    pub app: Arc<App>,
    /// Time and chance.
    pub moment: Moment,
    /// The parameters of the query.
    pub query: Parameters,
    /// The headers.
    pub headers: HeaderMap,
    /// The method.
    pub method: Method,
    /// The client's address.
    pub ip: IpAddr,
    /// Who is at the other end of the connection: the client, or a proxy.
    pub peer: IpAddr,
    /// The id of this request in the log.
    pub request_id: String,
    uri: Uri,
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let peer = peer(parts);
        Ok(Self {
            app: Arc::clone(app),
            moment: Moment { now: app.clock.now() },
            query: query(&parts.uri),
            ip: client_address(peer, &parts.headers, app),
            peer,
            headers: parts.headers.clone(),
            method: parts.method.clone(),
            request_id: parts
                .extensions
                .get::<RequestId>()
                .map(|id| id.0.clone())
                .unwrap_or_default(),
            uri: parts.uri.clone(),
        })
    }
}

/// Who is at the other end of the connection.
pub fn peer(parts: &Parts) -> IpAddr {
    let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    connected
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(address)| {
            address.ip()
        })
        .to_canonical()
}

fn query(uri: &Uri) -> Parameters {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    Parameters::from_pairs(pairs.into_owned().collect())
}

/// The rightmost address in `X-Forwarded-For` that is not a trusted proxy; the peer itself when the peer is none.
fn client_address(peer: IpAddr, headers: &HeaderMap, app: &App) -> IpAddr {
    let trusted = |address: IpAddr| app.config.server.trusted_proxies.contains(address);
    if !trusted(peer) {
        return peer;
    }
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let mut nearest = peer;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            return nearest;
        };
        nearest = address.to_canonical();
        if !trusted(nearest) {
            return nearest;
        }
    }
    nearest
}

impl Visit {
    /// A header as text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it came through a proxy that the operator trusts: only then do forwarded headers count.
    pub fn is_from_proxy(&self) -> bool {
        self.app.config.server.trusted_proxies.contains(self.peer)
    }

    /// The path with its query, as they were sent.
    pub fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", |sent| sent.as_str())
    }

    /// The network the client's address is counted as.
    pub fn network(&self) -> String {
        attempts::network(self.ip)
    }

    /// The value of one of our cookies.
    pub fn cookie(&self, cookie: Cookie) -> Option<String> {
        self.app.cookies.read(&self.headers, cookie)
    }

    /// Address and program, for a session or the audit table.
    pub fn birthplace(&self) -> Birthplace {
        let agent = self.header(header::USER_AGENT).unwrap_or_default();
        Birthplace {
            ip: self.ip.to_string(),
            user_agent: agent.chars().take(255).collect(),
        }
    }

    /// The language of the pages: what this page was asked for in, else what the journey was, else what the browser prefers.
    pub fn text(&self, journey_locales: Option<&str>) -> &'static Text {
        let asked = self.query.hint("ui_locales").or(journey_locales);
        pick(asked, self.header(header::ACCEPT_LANGUAGE))
    }

    /// The language of mails that tell somebody about their account: what they chose in their profile, else that of the pages they see.
    pub fn text_for(&self, user: &User) -> &'static Text {
        let chosen = user.locale.as_deref().unwrap_or_default();
        let asked = self.query.hint("ui_locales").unwrap_or_default();
        pick(
            Some(&format!("{chosen} {asked}")),
            self.header(header::ACCEPT_LANGUAGE),
        )
    }

    /// The frame of a page that a GET of this same address shows again in another language.
    pub fn chrome(&self, journey_locales: Option<&str>) -> Chrome {
        let languages = Language::ALL.map(|language| LanguageLink {
            language,
            href: self.in_language(language),
        });
        Chrome {
            languages: languages.into(),
            ..self.bare_chrome(journey_locales)
        }
    }

    /// The frame of a page that a GET cannot show again.
    pub fn bare_chrome(&self, journey_locales: Option<&str>) -> Chrome {
        Chrome {
            text: self.text(journey_locales),
            tenant: self.app.config.name.clone(),
            assets_below: if self.uri.path().starts_with(APPLICATION_PATHS) {
                APPLICATION_ASSETS
            } else {
                ""
            },
            request_id: self.request_id.clone(),
            languages: Vec::new(),
        }
    }

    fn in_language(&self, language: Language) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let pairs = url::form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes());
        query.extend_pairs(pairs.filter(|(name, _)| name != "ui_locales"));
        query.append_pair("ui_locales", language.tag());
        format!("{}?{}", self.uri.path(), query.finish())
    }

    /// A path of ours, keeping the language the person chose on our pages.
    pub fn page(&self, path: &str) -> String {
        let Some(locales) = self.query.hint("ui_locales") else {
            return path.to_owned();
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("ui_locales", locales);
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}{}", query.finish())
    }

    /// `path?state=…`, keeping the language the person chose on our pages.
    pub fn link(&self, path: &str, state: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("state", state);
        if let Some(locales) = self.query.hint("ui_locales") {
            query.append_pair("ui_locales", locales);
        }
        format!("{path}?{}", query.finish())
    }
}
