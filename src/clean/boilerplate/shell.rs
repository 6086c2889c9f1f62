//! Pages that hold no article: empty shells, captchas, rate limits, deletions, texts in a broken encoding.

use super::{shown_chars, strip};

/// Why a body is not the article it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shell {
    /// Nothing but the page around an article.
    Empty,
    /// The publisher or the platform took the article away.
    Deleted,
    /// A check that the reader is a person.
    Captcha,
    /// The site refused to answer so often.
    RateLimited,
    /// The site failed.
    ServerError,
    /// The bytes were read in the wrong encoding, and part of them is lost.
    Mojibake,
}

impl Shell {
    /// The reason, in words for people and for counting.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty shell",
            Self::Deleted => "deleted by its publisher",
            Self::Captcha => "captcha page",
            Self::RateLimited => "rate-limit notice",
            Self::ServerError => "server error page",
            Self::Mojibake => "mojibake",
        }
    }
}

/// Phrases that give such a page away.
const PHRASES: &[(Shell, &[&str])] = &[
    (
        Shell::Deleted,
        &[
            "该内容已被发布者删除",
            "此内容因违规无法查看",
            "此内容被投诉",
            "此内容发送失败无法查看",
            "该公众号已迁移",
            "此账号已被屏蔽",
            "该账号已被封禁",
            "此帐号已自主注销",
            "链接已过期",
        ],
    ),
    (
        Shell::Captcha,
        &[
            "环境异常",
            "完成验证后即可继续访问",
            "正在验证您的请求",
            "{\"l1\":\"var arg1=",
            "var arg1='",
            "JavaScript is disabled",
            "Enable JavaScript and cookies to continue",
            "Checking your browser before accessing",
            "Checking if the site connection is secure",
            "Verifying you are human",
            "Verify you are human",
            "Please complete the security check",
            "please solve the captcha",
            "enter the captcha",
            "Fill in the captcha",
            "Attention Required! | Cloudflare",
            "请完成安全验证",
            "访问验证",
        ],
    ),
    (
        Shell::RateLimited,
        &["Velocity rate limiting check triggered", "24 hour lockout initiated", "429 Too Many Requests", "Rate limit exceeded"],
    ),
    (
        Shell::ServerError,
        &[
            "Server Error (500)",
            "500 Internal Server Error",
            "502 Bad Gateway",
            "503 Service Unavailable",
            "504 Gateway Time-out",
            "Error establishing a database connection",
        ],
    ),
];

/// An article that only mentions such a phrase has more to say than this, in characters and letters.
const PAGE_CHARS_MAX: usize = 400;
/// A body that keeps less than this says nothing.
const TEXT_CHARS_MIN: usize = 10;

/// What sort of shell a text is, if it is one. `text` is Markdown or plain text before or after `strip`; `title` the title it came with.
pub fn shell(text: &str, title: &str) -> Option<Shell> {
    let stripped = strip(text, title, None);
    let useful = shown_chars(&stripped);
    if useful <= PAGE_CHARS_MAX {
        let found = PHRASES.iter().find(|(_, phrases)| phrases.iter().any(|phrase| text.contains(phrase)));
        if let Some((shell, _)) = found {
            return Some(*shell);
        }
    }
    // An article may be pictures alone.
    let has_picture = stripped.lines().any(|line| line.contains("![") && line.contains("](http"));
    if useful < TEXT_CHARS_MIN && !has_picture {
        return Some(Shell::Empty);
    }
    is_mojibake(&stripped, title).then_some(Shell::Mojibake)
}

/// Whether a text under a Chinese title is full of Cyrillic or accented Latin letters, as UTF-8 read as windows-1251 or -1252 is; or
/// whether much of any text is U+FFFD.
fn is_mojibake(text: &str, title: &str) -> bool {
    let (mut letters, mut odd, mut lost) = (0_usize, 0_usize, 0_usize);
    for c in text.chars() {
        match c {
            '\u{FFFD}' => lost += 1,
            '\u{C0}'..='\u{24F}' | '\u{400}'..='\u{4FF}' => {
                letters += 1;
                odd += 1;
            }
            _ if c.is_alphabetic() => letters += 1,
            _ => {}
        }
    }
    let is_chinese = title.chars().filter(|c| matches!(c, '\u{4E00}'..='\u{9FFF}')).count() >= 2;
    (is_chinese && letters >= 50 && odd * 4 > letters) || (lost >= 20 && lost * 10 > letters + lost)
}

#[cfg(test)]
mod tests {
    use super::{Shell, shell};

    #[test]
    fn shells_are_told_from_articles() {
        let article = "研究人员披露了一个影响多款路由器的高危漏洞，攻击者可以借此远程执行代码。".repeat(20);
        let wechat = "：\n，\n。\n\n视频\n小程序\n赞\n，轻点两下取消赞\n在看\n，轻点两下取消在看";
        for (text, title, wanted) in [
            (String::new(), "标题", Some(Shell::Empty)),
            (format!("# 一个标题\n\n{wechat}"), "一个标题", Some(Shell::Empty)),
            (format!("# t\n\n## 环境异常\n\n当前环境异常，完成验证后即可继续访问。\n\n去验证\n\n{wechat}"), "t", Some(Shell::Captcha)),
            (format!("该内容已被发布者删除\n\n{wechat}"), "t", Some(Shell::Deleted)),
            ("Inappropriate Behavior Detected\n\nVelocity rate limiting check triggered.".to_owned(), "t", Some(Shell::RateLimited)),
            ("500\n## Server Error (500)".to_owned(), "t", Some(Shell::ServerError)),
            ("{\"l1\":\"var arg1='0E9C';\"}".to_owned(), "t", Some(Shell::Captcha)),
            ("It looks like your JavaScript is disabled.".to_owned(), "t", Some(Shell::Captcha)),
            (format!("![](https://a.example/report.png)\n\n{wechat}"), "月报", None),
            (article.clone(), "漏洞", None),
            (format!("{article}\n该内容已被发布者删除，环境异常"), "漏洞", None),
            ("Р°Р±РІ РіРґРµ Р¶Р·Рё Р№РєР» РјРЅРѕ РїСЂСЃ С‚СѓС„ С…С†С‡ С€С‰".repeat(5), "网络安全", Some(Shell::Mojibake)),
            ("Уязвимость позволяет выполнить произвольный код на уязвимой системе.".repeat(5), "Уязвимость", None),
            ("\u{FFFD}\u{FFFD}abcdefgh".repeat(20), "t", Some(Shell::Mojibake)),
        ] {
            assert_eq!(shell(&text, title), wanted, "{text}");
        }
    }
}
