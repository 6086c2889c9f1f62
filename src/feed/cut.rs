//! Limits on texts: a cut between characters.

/// The longest start of `text` that has at most `bytes_max` bytes.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn characters_stay_whole() {
        assert_eq!(cut("网安", 5), "网");
        assert_eq!(cut("网安", 6), "网安");
        assert_eq!(cut("ab", 9), "ab");
        assert_eq!(cut("网", 0), "");
    }
}
