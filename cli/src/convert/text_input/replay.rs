//! A reader that can go back to the second line of a record: a quote that is never closed swallows good lines.

use std::io::{self, BufRead};

pub(super) struct Replay<R> {
    reader: R,
    /// Bytes that are to be read once more, from `again_at` on.
    again: Vec<u8>,
    again_at: usize,
    /// What the record was made of, when that is kept.
    kept: Vec<u8>,
    keep: bool,
}

impl<R: BufRead> Replay<R> {
    pub(super) fn new(reader: R, keep: bool) -> Self {
        Self {
            reader,
            again: Vec::new(),
            again_at: 0,
            kept: Vec::new(),
            keep,
        }
    }

    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        match self.again.get(self.again_at..) {
            Some(again) if !again.is_empty() => Ok(again),
            _ => self.reader.fill_buf(),
        }
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        let replayed = self.again.get(self.again_at..).unwrap_or_default();
        if replayed.is_empty() {
            if self.keep {
                // It is there: nobody consumes more than was filled.
                let there = self.reader.fill_buf().unwrap_or_default();
                self.kept
                    .extend_from_slice(there.get(..bytes).unwrap_or(there));
            }
            self.reader.consume(bytes);
        } else {
            if self.keep {
                self.kept
                    .extend_from_slice(replayed.get(..bytes).unwrap_or(replayed));
            }
            self.again_at += bytes;
        }
    }

    /// A record begins here.
    pub(super) fn begin(&mut self) {
        self.kept.clear();
    }

    /// The bytes of the record so far; none unless they are kept.
    pub(super) fn record(&self) -> &[u8] {
        &self.kept
    }

    /// Cuts the record down to its first line, reading on to the end of that when it is not there yet; what was read
    /// behind it comes again.
    pub(super) fn back_to_first_line(&mut self, max_bytes: usize) -> io::Result<()> {
        if !self.keep {
            return Ok(());
        }
        while !self.kept.contains(&b'\n') && self.kept.len() < max_bytes {
            let there = self.fill()?;
            if there.is_empty() {
                return Ok(());
            }
            let end = there.iter().position(|b| *b == b'\n');
            let bytes = end.map_or(there.len(), |end| end + 1);
            self.consume(bytes);
        }
        if let Some(end) = self.kept.iter().position(|b| *b == b'\n') {
            let behind = self.kept.split_off(end + 1);
            let rest = self.again.split_off(self.again_at.min(self.again.len()));
            self.again = behind;
            self.again.extend_from_slice(&rest);
            self.again_at = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(replay: &mut Replay<impl BufRead>) -> String {
        let mut all = Vec::new();
        loop {
            let there = replay.fill().unwrap().to_vec();
            if there.is_empty() {
                return String::from_utf8(all).unwrap();
            }
            all.extend_from_slice(&there);
            replay.consume(there.len());
        }
    }

    #[test]
    fn what_was_read_behind_the_first_line_comes_again() {
        let text = "one\ntwo\nthree\nfour\n";
        for capacity in 1..20 {
            for read in 0..text.len() {
                let reader = io::BufReader::with_capacity(capacity, text.as_bytes());
                let mut replay = Replay::new(reader, true);
                replay.begin();
                for _ in 0..read {
                    replay.fill().unwrap();
                    replay.consume(1);
                }
                replay.back_to_first_line(100).unwrap();
                assert_eq!(replay.record(), b"one\n");
                replay.begin();
                // Once more, into what comes again.
                replay.fill().unwrap();
                replay.consume(1);
                replay.back_to_first_line(100).unwrap();
                assert_eq!(replay.record(), b"two\n");
                assert_eq!(rest(&mut replay), "three\nfour\n", "{capacity} {read}");
            }
        }
    }
}
