//! A browser small enough to log in: a cookie jar, and hidden fields read from our own forms.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws_lc_rs::digest;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Response, StatusCode};
use url::Url;

use crate::process::{App, Ready, User};

/// Long enough for RFC 7636 section 4.1; one verifier for all codes, which are single-use anyway.
pub const VERIFIER: &str = "bench-bench-bench-bench-bench-bench-bench-bench";

/// A client that follows no redirect by itself.
pub fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?)
}

/// A browser with its cookies.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A browser without cookies.
    pub fn new(http: reqwest::Client) -> Self {
        Self {
            http,
            cookies: BTreeMap::new(),
        }
    }

    /// Follows an authorization request to its code, logging in where the pages ask for it.
    pub async fn code(&mut self, request: &Url, user: &User) -> Result<String> {
        let mut url = request.clone();
        let mut answer = self.get(&url).await?;
        for _ in 0..12 {
            if let Some(next) = answer.headers().get(LOCATION) {
                url = url.join(next.to_str()?)?;
                if let Some((_, code)) = url.query_pairs().find(|(name, _)| name == "code") {
                    return Ok(code.into_owned());
                }
                answer = self.get(&url).await?;
            } else if answer.status() == StatusCode::OK {
                let page = answer.text().await?;
                let (action, fields) = form(&page, user).with_context(|| format!("no form at {url}"))?;
                url = url.join(&action)?;
                let origin = url.origin().ascii_serialization();
                let post = self
                    .http
                    .post(url.clone())
                    .header(COOKIE, self.cookie_header())
                    .header("origin", origin);
                let sent = post.form(&fields).send().await?;
                answer = self.keep(sent)?;
            } else {
                bail!("{} at {url}", answer.status());
            }
        }
        bail!("no code after twelve steps, last at {url}")
    }

    async fn get(&mut self, url: &Url) -> Result<Response> {
        let request = self
            .http
            .get(url.clone())
            .header("sec-fetch-dest", "document")
            .header("accept", "text/html");
        let answer = request.header(COOKIE, self.cookie_header()).send().await?;
        self.keep(answer)
    }

    fn keep(&mut self, answer: Response) -> Result<Response> {
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let (name, value) = cookie
                .to_str()?
                .split(';')
                .next()
                .and_then(|c| c.split_once('='))
                .context("a cookie")?;
            self.cookies.insert(name.trim().into(), value.trim().into());
        }
        Ok(answer)
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }
}

/// An authorization request with PKCE for an audience.
pub fn authorization(ready: &Ready, app: &App, audience: &str, scope: &str) -> Result<Url> {
    let hash = digest::digest(&digest::SHA256, VERIFIER.as_bytes());
    let challenge = base64_simd::URL_SAFE_NO_PAD.encode_to_string(hash.as_ref());
    let parameters = [
        ("response_type", "code"),
        ("client_id", &app.client_id),
        ("redirect_uri", &app.redirect_uri),
        ("scope", scope),
        ("audience", audience),
        ("state", "bench"),
        ("nonce", "bench"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    Ok(Url::parse_with_params(
        &format!("{}authorize", ready.issuer),
        parameters,
    )?)
}

/// The action and the fields of the form that asks for the password (or the only form there is).
fn form(page: &str, user: &User) -> Option<(String, Vec<(String, String)>)> {
    let forms: Vec<&str> = page
        .split("<form")
        .skip(1)
        .filter_map(|rest| rest.split("</form").next())
        .collect();
    let form = forms
        .iter()
        .find(|form| form.contains("password"))
        .or(forms.first())?;
    let tag = form.split('>').next()?;
    let fields = form.split("<input").skip(1).filter_map(|rest| {
        let input = rest.split('>').next()?;
        let name = attribute(input, "name")?;
        let value = match (attribute(input, "type").as_deref(), name.as_str()) {
            (Some("password"), _) => user.password.clone(),
            (_, "username" | "email") | (Some("email"), _) => user.email.clone(),
            (Some("checkbox" | "submit"), _) => return None,
            _ => attribute(input, "value").unwrap_or_default(),
        };
        Some((name, value))
    });
    Some((attribute(tag, "action").unwrap_or_default(), fields.collect()))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
    Some(
        value
            .replace("&#38;", "&")
            .replace("&amp;", "&")
            .replace("&#x3d;", "=")
            .replace("&#61;", "="),
    )
}
