//! A file in pieces that can be read one after another: the tree of a list of thousands of sources takes many times their room, and
//! would stand in memory beside them.

use toml::de::DeTable;

/// The line that opens a source.
const HEADER: &str = "[[source]]";

/// A part of a file that means by itself what it means in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// The line of the file that it begins with, counted from 1.
    pub first_line: usize,
    /// Its text.
    pub text: &'a str,
}

impl Piece<'_> {
    /// An empty file.
    pub const NOTHING: Self = Self { first_line: 1, text: "" };
}

/// What stands before the first source, and then each source. A file that is written in any other way, or is not TOML, is one piece.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let cut = cut(text);
    let stand_alone = cut.iter().enumerate().all(|(number, piece)| {
        // A text of several lines that is cut, or a list, is not TOML any more.
        let (table, errors) = DeTable::parse_recoverable(piece.text);
        let mut keys = table.get_ref().keys().map(|key| key.get_ref().as_ref());
        errors.is_empty() && if number == 0 { keys.all(|key| key != "source") } else { keys.eq(["source"]) }
    });
    if stand_alone { cut } else { vec![Piece { first_line: 1, text }] }
}

/// Cuts before each line that opens a source, wherever it stands.
fn cut(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut begin, mut first_line, mut end) = (Vec::new(), 0, 1, 0);
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if line.split('#').next().is_some_and(|line| line.trim() == HEADER) {
            pieces.push(Piece { first_line, text: &text[begin..end] });
            (begin, first_line) = (end, number);
        }
        end += line.len();
    }
    pieces.push(Piece { first_line, text: &text[begin..] });
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn a_file_is_cut_before_each_source() {
        let text = "x = 1\n[poll]\n\n[[source]]\nid = \"a\"\n[source.headers]\nk = \"[[source]]\"\n [[source]] # b\nid = \"b\"";
        let piece = |first_line, text| Piece { first_line, text };
        assert_eq!(
            pieces(text),
            [
                piece(1, "x = 1\n[poll]\n\n"),
                piece(4, "[[source]]\nid = \"a\"\n[source.headers]\nk = \"[[source]]\"\n"),
                piece(8, " [[source]] # b\nid = \"b\""),
            ]
        );
        assert_eq!(pieces("[[source]]\r\nid = \"a\"\r\n"), [piece(1, ""), piece(1, "[[source]]\r\nid = \"a\"\r\n")]);
        assert_eq!(pieces(""), [piece(1, "")]);
    }

    #[test]
    fn what_hangs_together_is_one_piece() {
        for text in [
            "[[source]]\ntitle = \"\"\"\n[[source]]\n\"\"\"\n",
            "[[source]]\nid = \"a\"\n[poll]\ninterval = \"1h\"\n",
            "source = []\n[[source]]\nid = \"a\"\n",
            "[[ source ]]\nid = \"a\"\n[[source]]\nid = \"b\"\n",
            "[[source]]\nid = \"a\"\n[[source]]\nid = b\n",
        ] {
            assert_eq!(pieces(text).len(), 1, "{text}");
        }
    }
}
