//! Runs: neighbouring rows that share one row of sled.
//!
//! sled keeps account of every page in memory, some 300 bytes each, and a leaf of it holds sixteen rows at most, however small they are:
//! seven rows an item would take a quarter of a gigabyte for a million items before anything is asked. So the rows of the large
//! families stand in runs. A run holds the rows from its own key up to the next run's; a family's first run has the bare prefix as key.

use std::cmp::Ordering;

use super::codec::{Decoder, Encoder};

/// A longer run is cut in several, unless it is a single row. Twice this would halve sled's pages once more, and double what is written.
const RUN_BYTES_MAX: usize = 1024;

/// What is left behind by a run that grows at one end only: little space lost, and room for an edit.
const RUN_BYTES_LEFT: usize = RUN_BYTES_MAX * 7 / 8;

/// A row: its key without the family's prefix, and its bytes.
pub(super) type Row<'a> = (&'a [u8], &'a [u8]);

/// What becomes of a row: new bytes, or none.
pub(super) type Change<'a> = (&'a [u8], Option<&'a [u8]>);

/// The rows of a run in their order; `None` where the bytes are no run.
pub(super) fn rows(run: &[u8]) -> Option<Vec<Row<'_>>> {
    let mut input = Decoder::new(run);
    let mut rows = Vec::new();
    while !input.is_empty() {
        rows.push((input.bytes()?, input.bytes()?));
    }
    Some(rows)
}

/// The bytes of one row, if it is in the run; `None` where the bytes are no run.
pub(super) fn find<'a>(run: &'a [u8], wanted: &[u8]) -> Option<Option<&'a [u8]>> {
    let mut input = Decoder::new(run);
    while !input.is_empty() {
        let (key, row) = (input.bytes()?, input.bytes()?);
        match key.cmp(wanted) {
            Ordering::Less => {}
            Ordering::Equal => return Some(Some(row)),
            Ordering::Greater => return Some(None),
        }
    }
    Some(None)
}

/// The run under sorted changes: the key of the first row and the bytes of every run that it becomes, none if nothing is left.
/// `None` where the bytes are no run.
pub(super) fn changed(run: &[u8], changes: &[Change<'_>]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let old = rows(run)?;
    let stands = |change: Option<&Change<'_>>, row: Option<&Row<'_>>| change.zip(row).map(|(change, row)| change.0.cmp(row.0));
    let grows_behind = stands(changes.first(), old.last()) == Some(Ordering::Greater);
    let grows_before = stands(changes.last(), old.first()) == Some(Ordering::Less);
    let rows = merged(old, changes);
    let bytes: usize = rows.iter().map(size).sum();
    let least = match bytes.div_ceil(RUN_BYTES_MAX) {
        0 | 1 => usize::MAX,
        _ if grows_behind || grows_before => RUN_BYTES_LEFT,
        parts => bytes.div_ceil(parts),
    };
    let parts = if grows_before { cut_from_behind(rows, least) } else { cut(rows, least) };
    Some(parts.iter().map(|part| (part[0].0.to_vec(), write(part))).collect())
}

/// Two sorted lists as one, in which the changes count.
fn merged<'a>(old: Vec<Row<'a>>, changes: &[Change<'a>]) -> Vec<Row<'a>> {
    let mut rows = Vec::with_capacity(old.len() + changes.len());
    let mut old = old.into_iter().peekable();
    for (key, change) in changes {
        rows.extend(std::iter::from_fn(|| old.next_if(|row| row.0 < *key)));
        old.next_if(|row| row.0 == *key);
        rows.extend(change.map(|bytes| (*key, bytes)));
    }
    rows.extend(old);
    rows
}

/// Parts of at least so many bytes, the last one perhaps smaller. None is empty.
fn cut(rows: Vec<Row<'_>>, least: usize) -> Vec<Vec<Row<'_>>> {
    let mut parts: Vec<Vec<Row<'_>>> = Vec::new();
    let mut bytes = usize::MAX;
    for row in rows {
        match parts.last_mut().filter(|_| bytes < least) {
            Some(part) => {
                bytes += size(&row);
                part.push(row);
            }
            None => {
                bytes = size(&row);
                parts.push(vec![row]);
            }
        }
    }
    parts
}

/// The same, where the first part may be smaller.
fn cut_from_behind(mut rows: Vec<Row<'_>>, least: usize) -> Vec<Vec<Row<'_>>> {
    rows.reverse();
    let mut parts = cut(rows, least);
    parts.iter_mut().for_each(|part| part.reverse());
    parts.reverse();
    parts
}

fn write(rows: &[Row<'_>]) -> Vec<u8> {
    rows.iter().fold(Encoder::default(), |out, (key, row)| out.bytes(key).bytes(row)).finish()
}

/// Bytes of a row in its run, with its two lengths where these take one byte.
fn size((key, row): &Row<'_>) -> usize {
    key.len() + row.len() + 2
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Runs of one family as sled would hold them, under their first keys.
    #[derive(Default)]
    struct Family(BTreeMap<Vec<u8>, Vec<u8>>);

    impl Family {
        fn change(&mut self, key: &[u8], row: Option<&[u8]>) {
            let (place, run) = self.0.range(..=key.to_vec()).next_back().map_or_else(Default::default, |(k, v)| (k.clone(), v.clone()));
            let mut runs = changed(&run, &[(key, row)]).expect("a run");
            self.0.remove(&place);
            if let Some((first, _)) = runs.first_mut() {
                *first = place;
            }
            self.0.extend(runs);
        }

        fn rows(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
            self.0.values().flat_map(|run| rows(run).expect("a run")).map(|(key, row)| (key.to_vec(), row.to_vec())).collect()
        }
    }

    #[test]
    fn any_order_of_changes_leaves_the_rows_and_no_long_run() {
        for stride in [1_u32, 7919, 4999] {
            let (mut family, mut wanted) = (Family::default(), BTreeMap::new());
            for n in 0..5000 {
                let key = (n * stride % 5000).to_be_bytes().to_vec();
                let row = vec![n as u8; (n % 60) as usize];
                family.change(&key, Some(&row));
                wanted.insert(key, row);
                if n % 3 == 0 {
                    let gone = (n / 2 * stride % 5000).to_be_bytes().to_vec();
                    family.change(&gone, None);
                    wanted.remove(&gone);
                }
            }
            assert_eq!(family.rows(), wanted.clone().into_iter().collect::<Vec<_>>(), "{stride}");
            assert!(family.0.values().all(|run| run.len() <= RUN_BYTES_MAX), "{stride}");
            for (key, row) in &wanted {
                let (_, run) = family.0.range(..=key.clone()).next_back().expect("its run");
                assert_eq!(find(run, key), Some(Some(row.as_slice())));
            }
        }
    }

    #[test]
    fn runs_that_grow_at_one_end_stay_full() {
        for is_descending in [false, true] {
            let mut family = Family::default();
            for n in 0..3000_u32 {
                let key = if is_descending { 9000 - n } else { n }.to_be_bytes();
                family.change(&key, Some(&[0; 30]));
            }
            let bytes: usize = family.0.values().map(Vec::len).sum();
            assert!(bytes / family.0.len() >= RUN_BYTES_LEFT * 9 / 10, "{} runs of {bytes} bytes", family.0.len());
        }
    }

    #[test]
    fn a_row_too_long_for_a_run_stands_alone() {
        let mut family = Family::default();
        family.change(b"b", Some(&[1; 5000]));
        family.change(b"a", Some(&[2; 10]));
        family.change(b"c", Some(&[3; 10]));
        assert_eq!(family.rows().iter().map(|(key, row)| (key[0], row.len())).collect::<Vec<_>>(), [(b'a', 10), (b'b', 5000), (b'c', 10)]);
        family.change(b"b", None);
        assert_eq!(family.rows().len(), 2);
    }

    #[test]
    fn what_is_no_run_is_refused() {
        let run = write(&[(b"key", b"row")]);
        assert_eq!(find(&run, b"key"), Some(Some(&b"row"[..])));
        assert_eq!(find(&run, b"kez"), Some(None));
        for end in 1..run.len() {
            assert_eq!(rows(&run[..end]), None, "cut at {end}");
            assert_eq!(find(&run[..end], b"key"), None, "cut at {end}");
            assert_eq!(changed(&run[..end], &[(b"key", None)]), None, "cut at {end}");
        }
        assert_eq!(rows(b""), Some(Vec::new()));
    }
}
