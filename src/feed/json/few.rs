//! Lists of which only the first entries are kept: a million empty objects would fill memory many times their size.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};

/// The first `MAX` entries of a list.
#[derive(Debug)]
pub(super) struct Few<T, const MAX: usize> {
    /// The entries.
    pub kept: Vec<T>,
    /// Whether there were more.
    pub is_cut: bool,
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Few<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_seq(FewVisitor(PhantomData))
    }
}

struct FewVisitor<T, const MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for FewVisitor<T, MAX> {
    type Value = Few<T, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut kept = Vec::new();
        while kept.len() < MAX {
            match list.next_element()? {
                Some(entry) => kept.push(entry),
                None => return Ok(Few { kept, is_cut: false }),
            }
        }
        let is_cut = list.next_element::<IgnoredAny>()?.is_some();
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Few { kept, is_cut })
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn a_list_is_cut_where_it_is_too_long() {
        for (text, kept, is_cut) in [("[]", 0, false), ("[1,2]", 2, false), ("[1,2,\"x\",{}]", 2, true)] {
            let few: Few<u32, 2> = serde_json::from_str(text).expect(text);
            assert_eq!((few.kept.len(), few.is_cut), (kept, is_cut), "{text}");
        }
        assert!(serde_json::from_str::<Few<u32, 2>>("{}").is_err());
    }
}
