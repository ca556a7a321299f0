//! Who measures: an ordered list of segments (format.md, "Device ids and names").

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// How a device is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Model {
    /// By a dotted path such as `root.ln.wf01`.
    Tree,
    /// By table name and tag values.
    Table,
}

impl Model {
    /// Lower-case name as the command line prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Table => "table",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A device: the first segment is the table name (table model) or the first nodes of the path (tree model).
///
/// Trailing null segments are removed on construction, so that the same device compares equal whoever wrote it. Devices are ordered segment
/// by segment, a null before any text and texts by their bytes; one that another begins with comes before it.
///
/// All segments share one allocation, clones share it too, and so do the devices of an index that stand next to each other, since a file can have
/// very many: one that is kept keeps the names of its neighbours in memory.
#[derive(Clone)]
pub struct DeviceId {
    /// The segments one behind the other, each behind its mark as [`push_mark`] writes it; of other devices too.
    shared: Arc<str>,
    /// Where those of this device begin and end.
    start: usize,
    end: usize,
}

/// Devices mostly fit into so many bytes.
const USUAL_BYTES: usize = 64;

/// A mark has six bits of a number in each character, the lowest first, and this bit in all but the last: it is ASCII, so that it can stand
/// among texts.
const MORE: u8 = 0x40;
const MARK_BITS: u32 = 6;

/// Writes what stands before a segment: 0 for a null, or the bytes of its text and 1.
fn push_mark(out: &mut String, segment: Option<&str>) {
    let mut rest = segment.map_or(0, |s| s.len() + 1);
    loop {
        let bits = (rest % usize::from(MORE)) as u8;
        rest >>= MARK_BITS;
        out.push(char::from(if rest == 0 { bits } else { bits | MORE }));
        if rest == 0 {
            return;
        }
    }
}

/// Writes all segments of a device.
fn push_device<S: AsRef<str>>(out: &mut String, segments: impl IntoIterator<Item = Option<S>>) {
    let start = out.len();
    // Behind the last segment that stays.
    let mut end = start;
    for segment in segments {
        let segment = segment.as_ref().map(AsRef::as_ref);
        push_mark(out, segment);
        out.push_str(segment.unwrap_or(""));
        if segment.is_some() || end == start {
            end = out.len();
        }
    }
    out.truncate(end);
    if end == start {
        push_mark(out, Some(""));
    }
}

/// The segments of a [`DeviceId`]; `None` is a null tag.
#[derive(Debug, Clone)]
pub struct Segments<'a> {
    /// What is left, from a mark on.
    rest: &'a str,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Option<&'a str>;

    fn next(&mut self) -> Option<Self::Item> {
        let (mut number, mut marks) = (0usize, 0);
        for &mark in self.rest.as_bytes() {
            number |= usize::from(mark & (MORE - 1)) << (MARK_BITS * marks);
            marks += 1;
            if mark & MORE == 0 {
                break;
            }
        }
        // At the end there is no mark.
        let text = self.rest.get(marks as usize..).filter(|_| marks > 0)?;
        match number.checked_sub(1) {
            Some(bytes) => {
                let (segment, rest) = text.split_at_checked(bytes)?;
                self.rest = rest;
                Some(Some(segment))
            }
            None => {
                self.rest = text;
                Some(None)
            }
        }
    }
}

impl DeviceId {
    /// From segments as stored by format version 4. No segment at all is one empty segment, as Java reads it.
    ///
    /// ```
    /// use tsfile::model::DeviceId;
    ///
    /// let device = DeviceId::new([Some("weather"), None, Some("roof")]);
    /// assert_eq!(device.table(), "weather");
    /// assert_eq!((device.tag(0), device.tag(1)), (None, Some("roof")));
    /// ```
    pub fn new<S: AsRef<str>>(segments: impl IntoIterator<Item = Option<S>>) -> Self {
        let mut marked = String::with_capacity(USUAL_BYTES);
        push_device(&mut marked, segments);
        Self {
            start: 0,
            end: marked.len(),
            shared: marked.as_str().into(),
        }
    }

    /// Many devices, each from its segments, that share one allocation.
    pub(crate) fn many<'a, D: Iterator<Item = Option<&'a str>>>(
        devices: impl ExactSizeIterator<Item = D>,
    ) -> impl Iterator<Item = Self> {
        let mut marked = String::new();
        let mut ends = Vec::with_capacity(devices.len());
        for segments in devices {
            push_device(&mut marked, segments);
            ends.push(marked.len());
        }
        let shared: Arc<str> = marked.as_str().into();
        let mut start = 0;
        ends.into_iter().map(move |end| Self {
            shared: shared.clone(),
            start: std::mem::replace(&mut start, end),
            end,
        })
    }

    fn marked(&self) -> &str {
        self.shared.get(self.start..self.end).unwrap_or("")
    }

    /// From a dotted path as stored by format version 3, split as version 4 would.
    pub fn from_path(path: &str) -> Self {
        let nodes = split_path(path);
        let joined = match nodes.len() {
            0 | 1 => 1,
            2 | 3 => nodes.len() - 1,
            _ => 3,
        }
        .min(nodes.len());
        let (head, tail) = nodes.split_at(joined);
        let head = head.join(".");
        let tail = tail.iter().copied();
        Self::new(std::iter::once(head.as_str()).chain(tail).map(Some))
    }

    /// All segments; `None` is a null tag.
    pub fn segments(&self) -> Segments<'_> {
        Segments {
            rest: self.marked(),
        }
    }

    /// How many segments there are.
    pub fn segment_count(&self) -> usize {
        self.segments().count()
    }

    /// First segment: the table name in the table model. A null first segment reads as the empty string.
    pub fn table(&self) -> &str {
        self.segments().next().flatten().unwrap_or("")
    }

    /// The tag value at `index` (0 is the first tag); missing trailing tags are null.
    pub fn tag(&self, index: usize) -> Option<&str> {
        self.segments().skip(1).nth(index).flatten()
    }

    /// Java's rule: a device is of the tree model when its first segment is `root` or starts with `root.`.
    ///
    /// A two-node path `root.a` has the segments `root`, `a`; a table called `root` is not told apart from it.
    pub fn model(&self) -> Model {
        let first = self.table();
        if first == "root" || first.starts_with("root.") {
            Model::Tree
        } else {
            Model::Table
        }
    }

    /// Segments joined with dots, a null as the text `null`: the presented name of a tree device.
    pub fn path(&self) -> String {
        let mut out = String::new();
        self.write_path(&mut out);
        out
    }

    /// Appends [`DeviceId::path`] to `out`.
    pub fn write_path(&self, out: &mut String) {
        for (i, s) in self.segments().enumerate() {
            if i > 0 {
                out.push('.');
            }
            out.push_str(s.unwrap_or("null"));
        }
    }
}

impl PartialEq for DeviceId {
    fn eq(&self, other: &Self) -> bool {
        self.marked() == other.marked()
    }
}

impl Eq for DeviceId {}

impl Hash for DeviceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.marked().hash(state);
    }
}

impl Ord for DeviceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.segments().cmp(other.segments())
    }
}

impl PartialOrd for DeviceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceId")?;
        f.debug_list().entries(self.segments()).finish()
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.path())
    }
}

/// Splits a dotted path into its nodes; dots inside backquotes do not split, and the quotes stay.
pub fn split_path(path: &str) -> Vec<&str> {
    let mut nodes = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (i, b) in path.bytes().enumerate() {
        match b {
            b'`' => quoted = !quoted,
            b'.' if !quoted => {
                nodes.push(path.get(start..i).unwrap_or(""));
                start = i + 1;
            }
            _ => {}
        }
    }
    nodes.push(path.get(start..).unwrap_or(""));
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    #[test]
    fn paths_split_as_version_4_stores_them() {
        for (path, segments) in [
            ("root", &["root"][..]),
            ("root.a", &["root", "a"]),
            ("root.a.b", &["root.a", "b"]),
            ("root.a.b.c", &["root.a.b", "c"]),
            ("root.a.b.c.d", &["root.a.b", "c", "d"]),
            ("root.`a.b`.c", &["root.`a.b`", "c"]),
        ] {
            let id = DeviceId::from_path(path);
            let got: Vec<&str> = id.segments().map(Option::unwrap).collect();
            assert_eq!(got, segments);
            assert_eq!(id.path(), path);
            assert_eq!(id.model(), Model::Tree);
        }
    }

    #[test]
    fn trailing_nulls_do_not_count() {
        let id = DeviceId::new([Some("t1"), Some("b"), None]);
        assert_eq!(id, DeviceId::new([Some("t1"), Some("b")]));
        assert_eq!(id.tag(0), Some("b"));
        assert_eq!(id.tag(1), None);
        assert_eq!(id.model(), Model::Table);
    }
    /// Of up to three segments, each a null or one of these: empty, with characters as marks have them, of other widths, and so long that
    /// a mark takes two characters and three.
    fn plain() -> Vec<Vec<Option<String>>> {
        let long = |n: usize| "x".repeat(n);
        let texts = [
            "".to_string(),
            "\0".to_string(),
            "\u{1}a".to_string(),
            "a".to_string(),
            "ab".to_string(),
            "\u{7f}@é😀\u{ffff}".to_string(),
            long(62),
            long(63),
            long(64 * 64 - 1),
            format!("{}é", long(64 * 64)),
        ];
        let segments: Vec<Option<String>> = texts.into_iter().map(Some).chain([None]).collect();
        let mut out: Vec<Vec<Option<String>>> = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..3 {
            let to = out.len();
            for at in from..to {
                for segment in &segments {
                    let longer = out[at].iter().chain([segment]).cloned().collect();
                    out.push(longer);
                }
            }
            from = to;
        }
        out
    }

    /// What a device keeps of its segments.
    fn kept(mut segments: Vec<Option<String>>) -> Vec<Option<String>> {
        while segments.len() > 1 && segments.last() == Some(&None) {
            segments.pop();
        }
        if segments.is_empty() {
            segments.push(Some(String::new()));
        }
        segments
    }

    #[test]
    fn segments_come_back_as_they_were_given() {
        for segments in plain() {
            let id = DeviceId::new(segments.iter().map(Option::as_deref));
            let kept = kept(segments);
            let got: Vec<Option<String>> = id.segments().map(|s| s.map(String::from)).collect();
            assert_eq!(got, kept);
            assert_eq!(id.segment_count(), kept.len());
            assert_eq!(id.table(), kept[0].as_deref().unwrap_or(""));
            for tag in 0..4 {
                let expected = kept.get(tag + 1).and_then(Option::as_deref);
                assert_eq!(id.tag(tag), expected);
            }
            assert_eq!(format!("{id:?}"), format!("DeviceId{kept:?}"));
        }
    }

    #[test]
    fn devices_are_ordered_and_equal_as_lists_of_their_segments() {
        let hash = |id: &DeviceId| BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        let plain = plain();
        // Some of each kind: on its own, and with others.
        let own = plain.iter().map(|s| DeviceId::new(s.clone()));
        let many = plain.iter().map(|s| s.iter().map(Option::as_deref));
        let pairs = own.zip(DeviceId::many(many)).enumerate();
        let all: Vec<_> = pairs
            .map(|(i, (own, shared))| {
                assert_eq!(own, shared);
                if i % 2 == 0 { own } else { shared }
            })
            .zip(plain.iter().map(|s| kept(s.clone())))
            .collect();
        for (id, segments) in &all {
            for (other, others) in &all {
                assert_eq!(id.cmp(other), segments.cmp(others));
                assert_eq!(id == other, segments == others);
                assert!(id != other || hash(id) == hash(other));
            }
        }
    }
}
