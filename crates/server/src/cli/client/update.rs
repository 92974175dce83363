//! `sekisho client update`: what was said takes the place of what is there, the rest stays.

use clap::ValueEnum;
use sekisho_rules::client::{Client, GrantType, Party, Rotation};
use sekisho_rules::factor::MfaPolicy;

use super::notices::Notices;
use super::{grants, shown};
use crate::admin::Actor::Operator;
use crate::admin::clients;
use crate::app::App;
use crate::cli::terminal::{Failure, Terminal};

pub(super) const EXAMPLES: &str = "\
Examples:
  sekisho client update 3f6c... --callback https://app.example.com/callback --callback https://app.example.com/cb2
  sekisho client update 3f6c... --backchannel-logout-url https://app.example.com/backchannel-logout
  sekisho client update 3f6c... --mfa always
  sekisho client update 3f6c... --clear web-origins --clear frontchannel-logout-url
A list that is given takes the place of the whole list.";

#[derive(clap::Args)]
pub(crate) struct Update {
    /// The client's id
    client_id: String,
    /// The name people see
    #[arg(long)]
    name: Option<String>,
    /// Its redirect URIs, all of them; may be repeated
    #[arg(long, value_name = "URI")]
    callback: Vec<String>,
    /// Where a logout may return to, all of them; may be repeated
    #[arg(long, value_name = "URI")]
    logout_url: Vec<String>,
    /// The origins that may use silent renewal and call across origins, all of them; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    web_origin: Vec<String>,
    /// The grants it may use, all of them; may be repeated
    #[arg(long, value_name = "GRANT", value_parser = grants())]
    grant: Vec<GrantType>,
    /// When its users prove a second factor; `inherit` goes by the settings
    #[arg(long, value_name = "POLICY")]
    mfa: Option<Mfa>,
    /// Whether it is somebody else's
    #[arg(long, value_name = "BOOL")]
    third_party: Option<bool>,
    /// Whether each use replaces its refresh token; for public clients it always does
    #[arg(long, value_name = "BOOL")]
    rotate_refresh_tokens: Option<bool>,
    /// Seconds in which a repeated refresh is answered again; never less than 10 in effect
    #[arg(long, value_name = "SECONDS")]
    refresh_leeway: Option<i64>,
    /// Seconds a refresh token lives from the login on; holds for grants to come
    #[arg(long, value_name = "SECONDS")]
    refresh_lifetime: Option<i64>,
    /// Seconds a refresh token lives without use
    #[arg(long, value_name = "SECONDS")]
    refresh_idle: Option<i64>,
    #[command(flatten)]
    notices: Notices,
    /// Empties a list or a setting; may be repeated
    #[arg(long, value_name = "WHAT")]
    clear: Vec<Clear>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// When users prove a second factor.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mfa {
    Never,
    Adaptive,
    Always,
    Inherit,
}

impl Mfa {
    pub(super) fn policy(self) -> Option<MfaPolicy> {
        match self {
            Self::Never => Some(MfaPolicy::Never),
            Self::Adaptive => Some(MfaPolicy::Adaptive),
            Self::Always => Some(MfaPolicy::Always),
            Self::Inherit => None,
        }
    }
}

/// What can be emptied.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Clear {
    Callbacks,
    LogoutUrls,
    WebOrigins,
    BackchannelLogoutUrls,
    FrontchannelLogoutUrl,
}

impl Update {
    pub(super) async fn run(self, app: &App, terminal: &mut Terminal) -> Result<(), Failure> {
        let json = self.json;
        let client = clients::find(app, &self.client_id).await?;
        let changed = clients::update(app, Operator, self.over(client)).await?;
        match json {
            true => terminal.say_json(&shown(&changed)),
            false => terminal.say(format!("{:#}", shown(&changed))),
        }
    }

    fn over(self, mut client: Client) -> Client {
        for what in self.clear {
            match what {
                Clear::Callbacks => client.callbacks.clear(),
                Clear::LogoutUrls => client.logout_urls.clear(),
                Clear::WebOrigins => client.web_origins.clear(),
                Clear::BackchannelLogoutUrls => client.notices.backchannel_urls.clear(),
                Clear::FrontchannelLogoutUrl => client.notices.frontchannel_url = None,
            }
        }
        let list = |said: Vec<String>, there: Vec<String>| if said.is_empty() { there } else { said };
        client.name = self.name.unwrap_or(client.name);
        client.callbacks = list(self.callback, client.callbacks);
        client.logout_urls = list(self.logout_url, client.logout_urls);
        client.web_origins = list(self.web_origin, client.web_origins);
        if !self.grant.is_empty() {
            client.grant_types = self.grant;
        }
        client.mfa = match self.mfa {
            Some(mfa) => mfa.policy(),
            None => client.mfa,
        };
        client.party = match self.third_party {
            Some(true) => Party::Third,
            Some(false) => Party::First,
            None => client.party,
        };
        let refresh = &mut client.refresh;
        refresh.rotation = match self.rotate_refresh_tokens {
            Some(true) => Rotation::Rotating,
            Some(false) => Rotation::Fixed,
            None => refresh.rotation,
        };
        refresh.leeway = self.refresh_leeway.unwrap_or(refresh.leeway);
        refresh.lifetime = self.refresh_lifetime.unwrap_or(refresh.lifetime);
        refresh.idle = self.refresh_idle.unwrap_or(refresh.idle);
        client.notices = self.notices.over(client.notices);
        client
    }
}
