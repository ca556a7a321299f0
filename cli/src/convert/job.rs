//! One output: batches from a source to a sink, counted.

use std::cell::RefCell;
use std::rc::Rc;

use crate::cmd::convert::Args;
use crate::convert::atomic::Target;
use crate::convert::origin::Origin;
use crate::convert::sink::{self, Output};
use crate::convert::source::Source;
use crate::convert::steps::Keys;
use crate::convert::summary::{PointCount, Summary};
use crate::convert::text_input::rejects::Rejects;
use crate::exit::Outcome;
use crate::progress::Progress;

/// What goes into one output.
pub struct Job {
    source: Source,
    points: PointCount,
    progress: Progress,
    /// Bytes of all inputs, when the output is of all of them.
    pub bytes_in: Option<u64>,
    /// Whether how much came through stdin is known only at the end.
    counted: bool,
}

impl Job {
    /// A job that has not begun.
    pub fn new(
        args: &Args,
        source: Source,
        tags: &[String],
        progress: &Progress,
        inputs: &[Rc<Origin>],
    ) -> Self {
        let keys = Keys::of(&source.schema, args);
        let bytes_in = inputs.iter().map(|input| input.bytes()).sum();
        if let (Some(rows), Some(bytes)) = (source.total_rows, bytes_in) {
            progress.expect_rows(rows, bytes);
        }
        Self {
            points: PointCount::new(&source.schema, &keys, tags),
            source,
            progress: progress.clone(),
            bytes_in,
            counted: bytes_in.is_none() && inputs.len() == 1,
        }
    }

    /// Moves every batch. Lines that were passed over are on disk before the output is.
    ///
    /// # Errors
    ///
    /// When an input cannot be read, or the output refuses.
    pub fn convert(
        mut self,
        output: Output,
        target: Target,
        rejects: Option<&RefCell<Rejects>>,
    ) -> Outcome<Summary> {
        let source = self.source;
        let mut sink = sink::start(output, target, &source.schema, &source.sorted_by)?;
        for batch in source.batches {
            let batch = batch?;
            sink.write(&batch)?;
            self.points.add(&batch);
            self.progress.add(batch.num_rows());
        }
        if let Some(rejects) = rejects {
            rejects.borrow_mut().commit()?;
        }
        let bytes_out = sink.finish()?;
        let bytes_read = self.counted.then(|| self.progress.bytes());
        Ok(Summary {
            rows: self.progress.finish(),
            points: self.points.points(),
            bytes_in: self.bytes_in.or(bytes_read),
            bytes_out,
            elapsed: self.progress.elapsed(),
        })
    }
}
