//! The pages around mails, in Japanese.

use crate::text::{Around, Recovery};

pub(super) const RECOVERY: Recovery = Recovery {
    forgot: "パスワードをお忘れですか？",
    ask_title: "パスワードの再設定",
    ask_lead: "メールアドレスを入力してください。再設定用のリンクをお送りします。",
    ask_submit: "リンクを送る",
    back_to_sign_in: "サインインに戻る",
    join_lead: "メールでリンクをお送りします。リンクを開いてパスワードを設定してください。",
    join_submit: "リンクを送る",
    sent_title: "メールをご確認ください",
    sent_to: Around {
        before: "",
        after: "\u{a0}宛てにメールをお送りしました。メール内のリンクからお進みください。",
    },
    sent_nothing: "数分たっても届かない場合は、迷惑メールフォルダーとアドレスをご確認のうえ、もう一度お試しください。",
    sent_mailbox: "開発用メールボックスを開く",
    choose_title: "パスワードの設定",
    choose_for: Around {
        before: "アカウント: ",
        after: "",
    },
    choose_ends: "保存すると、ほかのすべての端末からサインアウトします。",
    choose_join: "アカウントを作成する",
    choose_save: "パスワードを保存する",
    prove_title: "メールアドレスの確認",
    prove_lead: Around {
        before: "",
        after: "\u{a0}がご自身のアドレスであれば、ボタンを押してください。",
    },
    prove_submit: "アドレスを確認する",
    done_password_title: "パスワードを保存しました",
    done_joined_title: "アカウントを作成しました",
    done_proven_title: "アドレスを確認しました",
    done_password: "ほかのすべての端末からサインアウトしました。",
    done_joined: "サインインしています。",
    done_proven: "このページを閉じるか、アカウントに進んでください。",
    to_account: "アカウントに進む",
};
