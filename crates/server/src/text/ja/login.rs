//! The sign-in page in Japanese.

use crate::text::{Around, Login};

pub(super) const LOGIN: Login = Login {
    title: "サインイン",
    to_continue: Around {
        before: "",
        after: "\u{a0}に進みます",
    },
    submit: "サインイン",
    no_account: "アカウントをお持ちでない方は",
    sign_up: "アカウントを作成",
    confirm_identity: "ご本人であることを確認するため、再度サインインしてください。",
    account_created: "アカウントを作成しました。サインインして続行してください。",
    wrong_credentials: "メールアドレスまたはパスワードが正しくありません。",
    too_many_attempts: "試行回数が多すぎます。時間をおいてもう一度試すか、パスワードを再設定してください。アカウントをお持ちの場合は、再開用のリンクもメールでお送りしています。",
    form_expired: "時間が経過したため、ページの有効期限が切れました。もう一度サインインしてください。",
    busy: "ただいま大変混み合っています。しばらくしてから、もう一度お試しください。",
};
