//! Words around every page, in Japanese.

use crate::text::{Around, Shell};

pub(super) const SHELL: Shell = Shell {
    language_switch: "言語",
    error_prefix: "エラー",
    error_summary: "入力内容をご確認ください",
    email: "メールアドレス",
    password: "パスワード",
    show_password: "表示",
    hide_password: "隠す",
    email_missing: "メールアドレスを入力してください。",
    email_malformed: "メールアドレスは name@example.com の形式で入力してください。",
    password_missing: "パスワードを入力してください。",
    too_many_attempts: "試行回数が多すぎます。しばらく時間をおいてから、もう一度お試しください。",
    signed_in_as: Around {
        before: "サインイン中: ",
        after: "",
    },
    request_id: "リクエスト ID",
};
