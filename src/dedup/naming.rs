//! What a title names. Two articles of one template, `Harrods discloses data breach` and `Asahi discloses data breach`, differ in little but
//! the names, and their texts are as alike as those of copies. No sketch tells which words make the difference; the words themselves do.

use xxhash_rust::xxh3::xxh3_64;

use super::{fold::is_sign, tokens::folded};
use crate::{clean, model::Item};

/// The words of a title and of the text under it: digests of whole words and of pairs of ideographs, sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    title: Vec<u64>,
    text: Vec<u64>,
}

impl Naming {
    /// Reads an item.
    pub fn of(item: &Item) -> Self {
        Self { title: words(item.title.as_str()), text: words(&clean::plain(item.body.as_str())) }
    }

    /// Whether each text says something that stands in its own title alone, and nothing that stands in the other title alone. Under an
    /// edited title a text still says what the first title said.
    pub fn names_another(&self, other: &Self) -> bool {
        self.names_alone(other) && other.names_alone(self)
    }

    /// Whether of what only this title holds something stands in this text, and nothing in the other one.
    fn names_alone(&self, other: &Self) -> bool {
        let mut own = self.title.iter().filter(|word| !holds(&other.title, word));
        own.clone().any(|word| holds(&self.text, word)) && !own.any(|word| holds(&other.text, word))
    }
}

fn holds(words: &[u64], word: &u64) -> bool {
    words.binary_search(word).is_ok()
}

/// Letters and digits from which on a word can be a name.
const NAME_CHARS_MIN: usize = 2;

/// Words and pairs of ideographs. Plain numbers are left out: they grow as a story goes on.
fn words(text: &str) -> Vec<u64> {
    let mut words = Vec::with_capacity(text.len() / 4);
    let (mut word, mut sign) = (String::new(), None);
    for c in folded(text).chars().chain([' ']) {
        if c != ' ' && !is_sign(c) {
            word.push(c);
            sign = None;
            continue;
        }
        if word.chars().count() >= NAME_CHARS_MIN && !word.bytes().all(|byte| byte.is_ascii_digit()) {
            words.push(xxh3_64(word.as_bytes()));
        }
        word.clear();
        let before = std::mem::replace(&mut sign, is_sign(c).then_some(c));
        if let Some((before, after)) = before.zip(sign) {
            words.push(u64::from(before) << 32 | u64::from(after));
        }
    }
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::{Naming, words};

    fn naming(title: &str, text: &str) -> Naming {
        Naming { title: words(title), text: words(text) }
    }

    #[track_caller]
    fn assert_names(is_another: bool, one: (&str, &str), other: (&str, &str)) {
        let (one, other) = (naming(one.0, one.1), naming(other.0, other.1));
        assert_eq!((one.names_another(&other), other.names_another(&one)), (is_another, is_another));
    }

    #[test]
    fn articles_of_one_template_are_told_apart_by_their_names() {
        assert_names(
            true,
            ("Harrods discloses data breach", "Harrods disclosed a breach of its systems."),
            ("Asahi discloses data breach", "Asahi disclosed a breach of its systems."),
        );
        assert_names(
            true,
            ("用友U8存在SQL注入漏洞", "用友U8是一款软件，攻击者可获取数据。"),
            ("泛微e-office存在SQL注入漏洞", "泛微e-office是一款软件，攻击者可获取数据。"),
        );
        assert_names(
            true,
            ("Linux kernel (AWS) vulnerabilities", "Flaws were found in linux-aws."),
            ("Linux kernel (Azure) vulnerabilities", "Flaws were found in linux-azure."),
        );
    }

    #[test]
    fn an_edited_title_is_none_of_another() {
        let text = "Harrods disclosed that attackers stole records. The retailer told the police.";
        let cut = "Harrods disclosed that attackers stole records.";
        // One text under two titles; a text that was cut; a title with more in it; words that no text says; a number that grew.
        assert_names(false, ("Harrods hacked", text), ("Police look into hack of retailer", text));
        assert_names(false, ("Harrods hacked, retailer says", text), ("Attackers stole records", cut));
        assert_names(false, ("Harrods hacked", text), ("Harrods hacked, police says", text));
        assert_names(false, ("Breach at Harrods", text), ("Leak at Harrods", text));
        assert_names(false, ("Breach of 3000 records", "3000 records"), ("Breach of 5000 records", "5000 records"));
        assert_names(false, ("Harrods hacked", ""), ("Asahi hacked", ""));
    }

    #[test]
    fn spellings_of_a_name_are_one() {
        assert_names(false, ("網絡安全漏洞 Ａsahi", "網絡安全 asahi"), ("网络安全漏洞 ASAHI", "网络安全 Asahi"));
    }
}
