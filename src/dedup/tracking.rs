//! Query parameters that say where a reader came from, not what they read.

/// Dropped wherever they stand.
const NAMES: &[&str] = &[
    "__s",
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "at_campaign",
    "at_medium",
    "cmpid",
    "dclid",
    "enterid",
    "fbclid",
    "from_source",
    "gclid",
    "guccounter",
    "hmci",
    "hmcu",
    "hmkw",
    "hmpl",
    "hmsr",
    "igshid",
    "isappinstalled",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "mpshare",
    "msclkid",
    "ncid",
    "nsukey",
    "s_cid",
    "scm",
    "share_token",
    "spm",
    "spm_id_from",
    "srsltid",
    "twclid",
    "vd_source",
    "wxshare",
    "yclid",
];

/// Beginnings of names that are dropped wherever they stand.
const PREFIXES: &[&str] = &["_hs", "ga_", "guce_", "hsa_", "mtm_", "oly_", "pk_", "share_", "sharer_", "utm_", "vero_"];

/// Dropped where the value looks like a channel's name; some sites name an article by one of these, with a number.
const CHANNEL_NAMES: &[&str] = &["from", "ref", "source", "src"];

/// Longest value that still looks like a channel's name, in bytes.
const CHANNEL_BYTES_MAX: usize = 64;

/// Whether the parameter can go without the link leading elsewhere.
pub fn is_tracking(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str())
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || (CHANNEL_NAMES.contains(&name.as_str()) && value.len() <= CHANNEL_BYTES_MAX && !value.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_tracking;

    #[test]
    fn channels_go_and_articles_stay() {
        for (name, value, wanted) in [
            ("utm_source", "rss", true),
            ("UTM_Medium", "rss", true),
            ("fbclid", "x", true),
            ("source", "rss----7b722bfd1b8d--bug_bounty", true),
            ("from", "timeline", true),
            ("from", "20240101", false),
            ("sid", "74039", false),
            ("id", "1", false),
            ("p", "12", false),
            ("date", "2024", false),
        ] {
            assert_eq!(is_tracking(name, value), wanted, "{name}={value}");
        }
    }
}
