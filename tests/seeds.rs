//! The five documents in `seeds/`, read and cleaned as the daemon reads them at its first start: every fact a reader sees.

use std::{fs, path::Path};

use chrono_tz::Asia::Shanghai;
use watchfire::{
    clean,
    document::{self, Document},
    model::{Link, Markup, ZonedTime},
    tag,
};

/// A seed with the body a reader is shown, and the same as plain text.
struct Seed {
    document: Document,
    html: String,
    text: String,
}

impl Seed {
    fn title(&self) -> &str {
        self.document.draft.title.as_deref().unwrap_or_default()
    }

    fn link(&self) -> Option<&str> {
        self.document.draft.link.as_ref().map(Link::as_str)
    }

    fn published(&self) -> Option<String> {
        self.document.draft.published.map(ZonedTime::rfc3339)
    }

    fn related(&self) -> Vec<&str> {
        self.document.draft.related.iter().map(Link::as_str).collect()
    }

    fn has_none_of(&self, traces: &[&str]) {
        for trace in traces {
            assert!(!self.html.contains(trace), "`{trace}` in {}", self.html);
        }
    }
}

/// Reads the one seed whose name begins with `number`.
fn seed(number: &str) -> Seed {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let path = fs::read_dir(folder)
        .expect("the folder of seeds")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number)))
        .expect("a seed of that number");
    let name = path.file_name().expect("a name").to_string_lossy();
    let document = document::read(&name, &fs::read(&path).expect("readable"), Shanghai).expect("a document");
    assert_eq!(document.dropped, None);
    let content = document.draft.content.clone().unwrap_or(Markup::Plain(String::new()));
    let html = clean::html(&content, document.draft.base.as_ref(), 256 << 10).as_str().to_owned();
    let again = clean::html(&Markup::Html(html.clone()), document.draft.base.as_ref(), 256 << 10);
    assert_eq!(again.as_str(), html, "cleaning is idempotent");
    let text = clean::plain(&html);
    Seed { document, html, text }
}

const WECHAT_PAGE: &[&str] =
    &["预览时标签不可点", "微信扫一扫", "继续滑动看下一个", "轻触阅读原文", "轻点两下", "小程序", "cover_image", "作者头像", "听过"];

#[test]
fn a_wechat_article_without_its_page() {
    let seed = seed("000");
    assert_eq!(seed.title(), "全国政协主席会议成员调研360集团 鼓励企业加强“卡脖子”技术攻关");
    assert!(seed.link().expect("its own link").starts_with("https://mp.weixin.qq.com/s?__biz=MzA4MTg0MDQ4Nw==&mid=2247575372&idx=1&"));
    assert_eq!(seed.document.account.as_deref(), Some("360数字安全"));
    assert_eq!(seed.published().as_deref(), Some("2024-09-13T00:00:00+08:00"));
    seed.has_none_of(WECHAT_PAGE);
    seed.has_none_of(&["往期推荐", "周鸿祎：安全大模型", "点击阅读", "360数字安全<", "<h1>"]);
    assert!(seed.text.starts_with("9月11日，全国政协主席会议成员到360集团调研。"), "{}", seed.text);
    assert!(seed.text.ends_with("全国政协办公厅和专门委员会有关负责同志参加。"), "{}", seed.text);
    assert_eq!(tag::language(&seed.text), Some("zh-Hans"));
}

#[test]
fn an_analysis_cites_the_article_it_is_based_on() {
    let seed = seed("001");
    assert_eq!(seed.title(), "嘉兴市委书记陈伟调研360嘉兴数字安全公司事件分析");
    assert_eq!((seed.link(), seed.document.account.as_deref(), &seed.document.declared_origin), (None, None, &None));
    assert_eq!(seed.published().as_deref(), Some("2025-04-10T00:00:00+08:00"));
    assert_eq!(seed.related(), ["https://www.anquanke.com/post/id/306496", "https://mp.weixin.qq.com/s/WnG7QHK5ESPN6EPQNEBotw"]);
    assert!(seed.text.starts_with("一、事件概述\n2025年4月10日上午"), "{}", seed.text);
    assert!(seed.text.ends_with("WnG7QHK5ESPN6EPQNEBotw。"));
    assert!(seed.html.contains("<li>") && seed.html.contains("<strong>一、事件概述</strong>"));
    assert_eq!(tag::language(&seed.text), Some("zh-Hans"));
}

#[test]
fn a_traditional_text_loses_its_pinyin_notes() {
    let seed = seed("002");
    assert_eq!(seed.title(), "國家網信辦:做好頂層規劃 加強網絡安全保障體系");
    assert_eq!((seed.link(), seed.published()), (None, None));
    assert_eq!(seed.document.account.as_deref(), Some("新華社"));
    assert!(!seed.text.chars().any(|c| "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ".contains(c)), "{}", seed.text);
    assert!(seed.text.contains("新華社北京11月3日電(記者郭倩)在11月2日舉行的國務院新聞辦公室新聞發布會上"));
    assert!(seed.text.starts_with("在11月2日舉行的"));
    assert!(seed.text.ends_with("(完)"), "{}", seed.text);
    seed.has_none_of(&["THEEND", "最新評論", "暫無評論", "更多<", "()"]);
    assert_eq!(tag::language(&seed.text), Some("zh-Hant"));
}

#[test]
fn a_digest_keeps_its_sections() {
    let seed = seed("003");
    assert_eq!(seed.title(), "网安要闻｜2024全国两会关于网络安全、人工智能的那些热点建议");
    assert!(seed.link().expect("its own link").contains("__biz=MzI0NjU2NDMwNQ==&mid=2247497814&idx=2&"));
    assert_eq!(seed.document.account.as_deref(), Some("网络空间安全科学学报"));
    assert_eq!(seed.published().as_deref(), Some("2024-03-07T00:00:00+08:00"));
    seed.has_none_of(WECHAT_PAGE);
    assert!(seed.text.starts_with("在今年的全国两会上"), "{}", seed.text);
    assert!(seed.html.contains("<strong>维护网络安全</strong>") && seed.html.contains("<img src=\"https://mmbiz.qpic.cn/"));
    assert!(seed.text.contains("来源：《网络安全和信息化》杂志"));
}

#[test]
fn a_title_keeps_its_bar() {
    let seed = seed("004");
    assert_eq!(seed.title(), "2024网安周 | 2024年国家网络安全宣传周“网络安全技术高峰论坛主论坛暨粤港澳大湾区网络安全大会”在广州市举行");
    assert!(seed.link().expect("its own link").contains("__biz=MzA5MzE5MDAzOA==&mid=2664225119&idx=3&"));
    assert_eq!(seed.document.account.as_deref(), Some("中国信息安全"));
    assert_eq!(seed.published().as_deref(), Some("2024-09-11T00:00:00+08:00"));
    seed.has_none_of(WECHAT_PAGE);
    assert!(seed.text.contains("9月9日，2024年国家网络安全宣传周"));
    assert!(seed.text.contains("（来源：中国网信网）"));
}
