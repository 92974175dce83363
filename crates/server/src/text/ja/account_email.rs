//! The account page's section of the address, in Japanese.

use crate::text::{AccountEmail, Around};

pub(super) const EMAIL: AccountEmail = AccountEmail {
    present: Around {
        before: "現在のアドレス: ",
        after: "",
    },
    change: "別のアドレスに変更する",
    submit: "リンクを送る",
    what_happens: "新しいアドレスにメールをお送りします。メール内のリンクを開くまで何も変わりません。変更すると、リンクを開いたブラウザー以外の\
                   すべての場所でサインアウトされ、新旧両方のアドレスにお知らせします。",
    sent: "新しいアドレスにメールをお送りしました。1 時間以内にメール内のリンクを開いてください。",
    same: "現在と同じアドレスです。",
};
