//! Whoever calls a node over the network: a browser with a cookie jar, or a program. Follows no redirect by itself.

use super::{API, Deployment, SCOPES};
use crate::browser::Answer;
use crate::site::{CALLBACK, EMAIL, PASSWORD, VERIFIER, authorize, form};
use axum::http::{Method, StatusCode, header};
use std::collections::BTreeMap;

/// A visitor of one origin. Cookies can be carried over to another node of the same deployment.
pub(super) struct Visitor {
    client: reqwest::Client,
    base: String,
    host: String,
    pub(super) jar: BTreeMap<String, String>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Visitor {
    /// Connects to `base`; says `host` in the request.
    pub(super) fn new(base: &str, host: &str) -> Self {
        Self::trusting(base, host, &[])
    }

    /// The same over TLS, trusting these certificates (PEM) and no others.
    pub(super) fn trusting(base: &str, host: &str, authorities: &[&str]) -> Self {
        let certificate = |pem: &&str| reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(authorities.iter().map(certificate))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(super::PATIENCE)
            .build()
            .unwrap();
        Self {
            client,
            base: base.to_owned(),
            host: host.to_owned(),
            jar: BTreeMap::new(),
            headers: vec![],
        }
    }

    /// `None` when there was no answer.
    pub(super) async fn try_send(
        &mut self,
        method: Method,
        path: &str,
        fields: Option<&[(&str, &str)]>,
    ) -> Option<Answer> {
        let path = path.find("://").map_or(path, |at| {
            let rest = &path[at + 3..];
            rest.find('/').map_or("/", |slash| &rest[slash..])
        });
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.base))
            .header(header::HOST, &self.host)
            .header(header::ACCEPT_LANGUAGE, "en");
        if !self.jar.is_empty() {
            let cookies: Vec<_> = self
                .jar
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(fields) = fields {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form(fields));
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match attributes.contains("Max-Age=0") {
                true => self.jar.remove(name),
                false => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        Some(Answer {
            status,
            headers,
            body: response.text().await.ok()?,
        })
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        let answer = self.try_send(Method::GET, path, None).await;
        answer.unwrap_or_else(|| panic!("no answer at {path}"))
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.try_send(Method::POST, path, Some(fields)).await;
        answer.unwrap_or_else(|| panic!("no answer at {path}"))
    }

    /// Follows redirects as long as they stay with us.
    pub(super) async fn follow(&mut self, mut answer: Answer) -> Answer {
        while answer.status.is_redirection() && answer.location().starts_with('/') {
            let to = answer.location().to_owned();
            answer = self.get(&to).await;
        }
        answer
    }

    pub(super) async fn open(&mut self, path: &str) -> Answer {
        let answer = self.get(path).await;
        self.follow(answer).await
    }

    /// Fills in the page that is shown: sign-in or sign-up.
    pub(super) async fn fill_in(&mut self, page: &Answer, email: &str, password: &str) -> Answer {
        let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
        let fields = [
            ("state", state.as_str()),
            ("csrf", &csrf),
            ("email", email),
            ("password", password),
        ];
        let answer = self.post(&page.action(), &fields).await;
        self.follow(answer).await
    }

    /// Signs in at an authorization request; the code that leaves for the application.
    pub(super) async fn code(&mut self, request: &str) -> String {
        let mut answer = self.open(request).await;
        if answer.status == StatusCode::OK {
            answer = self.fill_in(&answer, EMAIL, PASSWORD).await;
        }
        assert!(answer.location().starts_with(CALLBACK), "{}", answer.location());
        answer.param("code").unwrap()
    }

    pub(super) async fn redeem(&mut self, client: &str, code: &str) -> Answer {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post("/oauth/token", &fields).await
    }

    /// Signs in and redeems the code: an access token for the API, a refresh token, an ID token.
    pub(super) async fn tokens(&mut self, deployment: &Deployment) -> serde_json::Value {
        let code = self.code(&request(deployment)).await;
        let answer = self.redeem(&deployment.spa, &code).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }

    pub(super) async fn refresh(&mut self, client: &str, token: &str) -> Answer {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("refresh_token", token),
        ];
        self.post("/oauth/token", &fields).await
    }

    /// Refreshes and answers the next refresh token.
    pub(super) async fn next(&mut self, deployment: &Deployment, token: &str) -> String {
        let answer = self.refresh(&deployment.spa, token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        text(&answer.json()["refresh_token"])
    }

    /// A token for the machine itself.
    pub(super) async fn machine(&mut self, deployment: &Deployment) -> Answer {
        let (id, secret) = &deployment.machine;
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("audience", API),
        ];
        self.post("/oauth/token", &fields).await
    }

    pub(super) async fn userinfo(&mut self, access: &str) -> Answer {
        let kept = self.headers.clone();
        self.headers.push(("authorization", format!("Bearer {access}")));
        let answer = self.get("/userinfo").await;
        self.headers = kept;
        answer
    }
}

/// An authorization request of the application for everything it may have.
pub(super) fn request(deployment: &Deployment) -> String {
    let scope = format!("openid profile email offline_access {SCOPES}");
    authorize(&deployment.spa, &[("audience", API), ("scope", &scope)])
}

/// A member of a JSON answer that is text.
pub(super) fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap().to_owned()
}
