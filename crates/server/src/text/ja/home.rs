//! The landing page in Japanese.

use crate::text::Home;

pub(super) const HOME: Home = Home {
    title: "ID プロバイダー",
    what: "ここはサインインのための場所です。",
    visitors: "このページで行う操作はありません。お使いのアプリケーションからサインインしてください。",
    issuer: "発行者",
    developers: "開発者の方へ",
    discovery: "OpenID Connect ディスカバリー",
    keys: "公開鍵 (JWKS)",
};
