//! Names of people as RSS writes them: `mail (name)`, `name <mail>`, or either alone.

/// The name in an RSS author field; the mail address where there is no name. `None` where there is nothing.
pub(super) fn name(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.contains('@') {
        return clean(text);
    }
    if let Some((before, rest)) = text.split_once('(')
        && before.contains('@')
        && let Some(name) = clean(rest.trim_end().trim_end_matches(')'))
    {
        return Some(name);
    }
    if let Some((name, _)) = text.split_once('<')
        && let Some(name) = clean(name)
    {
        return Some(name);
    }
    let without_mail: Vec<&str> = text.split_whitespace().filter(|word| !word.contains('@')).collect();
    clean(&without_mail.join(" ")).or_else(|| clean(text.trim_start_matches("mailto:")))
}

/// The name without brackets and quotes around it.
fn clean(name: &str) -> Option<String> {
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')' | '<' | '>' | ',' | ';'));
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_is_preferred_to_an_address() {
        for (text, wanted) in [
            ("alice@example.com (Alice Example)", Some("Alice Example")),
            ("Alice Example <alice@example.com>", Some("Alice Example")),
            ("Alice Example alice@example.com", Some("Alice Example")),
            ("编辑，bob@example.com", Some("编辑，bob@example.com")),
            ("编辑部（安全） bob@example.com", Some("编辑部（安全）")),
            ("bob@example.com", Some("bob@example.com")),
            ("Alice", Some("Alice")),
            ("  ", None),
        ] {
            assert_eq!(name(text).as_deref(), wanted, "{text}");
        }
    }
}
