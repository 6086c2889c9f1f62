//! What pages say on every article, in one table. A rule must hold for many sites or for a platform that many publish on.

use std::{collections::HashSet, sync::LazyLock};

/// How a rule's words meet a line's visible text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// The line says this and nothing else.
    Whole,
    /// The line begins with this.
    Start,
}

/// What is done with a line that a rule fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// The line goes.
    Drop,
    /// The line and all that follows it go.
    Cut,
    /// The same, if a text stands before it: the words may also open a page.
    CutBehindText,
    /// The line goes, and after it the links and headlines up to the next sentence.
    DropList,
}

use Deed::{Cut, CutBehindText, Drop, DropList};
use Fit::{Start, Whole};

/// Groups of words, all lowercase, that share their fit and deed.
const RULES: &[(Fit, Deed, &[&str])] = &[
    // WeChat: the page's own controls, below every article.
    (
        Start,
        Cut,
        &[
            "预览时标签不可点",
            "关注该公众号",
            "继续滑动看下一个",
            "轻触阅读原文",
            "微信扫一扫可打开此内容",
            "，轻点两下取消赞",
            "向上滑动看下一个",
        ],
    ),
    (Whole, Drop, &["微信扫一扫", "使用小程序", "在小说阅读器读本章", "在小说阅读器中沉浸阅读", "去阅读", "知道了", "允许", "取消", "×"]),
    // WeChat: what authors ask of their readers.
    (
        Start,
        Drop,
        &[
            "点击上方蓝字",
            "点击蓝字",
            "点击上方“蓝字”",
            "点击“蓝字”",
            "点击上方「蓝字」",
            "点击关注",
            "扫码关注",
            "长按识别二维码",
            "长按二维码",
            "扫描二维码关注",
            "分享收藏点赞在看",
            "求分享 求收藏",
            "点分享 点收藏",
            "点个在看",
            "欢迎关注公众号",
            "点击下方名片",
            "点击阅读原文",
            "阅读原文",
        ],
    ),
    (
        Whole,
        Drop,
        &[
            "关注我们",
            "原创",
            "分享",
            "收藏",
            "点赞",
            "在看",
            "赞",
            "评论",
            "登录",
            "注册",
            "首页",
            "搜索",
            "更多",
            "分享到",
            "分享到：",
            "分享至",
        ],
    ),
    // Ends of articles, comment boxes.
    (Start, Cut, &["最新评论(", "最新评论（", "最新評論(", "最新評論（", "如有侵权请联系:admin#unsafe.sh"]),
    (
        Start,
        CutBehindText,
        &[
            "如若转载",
            "转载，请参考转载声明",
            "本文转载自:",
            "被以下专辑收录",
            "本站4hou.com",
            "about the exploit database",
            "sent through the full disclosure mailing list",
            "vote for this issue:",
            "databases links sites solutions",
            "本站提到的所有注册商标属于",
            "分享到：微信",
            "发表评论",
            "發表評論",
            "暂无评论",
            "暫無評論",
            "leave a reply",
            "leave a comment",
            "post a comment",
            "lascia un commento",
            "schreibe einen kommentar",
            "laisser un commentaire",
            "deja una respuesta",
            "добавить комментарий",
            "コメントを残す",
        ],
    ),
    (Whole, CutBehindText, &["theend", "the end", "版权声明", "comments", "评论列表"]),
    (
        Start,
        Drop,
        &[
            "译文仅供参考，具体内容表达",
            "商务合作，文章发布请联系",
            "本文由安全客原创发布",
            "您还未登录，请先登录",
            "skip to content",
            "skip to main",
            "skip to footer",
            "skip to primary",
            "skip to navigation",
            "click to share on ",
            "click to email ",
            "click to print ",
            "share on facebook",
            "share on twitter",
            "share on linkedin",
            "jump to content",
            "toggle navigation",
            "toggle menu",
        ],
    ),
    (
        Whole,
        Drop,
        &[
            "译文声明",
            "cover_image",
            "share",
            "share this:",
            "share this",
            "tweet",
            "copy",
            "dark mode",
            "search",
            "search for:",
            "menu",
            "login",
            "log in",
            "sign in",
            "sign up",
            "subscribe",
            "close",
            "home",
            "cerca",
            "suche",
            "rechercher",
            "buscar",
            "поиск",
            "検索",
            "검색",
        ],
    ),
    // Lists of other articles.
    (
        Start,
        DropList,
        &[
            "往期推荐",
            "往期回顾",
            "往期精选",
            "往期精彩",
            "往期文章",
            "精彩推荐",
            "推荐阅读",
            "相关阅读",
            "延伸阅读",
            "相关推荐",
            "相关文章",
            "相关热文",
            "ta的文章",
            "热门推荐",
            "你可能感兴趣的",
            "猜你喜欢",
            "往期推薦",
            "推薦閱讀",
            "相關閱讀",
            "延伸閱讀",
            "相關文章",
            "related articles",
            "related posts",
            "related stories",
            "related content",
            "recommended for you",
            "recommended articles",
            "you may also like",
            "you might also like",
            "more from ",
            "recent posts",
            "popular posts",
            "most popular",
            "latest news",
            "leggi anche",
            "ti potrebbe interessare",
            "potrebbero interessarti",
            "articoli correlati",
            "ähnliche artikel",
            "das könnte sie auch interessieren",
            "articles similaires",
            "à lire aussi",
            "lire aussi",
            "artículos relacionados",
            "читайте также",
            "похожие материалы",
            "関連記事",
            "おすすめ記事",
            "관련기사",
        ],
    ),
];

/// What the words of the table begin with: most lines begin with something else, and need no further look.
static FIRST_CHARS: LazyLock<HashSet<char>> =
    LazyLock::new(|| RULES.iter().flat_map(|(_, _, words)| words.iter().filter_map(|word| word.chars().next())).collect());

/// Longest line a list's heading may be, in characters; a longer one is a sentence that happens to begin so.
const HEADING_CHARS_MAX: usize = 24;

/// Ends of articles, where something decorates them: `- END -`, `【完】`. Bare, they are also words of code and of sentences.
const DECORATED_ENDS: &[&str] = &["end", "the end", "完", "fin", "全文完"];

/// What the table says about a line, given its visible text in lowercase.
pub(super) fn deed(line: &str) -> Option<Deed> {
    let first = line.chars().next()?;
    if !first.is_alphanumeric() && DECORATED_ENDS.contains(&line.trim_matches(|c: char| !c.is_alphanumeric())) {
        return Some(CutBehindText);
    }
    if !FIRST_CHARS.contains(&first) {
        return None;
    }
    RULES.iter().find_map(|(fit, deed, words)| {
        let fits = match fit {
            Whole => words.contains(&line),
            Start if *deed == DropList => words.iter().any(|word| line.starts_with(word)) && line.chars().count() <= HEADING_CHARS_MAX,
            Start => words.iter().any(|word| line.starts_with(word)),
        };
        fits.then_some(*deed)
    })
}

#[cfg(test)]
mod tests {
    use super::{Deed, RULES, deed};

    #[test]
    fn words_are_lowercase_and_stand_once() {
        let mut words: Vec<_> = RULES.iter().flat_map(|(_, _, words)| words.iter()).collect();
        assert!(words.iter().all(|word| **word == word.to_lowercase()));
        words.sort();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }

    #[test]
    fn a_sentence_is_no_heading() {
        assert_eq!(deed("相关阅读："), Some(Deed::DropList));
        assert_eq!(deed("相关文章指出，该漏洞影响多个版本，建议用户尽快升级到最新版本。"), None);
        assert_eq!(deed("searching"), None);
    }

    #[test]
    fn an_end_is_decorated() {
        for line in ["— 【 the end 】—", "-end-", "【完】", "theend"] {
            assert_eq!(deed(line), Some(Deed::CutBehindText), "{line}");
        }
        for line in ["end", "end;", "end)", "endif", "完"] {
            assert_eq!(deed(line), None, "{line}");
        }
    }
}
