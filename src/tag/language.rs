//! The language of a text, by its script and its most frequent words. Cheap, and silent where it is not sure.

/// Characters looked at.
const CHARS_MAX: usize = 4000;
/// Words looked up, and the lead of one way of writing over the other at which the rest of a text is left unread.
const WORDS_MAX: usize = 200;
const LEAD_MAX: usize = 24;
/// Fewer letters than this prove nothing.
const LETTERS_MIN: usize = 8;

/// Frequent characters that only Traditional Chinese has.
const TRADITIONAL: &str = "國們這個來對時會說為後過還發與無開關麼從見當動學實現長東車書門間問題體點電話員業產機線經網絡設計報導際數據應環變證護務統專軍區積傳達費賽優歷萬義師";
/// Frequent characters that only Simplified Chinese has.
const SIMPLIFIED: &str = "国们这个来对时会说为后过还发与无开关么从见当动学实现长东车书门间问题体点电话员业产机线经网络设计报导际数据应环变证护务统专军区积传达费赛优历万义师";

/// Words that nearly every longer text of a language holds, and that the others rarely do.
const STOP_WORDS: &[(&str, &[&str])] = &[
    ("en", &["the", "and", "of", "to", "is", "that", "for", "with", "this", "was", "are", "by", "from", "how"]),
    ("de", &["der", "die", "und", "das", "nicht", "ist", "mit", "ein", "eine", "auf", "für", "von", "den", "werden"]),
    ("fr", &["le", "les", "des", "et", "est", "une", "dans", "pour", "pas", "qui", "sur", "du", "au", "cette"]),
    ("es", &["el", "los", "las", "y", "es", "una", "por", "con", "para", "del", "que", "como", "más", "su"]),
    ("it", &["il", "gli", "di", "che", "è", "una", "per", "con", "della", "sono", "nel", "alla", "dei", "più"]),
    ("pt", &["o", "os", "não", "uma", "com", "para", "do", "da", "em", "são", "mais", "pelo", "ao", "dos"]),
    ("nl", &["het", "een", "van", "en", "niet", "dat", "voor", "zijn", "op", "met", "wordt", "naar", "ook", "bij"]),
    ("pl", &["i", "w", "na", "nie", "się", "jest", "z", "że", "oraz", "przez", "dla", "jak", "po", "które"]),
    ("tr", &["ve", "bir", "bu", "için", "ile", "olarak", "da", "de", "çok", "daha", "olan", "gibi", "kadar", "ise"]),
];

/// The language of `text` as a BCP 47 tag: `zh-Hans`, `zh-Hant`, `ja`, `ko`, `ru`, `uk`, `ar`, `he`, `fa`, `th`, `el`, `hi`, or one of
/// the Latin ones (`en`, `de`, `fr`, `es`, `it`, `pt`, `nl`, `pl`, `tr`); `None` where that is not clear.
pub fn language(text: &str) -> Option<&'static str> {
    let scripts = Scripts::count(text);
    let letters = scripts.letters();
    if letters < LETTERS_MIN {
        return None;
    }
    let leads = |count: usize| count * 3 > letters;
    // Japanese writes half of its text in kanji; Chinese texts hold a stray kana at most.
    if leads(scripts.han + scripts.kana) {
        return if scripts.kana * 8 > scripts.han { Some("ja") } else { chinese(text) };
    }
    match () {
        () if leads(scripts.hangul) => Some("ko"),
        () if leads(scripts.cyrillic) => Some(if text.contains(['і', 'ї', 'є', 'ґ', 'І', 'Ї', 'Є']) { "uk" } else { "ru" }),
        () if leads(scripts.arabic) => Some(if text.contains(['پ', 'چ', 'ژ', 'گ']) { "fa" } else { "ar" }),
        () if leads(scripts.hebrew) => Some("he"),
        () if leads(scripts.thai) => Some("th"),
        () if leads(scripts.greek) => Some("el"),
        () if leads(scripts.devanagari) => Some("hi"),
        () if leads(scripts.latin) => latin(text),
        () => None,
    }
}

/// Letters by script. A Han or kana character counts three: it says as much as several letters.
#[derive(Default)]
struct Scripts {
    han: usize,
    kana: usize,
    hangul: usize,
    cyrillic: usize,
    arabic: usize,
    hebrew: usize,
    thai: usize,
    greek: usize,
    devanagari: usize,
    latin: usize,
}

impl Scripts {
    fn count(text: &str) -> Self {
        let mut scripts = Self::default();
        for c in text.chars().take(CHARS_MAX) {
            match c {
                'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' => scripts.latin += 1,
                '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' => scripts.han += 3,
                '\u{3041}'..='\u{30FA}' => scripts.kana += 3,
                '\u{AC00}'..='\u{D7A3}' => scripts.hangul += 3,
                '\u{400}'..='\u{4FF}' => scripts.cyrillic += 1,
                '\u{600}'..='\u{6FF}' => scripts.arabic += 1,
                '\u{590}'..='\u{5FF}' => scripts.hebrew += 1,
                '\u{E00}'..='\u{E7F}' => scripts.thai += 1,
                '\u{370}'..='\u{3FF}' => scripts.greek += 1,
                '\u{900}'..='\u{97F}' => scripts.devanagari += 1,
                _ => {}
            }
        }
        scripts
    }

    fn letters(&self) -> usize {
        self.han
            + self.kana
            + self.hangul
            + self.cyrillic
            + self.arabic
            + self.hebrew
            + self.thai
            + self.greek
            + self.devanagari
            + self.latin
    }
}

/// Simplified unless Traditional characters outweigh: a short title may hold neither.
fn chinese(text: &str) -> Option<&'static str> {
    let (mut traditional, mut simplified) = (0_usize, 0_usize);
    for c in text.chars().take(CHARS_MAX) {
        traditional += usize::from(TRADITIONAL.contains(c));
        simplified += usize::from(SIMPLIFIED.contains(c));
        if traditional.abs_diff(simplified) >= LEAD_MAX {
            break;
        }
    }
    match traditional.cmp(&simplified) {
        std::cmp::Ordering::Greater => Some("zh-Hant"),
        std::cmp::Ordering::Less => Some("zh-Hans"),
        std::cmp::Ordering::Equal => Some("zh"),
    }
}

/// The language whose stop words lead clearly.
fn latin(text: &str) -> Option<&'static str> {
    let mut hits = [0_usize; STOP_WORDS.len()];
    let start: &str = text.char_indices().nth(CHARS_MAX).map_or(text, |(at, _)| &text[..at]);
    for word in start.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty() && word.len() <= 8).take(WORDS_MAX) {
        let word = word.to_lowercase();
        for (hit, (_, words)) in hits.iter_mut().zip(STOP_WORDS) {
            *hit += usize::from(words.contains(&word.as_str()));
        }
    }
    let best = (0..hits.len()).max_by_key(|at| (hits[*at], std::cmp::Reverse(*at)))?;
    let second = (0..hits.len()).filter(|at| *at != best).map(|at| hits[at]).max().unwrap_or(0);
    (hits[best] >= 2 && hits[best] > second + second / 4).then_some(STOP_WORDS[best].0)
}

#[cfg(test)]
mod tests {
    use super::{SIMPLIFIED, TRADITIONAL, language};

    #[test]
    fn languages_are_told_apart() {
        for (text, wanted) in [
            ("國家網信辦:做好頂層規劃 加強網絡安全保障體系", Some("zh-Hant")),
            ("网安要闻｜2024全国两会关于网络安全、人工智能的那些热点建议", Some("zh-Hans")),
            ("CVE-2024-36991 漏洞分析与利用：从补丁到远程代码执行", Some("zh-Hans")),
            ("脆弱性の悪用を確認、早急な更新を推奨", Some("ja")),
            ("보안 업데이트가 발표되었습니다", Some("ko")),
            ("Уязвимость в браузере исправлена", Some("ru")),
            ("Вразливість у браузері виправлено", Some("uk")),
            ("The attackers used the flaw to read files from servers", Some("en")),
            ("Die Angreifer haben die Lücke in der Software nicht genutzt", Some("de")),
            ("Les attaquants ont utilisé une faille dans le logiciel", Some("fr")),
            ("Los atacantes usaron una vulnerabilidad en el sistema para robar datos", Some("es")),
            ("Gli aggressori hanno sfruttato una falla nel sistema per rubare i dati della rete", Some("it")),
            ("CVE-2024-3094", None),
            ("Apple Security Advisory", None),
            ("", None),
        ] {
            assert_eq!(language(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_two_chinese_sets_are_apart() {
        assert!(TRADITIONAL.chars().all(|c| !SIMPLIFIED.contains(c)));
    }
}
