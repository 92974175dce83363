//! The gateway: a proxy asks about every request to an application, and browsers sign in and out on the application's own host.
//!
//! This file owns the fixture: an application behind the gateway, its browser, and what its proxy would ask.

mod commands;
mod ends;
mod enters;
mod hostile;
mod passes;

use crate::browser::{Answer, Browser};
use crate::site::{API, EMAIL, PASSWORD, Site};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use sekisho::admin::Actor;
use sekisho::admin::gateway::{NewApp, add};
use sekisho_verify::Scope;
use std::collections::BTreeMap;

const ORIGIN: &str = "https://app.example.com";
const HOST: &str = "app.example.com";
/// The requests of these stories come from this machine, so it is the proxy.
const PROXY: (&str, &str) = ("SEKISHO_TRUSTED_PROXIES", "127.0.0.1");

/// One story on each engine, with an application behind the gateway.
macro_rules! behind {
    ($($story:ident),* $(,)?) => {$(
        mod $story {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                super::$story(crate::gateway::site(&[]).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                let url = sekisho_test_postgres::fresh_database();
                let settings = [("DATABASE_URL", url.as_str()), ("SEKISHO_DATABASE_CONNECTIONS", "8")];
                super::$story(crate::gateway::site(&settings).await).await;
            }
        }
    )*};
}
pub(crate) use behind;

async fn site(settings: &[(&str, &str)]) -> Site {
    let site = Site::with(&[&[PROXY], settings].concat()).await;
    put_behind(&site, ORIGIN).await;
    site
}

async fn put_behind(site: &Site, origin: &str) {
    let new = NewApp {
        origin: origin.to_owned(),
        name: Some("Old app".to_owned()),
        audience: Some(API.to_owned()),
        scope: Scope::parse("read:notes").unwrap(),
    };
    add(&site.app, Actor::Operator, new).await.unwrap();
}

/// A browser at an application whose proxy asks us first.
struct Person<'a> {
    issuer: Browser<'a>,
    jar: BTreeMap<String, String>,
    origin: &'static str,
}

impl<'a> Person<'a> {
    fn new(site: &'a Site) -> Self {
        Self {
            issuer: site.browser(),
            jar: BTreeMap::new(),
            origin: ORIGIN,
        }
    }

    /// A page of the application: what its proxy hears when it asks.
    async fn opens(&mut self, path: &str) -> Answer {
        let headers = [("accept", "text/html"), ("sec-fetch-mode", "navigate")];
        self.asks("/forward-auth", path, &headers).await
    }

    /// What the proxy hears about a request to `path` with these headers.
    async fn asks(&mut self, question: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let host = self.origin.trim_start_matches("https://");
        let forwarded = [
            ("x-forwarded-host", host),
            ("x-forwarded-uri", path),
            ("x-forwarded-method", "GET"),
        ];
        let given: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let mut all: Vec<_> = forwarded
            .into_iter()
            .filter(|(name, _)| !given.contains(name))
            .collect();
        all.extend_from_slice(headers);
        self.send(Method::GET, question, &all).await
    }

    /// A request that reaches us under the application's host.
    async fn visits(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let host = self.origin.trim_start_matches("https://");
        let cookies: Vec<String> = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.issuer.site.send(request.body(Body::empty()).unwrap()).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            assert!(
                attributes.contains("HttpOnly")
                    && attributes.contains("Secure")
                    && pair.starts_with("__Host-")
            );
            let (name, value) = pair.split_once('=').unwrap();
            match attributes.contains("Max-Age=0") {
                true => self.jar.remove(name),
                false => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// From the proxy's redirect to the code on its way back, with the password where it is asked for.
    async fn goes(&mut self, to: &str) -> Answer {
        let start = to.strip_prefix(self.origin).unwrap().to_owned();
        let left = self.visits(&start).await;
        let page = self.issuer.open(left.location()).await;
        match page.status.is_redirection() {
            true => page,
            false => self.issuer.log_in(&page, EMAIL, PASSWORD).await,
        }
    }

    /// Opens a page, signs in, and comes back to it.
    async fn signs_in(&mut self, path: &str) -> Answer {
        let sent = self.opens(path).await;
        assert_eq!(sent.status, StatusCode::FOUND, "{}", sent.body);
        let code = self.goes(sent.location()).await;
        let callback = code.location().strip_prefix(self.origin).unwrap().to_owned();
        self.visits(&callback).await
    }

    /// The access token the application is given now.
    async fn token(&mut self) -> String {
        let answer = self.opens("/").await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer
            .header("authorization")
            .strip_prefix("Bearer ")
            .unwrap()
            .to_owned()
    }
}
