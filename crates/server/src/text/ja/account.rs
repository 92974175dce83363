//! The account page in Japanese.

use crate::text::{Account, AccountSections};

pub(super) const ACCOUNT: Account = Account {
    title: "アカウント",
    sections_label: "アカウントの項目",
    sections: AccountSections {
        overview: "概要",
        profile: "プロフィール",
        email: "メールアドレス",
        password: "パスワード",
        factors: "2 段階認証",
        passkeys: "パスキー",
        connections: "外部アカウントとの連携",
        apps: "アクセスを許可したアプリ",
        data: "データの管理",
    },
    signed_in_at: "サインイン中の場所",
    this_browser: "このブラウザー",
    browser_on_system: |browser, system| format!("{system} の {browser}"),
    unknown_device: "不明な端末",
    last_seen: "最終利用",
    first_seen: "サインイン日時",
    address: "IP アドレス",
    apps: "アプリ",
    list_separator: "、",
    end_one: "この端末をサインアウトする",
    end_this: "サインアウトする",
    end_others: "ほかのすべての場所でサインアウトする",
    what_ending_does: "その場所で開いていたアプリは 1 秒以内に利用できなくなり、もう一度サインインが必要になります。心当たりのない場所があれば、サインアウトしてからパスワードを変更してください。",
    ended: "選択した端末をサインアウトしました。",
    others_ended: "ほかのすべての場所でサインアウトしました。",
    already_ended: "その端末はすでにサインアウトされています。",
};
