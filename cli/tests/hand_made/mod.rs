//! Files with values that no writer writes.

pub const TEXT: u8 = 5;
pub const DATE: u8 = 9;

/// A version 3 file without a footer: one chunk group of `root.d`, one chunk for each series, one point in each, at
/// time 7.
pub fn hand_made(series: &[(&str, u8, &[u8])]) -> Vec<u8> {
    let string = |out: &mut Vec<u8>, text: &str| {
        out.push(u8::try_from(text.len() * 2).unwrap()); // zigzag varint
        out.extend(text.as_bytes());
    };
    let mut out = b"TsFile\x03".to_vec();
    out.push(0x00); // chunk group header
    string(&mut out, "root.d");
    for (name, data_type, value) in series {
        let mut page = vec![24]; // bytes of the times
        page.extend([0; 4 + 4 + 8]); // TS_2DIFF: no more values, of width 0, on top of 0
        page.extend(7i64.to_be_bytes());
        page.extend(*value);
        let bytes = u8::try_from(page.len()).unwrap();
        out.push(0x05); // chunk of one page
        string(&mut out, name);
        out.extend([bytes + 2, *data_type, 0, 0]); // UNCOMPRESSED, PLAIN
        out.extend([bytes, bytes]);
        out.extend(page);
    }
    out.push(0x02); // separator
    out
}
