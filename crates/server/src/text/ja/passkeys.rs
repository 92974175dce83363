//! Passkeys in Japanese.

use crate::text::{MailText, Passkeys};

pub(super) const PASSKEYS: Passkeys = Passkeys {
    or: "または",
    sign_in: "パスキーでサインイン",
    prove: "パスキーを使用",
    prove_lead: "指紋、顔、画面ロック、またはセキュリティキーで確認します。",
    cancelled: "パスキーは使用されませんでした。もう一度試すか、別の方法でサインインしてください。",
    refused: "このパスキーは受け付けられませんでした。もう一度試すか、別の方法でサインインしてください。",
    add: "パスキーを追加",
    add_lead: "パスキーを使うと、指紋、顔、画面ロック、またはセキュリティキーでサインインできます。覚えておくものはなく、偽のページに盗まれることもありません。",
    name: "パスキーの名前",
    name_rule: "パスキーを見分けるための名前です。空欄でもかまいません。",
    not_added: "パスキーは追加されませんでした。キャンセルしたか、この端末にはこのアカウントのパスキーがすでにあります。",
    not_accepted: "このパスキーは使用できません。端末に保存され、指紋、顔、または PIN で本人確認を行うものが必要です。別の端末またはキーをお試しください。",
    expired: "時間が経過したため、受け付けられませんでした。もう一度お試しください。",
    known: "このパスキーはすでに追加されています。",
    too_many: |most| format!("パスキーはすでに {most} 個あります。追加する前に 1 つ削除してください。"),
    unsupported: "パスキーを使うには、JavaScript を有効にした最新のブラウザーが必要です。",
    default_name: |day| format!("パスキー {day}"),
    title: "パスキー",
    back: "パスキーの一覧に戻る",
    none: "パスキーはまだありません。",
    added_at: "追加日",
    last_used: "最終使用",
    never_used: "未使用",
    change: "名前の変更・削除",
    rename: "名前を変更",
    new_name: |name| format!("「{name}」の新しい名前"),
    remove: "削除",
    added: "パスキーを追加しました。今後はこのパスキーでサインインできます。",
    renamed: "パスキーの名前を変更しました。",
    removed: "パスキーを削除しました。端末からも削除してください。",
    gone: "このパスキーはすでに削除されています。",
    last_way_in: "サインインの方法はこのパスキーだけです。先にパスワードを設定するか、別のパスキーを追加してください。",
    mail_added: MailText {
        subject: |tenant| format!("{tenant} のアカウントにパスキーが追加されました"),
        heading: "パスキーが追加されました",
        body: |email| format!("今後、新しいパスキーで {email} のアカウントにサインインできます。"),
        action: "",
        small: "お心当たりがない場合は、すぐにアカウントページで削除し、パスワードを変更してください。",
    },
    mail_removed: MailText {
        subject: |tenant| format!("{tenant} のアカウントからパスキーが削除されました"),
        heading: "パスキーが削除されました",
        body: |email| {
            format!("{email} のアカウントには、削除されたパスキーではサインインできなくなりました。")
        },
        action: "",
        small: "お心当たりがない場合は、第三者があなたのアカウントにサインインしていた可能性があります。サインイン中の場所を確認し、パスワードを変更してください。",
    },
};
