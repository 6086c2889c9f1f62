//! The canonical form of a link: one key for every address under which an article is passed around.

use url::Url;

use super::tracking::is_tracking;
use crate::model::{Link, LinkKey};

/// The key of a link. `None` where the link identifies no article: a home page, a listing, a temporary address.
pub fn link_key(link: &Link) -> Option<LinkKey> {
    let url = link.to_url();
    let host = bare_host(&url)?;
    let pairs = query_pairs(&url);
    let key = match host.as_str() {
        "mp.weixin.qq.com" => return wechat_key(&url, &pairs).map(LinkKey::new),
        "theregister.com" | "go.theregister.com" | "theregister.co.uk" => register_key(url.path()),
        "freebuf.com" => numbered_key("freebuf", url.path(), "", ".html"),
        "anquanke.com" => numbered_key("anquanke", url.path(), "/post/id/", ""),
        // A post is its number; what follows says who shared it.
        "twitter.com" => url.path().contains("/status/").then(|| format!("twitter.com{}", bare_path(url.path()))),
        "exploit-db.com" => numbered_key("exploit-db", url.path(), "/exploits/", ""),
        "buaq.net" | "unsafe.sh" => {
            numbered_key("buaq", url.path(), "/go-", ".html").or_else(|| numbered_key("buaq", url.path(), "/jump-", ".htm"))
        }
        _ => None,
    };
    key.or_else(|| address_key(&url, &host, pairs)).map(LinkKey::new)
}

/// A digest of the part of a page a link points into; zero for the whole page. Keys leave it out, because most fragments are noise.
pub fn fragment_digest(link: &Link) -> u64 {
    let url = link.to_url();
    url.fragment()
        .filter(|fragment| !fragment.is_empty() && !is_route(fragment))
        .map_or(0, |fragment| xxhash_rust::xxh3::xxh3_64(fragment.as_bytes()))
}

/// Host without the labels that name a view of the same site, with its port where that is not the scheme's own.
fn bare_host(url: &Url) -> Option<String> {
    const VIEWS: &[&str] = &["www.", "m.", "mobile.", "amp.", "wap.", "3g."];
    let full = url.host_str()?.trim_end_matches('.');
    let bare = VIEWS.iter().filter_map(|view| full.strip_prefix(view)).find(|rest| rest.contains('.')).unwrap_or(full);
    let bare = if bare == "x.com" { "twitter.com" } else { bare };
    Some(url.port().map_or_else(|| bare.to_owned(), |port| format!("{bare}:{port}")))
}

/// The parameters that say which article it is, as (name, value), in the order of their names.
fn query_pairs(url: &Url) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = url
        .query()
        .unwrap_or_default()
        .split('&')
        // A link that was escaped once too often has `&amp;` between its parameters.
        .map(|pair| pair.strip_prefix("amp;").unwrap_or(pair))
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, value)| !is_tracking(name, value))
        .map(|(name, value)| (settle_escapes(name), settle_escapes(value)))
        .collect();
    pairs.sort();
    pairs
}

/// WeChat articles have a long address with three numbers of which one could be guessed, and a short one that says nothing about them.
fn wechat_key(url: &Url, pairs: &[(String, String)]) -> Option<String> {
    let value =
        |names: &[&str]| pairs.iter().find(|(name, value)| names.contains(&name.as_str()) && !value.is_empty()).map(|(_, v)| v.as_str());
    if let (Some(account), Some(message), Some(index)) = (value(&["__biz"]), value(&["mid", "appmsgid"]), value(&["idx", "itemidx"])) {
        let account = account.replace("%3D", "");
        return Some(format!("wx:{}:{message}:{index}", account.trim_end_matches('=')));
    }
    // What is left without such an id is a search engine's temporary link or a page of the platform.
    let id = url.path().strip_prefix("/s/")?.trim_end_matches('/');
    (!id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))).then(|| format!("wxs:{id}"))
}

/// `/2024/05/02/slug/` under several hosts and prefixes.
fn register_key(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_number = |part: &str, digits: usize| part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
    let at = parts.windows(4).position(|run| is_number(run[0], 4) && is_number(run[1], 2) && is_number(run[2], 2))?;
    Some(format!("reg:{}", parts[at..at + 4].join("/")))
}

/// The number of an article whose address varies around it.
fn numbered_key(site: &str, path: &str, before: &str, after: &str) -> Option<String> {
    let path = path.trim_end_matches('/');
    let stem = path.strip_suffix(after).unwrap_or(path);
    let number = if before.is_empty() {
        path.strip_suffix(after)?;
        stem.rsplit('/').next()?
    } else {
        stem.strip_prefix(before)?
    };
    (!number.is_empty() && number.len() <= 12 && number.bytes().all(|b| b.is_ascii_digit())).then(|| format!("{site}:{number}"))
}

/// Host, path, what is left of the query, and a fragment that is a route.
fn address_key(url: &Url, host: &str, pairs: Vec<(String, String)>) -> Option<String> {
    let path = bare_path(url.path());
    let route = url.fragment().filter(|fragment| is_route(fragment)).unwrap_or_default();
    if pairs.is_empty() && route.trim_matches(['!', '/']).is_empty() && is_listing(&path) {
        return None;
    }
    let mut key = format!("{host}{path}");
    for (index, (name, value)) in pairs.into_iter().enumerate() {
        key.push(if index == 0 { '?' } else { '&' });
        key.push_str(&name);
        if !value.is_empty() {
            key.push('=');
            key.push_str(&value);
        }
    }
    if !route.is_empty() {
        key.push('#');
        key.push_str(route);
    }
    Some(key)
}

/// Whether a fragment chooses a page in a single-page site.
fn is_route(fragment: &str) -> bool {
    fragment.starts_with(['!', '/'])
}

/// A path without doubled or trailing slashes, index file, or mark of an AMP copy.
fn bare_path(path: &str) -> String {
    const ENDS: &[&str] = &["index.html", "index.htm", "index.php", "amp"];
    let mut parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(settle_escapes).collect();
    if parts.last().is_some_and(|last| ENDS.contains(&last.as_str())) {
        parts.pop();
    }
    parts.iter().fold(String::with_capacity(path.len()), |all, part| all + "/" + part)
}

/// Whether a path leads to a list of articles: a home page, a category, a tag, a search.
fn is_listing(path: &str) -> bool {
    const LISTS: &[&str] = &["author", "authors", "categories", "category", "page", "search", "tag", "tags", "topic", "topics"];
    const FRONTS: &[&str] = &["archive", "archives", "blog", "blogs", "en", "feed", "home", "news", "posts", "rss", "zh", "zh-cn"];
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_ascii_lowercase).collect();
    parts.iter().all(|part| FRONTS.contains(&part.as_str()))
        || parts.iter().rev().skip(1).take(2).any(|part| LISTS.contains(&part.as_str()))
        || parts.last().is_some_and(|last| LISTS.contains(&last.as_str()))
}

/// One spelling of percent escapes: letters, digits, `-`, `.`, `_` and `~` unescaped, the rest in upper case (RFC 3986 section 6.2.2).
fn settle_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escaped = rest.get(1..3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(char::from(byte)),
            Some(byte) => out.push_str(&format!("%{byte:02X}")),
            None => out.push('%'),
        }
        rest = &rest[if escaped.is_some() { 3 } else { 1 }..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::{fragment_digest, link_key};
    use crate::model::Link;

    fn key(text: &str) -> Option<String> {
        link_key(&Link::parse(text).expect(text)).map(|key| key.as_str().to_owned())
    }

    #[test]
    fn every_address_of_an_article_has_one_key() {
        for (wanted, links) in [
            (
                "wx:MzA4MTg0MDQ4Nw:2247575372:1",
                &[
                    "https://mp.weixin.qq.com/s?__biz=MzA4MTg0MDQ4Nw==&mid=2247575372&idx=1&sn=8a15&chksm=fa59&scene=58&subscene=0#rd",
                    "http://mp.weixin.qq.com/s?__biz=MzA4MTg0MDQ4Nw==&amp;mid=2247575372&amp;idx=1&amp;sn=8a15#wechat_redirect",
                    "https://mp.weixin.qq.com/s?idx=1&mid=2247575372&__biz=MzA4MTg0MDQ4Nw%3D%3D&from=timeline&isappinstalled=0",
                    "http://mp.weixin.qq.com/mp/appmsg/show?__biz=MzA4MTg0MDQ4Nw==&appmsgid=2247575372&itemidx=1",
                ][..],
            ),
            (
                "wxs:PA7JdPv3_7KR0YDc5Ml4SA",
                &["https://mp.weixin.qq.com/s/PA7JdPv3_7KR0YDc5Ml4SA?scene=1", "https://mp.weixin.qq.com/s/PA7JdPv3_7KR0YDc5Ml4SA"],
            ),
            (
                "example.com/a/b",
                &[
                    "https://example.com/a/b",
                    "http://www.example.com:80/a//b/",
                    "https://m.example.com/a/b/index.html?utm_source=rss&utm_medium=rss",
                    "https://amp.example.com/a/%62/amp#top",
                    "https://example.com/a/b?fbclid=1&",
                ],
            ),
            ("example.com/a%2Fb?a=1&b=%E7%BD%91", &["https://example.com/a%2fb?b=%e7%bd%91&a=1", "https://example.com/a%2Fb?a=1&b=网"]),
            ("twitter.com/user/status/1", &["https://x.com/user/status/1", "https://mobile.twitter.com/user/status/1?s=20&t=abc"]),
            (
                "reg:2024/05/02/slug",
                &["https://www.theregister.com/2024/05/02/slug/", "https://go.theregister.com/feed/www.theregister.com/2024/05/02/slug/"],
            ),
            ("freebuf:354227", &["https://www.freebuf.com/news/354227.html", "https://m.freebuf.com/articles/web/354227.html?from=x"]),
            ("anquanke:306496", &["https://www.anquanke.com/post/id/306496", "https://www.anquanke.com/post/id/306496/"]),
            ("exploit-db:51906", &["https://www.exploit-db.com/exploits/51906"]),
            ("buaq:147281", &["https://buaq.net/go-147281.html", "https://buaq.net/jump-147281.htm"]),
            ("example.com/story?sid=74039", &["https://www.example.com/story?sid=74039&from=rss"]),
            ("example.com#!/post/1", &["https://example.com/#!/post/1"]),
            ("example.com:8443/x", &["https://example.com:8443/x"]),
            ("packetstormsecurity.com/files/168699/RHSA-2022.txt", &["https://packetstormsecurity.com/files/168699/RHSA-2022.txt"]),
        ] {
            for link in links {
                assert_eq!(key(link).as_deref(), Some(wanted), "{link}");
            }
        }
    }

    #[test]
    fn what_names_no_article_has_no_key() {
        for link in [
            "https://example.com/",
            "https://example.com/?utm_source=rss",
            "https://example.com/blog/",
            "https://example.com/category/threats",
            "https://example.com/blog/tag/ransomware/page/2",
            "https://mp.weixin.qq.com/s?src=11&timestamp=1&signature=abc",
            "https://mp.weixin.qq.com/",
        ] {
            assert_eq!(key(link), None, "{link}");
        }
    }

    #[test]
    fn keys_differ_where_articles_do() {
        for (one, other) in [
            ("https://mp.weixin.qq.com/s/AbC", "https://mp.weixin.qq.com/s/aBc"),
            ("https://example.com/?p=1", "https://example.com/?p=2"),
            ("https://example.com/A", "https://example.com/a"),
            ("https://example.com/x?source=20231", "https://example.com/x?source=20232"),
        ] {
            assert_ne!(key(one), key(other));
        }
    }

    #[test]
    fn fragments_are_told_apart_beside_the_key() {
        let digest = |text| fragment_digest(&Link::parse(text).expect(text));
        assert_ne!(digest("https://example.com/events#talk-1"), digest("https://example.com/events#talk-2"));
        for whole in ["https://example.com/events", "https://example.com/events#", "https://example.com/#!/route"] {
            assert_eq!(digest(whole), 0, "{whole}");
        }
    }

    #[test]
    fn broken_escapes_do_no_harm() {
        assert_eq!(key("https://example.com/%zz/%4").as_deref(), Some("example.com/%zz/%4"));
        assert_eq!(key("https://example.com/a?%").as_deref(), Some("example.com/a?%"));
    }
}
