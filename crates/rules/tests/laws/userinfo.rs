//! Laws of userinfo: what stands opens the profile, if it has the scope for it.

use crate::world::scope;
use sekisho_rules::standing::{Cause, Standing};
use sekisho_rules::userinfo::{Verdict, decide};

#[test]
fn oidc_core_section_5_3_a_standing_token_with_openid_opens_the_profile() {
    let (with, without) = (scope("openid profile"), scope("profile"));
    assert_eq!(decide(Standing::Stands, &with), Verdict::Show);
    assert_eq!(decide(Standing::Stands, &without), Verdict::InsufficientScope);
    // The scope is not looked at first: a dead token learns nothing about itself.
    for scope in [with, without] {
        assert_eq!(
            decide(Standing::Ended(Cause::User), &scope),
            Verdict::InvalidToken
        );
    }
}
