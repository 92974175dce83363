//! The way back to the application, in Japanese.

use crate::text::{Around, Returning};

pub(super) const RETURNING: Returning = Returning {
    title: "アプリケーションに戻ります",
    heading: Around {
        before: "",
        after: "\u{a0}に戻っています…",
    },
    press: "画面が切り替わらない場合は、ボタンを押してください。",
    submit: "続ける",
    needs_script: "この操作には JavaScript が必要です。有効にしてから、アプリケーションでもう一度やり直してください。",
    may_close: "このウィンドウが残っている場合は、閉じて構いません。",
};
