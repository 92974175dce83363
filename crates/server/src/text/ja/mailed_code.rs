//! The pages of a sign-in by mail, in Japanese.

use crate::text::{Around, MailedCode};

pub(super) const MAILED_CODE: MailedCode = MailedCode {
    offer: "サインインコードをメールで受け取る",
    title: "コードの入力",
    sent_to: Around {
        before: "",
        after: "\u{a0}でサインインできる場合は、コードをメールでお送りしました。10 分間有効です。",
    },
    code: "メールのコード",
    rule: "数字 6 桁",
    submit: "サインイン",
    resend: "新しいコードを送る",
    resent: "新しいコードをお送りしました。前のコードは使えません。",
    back: "別の方法でサインインする",
    missing: "メールに記載されたコードを入力してください。",
    wrong: "コードが正しくないか、すでに使えなくなっています。最新のメールを確認するか、新しいコードを送ってください。",
    too_many_mails: "ここからのメール送信の回数が上限に達しました。1 時間ほど待つか、別の方法でサインインしてください。",
    link_title: "サインイン",
    link_as: Around {
        before: "",
        after: "\u{a0}としてサインインします。",
    },
    link_to: Around {
        before: "",
        after: "\u{a0}に進みます",
    },
    link_submit: "サインイン",
    link_not_you: "お心当たりがない場合は、このページを閉じてください。まだ何も行われていません。",
};
