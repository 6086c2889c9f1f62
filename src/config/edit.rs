//! Changes to a configuration's text that leave everything else in it as its owner wrote it: comments, order, spacing.

use toml::de::{DeTable, DeValue};

use crate::model::{Link, SourceId};

/// A source that is to be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSource {
    /// Its slug.
    pub id: SourceId,
    /// Its address.
    pub url: Link,
    /// Its name, where it shall have another than the one it gives itself.
    pub title: Option<String>,
    /// The operator's tags.
    pub tags: Vec<String>,
    /// `host:port` that it may reach although it is a private address.
    pub allow_private: Option<String>,
}

impl NewSource {
    /// The table as it is written.
    pub fn table(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        // An address that somebody else chose must not draw variables from our environment.
        let url = self.url.as_str().replace("${", "$%7B");
        let mut table = format!("[[source]]\nid = {}\nurl = {}\n", quoted(self.id.as_str()), quoted(&url));
        if let Some(title) = &self.title {
            table += &format!("title = {}\n", quoted(title));
        }
        if !self.tags.is_empty() {
            let tags: Vec<String> = self.tags.iter().map(|tag| quoted(tag)).collect();
            table += &format!("tags = [{}]\n", tags.join(", "));
        }
        if let Some(host) = &self.allow_private {
            table += &format!("allow_private = [{}]\n", quoted(host));
        }
        table
    }
}

/// The text with one more source at its end. A new `[[source]]` there belongs to no table before it.
pub fn with_source(text: &str, source: &NewSource) -> String {
    let text = text.trim_end();
    let gap = if text.is_empty() { "" } else { "\n\n" };
    format!("{text}{gap}{}", source.table())
}

/// The text without the table of a source; `None` if it has no such table. What stands above the next table, comments included, stays.
pub fn without_source(text: &str, id: &SourceId) -> Option<String> {
    let at = place_of(text, id)?;
    let begin = text[..at].rfind("[[source]]")?;
    let begin = text[..begin].rfind('\n').map_or(0, |line| line + 1);
    let behind = at + next_table(&text[at..]);
    // A comment above the next table is about that one.
    let mut end = behind;
    for line in text[at..behind].split_inclusive('\n').rev() {
        if !(line.trim().is_empty() || line.trim_start().starts_with('#')) {
            break;
        }
        end -= line.len();
    }
    let kept = text[end..].trim_start_matches(['\n', '\r']);
    let before = text[..begin].trim_end_matches(['\n', '\r']);
    let gap = if before.is_empty() || kept.is_empty() { if before.is_empty() { "" } else { "\n" } } else { "\n\n" };
    Some(format!("{before}{gap}{kept}"))
}

/// Where the id of a source stands, in bytes.
fn place_of(text: &str, id: &SourceId) -> Option<usize> {
    let (root, _) = DeTable::parse_recoverable(text);
    let root = root.get_ref();
    let DeValue::Array(sources) = root.get("source")?.get_ref() else { return None };
    sources.iter().find_map(|source| {
        let DeValue::Table(table) = source.get_ref() else { return None };
        let value = table.get("id")?;
        matches!(value.get_ref(), DeValue::String(text) if text == id.as_str()).then(|| value.span().start)
    })
}

/// Where the next line begins that opens a table.
fn next_table(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && line.trim_start().starts_with('[') {
            return at;
        }
        at += line.len();
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{NewSource, with_source, without_source};
    use crate::model::{Link, SourceId};

    fn id(text: &str) -> SourceId {
        SourceId::parse(text).expect("a slug")
    }

    const THREE: &str = "# Mine.\n[daemon]\ngrace = \"5s\"\n\n# About a.\n[[source]]\nid = \"a\"\nurl = \"https://a.example/\" # here\n\n# About b,\n# at length.\n[[source]]\n  url = \"https://b.example/\"\n  id = 'b'\n  tags = [\n    \"x\",\n  ]\n[source.headers]\nx-key = \"1\"\n\n# About c.\n[[source]]\nid = \"c\"\nurl = \"https://c.example/\"\n";

    #[test]
    fn a_source_is_added_at_the_end() {
        let source = NewSource {
            id: id("new"),
            url: Link::parse("https://n.example/f?a=\"").expect("a link"),
            title: Some("安全 \"news\"".to_owned()),
            tags: vec!["zh".to_owned(), "blog".to_owned()],
            allow_private: None,
        };
        let text = with_source("[daemon]\ngrace = \"5s\" # short\n\n\n", &source);
        assert_eq!(
            text,
            "[daemon]\ngrace = \"5s\" # short\n\n[[source]]\nid = \"new\"\nurl = \"https://n.example/f?a=%22\"\ntitle = '安全 \"news\"'\ntags = [\"zh\", \"blog\"]\n"
        );
        assert!(with_source("", &source).starts_with("[[source]]"));
    }

    #[test]
    fn a_source_is_removed_and_nothing_else() {
        let without = |name: &str| without_source(THREE, &id(name)).expect("it is there");
        assert_eq!(without("c"), &THREE[..THREE.find("\n[[source]]\nid = \"c\"").expect("there") + 1]);
        assert_eq!(without("a"), THREE.replace("[[source]]\nid = \"a\"\nurl = \"https://a.example/\" # here\n\n", "\n"),);
        assert!(without("b").contains("# About c.\n[[source]]\nid = \"c\""));
        assert_eq!(without_source(THREE, &id("d")), None);
    }
}
