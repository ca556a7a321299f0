//! Who measures: an ordered list of segments (format.md, "Device ids and names").

use std::fmt;
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
/// Trailing null segments are removed on construction, so that the same device compares equal whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId {
    /// Shared: who asks for a device gets one of its own.
    segments: Arc<[Option<String>]>,
}

impl DeviceId {
    /// From segments as stored by format version 4. No segment at all is one empty segment, as Java reads it.
    pub fn new(mut segments: Vec<Option<String>>) -> Self {
        while segments.len() > 1 && segments.last().is_some_and(Option::is_none) {
            segments.pop();
        }
        if segments.is_empty() {
            segments.push(Some(String::new()));
        }
        Self {
            segments: segments.into(),
        }
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
        let mut segments = vec![Some(head.join("."))];
        segments.extend(tail.iter().map(|n| Some((*n).to_string())));
        Self::new(segments)
    }

    /// All segments; `None` is a null tag.
    pub fn segments(&self) -> &[Option<String>] {
        &self.segments
    }

    /// First segment: the table name in the table model. A null first segment reads as the empty string.
    pub fn table(&self) -> &str {
        self.segments
            .first()
            .and_then(|s| s.as_deref())
            .unwrap_or("")
    }

    /// The tag value at `index` (0 is the first tag); missing trailing tags are null.
    pub fn tag(&self, index: usize) -> Option<&str> {
        self.segments.get(index + 1).and_then(|s| s.as_deref())
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
        for (i, s) in self.segments.iter().enumerate() {
            if i > 0 {
                out.push('.');
            }
            out.push_str(s.as_deref().unwrap_or("null"));
        }
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
            let got: Vec<&str> = id
                .segments()
                .iter()
                .map(|s| s.as_deref().unwrap())
                .collect();
            assert_eq!(got, segments);
            assert_eq!(id.path(), path);
            assert_eq!(id.model(), Model::Tree);
        }
    }

    #[test]
    fn trailing_nulls_do_not_count() {
        let id = DeviceId::new(vec![Some("t1".into()), Some("b".into()), None]);
        assert_eq!(id, DeviceId::new(vec![Some("t1".into()), Some("b".into())]));
        assert_eq!(id.tag(0), Some("b"));
        assert_eq!(id.tag(1), None);
        assert_eq!(id.model(), Model::Table);
    }
}
