//! An input before its format matters: a file, or what comes through stdin.
//!
//! Most formats are read from several places, and text is read twice. So stdin goes to a temporary file without a name
//! first; only an Arrow stream is read as it comes.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tsfile::io::ReadAt;

use crate::convert::format::{InputFormat, MAGIC_BYTES};
use crate::convert::text_input::args::From;
use crate::exit::{Blame as _, Failure, Outcome};
use crate::progress::Progress;

/// Stands for stdin where a file is expected.
const STDIN: &str = "-";
/// What stdin is called in messages.
const STDIN_NAME: &str = "stdin";
/// Names tried for the temporary file.
const ATTEMPTS: u32 = 100;
const PIECE_BYTES: usize = 256 << 10;

/// Whether this path stands for stdin.
pub fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// What an input is called in messages.
pub fn name(path: &Path) -> String {
    if is_stdin(path) {
        STDIN_NAME.to_owned()
    } else {
        path.display().to_string()
    }
}

/// An input whose format is known.
pub struct Origin {
    path: PathBuf,
    name: String,
    format: InputFormat,
    contents: Contents,
    progress: Progress,
}

enum Contents {
    File,
    Spool(Arc<Spool>),
    /// Stdin, behind these first bytes, until somebody takes it.
    Stream(Cell<Option<Vec<u8>>>),
}

impl Origin {
    /// Opens an input and finds out what it is, unless `from` says so.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or nothing says what it is.
    pub fn open(path: &Path, from: Option<From>, progress: &Progress) -> Outcome<Self> {
        let mut this = Self {
            path: path.to_owned(),
            name: name(path),
            format: InputFormat::Csv,
            contents: Contents::File,
            progress: progress.clone(),
        };
        let mut head = Vec::new();
        if is_stdin(path) {
            io::stdin()
                .lock()
                .take(MAGIC_BYTES)
                .read_to_end(&mut head)
                .input(STDIN_NAME)?;
            this.format = InputFormat::of(path, &head, from)?;
            this.contents = Contents::Stream(Cell::new(Some(head)));
        } else {
            File::open(path)
                .and_then(|f| f.take(MAGIC_BYTES).read_to_end(&mut head))
                .input(path.display())?;
            this.format = InputFormat::of(path, &head, from)?;
        }
        Ok(this)
    }

    /// Takes in all of stdin, unless its format can be read as it comes.
    ///
    /// # Errors
    ///
    /// When stdin cannot be read, or the temporary file cannot be written.
    pub fn load(&mut self) -> Outcome {
        if let Contents::Stream(head) = &self.contents {
            if self.format != InputFormat::ArrowStream {
                let head = head.take().unwrap_or_default();
                self.contents = Contents::Spool(Arc::new(Spool::fill(&head, &self.progress)?));
            }
        }
        Ok(())
    }

    /// What it is.
    pub fn format(&self) -> InputFormat {
        self.format
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long it is, when that is known before it was read.
    pub fn bytes(&self) -> Option<u64> {
        match &self.contents {
            Contents::File => fs::metadata(&self.path).ok().map(|m| m.len()),
            Contents::Spool(spool) => Some(spool.bytes),
            Contents::Stream(_) => None,
        }
    }

    /// The file, at its start.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is no file.
    pub fn file(&self) -> Outcome<File> {
        match &self.contents {
            Contents::File => File::open(&self.path),
            Contents::Spool(spool) => spool.start(),
            Contents::Stream(_) => Err(io::ErrorKind::NotSeekable.into()),
        }
        .input(&self.name)
    }

    /// Its bytes from the start on, counted as progress.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or came through stdin and was taken already.
    pub fn reader(&self) -> Outcome<Reader> {
        let bytes = match &self.contents {
            Contents::Stream(head) => match head.take() {
                Some(head) => Bytes::Stream(Cursor::new(head).chain(io::stdin())),
                None => return Err(io::Error::from(io::ErrorKind::NotSeekable)).input(&self.name),
            },
            _ => Bytes::File(self.file()?),
        };
        Ok(Reader {
            bytes,
            progress: self.progress.clone(),
        })
    }

    /// Where progress is counted.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The temporary file, of what came through stdin.
    pub fn spool(&self) -> Option<SpoolSource> {
        match &self.contents {
            Contents::Spool(spool) => Some(SpoolSource(Arc::clone(spool))),
            _ => None,
        }
    }
}

/// Bytes of an input; each that is read is progress.
pub struct Reader {
    bytes: Bytes,
    progress: Progress,
}

enum Bytes {
    File(File),
    Stream(io::Chain<Cursor<Vec<u8>>, io::Stdin>),
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = match &mut self.bytes {
            Bytes::File(file) => file.read(buffer),
            Bytes::Stream(stream) => stream.read(buffer),
        }?;
        self.progress.read(bytes as u64);
        Ok(bytes)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.bytes {
            Bytes::File(file) => file.seek(to),
            Bytes::Stream(_) => Err(io::ErrorKind::NotSeekable.into()),
        }
    }
}

/// A file that has no name, or loses it when it is dropped where a file that is open cannot lose it.
struct Spool {
    file: File,
    left: Option<PathBuf>,
    bytes: u64,
}

impl Spool {
    /// All of stdin, behind what was read of it already.
    fn fill(head: &[u8], progress: &Progress) -> Outcome<Self> {
        let mut spool = Self::create()?;
        let place = || format!("a temporary file in {}", std::env::temp_dir().display());
        spool.file.write_all(head).output(place())?;
        spool.bytes = head.len() as u64;
        let mut stdin = io::stdin().lock();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let bytes = match stdin.read(&mut piece) {
                Ok(0) => return Ok(spool),
                Ok(bytes) => bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e).input(STDIN_NAME),
            };
            let piece = piece.get(..bytes).unwrap_or_default();
            spool.file.write_all(piece).output(place())?;
            spool.bytes += bytes as u64;
            progress.read(bytes as u64);
        }
    }

    fn create() -> Outcome<Self> {
        let directory = std::env::temp_dir();
        for attempt in 0..ATTEMPTS {
            let name = format!("tsfile-cli-{}-{attempt}.tmp", std::process::id());
            let path = directory.join(name);
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(&path) {
                Ok(file) => {
                    return Ok(Self {
                        file,
                        left: fs::remove_file(&path).is_err().then_some(path),
                        bytes: 0,
                    });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e).output(path.display()),
            }
        }
        Err(Failure::output(format!(
            "{}: no temporary name is free there",
            directory.display()
        )))
    }

    /// It shares its position with all others that were taken before.
    fn start(&self) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if let Some(path) = &self.left {
            let _ = fs::remove_file(path);
        }
    }
}

/// What came through stdin, as a source of positioned reads.
pub struct SpoolSource(Arc<Spool>);

impl ReadAt for SpoolSource {
    fn size_bytes(&self) -> u64 {
        self.0.bytes
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> tsfile::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0.file, out, offset)
            .map_err(|e| tsfile::Error::io("cannot read", e).at(offset))
    }

    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, out: &mut [u8]) -> tsfile::Result<()> {
        let fail = |e| tsfile::Error::io("cannot read", e).at(offset);
        let mut file = self.0.file.try_clone().map_err(fail)?;
        file.seek(SeekFrom::Start(offset)).map_err(fail)?;
        file.read_exact(out).map_err(fail)
    }
}
