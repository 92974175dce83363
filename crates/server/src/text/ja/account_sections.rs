//! The sections of the account page in Japanese.

use crate::text::{AccountPassword, AccountProfile};

pub(super) const PROFILE: AccountProfile = AccountProfile {
    lead: "このアカウントでサインインするアプリに表示されることがあります。すべて任意の項目です。",
    name: "表示名",
    name_rule: "空欄の場合は、代わりにメールアドレスが表示されます。",
    family_name: "姓",
    given_name: "名",
    nickname: "ニックネーム",
    picture: "画像の URL",
    picture_rule: "https:// で始まる URL を入力してください。",
    locale: "言語",
    any_locale: "ブラウザーの設定に合わせる",
    locale_rule: "このページと、お送りするメールの言語です。",
    save: "保存する",
    saved: "保存しました。アプリには次に確認したときに反映されます。",
    too_long: |most| format!("{most} 文字以内で入力してください。"),
    unprintable: "表示できない文字が含まれています。貼り付けずに入力し直してください。",
    not_secure: "https:// で始まる URL を入力してください。",
    unknown_locale: "一覧にある言語を選んでください。",
};

pub(super) const PASSWORD: AccountPassword = AccountPassword {
    lead: "ほかで使っていないパスワードを選んでください。",
    lead_first: "このアカウントにはまだパスワードがありません。設定すると、メールアドレスとパスワードでもサインインできます。",
    present: "現在のパスワード",
    present_missing: "現在のパスワードを入力してください。",
    present_wrong: "現在のパスワードが正しくありません。",
    save: "パスワードを保存する",
    what_happens: "このブラウザーではサインインしたままになります。ほかのすべての場所はサインアウトされ、アプリでは再度サインインが必要になります。",
    changed: "パスワードを保存しました。ほかのすべての場所はサインアウトされました。",
};
