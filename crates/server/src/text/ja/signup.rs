//! The sign-up page in Japanese.

use crate::text::{Around, Signup};

pub(super) const SIGNUP: Signup = Signup {
    title: "アカウントを作成",
    to_continue: Around {
        before: "",
        after: "\u{a0}に進みます",
    },
    password_rule: |least| format!("{least}\u{a0}文字以上。関連のない単語をいくつか組み合わせると安全です。"),
    submit: "アカウントを作成",
    have_account: "すでにアカウントをお持ちの方は",
    sign_in: "サインイン",
    invalid_signup: "この内容ではアカウントを作成できませんでした。すでにアカウントをお持ちの場合は、サインインしてください。",
    form_expired: "時間が経過したため、ページの有効期限が切れました。もう一度入力してください。",
    password_too_short: |least| format!("パスワードは {least}\u{a0}文字以上で入力してください。"),
    password_too_long: |most| format!("パスワードは {most}\u{a0}文字以内で入力してください。"),
    password_too_common: "誰もが最初に試すようなパスワードです。別のパスワードにしてください。",
    password_unusable: "使用できない文字が含まれています。文字、数字、記号、空白を使ってください。",
    password_personal: "お名前、メールアドレス、このサービスの名前は含めないでください。",
    password_breached: "ほかのサービスから漏えいしたことがあるパスワードです。別のパスワードにしてください。",
    password_guessable: "推測されやすいパスワードです。関連のない単語をいくつか組み合わせて、長くしてください。",
    password_used_before: "以前に使用したパスワードです。別のパスワードにしてください。",
    password_good: "安全なパスワードです。",
};
