//! The account page's section of the address, in Japanese.

use crate::text::{AccountEmail, Around};

pub(super) const EMAIL: AccountEmail = AccountEmail {
    present: Around {
        before: "現在のアドレス: ",
        after: "",
    },
    none: "このアカウントにはまだメールアドレスが登録されていません。",
    change: "メールアドレスの変更",
    new: "新しいメールアドレス",
    submit: "リンクを送る",
    what_happens: "新しいアドレスにリンクをお送りします。リンクを開くまで何も変わりません。変更すると、リンクを開いたブラウザー以外の\
                   すべての場所でサインアウトされ、新旧両方のアドレスにお知らせします。",
    sent: "新しいアドレスにメールをお送りしました。1 時間以内にメール内のリンクを開いてください。",
    same: "現在と同じアドレスです。",
    too_many: "ここからのメール送信の回数が上限に達しました。1 時間ほど待ってから、もう一度お試しください。",
};
