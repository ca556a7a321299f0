//! In which order a file has its devices: Java compares names by UTF-16 code units, C++ by bytes; version 4 segment by segment, version 3 the
//! dotted path.

use crate::format::{DeviceEntries, FormatVersion};
use std::cmp::Ordering;

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextOrder {
    /// As Java does.
    Utf16,
    /// As C++ does.
    Bytes,
}

/// How devices are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeviceOrder {
    text: TextOrder,
    by_path: bool,
}

impl DeviceOrder {
    /// The orders that a file of `version` can be in.
    pub(super) fn all_of(version: FormatVersion) -> [Self; 2] {
        let by_path = version == FormatVersion::V3;
        [TextOrder::Bytes, TextOrder::Utf16].map(|text| Self { text, by_path })
    }

    /// Compares two devices by their segments: a null comes before any text, and the shorter device first where it is the beginning of the
    /// other.
    pub(super) fn compare<'a, 'b>(
        self,
        mut a: impl Iterator<Item = Option<&'a str>>,
        mut b: impl Iterator<Item = Option<&'b str>>,
    ) -> Ordering {
        if self.by_path {
            return self.text.compare(path_bytes(a), path_bytes(b));
        }
        loop {
            let order = match (a.next(), b.next()) {
                (Some(Some(a)), Some(Some(b))) => self.text.compare_segments(a, b),
                (Some(a), Some(b)) => a.is_some().cmp(&b.is_some()),
                (a, b) => return a.is_some().cmp(&b.is_some()),
            };
            if order.is_ne() {
                return order;
            }
        }
    }

    /// Whether devices ascend; equal ones may follow each other: two spellings of a device.
    pub(super) fn is_kept_by(self, entries: &DeviceEntries) -> bool {
        let mut pairs = entries.iter().zip(entries.iter().skip(1));
        pairs.all(|((a, _), (b, _))| {
            let order = match a.in_one(b) {
                Some((a, b)) => self.text.compare_segments(a, b),
                None => self.compare(a.segments(), b.segments()),
            };
            order.is_le()
        })
    }
}

impl TextOrder {
    fn compare_segments(self, a: &str, b: &str) -> Ordering {
        // Mostly the same table, and in one comparison.
        if a == b {
            return Ordering::Equal;
        }
        match self {
            Self::Bytes => a.cmp(b),
            Self::Utf16 => self.compare(a.bytes(), b.bytes()),
        }
    }

    /// Compares two texts in UTF-8. In UTF-16 the characters above U+FFFF are pairs of units below U+E000: they come before the characters from
    /// there on, whose first byte is EE or EF.
    fn compare(self, a: impl Iterator<Item = u8>, b: impl Iterator<Item = u8>) -> Ordering {
        let weight = |b: u8| match self {
            Self::Utf16 if b == 0xee || b == 0xef => b + 0x10,
            _ => b,
        };
        a.map(weight).cmp(b.map(weight))
    }
}

/// The path of a device, without putting it together.
fn path_bytes<'a>(segments: impl Iterator<Item = Option<&'a str>>) -> impl Iterator<Item = u8> {
    segments.enumerate().flat_map(|(i, segment)| {
        let dot: &[u8] = if i == 0 { b"" } else { b"." };
        let text = segment.unwrap_or("null");
        dot.iter().copied().chain(text.bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DeviceId;

    #[test]
    fn utf16_order_is_that_of_code_units() {
        let texts = [
            "",
            "a",
            "a.b",
            "ab",
            "é",
            "中",
            "\u{d7ff}",
            "\u{e000}",
            "\u{fffd}x",
            "\u{ffff}",
            "\u{10000}",
            "a\u{10ffff}",
            "a\u{e000}",
            "😀",
            "😀\u{f8ff}",
            "😁",
        ];
        for a in texts {
            for b in texts {
                let units = a.encode_utf16().cmp(b.encode_utf16());
                let compare = |order: TextOrder| order.compare(a.bytes(), b.bytes());
                assert_eq!(compare(TextOrder::Utf16), units, "{a:?} {b:?}");
                assert_eq!(compare(TextOrder::Bytes), a.cmp(b), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn versions_compare_segments_or_paths() {
        let device = |parts: &[Option<&str>]| DeviceId::new(parts.iter().copied());
        let inner = device(&[Some("root.a"), Some("x")]);
        let dashed = device(&[Some("root.a-b"), Some("x")]);
        let null = device(&[Some("root.a"), None, Some("y")]);
        let compare = |a: &DeviceId, b: &DeviceId, version| {
            DeviceOrder::all_of(version)[0].compare(a.segments(), b.segments())
        };
        assert_eq!(compare(&inner, &dashed, FormatVersion::V4), Ordering::Less);
        assert_eq!(
            compare(&inner, &dashed, FormatVersion::V3),
            Ordering::Greater
        );
        assert_eq!(compare(&null, &inner, FormatVersion::V4), Ordering::Less);
        let shorter = device(&[Some("root.a")]);
        assert_eq!(compare(&shorter, &null, FormatVersion::V4), Ordering::Less);
    }

    #[test]
    fn neighbours_are_compared_as_devices_are() {
        let texts = [
            None,
            Some(""),
            Some("a"),
            Some("b"),
            Some("ab"),
            Some("😀"),
            Some("\u{ffff}x"),
        ];
        let mut devices = Vec::new();
        for a in texts {
            devices.push(DeviceId::new([a]));
            for b in texts {
                devices.push(DeviceId::new([a, b]));
                devices.extend(texts.map(|c| DeviceId::new([a, b, c])));
            }
        }
        let versions = [FormatVersion::V3, FormatVersion::V4];
        let orders: Vec<DeviceOrder> = versions.into_iter().flat_map(DeviceOrder::all_of).collect();
        let (mut kept, mut together) = (0, 0);
        for a in &devices {
            for b in devices.iter().step_by(3) {
                let entries: DeviceEntries = [(a.clone(), 1), (b.clone(), 2)].into_iter().collect();
                for order in &orders {
                    let is_le = order.compare(a.segments(), b.segments()).is_le();
                    assert_eq!(order.is_kept_by(&entries), is_le, "{order:?} {a} {b}");
                    kept += usize::from(is_le);
                }
                let pair = entries.get(0).zip(entries.get(1));
                together += usize::from(pair.and_then(|(a, b)| a.0.in_one(b.0)).is_some());
            }
        }
        assert!(kept > 10_000 && together > 1_000, "{kept} {together}");
    }
}
