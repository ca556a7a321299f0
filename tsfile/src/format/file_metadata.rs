//! What lies before the footer: index roots, table schemas, bloom filter, properties.
//!
//! ```text
//! version 4   uvarint   number of tables
//!                       varstr name, device node (see metadata_index.rs), each
//!             uvarint   number of schemas
//!                       see table_schema.rs, each
//!             i64       offset of the separator
//!             filter    see bloom_filter.rs
//!             svarint   number of properties (zigzag, unlike all other counts)
//!                       varstr key, svarint length (-1 is null), bytes, each
//! version 3   device node, i64 offset of the separator, filter
//! ```
//!
//! In the tree model the "tables" of the index are the first segments of its devices. Files exist without the
//! properties, and with bytes after them; both are read.

use super::bloom_filter::parse_filter_sizes;
use super::metadata_index::MIN_NODE_BYTES;
use super::table_schema::{MIN_SCHEMA_BYTES, parse_known};
use super::{
    BloomFilter, DeviceNode, FormatVersion, parse_offset, serialize_offset, serialize_table_schema,
};
use crate::Result;
use crate::model::TableSchema;
use crate::wire::{ByteReader, ByteWriter};

const SECTION: &str = "file metadata";
const MIN_TABLE_BYTES: usize = size_of::<u8>() + MIN_NODE_BYTES;
/// A key and a value of no bytes.
const MIN_PROPERTY_BYTES: usize = 2 * size_of::<u8>();
const ENCRYPTION_LEVEL: &str = "encryptLevel";
/// The property, with the value `true`, of files of this crate's writer that give every value back bit for bit: statistics of floats say what a
/// reader will see, which those of TS_2DIFF, RLE and CAMEL do not otherwise.
pub const LOSSLESS_PROPERTY: &str = "tsfile.lossless";

/// What a file says about itself as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct FileMetadata {
    /// Index roots by table name; in version 3 one, named "".
    pub tables: Vec<(String, DeviceNode)>,
    /// Schemas of tables; files of the tree model normally have none, and version 3 never has.
    pub schemas: Vec<TableSchema>,
    /// Tables whose schema has a code that is unknown here, and which: they cannot be read, the others can. Not written.
    pub unknown_schemas: Vec<(String, String)>,
    /// Offset of the separator from the start of the file: data lie before it, metadata behind.
    pub meta_offset: u64,
    /// `None` when the file has none, or when it was left out.
    pub bloom_filter: Option<BloomFilter>,
    /// In the order of the file; `None` is a null value.
    pub properties: Vec<(String, Option<Vec<u8>>)>,
}

impl FileMetadata {
    /// Reads `bytes`, all that the footer's size covers.
    ///
    /// # Errors
    /// Corrupt when the bytes contradict the format.
    pub fn parse(bytes: &[u8], version: FormatVersion) -> Result<Self> {
        let mut reader = ByteReader::new(bytes, SECTION);
        match version {
            FormatVersion::V3 => Self::parse_v3(&mut reader),
            FormatVersion::V4 => Self::parse_v4(&mut reader),
        }
    }

    fn parse_v3(reader: &mut ByteReader<'_>) -> Result<Self> {
        let root = DeviceNode::parse(reader, FormatVersion::V3)?;
        reader.set_section(SECTION);
        Ok(Self {
            tables: vec![(String::new(), root)],
            schemas: Vec::new(),
            unknown_schemas: Vec::new(),
            meta_offset: parse_offset(reader)?,
            bloom_filter: parse_filter(reader, FormatVersion::V3)?,
            properties: Vec::new(),
        })
    }

    /// Reads version 4 from two pieces, without the bloom filter between them, which can be most of it: `front` begins with the metadata and
    /// reaches beyond the length of the filter; `behind` gives what follows the bits of the filter at an offset from the same start.
    ///
    /// Filters are left out, and `None` is given where a piece is not at hand or makes no sense: all of it in one piece then tells more.
    pub fn parse_around_filter<'b>(
        front: &[u8],
        behind: impl FnOnce(usize) -> Option<&'b [u8]>,
    ) -> Option<Self> {
        let mut reader = ByteReader::new(front, SECTION);
        let metadata = Self::parse_front(&mut reader).ok()?;
        let filter_bytes = reader.length().ok()?;
        let mut reader = ByteReader::new(
            behind(reader.position().checked_add(filter_bytes)?)?,
            SECTION,
        );
        if filter_bytes > 0 {
            parse_filter_sizes(&mut reader).ok()?;
        }
        Some(Self {
            properties: parse_properties(&mut reader).ok()?,
            ..metadata
        })
    }

    fn parse_v4(reader: &mut ByteReader<'_>) -> Result<Self> {
        let metadata = Self::parse_front(reader)?;
        Ok(Self {
            bloom_filter: parse_filter(reader, FormatVersion::V4)?,
            properties: parse_properties(reader)?,
            ..metadata
        })
    }

    /// Version 4 up to the bloom filter.
    fn parse_front(reader: &mut ByteReader<'_>) -> Result<Self> {
        let mut tables = Vec::new();
        for _ in 0..reader.count(MIN_TABLE_BYTES)? {
            reader.set_section(SECTION);
            // The table of a device whose first segment is null.
            let name = reader.varstr()?.unwrap_or_default().to_owned();
            tables.push((name, DeviceNode::parse(reader, FormatVersion::V4)?));
        }
        reader.set_section(SECTION);
        let mut schemas = Vec::new();
        let mut unknown_schemas = Vec::new();
        for _ in 0..reader.count(MIN_SCHEMA_BYTES)? {
            match parse_known(reader)? {
                (_, Ok(schema)) => schemas.push(schema),
                (table, Err(why)) => unknown_schemas.push((table, why.to_string())),
            }
        }
        reader.set_section(SECTION);
        Ok(Self {
            tables,
            schemas,
            unknown_schemas,
            meta_offset: parse_offset(reader)?,
            bloom_filter: None,
            properties: Vec::new(),
        })
    }

    /// Writes the metadata; version 3 keeps the first table only, and neither schemas nor properties.
    pub fn serialize(&self, w: &mut ByteWriter, version: FormatVersion) {
        match version {
            FormatVersion::V3 => match self.tables.first() {
                Some((_, root)) => root.serialize(w, version),
                None => DeviceNode {
                    entries: super::DeviceEntries::default(),
                    end: self.meta_offset,
                    kind: super::NodeKind::LeafDevice,
                }
                .serialize(w, version),
            },
            FormatVersion::V4 => {
                w.uvarint(self.tables.len() as u64);
                for (name, root) in &self.tables {
                    w.varstr(Some(name));
                    root.serialize(w, version);
                }
                w.uvarint(self.schemas.len() as u64);
                for schema in &self.schemas {
                    serialize_table_schema(w, schema);
                }
            }
        }
        serialize_offset(w, self.meta_offset);
        BloomFilter::serialize(self.bloom_filter.as_ref(), w, version);
        if version == FormatVersion::V3 {
            return;
        }
        w.svarint(self.properties.len() as i64);
        for (key, value) in &self.properties {
            w.varstr(Some(key));
            match value {
                Some(value) => w.svarint(value.len() as i64).bytes(value),
                None => w.svarint(-1),
            };
        }
    }

    /// Value of a property; `None` when it is missing or null.
    pub fn property(&self, key: &str) -> Option<&[u8]> {
        self.properties
            .iter()
            .find(|(k, _)| k == key)
            .and_then(|(_, value)| value.as_deref())
    }

    /// Level of encryption of the page bodies: `None` when there is none, "1" or "2" in known files.
    pub fn encryption_level(&self) -> Option<String> {
        self.property(ENCRYPTION_LEVEL)
            .filter(|level| *level != b"0")
            .map(|level| String::from_utf8_lossy(level).into_owned())
    }
}

fn parse_filter(
    reader: &mut ByteReader<'_>,
    version: FormatVersion,
) -> Result<Option<BloomFilter>> {
    if reader.is_empty() {
        return Ok(None);
    }
    BloomFilter::parse(reader, version)
}

fn parse_properties(reader: &mut ByteReader<'_>) -> Result<Vec<(String, Option<Vec<u8>>)>> {
    reader.set_section(SECTION);
    let mut properties = Vec::new();
    if reader.is_empty() {
        return Ok(properties);
    }
    let at = reader.position();
    let count = reader.svarint()?;
    let fits = reader.remaining() / MIN_PROPERTY_BYTES;
    let count = usize::try_from(count)
        .ok()
        .filter(|n| *n <= fits)
        .ok_or_else(|| {
            reader
                .error_at(at, "the file cannot have that many properties")
                .expected(format!("0 to {fits}"))
                .got(count)
        })?;
    for _ in 0..count {
        let key = reader.varstr()?.unwrap_or_default().to_owned();
        properties.push((key, reader.varbytes()?.map(<[u8]>::to_vec)));
    }
    Ok(properties)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::format::NodeKind;
    use crate::format::testing::hex;
    use crate::model::DeviceId;

    fn parse_v4(bytes: &[u8]) -> Result<FileMetadata> {
        FileMetadata::parse(bytes, FormatVersion::V4)
    }

    fn serialized(metadata: &FileMetadata, version: FormatVersion) -> Vec<u8> {
        let mut w = ByteWriter::new();
        metadata.serialize(&mut w, version);
        w.into_bytes()
    }

    fn none_panics(bytes: &[u8], version: FormatVersion) {
        for i in 0..bytes.len() {
            for b in [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff] {
                let mut copy = bytes.to_vec();
                copy[i] = b;
                let _ = FileMetadata::parse(&copy, version);
            }
        }
    }

    /// One device, one table schema, a filter; the properties are apart.
    fn body_v4() -> Vec<u8> {
        hex(&[
            "01",                // tables
            "04 7431",           // name
            "01",                // entries
            "02 04 7431 02 78",  // device [t1, x]
            "0000000000000083",  // its offset
            "0000000000000098",  // end
            "01",                // LEAF_DEVICE
            "01",                // schemas
            "04 7431 01",        // name, columns
            "00000001 66",       // name
            "03 00 01 00000000", // FLOAT, PLAIN, SNAPPY, no properties
            "00000001",          // FIELD
            "000000000000004b",  // separator
            "01 40 80 02 05",    // filter
        ])
    }

    fn properties_v4() -> Vec<u8> {
        hex(&[
            "06",                               // three, zigzag
            "14 656e63727970744b6579 01",       // encryptKey, null
            "18 656e63727970744c6576656c 0230", // encryptLevel, "0"
            "02 78 06 00ff80",                  // x, three bytes
        ])
    }

    #[test]
    fn version_4_by_hand() {
        let bytes = [body_v4(), properties_v4()].concat();
        let metadata = parse_v4(&bytes).unwrap();
        assert_eq!(metadata.tables.len(), 1);
        let (name, root) = &metadata.tables[0];
        assert_eq!(name, "t1");
        let device = DeviceId::new(["t1", "x"].map(Some));
        assert_eq!(root.entries, [(device, 0x83)].into_iter().collect());
        assert_eq!((root.end, root.kind), (0x98, NodeKind::LeafDevice));
        assert_eq!(metadata.schemas.len(), 1);
        assert_eq!(metadata.schemas[0].columns[0].measurement.name, "f");
        assert_eq!(metadata.meta_offset, 0x4b);
        assert_eq!(
            metadata.bloom_filter,
            Some(BloomFilter {
                bytes: vec![0x40],
                bits: 256,
                hashes: 5
            })
        );
        assert_eq!(metadata.properties.len(), 3);
        assert_eq!(metadata.property("encryptKey"), None);
        assert_eq!(metadata.property("missing"), None);
        assert_eq!(metadata.property("x"), Some(&[0x00, 0xff, 0x80][..]));
        assert_eq!(metadata.encryption_level(), None);
        assert_eq!(serialized(&metadata, FormatVersion::V4), bytes);
        none_panics(&bytes, FormatVersion::V4);
    }

    #[test]
    fn only_the_filter_and_the_properties_can_be_missing() {
        let bytes = [body_v4(), properties_v4()].concat();
        let whole = body_v4().len();
        let filter = hex(&["01 40 80 02 05"]).len();
        for n in 0..bytes.len() {
            let parsed = parse_v4(&bytes[..n]);
            assert_eq!(
                parsed.is_ok(),
                [whole - filter, whole].contains(&n),
                "{n} bytes"
            );
        }
        assert!(parse_v4(&body_v4()).unwrap().properties.is_empty());
    }

    #[test]
    fn empty_file_of_cpp_by_hand() {
        let bytes = hex(&[
            "00 00",            // no tables, no schemas
            "0000000000000018", // separator
            "00",               // no filter
            "02",               // one property
            "18 656e63727970744c6576656c 0232",
        ]);
        let metadata = parse_v4(&bytes).unwrap();
        assert!(metadata.tables.is_empty() && metadata.schemas.is_empty());
        assert_eq!(metadata.bloom_filter, None);
        assert_eq!(metadata.encryption_level().as_deref(), Some("2"));
        assert_eq!(serialized(&metadata, FormatVersion::V4), bytes);
    }

    #[test]
    fn stray_bytes_behind_the_properties_are_ignored() {
        // Java before 2.0.0 wrote "no filter" as four bytes: no filter, no properties, two more.
        let bytes = hex(&["00 00", "0000000000000018", "00000000"]);
        let metadata = parse_v4(&bytes).unwrap();
        assert_eq!((metadata.bloom_filter, metadata.properties), (None, vec![]));
    }

    #[test]
    fn impossible_counts_are_corrupt() {
        for bytes in [
            hex(&["ff ff ff ff 07", "00"]),
            hex(&["00 7f", "0000000000000018"]),
            // One property announced as -1 (zigzag).
            hex(&["00 00", "0000000000000018", "00", "01"]),
            hex(&["00 00", "0000000000000018", "00", "fe ff ff ff 0f"]),
            // The separator at -1.
            hex(&["00 00", "ffffffffffffffff", "00", "00"]),
        ] {
            assert_eq!(parse_v4(&bytes).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn empty_file_of_version_3_by_hand() {
        let bytes = hex(&[
            "00 0000000000000008 01", // root
            "0000000000000007",       // separator
            "00 80 02 05",            // filter of no bytes
        ]);
        let metadata = FileMetadata::parse(&bytes, FormatVersion::V3).unwrap();
        assert_eq!(metadata.tables.len(), 1);
        assert_eq!(metadata.tables[0].0, "");
        assert_eq!(metadata.tables[0].1.end, 8);
        assert_eq!(metadata.meta_offset, 7);
        assert_eq!(metadata.bloom_filter, None);
        assert_eq!(serialized(&metadata, FormatVersion::V3), bytes);
        let without_filter = &bytes[..bytes.len() - 4];
        assert_eq!(
            FileMetadata::parse(without_filter, FormatVersion::V3).unwrap(),
            metadata
        );
        for n in 0..without_filter.len() {
            assert!(FileMetadata::parse(&bytes[..n], FormatVersion::V3).is_err());
        }
        none_panics(&bytes, FormatVersion::V3);
    }
}
