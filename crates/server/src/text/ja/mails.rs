//! The mails in Japanese.

use crate::text::{MailFrame, MailText, MailboxText, Mails};

pub(super) const FRAME: MailFrame = MailFrame {
    no_button: "ボタンが使えない場合は、次の URL を開いてください:",
    to_account: "アカウントページを開く",
    moment: "%Y年%-m月%-d日 %H:%M（UTC）",
};

pub(super) const MAILS: Mails = Mails {
    join: MailText {
        subject: |tenant| format!("{tenant} のアカウント登録を完了してください"),
        heading: "あと一歩で完了です",
        body: |email| {
            format!("{email} でのアカウント登録を受け付けました。パスワードを設定すると登録が完了します。")
        },
        action: "パスワードを設定する",
        small: "リンクは 24 時間有効です。お心当たりがない場合は、このメールを無視してください。アカウントは登録されません。",
    },
    joined_already: MailText {
        subject: |tenant| format!("{tenant} のアカウントはすでにあります"),
        heading: "アカウントはすでにあります",
        body: |email| {
            format!(
                "{email} でのアカウント登録を受け付けましたが、このアドレスはすでに登録されています。そのままサインインしてください。\
                 パスワードをお忘れの場合は再設定できます。"
            )
        },
        action: "パスワードを再設定する",
        small: "リンクは 30 分間、1 回だけ有効です。お心当たりがない場合は、このメールを無視してください。何も変わっていません。",
    },
    reset: MailText {
        subject: |tenant| format!("{tenant} のパスワード再設定"),
        heading: "パスワードの再設定",
        body: |email| {
            format!(
                "{email} のパスワード再設定を受け付けました。リンクを開いて、新しいパスワードを設定してください。"
            )
        },
        action: "パスワードを再設定する",
        small: "リンクは 30 分間、1 回だけ有効です。お心当たりがない場合は、このメールを無視してください。パスワードは変わりません。",
    },
    verify: MailText {
        subject: |tenant| format!("{tenant}: メールアドレスの確認"),
        heading: "メールアドレスの確認",
        body: |email| format!("{email} がご自身のアドレスであることを確認してください。"),
        action: "アドレスを確認する",
        small: "リンクは 24 時間有効です。お心当たりがない場合は、このメールを無視してください。",
    },
    password_changed: MailText {
        subject: |tenant| format!("{tenant} のパスワードが変更されました"),
        heading: "パスワードが変更されました",
        body: |email| format!("{email} のパスワードが変更され、ほかのすべての場所でサインアウトされました。"),
        action: "",
        small: "お心当たりがない場合は、第三者がメールを読んだか、パスワードを知っていた可能性があります。すぐにパスワードを再設定し、\
                サインイン中の場所をご確認ください。",
    },
    data_downloaded: MailText {
        subject: |tenant| format!("{tenant} のデータがダウンロードされました"),
        heading: "データがダウンロードされました",
        body: |email| format!("{email} について保存されている情報のファイルがダウンロードされました。"),
        action: "",
        small: "お心当たりがない場合は、第三者がサインインしている可能性があります。すぐにパスワードを変更し、サインイン中の場所をご確認ください。",
    },
    account_deleted: MailText {
        subject: |tenant| format!("{tenant} のアカウントが削除されました"),
        heading: "アカウントが削除されました",
        body: |email| format!("ご依頼により、{email} のアカウントとその内容をすべて削除しました。"),
        action: "",
        small: "お心当たりがない場合は、このサービスの運営者にお問い合わせください。このアカウントについてのメールはこれが最後です。",
    },
    sign_up_code: MailText {
        subject: |tenant| format!("{tenant} のアカウント作成コード"),
        heading: "アカウント作成コード",
        body: |email| format!("{email} のアカウントを作成している画面に、このコードを入力してください。"),
        action: "",
        small: "コードは 10 分間、1 回だけ有効です。電話やメールでコードをお尋ねすることはありません。誰にも教えないでください。\
                お心当たりがない場合は、このメールを無視してください。コードがなければアカウントは作成されません。",
    },
    sign_in_code: MailText {
        subject: |tenant| format!("{tenant} のサインインコード"),
        heading: "サインインコード",
        body: |email| format!("{email} でサインインしている画面に、このコードを入力してください。"),
        action: "",
        small: "コードは 10 分間、1 回だけ有効です。電話やメールでコードをお尋ねすることはありません。誰にも教えないでください。\
                お心当たりがない場合は、このメールを無視してください。コードがなければサインインできません。",
    },
    change_email: MailText {
        subject: |tenant| format!("{tenant}: 新しいメールアドレスの確認"),
        heading: "新しいアドレスの確認",
        body: |email| {
            format!(
                "アカウントのメールアドレスを {email} に変更する手続きを受け付けました。リンクを開いて、ご自身のアドレスであることを確認してください。"
            )
        },
        action: "新しいアドレスを確認する",
        small: "リンクは 1 時間、1 回だけ有効です。お心当たりがない場合は、このメールを無視してください。何も変わりません。",
    },
    change_email_asked: MailText {
        subject: |tenant| format!("{tenant} のメールアドレス変更の確認"),
        heading: "メールアドレスの変更を受け付けました",
        body: |email| {
            format!(
                "サインイン中の方から、アカウントのメールアドレスをこのアドレスから {email} に変更する手続きがありました。新しいアドレスに\
                 お送りしたリンクが開かれるまで、何も変わりません。"
            )
        },
        action: "",
        small: "ご本人の操作であれば、何もする必要はありません。お心当たりがない場合は、すぐにパスワードを変更してください。リンクは無効になり、\
                相手はサインアウトされます。",
    },
    email_changed: MailText {
        subject: |tenant| format!("{tenant} のアカウントのアドレスが変更されました"),
        heading: "アドレスが変更されました",
        body: |email| {
            format!("アカウントのメールアドレスは {email} に変更されました。このアドレスは今後使われません。")
        },
        action: "",
        small: "お心当たりがない場合は、第三者がアカウントを使用している可能性があります。すぐにこのサービスの運営者にご連絡ください。",
    },
    email_is_yours: MailText {
        subject: |tenant| format!("{tenant} のアカウントに新しいアドレスが設定されました"),
        heading: "新しいアドレスが設定されました",
        body: |email| {
            format!(
                "{email} がアカウントのアドレスになりました。ほかのすべての場所でサインアウトされました。"
            )
        },
        action: "",
        small: "お心当たりがない場合は、このサービスの運営者にご連絡ください。",
    },
    address_taken: MailText {
        subject: |tenant| format!("このアドレスには {tenant} のアカウントがあります"),
        heading: "このアドレスは使用中です",
        body: |email| {
            format!(
                "別のアカウントのメールアドレスを {email} に変更する手続きがありましたが、このアドレスはすでに登録されています。"
            )
        },
        action: "",
        small: "何も変わっていません。ご本人の場合は、このアドレスのアカウントにサインインするか、別のアドレスをお使いください。",
    },
    sign_in_link: MailText {
        subject: |tenant| format!("{tenant} のサインイン用リンク"),
        heading: "サインイン",
        body: |email| {
            format!("お使いになるブラウザーでこのリンクを開き、{email} でのサインインを確認してください。")
        },
        action: "サインインに進む",
        small: "リンクは 10 分間、1 回だけ有効です。誰にも転送しないでください。お心当たりがない場合は、このメールを無視してください。\
                リンクがなければサインインできません。",
    },
    factor_code: MailText {
        subject: |tenant| format!("{tenant} の確認コード"),
        heading: "確認コード",
        body: |email| format!("{email} のご本人であることを確認するため、このコードを入力してください。"),
        action: "",
        small: "コードは 10 分間、1 回だけ有効です。電話やメールでコードをお尋ねすることはありません。誰にも教えないでください。\
                お心当たりがない場合は、第三者がパスワードを知っている可能性があります。パスワードを変更してください。",
    },
    factor_added: MailText {
        subject: |tenant| format!("{tenant}: 2 段階認証の方法が追加されました"),
        heading: "2 段階認証の方法が追加されました",
        body: |email| {
            format!("{email} に 2 段階認証の方法が追加されました。今後はサインインの際に確認を求めます。")
        },
        action: "",
        small: "お心当たりがない場合は、第三者がパスワードを知っている可能性があります。すぐにパスワードを再設定し、\
                アカウントページでこの方法を削除してください。",
    },
    factor_removed: MailText {
        subject: |tenant| format!("{tenant}: 2 段階認証の方法が削除されました"),
        heading: "2 段階認証の方法が削除されました",
        body: |email| format!("{email} の 2 段階認証の方法が 1 つ削除されました。"),
        action: "",
        small: "お心当たりがない場合は、すぐにパスワードを再設定し、サインイン中の場所をご確認ください。",
    },
    factors_reset: MailText {
        subject: |tenant| format!("{tenant}: 2 段階認証が初期化されました"),
        heading: "2 段階認証が初期化されました",
        body: |email| {
            format!(
                "サービスの運営者が、{email} の 2 段階認証の方法 (認証アプリ、パスキー、復旧コード) をすべて削除しました。\
                 今後はこれらを使わずにサインインします。アカウントのページで新しく設定できます。"
            )
        },
        action: "",
        small: "ご自身で依頼していない場合は、すぐにこのサービスの運営者に連絡し、パスワードを変更してください。",
    },
    recovery_codes_made: MailText {
        subject: |tenant| format!("{tenant}: 新しい復旧コード"),
        heading: "新しい復旧コードを発行しました",
        body: |email| format!("{email} の復旧コードを新しく発行しました。以前のコードは使えなくなりました。"),
        action: "",
        small: "お心当たりがない場合は、すぐにパスワードを再設定し、サインイン中の場所をご確認ください。",
    },
    recovery_code_used: MailText {
        subject: |tenant| format!("{tenant}: 復旧コードが使用されました"),
        heading: "復旧コードが使用されました",
        body: |email| {
            format!("復旧コードを使って {email} でサインインがありました。このコードはもう使えません。")
        },
        action: "",
        small: "お心当たりがない場合は、第三者がパスワードと復旧コードを知っている可能性があります。すぐにパスワードを再設定し、\
                アカウントページで復旧コードを作り直してください。",
    },
};

pub(super) const MAILBOX: MailboxText = MailboxText {
    title: "開発用メールボックス",
    lead: "このサーバーはメールを送信せず、ここに表示します。",
    empty: "まだメールはありません。新規登録やパスワードの再設定を行うと、ここにメールが表示されます。",
};
