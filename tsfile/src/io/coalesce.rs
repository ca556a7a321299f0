//! Many small ranges, few large reads.

use super::{ReadAt, check_range, read_into};
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
    let max_gap = source.request_bytes().min(MAX_GAP_BYTES);
    let mut buffer = Vec::new();
    let mut next = 0;
    while let Some(first) = order.get(next).and_then(|&i| ranges.get(i)) {
        let (start, mut end, mut last) = (first.start, first.end, next + 1);
        while let Some(r) = order.get(last).and_then(|&i| ranges.get(i)) {
            let joined = end.max(r.end);
            if r.start > end.saturating_add(max_gap)
                || joined.saturating_sub(start) > MAX_READ_BYTES
            {
                break;
            }
            end = joined;
            last += 1;
        }
        let len = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        check_range(source.size_bytes(), start, len)?;
        if let &[only] = order.get(next..last).unwrap_or(&[]) {
            if let Some(slot) = out.get_mut(only) {
                read_into(source, start, len, slot)?;
            }
            next = last;
            continue;
        }
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

/// Ascending ranges that do not overlap, are more than `max_gap` apart and hold all of `ranges`.
pub(crate) fn joined(mut ranges: Vec<Range<u64>>, max_gap: u64) -> Vec<Range<u64>> {
    ranges.retain(|r| !r.is_empty());
    ranges.sort_unstable_by_key(|r| (r.start, r.end));
    let mut out: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(max_gap) => {
                last.end = last.end.max(range.end);
            }
            _ => out.push(range),
        }
    }
    out
}

/// Makes at most `most` of ascending `ranges` that do not overlap, by closing the smallest gaps; those above `max_gap` stay.
pub(crate) fn fewer(mut ranges: Vec<Range<u64>>, most: usize, max_gap: u64) -> Vec<Range<u64>> {
    while ranges.len() > most {
        let next = ranges.iter().skip(1);
        let gaps = ranges
            .iter()
            .zip(next)
            .map(|(a, b)| b.start.saturating_sub(a.end));
        let Some((at, _)) = gaps
            .enumerate()
            .filter(|g| g.1 <= max_gap)
            .min_by_key(|g| g.1)
        else {
            break;
        };
        let end = ranges.remove(at + 1).end;
        if let Some(range) = ranges.get_mut(at) {
            range.end = end;
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::{fewer, joined};
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

    #[test]
    fn ranges_are_joined_over_small_gaps_and_then_over_the_smallest() {
        let ranges = joined(
            vec![50..60, 0..10, 5..8, 70..70, 12..20, 100..110, 61..62],
            2,
        );
        assert_eq!(ranges, [0..20, 50..62, 100..110]);
        assert_eq!(fewer(ranges.clone(), 3, 100), ranges);
        assert_eq!(fewer(ranges.clone(), 2, 100), [0..62, 100..110]);
        assert_eq!(fewer(ranges.clone(), 1, 35), [0..62, 100..110]);
        assert_eq!(fewer(ranges, 1, 100).len(), 1);
    }
}
