//! Signing in elsewhere, in Japanese.

use crate::text::{MailText, Upstream};

pub(super) const UPSTREAM: Upstream = Upstream {
    with: |name| format!("{name} で続ける"),
    or: "または",
    denied: |name| {
        format!(
            "{name} でのサインインが許可されませんでした。もう一度試すか、別の方法でサインインしてください。"
        )
    },
    down: |name| {
        format!(
            "現在、{name} から応答がありません。しばらくしてからもう一度試すか、別の方法でサインインしてください。"
        )
    },
    failed: |name| {
        format!("{name} でのサインインに失敗しました。もう一度試すか、別の方法でサインインしてください。")
    },
    closed: |name| format!("現在、{name} ではサインインできません。別の方法でサインインしてください。"),
    no_account: |name| {
        format!(
            "この {name} アカウントは、まだ連携されていません。別の方法でサインインしてから、アカウントページで {name} を連携してください。"
        )
    },
    blocked: |name| {
        format!("{name} ではこのアカウントにサインインできません。サービスの運営者にお問い合わせください。")
    },
    too_many: |name| {
        format!(
            "お使いのネットワークから {name} でのサインインが多すぎます。数分待つか、別の方法でサインインしてください。"
        )
    },
    stale: |name| {
        format!(
            "改めてご本人の確認が必要ですが、{name} では確認が行われませんでした。{name} からサインアウトしてもう一度試すか、\
             別の方法でサインインしてください。"
        )
    },
    this_service: "外部サービス",
    join_title: "すでにアカウントをお持ちです",
    join_lead: |name, email| {
        format!("{name} のメールアドレス {email} は、すでにこちらのアカウントに登録されています。")
    },
    join_prove: |name| {
        format!(
            "{name} を連携するには、いつもの方法で一度サインインしてください。\
             アカウントを作った覚えがない場合は、先にパスワードを再設定してください。"
        )
    },
    join_sign_in: "サインインする",
    join_back: "今はしない",
    confirm_title: |name| format!("{name} を連携しますか？"),
    confirm_lead: |name, who| {
        format!("今後は {name} のアカウント「{who}」でも、このアカウントにサインインできるようになります。")
    },
    confirm_yes: |name| format!("{name} を連携する"),
    confirm_no: "連携しない",
    lead: "ほかのサービスのアカウントで、このアカウントにサインインできます。",
    none: "連携しているアカウントはまだありません。",
    linked_at: "連携日時",
    last_used: "最終利用",
    switched_off: "現在は利用できません",
    unlink: "連携を解除する",
    last_way: "このアカウントにサインインする唯一の方法です。解除する前に、パスワードを設定するか、別のアカウントを連携してください。",
    link_another: "別のアカウントを連携する",
    link_one: |name| format!("{name} を連携する"),
    linked: "連携しました。今後、そのアカウントでサインインできます。",
    unlinked: "連携を解除しました。今後、そのアカウントではサインインできません。",
    elsewhere: "そのアカウントは、すでに別のアカウントに連携されています。先にそちらで解除してください。",
    not_linked: "連携できませんでした。もう一度お試しください。",
    was_gone: "すでに連携は解除されています。",
    mail_linked: MailText {
        subject: |tenant| format!("{tenant} のアカウントに新しいサインイン方法が追加されました"),
        heading: "アカウントが連携されました",
        body: |name| format!("{name} のアカウントが連携されました。今後、{name} でもサインインできます。"),
        action: "",
        small: "お心当たりがない場合は、すぐにアカウントページで連携を解除し、パスワードを変更してください。",
    },
    mail_unlinked: MailText {
        subject: |tenant| format!("{tenant} のアカウントのサインイン方法が削除されました"),
        heading: "アカウントの連携が解除されました",
        body: |name| {
            format!("{name} のアカウントの連携が解除されました。今後、{name} ではサインインできません。")
        },
        action: "",
        small: "お心当たりがない場合は、すぐにパスワードを変更し、サインイン中の場所をご確認ください。",
    },
};
