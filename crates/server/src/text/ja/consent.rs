//! The consent page in Japanese.

use crate::text::{Around, Consent};

pub(super) const CONSENT: Consent = Consent {
    title: "アクセスの許可",
    heading: Around {
        before: "",
        after: "\u{a0}がアカウントへのアクセスを求めています",
    },
    about_you: "ユーザー情報",
    in_api: Around {
        before: "",
        after: "\u{a0}での操作",
    },
    returns_to: Around {
        before: "このあと ",
        after: "\u{a0}に戻ります。",
    },
    allow: "許可する",
    deny: "許可しない",
    openid: "サインイン時にユーザーを識別する",
    profile: "お名前とプロフィール画像を見る",
    email: "メールアドレスを見る",
    phone: "電話番号を見る",
    address: "住所を見る",
    offline_access: "ご利用中でないときも、許可が取り消されるまでアクセスを続ける",
    undescribed: |scope| format!("権限「{scope}」を使う"),
};
