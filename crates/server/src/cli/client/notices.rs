//! The options that say how a client hears of logouts.

use sekisho_rules::client::LogoutNotices;

/// How it wants to hear that a session has ended.
#[derive(clap::Args)]
pub(super) struct Notices {
    /// Where a logout token is posted when a session it took part in ends (back-channel logout); may be repeated
    #[arg(long, value_name = "URL")]
    backchannel_logout_url: Vec<String>,
    /// It cannot do without `sid` in the logout token
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    backchannel_logout_session_required: Option<bool>,
    /// The page of it that the signed-out page loads in a frame (front-channel logout); on the host of a callback
    #[arg(long, value_name = "URL")]
    frontchannel_logout_url: Option<String>,
    /// That page wants `iss` and `sid` in its query
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    frontchannel_logout_session_required: Option<bool>,
}

impl Notices {
    /// What was said in place of what is there.
    pub(super) fn over(self, there: LogoutNotices) -> LogoutNotices {
        LogoutNotices {
            backchannel_urls: match self.backchannel_logout_url {
                said if said.is_empty() => there.backchannel_urls,
                said => said,
            },
            backchannel_session_required: self
                .backchannel_logout_session_required
                .unwrap_or(there.backchannel_session_required),
            frontchannel_url: self.frontchannel_logout_url.or(there.frontchannel_url),
            frontchannel_session_required: self
                .frontchannel_logout_session_required
                .unwrap_or(there.frontchannel_session_required),
        }
    }
}
