//! The pages of a sign-in by mail, in Japanese.

use crate::text::{Around, MailedCode};

pub(super) const MAILED_CODE: MailedCode = MailedCode {
    offer: "コードをメールで受け取る",
    title: "コードの入力",
    sent_to: Around {
        before: "",
        after: "\u{a0}でサインインできる場合は、コードをメールでお送りしました。10\u{a0}分間有効です。",
    },
    code: "メールのコード",
    rule: "数字 6\u{a0}桁",
    submit: "サインイン",
    resend: "新しいコードを送る",
    resent: "新しいコードをお送りしました。前のコードは使えません。",
    back: "別の方法でサインインする",
    missing: "メールに記載されたコードを入力してください。",
    wrong: "コードが正しくないか、無効になっています。最新のメールに記載されたコードを入力するか、新しいコードを送信してください。",
    too_many_mails: "これ以上コードをお送りできません。最後に届いたコードを使うか、1\u{a0}時間ほど待つか、別の方法でサインインしてください。",
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
