//! What the fuzz targets check, see docs/development.md, "Fuzzing".
//!
//! The promises are those of `tests/hostile`, whose files are used here: no panic, bounded memory, bounded work, errors that name the
//! file. Beyond them, what two ways of asking have to agree about: [`agree`] for scans, [`codec`] for decoders.

pub mod agree;
#[path = "../../tests/hostile/build.rs"]
#[allow(dead_code, reason = "the bad files need more of it")]
mod build;
pub mod chunks;
pub mod codec;
#[path = "../../tests/hostile/memory.rs"]
mod memory;
pub mod page;
pub mod seeds;
#[path = "../../tests/hostile/visit.rs"]
pub mod visit;

use page::Page;
use std::borrow::Cow;
use std::path::Path;
use tsfile::format::FileMetadata;
use tsfile::io::MemorySource;
use tsfile::scan::{Form, scan};
use tsfile::wire::ByteWriter;
use tsfile::{ReadOptions, TsFileReader};
use visit::{Manner, NAME, look, visit};

/// What an input stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A file of which no page is decoded, unless it is recovered.
    Tail,
    /// One page, see [`Page`].
    Page,
    /// Chunks that lie about themselves and each other, see [`chunks`].
    Chunks,
    /// A byte that says how, see [`manner`], and a file.
    Scan,
}

/// How a file is scanned: one bit for each thing that can be done otherwise.
pub fn manner(bits: u8) -> Manner {
    let bit = |n: u8| bits & (1 << n) != 0;
    Manner {
        // A file without a footer is recovered in any case.
        recover: false,
        lenient: bit(0),
        wide: bit(1),
        hold: bit(2),
        projected: bit(3),
        inner_times: bit(4),
        small_batches: bit(5),
        other_types: bit(6),
        small_pages: !bit(7),
    }
}

impl Target {
    /// The file that an input stands for, and what is done with it; `None` when the input is too short.
    pub fn file<'a>(self, input: &'a [u8]) -> Option<(Manner, Cow<'a, [u8]>)> {
        match self {
            Self::Tail => Some((Manner::default(), Cow::Borrowed(input))),
            Self::Page => Page::parse(input).map(|p| (p.manner(), Cow::Owned(p.file()))),
            Self::Chunks => Some((manner(*input.first()?), Cow::Owned(chunks::file(input)?))),
            Self::Scan => input
                .split_first()
                .map(|(bits, file)| (manner(*bits), Cow::Borrowed(file))),
        }
    }

    /// Checks one input.
    ///
    /// # Panics
    /// A promise is broken.
    pub fn check(self, input: &[u8]) {
        let Some((manner, file)) = self.file(input) else {
            return;
        };
        let kept = match self {
            Self::Tail => look(&file, manner).and_then(|_| structures(&file)),
            Self::Chunks | Self::Scan => {
                visit(&file, manner).and_then(|seen| agree::scans(&file, manner, seen))
            }
            Self::Page => visit(&file, manner)
                .and_then(|seen| agree::scans(&file, manner, seen))
                .and_then(|()| Page::parse(input).map_or(Ok(()), |p| codec::page(&p))),
        };
        if let Err(broken) = kept {
            panic!("{broken}");
        }
    }

    /// What a target does instead of fuzzing when a variable asks for it.
    ///
    /// `TSFILE_FUZZ_SEEDS=FOLDER` writes the inputs to begin with. `TSFILE_FUZZ_SHOW=INPUT` says what an input stands for and what
    /// reading it gives, and writes the file as `INPUT.tsfile`.
    ///
    /// # Panics
    /// A file cannot be read or written.
    pub fn command(self) {
        if let Some(folder) = std::env::var_os("TSFILE_FUZZ_SEEDS") {
            std::fs::create_dir_all(&folder).expect("the folder of the seeds");
            let seeds = seeds::of(self);
            for (name, bytes) in &seeds {
                std::fs::write(Path::new(&folder).join(name), bytes).expect("a seed");
            }
            println!("{} seeds", seeds.len());
            std::process::exit(0);
        }
        if let Some(input) = std::env::var_os("TSFILE_FUZZ_SHOW") {
            let bytes = std::fs::read(&input).expect("the input");
            self.show(Path::new(&input), &bytes);
            std::process::exit(0);
        }
    }

    fn show(self, input: &Path, bytes: &[u8]) {
        if self == Self::Page {
            println!("{:#?}", Page::parse(bytes));
        }
        let Some((manner, file)) = self.file(bytes) else {
            println!("too short for an input");
            return;
        };
        println!("{manner:?}");
        let mut path = input.as_os_str().to_os_string();
        path.push(".tsfile");
        std::fs::write(&path, &file).expect("the file");
        println!("{}: {} bytes", Path::new(&path).display(), file.len());
        for form in [Form::Narrow, Form::Wide, Form::Table] {
            let done = read(&file, manner, form);
            match done {
                Ok(rows) => println!("{form:?}: {rows} rows"),
                Err(e) => println!("{form:?}: {:?}: {e}", e.kind()),
            }
        }
    }
}

fn read(file: &[u8], manner: Manner, form: Form) -> tsfile::Result<usize> {
    let options = manner.options().with_recover(true);
    let reader = TsFileReader::new(MemorySource::new(file), NAME, options)?;
    let request = manner.request(&reader).with_form(form);
    let mut rows = 0;
    for batch in scan(vec![reader], request)? {
        rows += batch?.num_rows();
    }
    Ok(rows)
}

/// The file metadata, when they parse, are what they were after being written and parsed again.
fn structures(file: &[u8]) -> Result<(), String> {
    let Ok(reader) = TsFileReader::new(MemorySource::new(file), NAME, ReadOptions::new()) else {
        return Ok(());
    };
    let metadata = reader.metadata();
    let mut w = ByteWriter::new();
    metadata.serialize(&mut w, reader.format_version());
    let again = FileMetadata::parse(&w.into_bytes(), reader.format_version())
        .map_err(|e| format!("file metadata that were written cannot be read: {e}"))?;
    let known = FileMetadata {
        unknown_schemas: Vec::new(),
        ..metadata.clone()
    };
    if again == known {
        Ok(())
    } else {
        Err(format!(
            "file metadata change by being written: {known:?}, {again:?}"
        ))
    }
}
