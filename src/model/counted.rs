//! How many of something, in words.

use std::fmt::Display;

/// `1 story`, `2 stories`.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let word = if count == N::from(1) { one } else { many };
    format!("{count} {word}")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_one_and_none_are_many() {
        assert_eq!([0_u64, 1, 2].map(|count| counted(count, "story", "stories")), ["0 stories", "1 story", "2 stories"]);
    }
}
