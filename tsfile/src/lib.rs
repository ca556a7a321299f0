//! Native reader and writer for Apache TsFile, the columnar time series format of Apache IoTDB: Arrow record batches out of any `.tsfile`, and into
//! files that IoTDB, Java and C++ read.
//!
//! # Read
//!
//! ```
//! use arrow_array::{cast::AsArray, types::Int32Type};
//!
//! # fn main() -> tsfile::Result<()> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
//! let scan = tsfile::open(path)?          // open_many for several files
//!     .narrow()                           // or wide(), table("weather"); none of them: what suits the file
//!     .select(["s1"])                     // all columns without it
//!     .time_range(1_000, 1_001)           // both ends included, in the file's own unit
//!     .scan()?;
//! let mut values = Vec::new();
//! for batch in scan {
//!     let batch = batch?;                 // an arrow RecordBatch: time, device_name, s1
//!     values.extend(batch.column(2).as_primitive::<Int32Type>().iter().flatten());
//! }
//! assert_eq!(values, [10, -1]);
//! # Ok(())
//! # }
//! ```
//!
//! A [`scan::Scan`] is an iterator of batches of about 4 MiB and needs memory for a few of them, whatever the size of the file. The memory
//! of a batch that was dropped serves the next one. All options of a scan are in [`scan::ScanRequest`], all options of opening in
//! [`ReadOptions`].
//!
//! [`TsFileReader`] answers from metadata alone: tables, devices, timeseries and their statistics, chunk and page headers.
//!
//! ```
//! use tsfile::{ReadOptions, TsFileReader};
//!
//! # fn main() -> tsfile::Result<()> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden/cpp-2.5.0/tree_minimal.tsfile");
//! let reader = TsFileReader::open(path, ReadOptions::default())?;
//! for device in reader.index()?.devices() {
//!     for k in 0..device.series_count() {
//!         let series = device.timeseries(k)?;
//!         assert_eq!((device.id().path().as_str(), series.measurement.as_str()), ("root.sg.d1", "s1"));
//!         assert_eq!(series.statistics.time_range(), Some((1_000, 1_002)));
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`scan::summarize`] says what the points of a file amount to (count, times, first, last, minimum, maximum, sum), and decodes no page where
//! statistics are sure to be right. [`scan::ScanPlan::answers`] decodes none at all: it answers exactly, or says why it does not.
//!
//! # Write
//!
//! ```
//! use arrow_array::record_batch;
//! use tsfile::{TsFileWriter, WriteOptions};
//!
//! # let path = std::env::temp_dir().join(format!("tsfile-lib-{}.tsfile", std::process::id()));
//! let batch = record_batch!(
//!     ("time", Int64, [1, 2, 1]),
//!     ("city", Utf8, ["Oslo", "Oslo", "Rome"]),
//!     ("temperature", Float64, [-3.5, -3.25, 11.0])
//! )?;
//! let options = WriteOptions::default().with_table("weather").with_tags(["city"]);
//! let mut writer = TsFileWriter::create(&path, batch.schema(), options)?;
//! writer.write(&batch)?;
//! let summary = writer.finish()?;         // only now is there a file of that name, complete and on disk
//! assert_eq!((summary.devices, summary.rows), (2, 3));
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Encodings are chosen by the data and lose nothing; see [`mod@write`]. [`scan::pieces`] hands out whole files as a writer takes them.
//!
//! # The file
//!
//! ```text
//! byte 0    54 73 46 69 6c 65            magic "TsFile"
//!      6    04                           format version: 4, or 3
//!      7  +-------------------------------------------------------------+
//!         | chunk group: all that one device got in one flush           |
//!         |   00  device                                                |
//!         |   +-------------------------------------------------------+ |
//!         |   | chunk: one measurement                                | |
//!         |   |   05  name, bytes, type, compression, encoding        | |
//!         |   |   page: sizes, (statistics), times and values         | |
//!         |   |   page ...                                            | |
//!         |   +-------------------------------------------------------+ |
//!         |   chunk ...                                                 |
//!         | chunk group ...                                             |
//!         +-------------------------------------------------------------+
//!           02                           separator; the data ends here
//!         +-------------------------------------------------------------+
//!         | metadata section                                            |
//!         |   timeseries metadata: per device, per measurement          |
//!         |     type, statistics, offsets of its chunks                 |
//!         |   index nodes: measurements of a device, devices            |
//!         +-------------------------------------------------------------+
//!         | file metadata                                               |
//!         |   index roots, table schemas, offset of the separator,      |
//!         |   bloom filter, properties                                  |
//!         +-------------------------------------------------------------+
//! end-10    00 00 00 9c                  bytes of the file metadata
//! end-6     54 73 46 69 6c 65            magic "TsFile"
//! ```
//!
//! The smallest file with data, byte by byte (`testdata/golden/cpp-2.5.0/tree_minimal.tsfile`: one series `root.sg.d1.s1`, three points):
//!
//! ```text
//! 000  54 73 46 69 6c 65 04                      magic, version 4
//! 007  00 02 0e "root.sg" 04 "d1"                chunk group of the device with two segments, root.sg and d1
//! 014  05 04 "s1" 1e 01 00 00                    chunk of one page: s1, 30 bytes, INT32, UNCOMPRESSED, PLAIN
//! 01c  1c 1c                                     page: 28 bytes, 28 of them stored
//! 01e  18                                        24 bytes of times
//! 01f  00000002 00000000                         TS_2DIFF: 2 differences of 0 bits ...
//! 027  0000000000000001 00000000000003e8         ... above 1, from 1000 on: 1000, 1001, 1002
//! 037  14 01 17                                  10, -1, -12 as zigzag varints
//! 03a  04 00..00                                 plan index range (16 bytes of zeros, only C++ writes it)
//! 04b  02                                        separator
//! 04c  00 04 "s1" 01 08                          timeseries metadata: one chunk, s1, INT32, 8 bytes of chunk list
//! 052  03 00000000000003e8 00000000000003ea      3 points from 1000 to 1002
//! 063  fffffff4 0000000a 0000000a fffffff4 ..    min -12, max 10, first 10, last -12, sum -3 in 8 bytes
//! 07b  0000000000000014                          the chunk is at 0x14
//! 083  01 04 "s1" 0..04c 0..083 03               leaf node of measurements: s1 at 0x4c, up to 0x83
//! 098  01 0e "root.sg"                           file metadata: one table, which here is the head of the path
//! 0a1  01 02 0e "root.sg" 04 "d1" 0..083 0..098 01   leaf node of devices: root.sg.d1 at 0x83
//! 0bf  00                                        no table schemas
//! 0c0  000000000000004b                          the separator is at 0x4b
//! 0c8  1a .. 80 02 05                            bloom filter: 26 bytes, 256 bits, 5 hashes
//! 0e6  06 ..                                     three properties, about encryption: none
//! 134  0000009c                                  156 bytes of file metadata
//! 138  54 73 46 69 6c 65                         magic
//! ```
//!
//! Numbers are big-endian, lengths mostly variable-length; docs/format.md has every structure, and each file in [`mod@format`] and [`encoding`] draws its own.
//!
//! # Layers
//!
//! [`wire`] and [`model`] are at the bottom; on them [`mod@format`], [`encoding`], [`compress`] and [`io`]; then [`arrow`], [`read`] and [`mod@write`], [`form`] and
//! [`infer`] and, at the top, [`scan`]. Imports point down only. docs/architecture.md walks through a scan.

mod error;

pub mod arrow;
pub mod compress;
pub mod encoding;
pub mod filter;
pub mod form;
pub mod format;
pub mod infer;
pub mod io;
pub mod model;
pub mod read;
pub mod scan;
pub mod wire;
pub mod write;

pub use error::{Error, ErrorKind, Result};
pub use read::{ReadOptions, TsFileReader};
pub use scan::{open, open_many};
pub use write::{TsFileWriter, WriteOptions, WriteSummary};
