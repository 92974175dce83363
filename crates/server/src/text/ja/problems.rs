//! What can go wrong, in Japanese: what happened, then what the reader can do.

use crate::text::{Explanation, Problems};

/// What to do when only the application's makers can mend it.
const TELL_THE_MAKERS: &str =
    "お客さまの操作に問題はありません。アプリケーションの運営者にお知らせください。";

pub(super) const PROBLEMS: Problems = Problems {
    detail: "開発者向けの詳細",
    go_back: "アプリケーションに戻る",
    to_sign_in: "サインインに進む",
    bad_request: Explanation {
        title: "リクエストを処理できません",
        what: "アドレスまたはフォームの内容に、不足や誤りがあります。",
        remedy: "アプリケーションに戻って、もう一度やり直してください。",
    },
    unknown_client: Explanation {
        title: "不明なアプリケーションです",
        what: "呼び出し元のアプリケーションが登録されていないか、無効になっています。",
        remedy: TELL_THE_MAKERS,
    },
    bad_redirect: Explanation {
        title: "戻り先のアドレスが許可されていません",
        what: "アプリケーションが、登録されていないアドレスへの移動を求めたため、ここで停止しました。",
        remedy: TELL_THE_MAKERS,
    },
    expired_journey: Explanation {
        title: "サインインの有効期限が切れました",
        what: "時間が経過したか、すでに使用済みです。",
        remedy: "アプリケーションに戻って、もう一度サインインしてください。",
    },
    dead_link: Explanation {
        title: "このリンクは無効です",
        what: "すでに使用済みか、有効期限が切れているか、メールの途中で切れています。",
        remedy: "サインインのページから、もう一度お手続きください。",
    },
    other_browser: Explanation {
        title: "もう一度やり直してください",
        what: "別のブラウザーで始めたサインインであるか、Cookie がブロックされています。",
        remedy: "このサイトの Cookie を許可してから、アプリケーションに戻ってサインインしてください。",
    },
    forbidden: Explanation {
        title: "フォームを受け付けられませんでした",
        what: "このサイトのページから送信されたことを確認できませんでした。",
        remedy: "アプリケーションに戻って、もう一度やり直してください。",
    },
    not_found: Explanation {
        title: "ページが見つかりません",
        what: "このアドレスには何もありません。",
        remedy: "アドレスを確認するか、お使いのアプリケーションからやり直してください。",
    },
    method_not_allowed: Explanation {
        title: "この操作はできません",
        what: "このアドレスでは、この種類のリクエストを受け付けていません。",
        remedy: "お使いのアプリケーションからやり直してください。",
    },
    timed_out: Explanation {
        title: "時間切れになりました",
        what: "リクエストが時間内に届きませんでした。",
        remedy: "通信状態を確認して、もう一度お試しください。",
    },
    too_large: Explanation {
        title: "データが大きすぎます",
        what: "受け付けられる大きさを超えています。",
        remedy: "入力内容を短くして、もう一度お試しください。",
    },
    wrong_media_type: Explanation {
        title: "対応していない形式です",
        what: "このアドレスでは受け付けられない形式で送信されました。",
        remedy: TELL_THE_MAKERS,
    },
    wrong_host: Explanation {
        title: "アドレスが正しくありません",
        what: "このサーバーは、アドレスに含まれるホスト名を担当していません。",
        remedy: "アドレスを確認するか、お使いのアプリケーションからやり直してください。",
    },
    too_many_requests: Explanation {
        title: "リクエストが多すぎます",
        what: "短い時間に多くのリクエストがありました。",
        remedy: "数分待ってから、もう一度お試しください。",
    },
    fault: Explanation {
        title: "問題が発生しました",
        what: "サーバー側でエラーが発生しました。お客さまの操作に問題はありません。",
        remedy: "しばらくしてから、もう一度お試しください。繰り返し表示される場合は、下のリクエスト ID を添えてサポートにお問い合わせください。",
    },
    unavailable: Explanation {
        title: "ただいまご利用いただけません",
        what: "サービスを一時的に利用できません。",
        remedy: "しばらくしてから、もう一度お試しください。",
    },
};
