//! Many small ranges, few large reads.

use super::{ReadAt, check_range};
use crate::Result;
use std::ops::Range;

/// Ranges that are closer than this are fetched together: skipping is dearer than reading.
const MAX_GAP_BYTES: u64 = 32 * 1024;
/// One read is not grown beyond this by joining ranges.
const MAX_READ_BYTES: u64 = 8 * 1024 * 1024;

/// Reads `ranges` in as few reads as the constants above allow; results are in the order asked for.
pub(super) fn read_ranges<S: ReadAt + ?Sized>(
    source: &S,
    ranges: &[Range<u64>],
) -> Result<Vec<Vec<u8>>> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|&i| ranges.get(i).map_or(0, |r| r.start));
    let mut out: Vec<Vec<u8>> = vec![Vec::new(); ranges.len()];
    let mut buffer = Vec::new();
    let mut next = 0;
    while let Some(first) = order.get(next).and_then(|&i| ranges.get(i)) {
        let (start, mut end, mut last) = (first.start, first.end, next + 1);
        while let Some(r) = order.get(last).and_then(|&i| ranges.get(i)) {
            let joined = end.max(r.end);
            if r.start > end.saturating_add(MAX_GAP_BYTES)
                || joined.saturating_sub(start) > MAX_READ_BYTES
            {
                break;
            }
            end = joined;
            last += 1;
        }
        let len = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        check_range(source.size_bytes(), start, len)?;
        buffer.resize(len, 0);
        source.read_at(start, &mut buffer)?;
        for &i in order.get(next..last).unwrap_or(&[]) {
            let (Some(r), Some(slot)) = (ranges.get(i), out.get_mut(i)) else {
                continue;
            };
            let from = usize::try_from(r.start - start).unwrap_or(usize::MAX);
            let to = usize::try_from(r.end.saturating_sub(start)).unwrap_or(usize::MAX);
            slot.extend_from_slice(buffer.get(from..to).unwrap_or(&[]));
        }
        next = last;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use crate::io::{CountingSource, MemorySource, ReadAt};

    #[test]
    fn near_ranges_are_one_read_and_come_back_in_order() {
        let bytes: Vec<u8> = (0..=255u8).cycle().take(200_000).collect();
        let source = CountingSource::new(MemorySource::new(bytes.clone()));
        let got = source
            .read_ranges(&[150_000..150_010, 10..20, 30..35])
            .unwrap();
        assert_eq!(got[0], bytes[150_000..150_010]);
        assert_eq!(got[1], bytes[10..20]);
        assert_eq!(got[2], bytes[30..35]);
        assert_eq!(source.counts().reads, 2);
        assert!(source.read_ranges(&[0..1, 199_999..200_001]).is_err());
    }
}
