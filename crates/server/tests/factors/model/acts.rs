//! What somebody may do next, and how often.

use super::people::Whose;
use super::{ACCOUNT, Asking, CLIENTS, Walk};
use crate::site::{API, authorize};
use proptest::prelude::*;
use sekisho_rules::factor::{ACR_MULTI_FACTOR, FactorKind, MfaPolicy};

/// How an application asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    Plainly,
    ForSeveral,
    ForALogin,
    ForALoginJustNow,
    Silently,
    SilentlyForSeveral,
}

/// What somebody does next. `b` names the browser, `c` the application, `p` the person.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Ask {
        b: usize,
        c: usize,
        how: How,
    },
    LogIn {
        b: usize,
        p: usize,
    },
    WrongPassword {
        b: usize,
    },
    MailCode {
        b: usize,
        p: usize,
        whose: Whose,
    },
    MailLink {
        b: usize,
        p: usize,
        c: usize,
    },
    Passkey {
        b: usize,
        p: usize,
    },
    Elsewhere {
        b: usize,
        p: usize,
    },
    Join {
        b: usize,
    },
    SignUp {
        b: usize,
    },
    Reset {
        b: usize,
        p: usize,
    },
    Prove {
        b: usize,
        kind: FactorKind,
        whose: Whose,
        remember: bool,
    },
    ProveTwice {
        b: usize,
    },
    SetUp {
        b: usize,
        kind: FactorKind,
    },
    Resume {
        b: usize,
    },
    SkipAhead {
        b: usize,
    },
    OlderTab {
        b: usize,
    },
    OtherBrowsersPage {
        b: usize,
    },
    Account {
        b: usize,
    },
    RemoveFactor {
        b: usize,
    },
    Behind {
        b: usize,
    },
    LogOut {
        b: usize,
    },
    ByPassword {
        c: usize,
        p: usize,
    },
    ByMailCode {
        c: usize,
        p: usize,
    },
    ByPasskey {
        c: usize,
        p: usize,
    },
    BeginSetUp {
        kind: FactorKind,
    },
    ProveByProgram {
        kind: FactorKind,
        whose: Whose,
    },
    Refresh,
    LoseFactors {
        p: usize,
    },
    LooksWrong,
    ForgetBrowsers {
        p: usize,
    },
    ClientPolicy {
        c: usize,
        policy: MfaPolicy,
    },
    IssuerPolicy {
        policy: MfaPolicy,
    },
    Wait,
}

/// Walks of a few dozen steps: single ones, and scenes that lead to where it gets interesting.
pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let one = |act: Act| vec![act];
    let some = prop_oneof![
        10 => in_browsers().prop_map(one),
        5 => proving().prop_map(one),
        4 => of_programs().prop_map(one),
        3 => around().prop_map(one),
        5 => scenes(),
    ];
    proptest::collection::vec(some, 8..36).prop_map(|all| all.concat())
}

/// What single steps seldom lead to. Each is only a beginning: what it asks for may be refused, and other steps come between.
fn scenes() -> impl Strategy<Value = Vec<Act>> {
    let chosen = (
        0_usize..7,
        0_usize..2,
        0_usize..2,
        0_usize..3,
        kinds(),
        any::<bool>(),
    );
    chosen.prop_map(|(scene, b, p, c, kind, wrong)| {
        let (log_in, set_up) = (Act::LogIn { b, p }, Act::SetUp { b, kind });
        let ask = Act::Ask {
            b,
            c,
            how: How::Plainly,
        };
        let prove = |whose, remember| Act::Prove {
            b,
            kind,
            whose,
            remember,
        };
        match scene {
            // Remembered, and then the next login looks wrong.
            0 if wrong => vec![
                log_in,
                set_up,
                log_in,
                prove(Whose::Own, true),
                log_in,
                Act::LooksWrong,
                ask,
            ],
            0 => vec![log_in, set_up, log_in, prove(Whose::Own, true), log_in, ask],
            // An account elsewhere is joined to one that has a factor.
            1 => vec![
                Act::LogIn { b, p: 0 },
                set_up,
                Act::Elsewhere { b, p: 1 },
                Act::Join { b },
                Act::LogIn { b, p: 0 },
                Act::Join { b },
            ],
            // Two people have the same sort of factor.
            2 => vec![
                log_in,
                set_up,
                Act::LogIn { b: 1 - b, p: 1 - p },
                Act::SetUp { b: 1 - b, kind },
                log_in,
                prove(Whose::Other, false),
                Act::ProveByProgram {
                    kind,
                    whose: Whose::Other,
                },
            ],
            // One code in two browsers and a program.
            3 => vec![
                log_in,
                Act::SetUp {
                    b,
                    kind: FactorKind::Totp,
                },
                log_in,
                Act::LogIn { b: 1 - b, p },
                Act::ByPassword { c: 1, p },
                Act::ProveTwice { b },
            ],
            4 => vec![
                Act::ByPassword { c: 1, p },
                Act::BeginSetUp { kind },
                Act::ProveByProgram {
                    kind,
                    whose: Whose::Own,
                },
                Act::ByPassword { c, p },
                Act::ProveByProgram {
                    kind,
                    whose: Whose::Own,
                },
            ],
            // A program begins a set-up before a page ends one, or after.
            5 if wrong => vec![
                Act::ByPassword { c: 1, p },
                Act::BeginSetUp {
                    kind: FactorKind::Totp,
                },
                log_in,
                set_up,
                Act::ProveByProgram {
                    kind: FactorKind::Totp,
                    whose: Whose::Own,
                },
            ],
            5 => vec![
                Act::ByPassword { c: 1, p },
                log_in,
                set_up,
                Act::BeginSetUp { kind },
            ],
            // One mailbox, twice.
            6 => vec![
                Act::MailCode {
                    b,
                    p,
                    whose: Whose::Own,
                },
                Act::SetUp {
                    b,
                    kind: FactorKind::Email,
                },
                Act::Prove {
                    b,
                    kind: FactorKind::Email,
                    whose: Whose::Own,
                    remember: wrong,
                },
            ],
            _ => vec![
                log_in,
                Act::SetUp {
                    b,
                    kind: FactorKind::Passkey,
                },
                Act::Passkey { b: 1 - b, p },
                Act::ByPasskey { c, p },
                Act::RemoveFactor { b },
            ],
        }
    })
}

fn kinds() -> impl Strategy<Value = FactorKind> {
    proptest::sample::select(FactorKind::ALL)
}

fn policies() -> impl Strategy<Value = MfaPolicy> {
    proptest::sample::select(MfaPolicy::ALL)
}

fn whose() -> impl Strategy<Value = Whose> {
    prop_oneof![5 => Just(Whose::Own), 1 => Just(Whose::Other), 1 => Just(Whose::Invented)]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        6 => Just(How::Plainly),
        2 => Just(How::ForSeveral),
        1 => Just(How::ForALogin),
        1 => Just(How::ForALoginJustNow),
        2 => Just(How::Silently),
        1 => Just(How::SilentlyForSeveral),
    ]
}

fn in_browsers() -> impl Strategy<Value = Act> {
    let (b, p, c) = (0_usize..2, 0_usize..4, 0_usize..3);
    prop_oneof![
        8 => (b.clone(), c.clone(), how()).prop_map(|(b, c, how)| Act::Ask { b, c, how }),
        8 => (b.clone(), prop_oneof![4 => Just(0_usize), 1 => p.clone()]).prop_map(|(b, p)| Act::LogIn { b, p }),
        1 => b.clone().prop_map(|b| Act::WrongPassword { b }),
        2 => (b.clone(), p.clone(), whose()).prop_map(|(b, p, whose)| Act::MailCode { b, p, whose }),
        1 => (b.clone(), p.clone(), c).prop_map(|(b, p, c)| Act::MailLink { b, p, c }),
        2 => (b.clone(), p.clone()).prop_map(|(b, p)| Act::Passkey { b, p }),
        2 => (b.clone(), p.clone()).prop_map(|(b, p)| Act::Elsewhere { b, p }),
        2 => b.clone().prop_map(|b| Act::Join { b }),
        1 => b.clone().prop_map(|b| Act::SignUp { b }),
        1 => (b.clone(), p).prop_map(|(b, p)| Act::Reset { b, p }),
        2 => b.clone().prop_map(|b| Act::Resume { b }),
        1 => b.clone().prop_map(|b| Act::SkipAhead { b }),
        2 => b.clone().prop_map(|b| Act::OlderTab { b }),
        1 => b.clone().prop_map(|b| Act::OtherBrowsersPage { b }),
        3 => b.clone().prop_map(|b| Act::Account { b }),
        1 => b.clone().prop_map(|b| Act::RemoveFactor { b }),
        2 => b.clone().prop_map(|b| Act::Behind { b }),
        1 => b.prop_map(|b| Act::LogOut { b }),
    ]
}

fn proving() -> impl Strategy<Value = Act> {
    let b = 0_usize..2;
    prop_oneof![
        4 => (b.clone(), kinds(), whose(), any::<bool>())
            .prop_map(|(b, kind, whose, remember)| Act::Prove { b, kind, whose, remember }),
        1 => b.clone().prop_map(|b| Act::ProveTwice { b }),
        4 => (b, kinds()).prop_map(|(b, kind)| Act::SetUp { b, kind }),
    ]
}

fn of_programs() -> impl Strategy<Value = Act> {
    let (c, p) = (0_usize..3, 0_usize..4);
    prop_oneof![
        3 => (c.clone(), p.clone()).prop_map(|(c, p)| Act::ByPassword { c, p }),
        1 => (c.clone(), p.clone()).prop_map(|(c, p)| Act::ByMailCode { c, p }),
        1 => (c, p).prop_map(|(c, p)| Act::ByPasskey { c, p }),
        2 => kinds().prop_map(|kind| Act::BeginSetUp { kind }),
        4 => (kinds(), whose()).prop_map(|(kind, whose)| Act::ProveByProgram { kind, whose }),
        2 => Just(Act::Refresh),
    ]
}

fn around() -> impl Strategy<Value = Act> {
    let (c, p) = (0_usize..3, 0_usize..4);
    prop_oneof![
        2 => p.clone().prop_map(|p| Act::LoseFactors { p }),
        2 => Just(Act::LooksWrong),
        1 => p.prop_map(|p| Act::ForgetBrowsers { p }),
        2 => (c, policies()).prop_map(|(c, policy)| Act::ClientPolicy { c, policy }),
        1 => policies().prop_map(|policy| Act::IssuerPolicy { policy }),
        1 => Just(Act::Wait),
    ]
}

impl Walk {
    /// Does it, as far as it can be done here.
    pub(super) async fn act(&mut self, act: Act) {
        match act {
            Act::Ask { b, c, how } => self.ask(b, c, how).await,
            Act::LogIn { b, p } => self.log_in(b, p).await,
            Act::WrongPassword { b } => self.wrong_password(b).await,
            Act::MailCode { b, p, whose } => self.mail_code(b, p, whose).await,
            Act::MailLink { b, p, c } => self.mail_link(b, p, c).await,
            Act::Passkey { b, p } => self.passkey(b, p).await,
            Act::Elsewhere { b, p } => self.elsewhere(b, p).await,
            Act::Join { b } => self.join(b).await,
            Act::SignUp { b } => self.sign_up(b).await,
            Act::Reset { b, p } => self.reset(b, p).await,
            Act::Prove {
                b,
                kind,
                whose,
                remember,
            } => self.prove(b, kind, whose, remember).await,
            Act::ProveTwice { b } => self.prove_twice(b).await,
            Act::SetUp { b, kind } => self.set_up(b, kind).await,
            Act::Resume { b } => self.jump(b, "/authorize/resume").await,
            Act::SkipAhead { b } => self.jump(b, "/u/enrol").await,
            Act::OlderTab { b } => {
                let place = &mut self.places[b];
                std::mem::swap(&mut place.tab, &mut place.older);
            }
            Act::OtherBrowsersPage { b } => self.places[b].tab = self.places[1 - b].tab.clone(),
            Act::Account { b } => self.account(b).await,
            Act::RemoveFactor { b } => self.remove_factor(b).await,
            Act::Behind { b } => self.behind(b).await,
            Act::LogOut { b } => {
                self.get(b, "/v2/logout").await;
                (self.places[b].tab, self.places[b].session) = (None, None);
            }
            Act::ByPassword { c, p } => self.by_password(c, p).await,
            Act::ByMailCode { c, p } => self.by_mail_code(c, p).await,
            Act::ByPasskey { c, p } => self.by_passkey(c, p).await,
            Act::BeginSetUp { kind } => self.begin_set_up(kind).await,
            Act::ProveByProgram { kind, whose } => self.prove_by_program(kind, whose).await,
            Act::Refresh => self.refresh().await,
            Act::LoseFactors { p } => self.lose_factors(self.whom(p)).await,
            Act::LooksWrong => self.looks_wrong().await,
            Act::ForgetBrowsers { p } => self.forget_browsers(self.whom(p)).await,
            Act::ClientPolicy { c, policy } => self.client_policy(c, policy).await,
            Act::IssuerPolicy { policy } => self.issuer_policy(policy).await,
            Act::Wait => self.site().pass(1200),
        }
    }

    pub(super) async fn ask(&mut self, at: usize, app: usize, how: How) {
        self.site().pass(1);
        let extra: &[(&str, &str)] = match how {
            How::Plainly => &[],
            How::ForSeveral => &[("acr_values", ACR_MULTI_FACTOR)],
            How::ForALogin => &[("prompt", "login")],
            How::ForALoginJustNow => &[("max_age", "0")],
            How::Silently => &[("prompt", "none")],
            How::SilentlyForSeveral => &[("prompt", "none"), ("acr_values", ACR_MULTI_FACTOR)],
        };
        let asking = Asking {
            app,
            several: matches!(how, How::ForSeveral | How::SilentlyForSeveral),
            since: match how {
                How::ForALogin | How::ForALoginJustNow => self.step,
                _ => 0,
            },
        };
        let mut all = vec![("scope", "openid offline_access"), ("audience", API)];
        all.extend(extra);
        let answer = self.get(at, &authorize(CLIENTS[app].0, &all)).await;
        self.look(at, asking, answer).await;
    }

    /// Goes on, or to a step that is not due, by hand.
    async fn jump(&mut self, at: usize, path: &str) {
        let Some(tab) = self.tab(at, "name=\"state\"") else {
            return;
        };
        let state = tab.page.hidden("state");
        let answer = self.get(at, &format!("{path}?state={state}")).await;
        self.look(at, tab.asking, answer).await;
    }

    async fn account(&mut self, at: usize) {
        // Whoever is inside stays inside until the session ends: the way in is what is looked at.
        self.places[at].jar.remove("__Host-sekisho-account");
        let asking = Asking {
            app: ACCOUNT,
            several: false,
            since: 0,
        };
        let answer = self.get(at, "/account").await;
        self.look(at, asking, answer).await;
    }
}
