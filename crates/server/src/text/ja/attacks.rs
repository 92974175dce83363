//! What people read about attacks on their account, in Japanese.

use crate::text::{Around, Attacks, MailText};

pub(super) const ATTACKS: Attacks = Attacks {
    unblock_title: "サインインの再開",
    unblock_lead: Around {
        before: "誤ったパスワードが何度も入力されたため、",
        after: "\u{a0}からのサインインを停止しました。",
    },
    unblock_only: "ご自身、またはお知り合いの方が入力を間違えた場合にのみ、再開してください。お心当たりがない場合は、このページを閉じてください。アカウントは安全です。",
    unblock_submit: "サインインを再開する",
    unblocked: "停止していた場所から、再びサインインできます。",
    unblocked_title: "サインインを再開しました",
    not_me_title: "お心当たりがありませんか？",
    not_me_lead: Around {
        before: "",
        after: "\u{a0}のアカウントにサインインがありました。",
    },
    not_me_does: "ただちにサインアウトさせます。続けて、再び入られないように新しいパスワードを設定してください。",
    not_me_otherwise: "ご本人によるサインインであれば、このページを閉じてください。まだ何も行われていません。",
    not_me_submit: "サインアウトさせる",
    blocked_mail: MailText {
        subject: |tenant| format!("{tenant} へのサインインを停止しました"),
        heading: "サインインを停止しました",
        body: |from| {
            format!(
                "{from} から、あなたのアカウントに誤ったパスワードが何度も入力されました。そのため、そこからのサインインを停止しています。\
                 アカウントは安全です。ほかの場所からはこれまでどおりサインインできます。"
            )
        },
        action: "ここからのサインインを再開する",
        small: "ご自身による入力であれば、リンクを開いてください。お心当たりがなければ、何もする必要はありません。\
                ほかで使っていないパスワードをお使いいただくとより安全です。",
    },
    sign_in_mail: MailText {
        subject: |tenant| format!("{tenant} への新しいサインイン"),
        heading: "ご本人によるサインインですか？",
        body: |email| format!("{email} のアカウントにサインインがありました。"),
        action: "心当たりがありません",
        small: "ご本人であれば、何もする必要はありません。お心当たりがない場合はリンクを開いてください。相手をサインアウトさせ、\
                パスワードを再設定できます。リンクは 7 日間有効です。",
    },
    device: |device| format!("端末: {device}"),
    unknown_device: "不明",
    device_on: |browser, system| format!("{system} の {browser}"),
    place: |address, country| match country {
        Some(country) => format!("場所: {country} ({address})"),
        None => format!("場所: {address}"),
    },
    time: |time| format!("時刻: {time}"),
    why: |reasons| format!("お知らせする理由: {reasons}。"),
    and: "、",
    new_device: "初めて使われるブラウザー",
    new_country: "初めての国からのサインイン",
    impossible_travel: "前回のサインインから移動できないほど離れた場所",
    bad_network: "攻撃に使われることが知られているアドレス",
    recent_failures: "誤ったパスワードが何度も入力された直後",
    many_accounts: "多数のアカウントへのサインインを試みているネットワーク",
};
