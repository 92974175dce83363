//! The pages around mails, in Japanese.

use crate::text::{Around, Recovery};

pub(super) const RECOVERY: Recovery = Recovery {
    forgot: "パスワードをお忘れですか?",
    ask_title: "パスワードの再設定",
    ask_lead: "メールアドレスを入力してください。再設定用のリンクをお送りします。",
    ask_submit: "リンクを送る",
    back_to_sign_in: "サインインに戻る",
    join_lead: "リンクをお送りします。開いてパスワードを設定してください。",
    join_submit: "リンクを送る",
    sent_title: "メールをご確認ください",
    sent_to: Around {
        before: "",
        after: "\u{a0}宛てにメールをお送りしました。メール内のリンクからお進みください。",
    },
    sent_nothing: "数分たっても届かないときは、迷惑メールとアドレスを確認してから、もう一度お試しください。",
    sent_mailbox: "開発用メールボックスを開く",
    choose_title: "パスワードの設定",
    choose_for: Around {
        before: "アカウント: ",
        after: "",
    },
    choose_ends: "ほかのすべての場所でサインアウトされます。",
    choose_join: "アカウントを作成する",
    choose_save: "パスワードを保存する",
    prove_title: "メールアドレスの確認",
    prove_lead: Around {
        before: "",
        after: "\u{a0}があなたのアドレスであることを確認します。",
    },
    prove_submit: "確認する",
    done_title: "完了しました",
    done_password: "新しいパスワードを保存しました。ほかのすべての場所でサインアウトされました。",
    done_joined: "アカウントを作成し、サインインしました。",
    done_proven: "メールアドレスを確認しました。",
    to_account: "アカウントを開く",
};
