//! The doors under load, one worker type each.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::browser::VERIFIER;
use crate::load::Worker;
use crate::process::{App, Ready};

/// What the token endpoint answers.
#[derive(Deserialize)]
pub struct Tokens {
    pub access_token: String,
    #[serde(default)]
    pub refresh_token: Option<String>,
}

/// The token endpoint as one client sees it.
#[derive(Clone)]
pub struct TokenDoor {
    pub http: reqwest::Client,
    pub issuer: String,
    pub app: App,
}

impl TokenDoor {
    /// The token endpoint for one of the demo's apps.
    pub fn new(http: &reqwest::Client, ready: &Ready, app: &App) -> Self {
        Self {
            http: http.clone(),
            issuer: ready.issuer.clone(),
            app: app.clone(),
        }
    }

    async fn ask(&self, grant: &[(&str, &str)]) -> Result<Tokens> {
        let mut form = vec![("client_id", self.app.client_id.as_str())];
        if !self.app.client_secret.is_empty() {
            form.push(("client_secret", &self.app.client_secret));
        }
        form.extend(grant);
        let answer = self
            .http
            .post(format!("{}oauth/token", self.issuer))
            .form(&form)
            .send()
            .await?;
        let status = answer.status();
        let body = answer.text().await?;
        ensure!(status.is_success(), "{status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }

    /// Client credentials for an audience.
    pub async fn client_credentials(&self, audience: &str) -> Result<Tokens> {
        self.ask(&[("grant_type", "client_credentials"), ("audience", audience)])
            .await
    }

    /// Redeems a code.
    pub async fn redeem(&self, code: &str) -> Result<Tokens> {
        let redirect = ("redirect_uri", self.app.redirect_uri.as_str());
        self.ask(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            redirect,
            ("code_verifier", VERIFIER),
        ])
        .await
    }
}

/// Client credentials, again and again.
pub struct Machine(pub TokenDoor, pub String);

impl Worker for Machine {
    async fn step(&mut self) -> Result<bool> {
        self.0.client_credentials(&self.1).await.map(|_| true)
    }
}

/// One refresh family, rotating.
pub struct Family {
    pub door: TokenDoor,
    pub token: String,
}

impl Worker for Family {
    async fn step(&mut self) -> Result<bool> {
        let tokens = self
            .door
            .ask(&[("grant_type", "refresh_token"), ("refresh_token", &self.token)])
            .await?;
        self.token = tokens.refresh_token.context("no refresh token in the answer")?;
        Ok(true)
    }
}

/// Codes waiting to be redeemed.
pub struct Codes {
    pub door: TokenDoor,
    pub left: Vec<String>,
}

impl Worker for Codes {
    async fn step(&mut self) -> Result<bool> {
        match self.left.pop() {
            Some(code) => self.door.redeem(&code).await.map(|_| true),
            None => Ok(false),
        }
    }
}

/// A plain GET, with or without a bearer token.
#[derive(Clone)]
pub struct Get {
    pub http: reqwest::Client,
    pub url: String,
    pub bearer: Option<String>,
}

impl Worker for Get {
    async fn step(&mut self) -> Result<bool> {
        let mut request = self.http.get(&self.url);
        if let Some(token) = &self.bearer {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?;
        ensure!(answer.status().is_success(), "{} {}", self.url, answer.status());
        answer.bytes().await?;
        Ok(true)
    }
}
