//! Second factors, in Japanese.

use crate::text::{Around, Enrolment, SecondFactor};

pub(super) const FACTOR: SecondFactor = SecondFactor {
    title: "ご本人の確認",
    totp_lead: "認証アプリに表示されているコードを入力してください。",
    totp_label: "6 桁のコード",
    totp_wrong: "コードが正しくありません。コードは約 30 秒間、1 回だけ使えます。次のコードを待ち、端末の時刻も確認してください。",
    recovery_lead: "保管している復旧コードを 1 つ入力してください。1 つのコードは 1 回だけ使えます。",
    recovery_label: "復旧コード",
    recovery_wrong: "復旧コードが正しくありません。保管したものと見比べるか、別のコードをお試しください。",
    email_lead: Around {
        before: "",
        after: "\u{a0}宛てにコードをお送りできます。",
    },
    email_send: "コードを送る",
    email_sent: Around {
        before: "",
        after: "\u{a0}宛てにコードをお送りしました。10 分間有効です。",
    },
    email_label: "メールに書かれたコード",
    email_wrong: "最後にお送りしたメールのコードと一致しません。",
    email_expired: "このコードは使えなくなりました。新しいコードをお送りください。",
    email_too_many: "メールの送信回数が多すぎます。最後に届いたコードを使うか、しばらく待ってからお試しください。",
    email_nothing: "届かないときは",
    email_again: "もう一度送る",
    passkey_lead: "指紋、顔、または端末のロック解除で確認します。",
    missing: "コードを入力してください。",
    remember: |days| format!("このブラウザーでは {days} 日間、確認を省略する"),
    submit: "続ける",
    other_ways: "ほかの方法",
    use_totp: "認証アプリを使う",
    use_passkey: "パスキーを使う",
    use_email: "メールでコードを受け取る",
    use_recovery: "復旧コードを使う",
    other_account: "別のアカウントを使う",
    only_mailbox: "メールのコードでサインインされましたが、このアカウントには別の確認が必要です。パスワードでサインインしてください。",
    sign_in_otherwise: "別の方法でサインイン",
    used_title: "復旧コードを確認しました",
    used_left: |left| match left {
        0 => "これが最後の復旧コードでした。アカウントのページで、すぐに新しいコードを発行してください。"
            .to_owned(),
        1 => "残りの復旧コードは 1 つです。アカウントのページで、新しいコードを発行してください。".to_owned(),
        left => format!("残りの復旧コードは {left} 個です。"),
    },
    go_on: "続ける",
};

pub(super) const ENROLMENT: Enrolment = Enrolment {
    title: "2 段階認証の設定",
    why: Around {
        before: "",
        after: "\u{a0}の利用には、パスワードに加えて確認が必要です。次回からは、スマートフォンに表示されるコードも入力します。",
    },
    scan: "認証アプリでこの画像を読み取ってください",
    picture: "読み取り用の画像です。下のキーと同じ内容です。",
    open_app: "この端末の認証アプリを開く",
    by_hand: "または、このキーをアプリに入力してください:",
    then_code: "アプリに表示されたコードを入力してください",
    submit: "有効にする",
    expired: "時間が経過したため、ページの有効期限が切れました。新しい画像でもう一度お試しください。",
    email_lead: Around {
        before: "アプリの代わりに、毎回\u{a0}",
        after: "\u{a0}宛てのメールでコードを受け取ることもできます。",
    },
    codes_title: "復旧コードの保管",
    codes_lead: "スマートフォンをなくしたときは、このコードでサインインできます。1 つのコードは 1 回だけ使えます。\
                 再表示はできませんので、大切に保管してください。",
    codes_list: "復旧コード",
    codes_save: "ファイルに保存",
    codes_file: |tenant| format!("{tenant} 復旧コード.txt"),
    codes_heading: |tenant, account| {
        format!("{tenant} の復旧コード ({account})。1 つのコードは 1 回だけ使えます。")
    },
    codes_copy: "コピー",
    codes_copied: "コピーしました",
    codes_print: "印刷",
    codes_kept: "保管しました",
};
