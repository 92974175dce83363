//! The sections of the account page in Japanese.

use crate::text::{AccountApps, AccountData, AccountPassword, AccountProfile, Around};

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
    new: "新しいパスワード",
    save: "パスワードを保存する",
    what_happens: "保存すると、このブラウザー以外のすべての場所でサインアウトされ、アプリでは再度サインインが必要になります。",
    changed: "パスワードを保存しました。ほかのすべての場所でサインアウトされました。",
};

pub(super) const APPS: AccountApps = AccountApps {
    lead: "次のアプリは、あなたに代わって操作できます。ご利用中でないときに操作できるものもあります。",
    none: "アクセスを許可したアプリはありません。このアカウントでサインインしたアプリがここに表示されます。",
    foreign: "外部のアプリ",
    since: "許可日時",
    last_used: "最終利用",
    end: "アクセスを取り消す",
    what_ending_does: "取り消すと、アプリは 1 秒以内に利用できなくなります。もう一度開くと、改めて許可を求められます。",
    ended: "アプリのアクセスを取り消しました。",
    already_ended: "そのアプリのアクセスはすでに取り消されています。",
};

pub(super) const DATA: AccountData = AccountData {
    download: "データのダウンロード",
    download_lead: "プロフィール、サインイン方法、サインイン中の場所、アクセスを許可したアプリ、アカウントの履歴を 1 つのファイル（JSON）で\
                    ダウンロードできます。パスワードや確認コードは含まれません。",
    download_button: "ファイルをダウンロードする",
    delete: "アカウントの削除",
    delete_lead: "アカウントとその内容をすべて削除できます。削除したアカウントは元に戻せません。",
    delete_link: "アカウントの削除に進む",
    delete_of: Around {
        before: "",
        after: "\u{a0}のアカウントを削除します。",
    },
    consequences: &[
        "ただちに、すべての場所でサインアウトされます。",
        "アプリは 1 秒以内にアクセスできなくなります。アプリが保存した情報の削除は、各アプリにご依頼ください。",
        "プロフィール、パスワード、パスキーなどのサインイン方法は完全に削除されます。",
        "アカウントが削除されたという記録は、保存期間が終わるまでセキュリティログに残ります。",
    ],
    confirm: "確認のため、メールアドレスを入力してください",
    confirm_name: "確認のため、アカウントの名前を入力してください",
    wrong_confirmation: "このアカウントのメールアドレスではありません。",
    delete_button: "アカウントを削除する",
    keep: "削除しない",
    deleted_title: "アカウントを削除しました",
    deleted: Around {
        before: "",
        after: "\u{a0}のアカウントとその内容をすべて削除しました。ご利用ありがとうございました。",
    },
};
