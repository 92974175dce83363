//! The bot check in Japanese.

use crate::text::BotCheckText;

pub(super) const BOT_CHECK: BotCheckText = BotCheckText {
    label: "人による操作であることの確認",
    needs_script: |host| {
        format!(
            "人による操作であることを確認するため、JavaScript が必要です。このページと {host} で JavaScript を有効にして、\
             ページを再読み込みしてください。"
        )
    },
    missing: "人による操作であることの確認を済ませてから、もう一度送信してください。確認欄が表示されない場合は、このページで JavaScript を\
              有効にして再読み込みしてください。",
    refused: "人による操作であることの確認が期限切れか、正しく完了していません。もう一度確認してから送信してください。",
};
