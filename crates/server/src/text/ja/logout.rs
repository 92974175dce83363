//! Signing out, in Japanese.

use crate::text::{Around, LogoutConfirm, SignedOut};

pub(super) const LOGOUT_CONFIRM: LogoutConfirm = LogoutConfirm {
    title: "サインアウト",
    heading: Around {
        before: "",
        after: "\u{a0}からサインアウトしますか？",
    },
    explanation: "次にアプリケーションを利用するときは、再度サインインが必要です。",
    submit: "サインアウト",
    stay: "サインインしたままにする",
};

pub(super) const SIGNED_OUT: SignedOut = SignedOut {
    title: "サインアウトしました",
    done: "セッションは終了しました。",
    shared_computer: "ほかの方と共用しているパソコンでは、ブラウザーのウィンドウも閉じてください。",
    back_to: Around {
        before: "",
        after: "\u{a0}に戻る",
    },
    others: "ほかのアプリケーションからもサインアウトしています。まもなく次のページに移動します。",
    onward: "次へ進む",
};
