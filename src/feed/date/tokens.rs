//! Cuts a written date into numbers, words and signs.

use std::borrow::Cow;

use chrono::Weekday;

/// Longest date read, in bytes; nothing longer is a date.
const DATE_BYTES_MAX: usize = 120;

/// A piece of a written date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A run of ASCII digits: its value, and how many digits it has. Runs over 18 digits are not dates.
    Number { value: i64, digits: usize },
    /// A run of letters in lower case, full stops inside an abbreviation left out.
    Word(String),
    /// Anything else but white space and commas.
    Sign(char),
}

impl Token {
    /// Whether this is `word`.
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }

    /// The day of the week that this names in English.
    pub(super) fn weekday(&self) -> Option<Weekday> {
        if let Self::Word(word) = self { word.parse().ok() } else { None }
    }
}

/// The pieces of `text`; `None` when it is too long or holds a number that no date holds.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let text = text.trim();
    if text.len() > DATE_BYTES_MAX {
        return None;
    }
    let text = with_western_signs(&with_digits(&text.to_lowercase()));
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        if first.is_ascii_digit() {
            let (mut value, mut digits) = (i64::from(first as u8 - b'0'), 1);
            while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                (value, digits) = (value.checked_mul(10)? + i64::from(digit as u8 - b'0'), digits + 1);
            }
            if digits > 18 {
                return None;
            }
            push_number(&mut found, value, digits);
        } else if first.is_alphabetic() {
            let mut word = String::from(first);
            while let Some(letter) = rest.next_if(|c| c.is_alphabetic() || matches!(c, '\u{300}'..='\u{36F}')) {
                word.push(letter);
            }
            found.push(Token::Word(word));
        } else if !first.is_whitespace() && first != ',' {
            found.push(Token::Sign(if first == '\u{2212}' { '-' } else { first }));
        }
    }
    Some(found)
}

/// A number as it stands; day and time written in one run, `20240102030405` and `202401020304`, as ISO 8601 parts them with a `T`.
fn push_number(found: &mut Vec<Token>, value: i64, digits: usize) {
    let (clock_digits, place) = match digits {
        14 => (6, 1_000_000),
        12 => (4, 10_000),
        _ => return found.push(Token::Number { value, digits }),
    };
    found.push(Token::Number { value: value / place, digits: 8 });
    found.push(Token::Word("t".to_owned()));
    found.push(Token::Number { value: value % place, digits: clock_digits });
}

/// `二〇二四年十二月三日` as `2024年12月3日`: numbers in words, where a year is written with its sign. (`十二月` alone is a name.)
fn with_digits(text: &str) -> Cow<'_, str> {
    const DIGITS: &str = "〇一二三四五六七八九";
    if !text.contains('年') || !text.contains(|c| c == '十' || c == '元' || DIGITS.contains(c)) {
        return Cow::Borrowed(text);
    }
    let digit = |c: char| DIGITS.chars().position(|digit| digit == c);
    let mut western = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().map(|c| if matches!(c, '零' | '○') { '〇' } else { c }) {
        if c == '十' || c == '元' || digit(c).is_some() {
            run.push(c);
            continue;
        }
        let counts = matches!(c, '年' | '月' | '日' | '号' | '號' | '时' | '時' | '点' | '點' | '分' | '秒');
        match run.split_once('十') {
            _ if !counts => western.push_str(&run),
            _ if run == "元" => western.push('1'),
            Some((tens, ones)) => {
                let value = |digits: &str, empty| digits.chars().next().map_or(Some(empty), digit);
                western.extend(value(tens, 1).zip(value(ones, 0)).map(|(tens, ones)| (10 * tens + ones).to_string()));
            }
            None => western.extend(run.chars().filter_map(digit).map(|digit| digit.to_string())),
        }
        run.clear();
        western.push(c);
    }
    western.push_str(&run);
    Cow::Owned(western)
}

/// `2020年1月10日 下午3时05分` as `2020-1-10  下午3:05 `: the characters after numbers become the signs that the West writes.
fn with_western_signs(text: &str) -> String {
    if text.is_ascii() {
        return text.replace("a.m", "am").replace("p.m", "pm");
    }
    let mut western = String::with_capacity(text.len());
    // `1月 10, 2020`: without a year before it the month is a name, wherever it stands.
    let has_year_sign = text.contains(['年', '년']);
    let mut after_digit = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_followed_by_digit = rest.peek().is_some_and(|next| next.is_numeric() || *next == ' ');
        let western_sign = match c {
            '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(' '),
            '：' => ':',
            '，' | '、' | '　' | '\u{A0}' | '\u{200E}' | '\u{200F}' => ' ',
            '月' | '월' if after_digit && !has_year_sign && name_month(&mut western) => ' ',
            '年' | '月' | '년' | '월' if after_digit && is_followed_by_digit => '-',
            '时' | '時' | '点' | '點' if after_digit && is_followed_by_digit => ':',
            '시' | '分' | '분' if after_digit && is_followed_by_digit => ':',
            '年' | '月' | '日' | '号' | '號' | '时' | '時' | '点' | '點' | '分' | '秒' | '년' | '월' | '일' | '시' | '분' | '초'
                if after_digit =>
            {
                ' '
            }
            other => other,
        };
        after_digit = western_sign.is_ascii_digit() || (after_digit && western_sign == ' ' && c == ' ');
        western.push(western_sign);
    }
    western
}

/// Puts a month's name in the place of the number at the end of `text`; false where that is no month.
fn name_month(text: &mut String) -> bool {
    const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let text_end = text.trim_end().trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let Some(name) = text[text_end..].trim_end().parse::<usize>().ok().and_then(|month| NAMES.get(month.checked_sub(1)?)) else {
        return false;
    };
    text.truncate(text_end);
    text.push_str(name);
    true
}

#[cfg(test)]
mod tests {
    use super::{Token, tokens, with_western_signs};

    #[test]
    fn chinese_and_korean_marks_become_signs() {
        for (text, wanted) in [
            ("2020年1月10日 下午3时05分", "2020-1-10  下午3:05 "),
            ("2020 年 1 月 10 日", "2020 - 1 - 10  "),
            ("2019년 3월 4일", "2019- 3- 4 "),
            ("三月", "三月"),
            ("1月 10, 2020", "jan  10, 2020"),
            ("13月 10, 2020", "13- 10, 2020"),
            ("２０２０", "2020"),
        ] {
            assert_eq!(with_western_signs(text), wanted);
        }
    }

    #[test]
    fn monstrous_numbers_are_no_dates() {
        assert_eq!(tokens("99999999999999999999"), None);
        assert_eq!(tokens(&"1 ".repeat(100)), None);
        assert_eq!(tokens("1"), Some(vec![Token::Number { value: 1, digits: 1 }]));
    }
}
