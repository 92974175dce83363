//! A browser with a cookie jar, and what an answer holds for it: where it leads, its form, its JSON.

use crate::site::{EMAIL, ISSUER, PASSWORD, Site, form, request};
use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, header};
use std::collections::BTreeMap;

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn location(&self) -> &str {
        assert!(self.status.is_redirection(), "{} {}", self.status, self.body);
        self.header("location")
    }

    /// A parameter of the query of where this answer sends the browser.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let base = url::Url::parse(ISSUER).unwrap();
        let to = base.join(self.location()).unwrap();
        to.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.body))
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let at = self
            .body
            .find(&format!("name=\"{name}\""))
            .unwrap_or_else(|| panic!("no {name} in {}", self.body));
        let rest = &self.body[at..];
        let rest = &rest[rest.find("value=\"").unwrap() + 7..];
        unescape(&rest[..rest.find('"').unwrap()])
    }

    /// The value of an attribute, unescaped.
    pub(crate) fn attribute(&self, name: &str) -> String {
        let start = self
            .body
            .find(&format!("{name}=\""))
            .unwrap_or_else(|| panic!("no {name} in {}", self.body));
        let rest = &self.body[start + name.len() + 2..];
        unescape(&rest[..rest.find('"').unwrap()])
    }

    /// Where the page's form is sent.
    pub(crate) fn action(&self) -> String {
        self.attribute("action")
    }
}

/// The payload of a token, unverified.
pub(crate) fn claims(token: &serde_json::Value) -> serde_json::Value {
    let text = token.as_str().unwrap();
    let payload = text
        .split('.')
        .nth(1)
        .unwrap_or_else(|| panic!("not a JWT: {text}"));
    serde_json::from_slice(&sekisho_jose::base64url::decode(payload).unwrap()).unwrap()
}

/// A browser: keeps cookies and posts forms.
pub(crate) struct Browser<'a> {
    pub(crate) site: &'a Site,
    pub(crate) jar: BTreeMap<String, String>,
    pub(crate) language: &'static str,
    /// The address a trusted proxy says it comes from; none without a proxy.
    pub(crate) from: Option<String>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        Self {
            site,
            jar: BTreeMap::new(),
            language: "en",
            from: None,
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.visit(Method::GET, path, &[], &[]).await
    }

    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.visit(
            Method::POST,
            path,
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://login.example"),
            ],
            fields,
        )
        .await
    }

    pub(crate) async fn visit(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Answer {
        let cookies: Vec<String> = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut builder = request(method, path).header(header::ACCEPT_LANGUAGE, self.language);
        if let Some(from) = &self.from {
            builder = builder.header("x-forwarded-for", from);
        }
        if !cookies.is_empty() {
            builder = builder.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let body = match fields {
            [] => Body::empty(),
            fields => {
                builder = builder.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                Body::from(form(fields))
            }
        };
        let answer = self.site.send(builder.body(body).unwrap()).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match attributes.contains("Max-Age=0") {
                true => self.jar.remove(name),
                false => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// Follows redirects as long as they stay with us.
    pub(crate) async fn follow(&mut self, mut answer: Answer) -> Answer {
        while answer.status.is_redirection() && answer.location().starts_with('/') {
            let to = answer.location().to_owned();
            answer = self.get(&to).await;
        }
        answer
    }

    /// Opens an address a second later and follows redirects.
    pub(crate) async fn open(&mut self, path: &str) -> Answer {
        self.site.pass(1);
        let answer = self.get(path).await;
        self.follow(answer).await
    }

    /// Fills in the sign-in page.
    pub(crate) async fn log_in(&mut self, page: &Answer, email: &str, password: &str) -> Answer {
        let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
        let fields = [
            ("state", state.as_str()),
            ("csrf", &csrf),
            ("email", email),
            ("password", password),
        ];
        let answer = self.submit(&page.action(), &fields).await;
        self.follow(answer).await
    }

    /// An authorization request, the sign-in page filled in, and the answer that leaves for the application.
    pub(crate) async fn sign_in(&mut self, authorize: &str) -> Answer {
        let page = self.open(authorize).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        self.log_in(&page, EMAIL, PASSWORD).await
    }
}

/// Undoes HTML's escaping of text, which writes a character as its number.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#") {
        let (number, after) = after.split_once(';').unwrap();
        plain.push_str(before);
        plain.push(char::from_u32(number.parse().unwrap()).unwrap());
        rest = after;
    }
    plain + rest
}
