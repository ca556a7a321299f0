//! Which files are meant by files, directories and patterns.

use super::glob::{self, Segment};
use super::skipped::Skipped;
use super::{FileOptions, glob::is_pattern};
use crate::{Error, Result};
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Component, Path, PathBuf};

/// Directories within directories that are looked into; links could go round in circles.
const MAX_DEPTH: usize = 64;
/// What lies beside TsFiles in a data folder and is none.
const COMPANIONS: [&str; 3] = ["resource", "mods", "mods2"];

/// Files that were found, and what was passed over.
#[derive(Debug, Clone, Default)]
pub struct Discovered {
    /// In the order of what they were found by; the files of one directory or pattern by path.
    pub files: Vec<PathBuf>,
    /// What was passed over.
    pub skipped: Skipped,
}

/// Finds the files that `paths` mean: files as they are; directories with all `*.tsfile` below them, at any depth, as in the data folder of
/// an IoTDB; patterns with `*`, `?`, `[a-z]` and, for any number of directories, `**`.
///
/// Files and directories whose names begin with a dot, and directories whose names begin with `_`, are not looked at unless they are named.
/// A file is found once, however many directories and patterns lead to it. Nothing is opened.
///
/// ```
/// use tsfile::scan::{FileOptions, discover};
///
/// # fn main() -> tsfile::Result<()> {
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/golden");
/// let found = discover(&[folder], &FileOptions::default())?;
/// let some = discover(&[format!("{folder}/cpp-*/tree_*.tsfile")], &FileOptions::default())?;
/// assert!(!some.files.is_empty() && some.files.len() < found.files.len());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A path leads to nothing and [`FileOptions::with_ignore_missing`] is not set, or a directory cannot be read.
pub fn discover<P: AsRef<Path>>(paths: &[P], options: &FileOptions) -> Result<Discovered> {
    let mut found = Discovered::default();
    let mut seen: HashSet<PathBuf> = HashSet::new();
    for path in paths {
        let path = path.as_ref();
        let (files, what) = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let mut files = Vec::new();
                walk(path, &mut files)?;
                (
                    files,
                    "no TsFile (*.tsfile) is in this directory or below it",
                )
            }
            Ok(_) => {
                // Whoever names a file twice wants it twice.
                seen.insert(path.to_path_buf());
                found.files.push(path.to_path_buf());
                continue;
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => match path.to_str() {
                Some(text) if is_pattern(text) => (expand(path)?, "nothing matches this pattern"),
                _ if options.ignore.missing => (Vec::new(), ""),
                _ => return Err(in_path("cannot open", path)(e)),
            },
            Err(e) => return Err(in_path("cannot open", path)(e)),
        };
        if files.is_empty() {
            if !options.ignore.missing {
                let nothing = io::Error::from(io::ErrorKind::NotFound);
                return Err(in_path(what, path)(nothing));
            }
            found.skipped.add_missing(path);
        }
        let mut files: Vec<PathBuf> = files;
        files.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
        let new = files.into_iter().filter(|f| seen.insert(f.clone()));
        found.files.extend(new);
    }
    Ok(found)
}

fn in_path<'a>(what: &'a str, path: &'a Path) -> impl Fn(io::Error) -> Error + 'a {
    move |e| Error::io(what, e).in_file(path.display().to_string())
}

fn is_tsfile(name: &OsStr) -> bool {
    Path::new(name).extension().is_some_and(|x| x == "tsfile")
}

/// What an entry of a directory leads to; links are followed, and one that leads nowhere is a file that will be missing.
fn is_dir(entry: &DirEntry) -> io::Result<bool> {
    let kind = entry.file_type()?;
    if !kind.is_symlink() {
        return Ok(kind.is_dir());
    }
    Ok(fs::metadata(entry.path()).is_ok_and(|m| m.is_dir()))
}

fn is_hidden(name: &str, is_dir: bool) -> bool {
    name.starts_with('.') || is_dir && name.starts_with('_')
}

/// Names below `directory`, each with whether it is a directory; nothing where there is no directory.
fn entries(directory: &Path) -> Result<Vec<(String, PathBuf, bool)>> {
    let fail = |e| in_path("cannot read the directory", directory)(e);
    let mut out = Vec::new();
    for entry in fs::read_dir(directory).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_dir = is_dir(&entry).map_err(fail)?;
        out.push((name, entry.path(), is_dir));
    }
    Ok(out)
}

/// All TsFiles at and below a directory.
fn walk(directory: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    let mut left = vec![(directory.to_path_buf(), 0)];
    while let Some((directory, depth)) = left.pop() {
        if depth > MAX_DEPTH {
            return Err(too_deep(&directory));
        }
        for (name, path, is_dir) in entries(&directory)? {
            if is_hidden(&name, is_dir) {
                continue;
            }
            if is_dir {
                left.push((path, depth + 1));
            } else if is_tsfile(name.as_ref()) {
                out.push(path);
            }
        }
    }
    Ok(())
}

fn too_deep(directory: &Path) -> Error {
    Error::argument("directories are nested too deeply, or links go round in circles")
        .expected(format!(
            "at most {MAX_DEPTH} directories within one another"
        ))
        .in_file(directory.display().to_string())
}

/// All files that a pattern stands for.
fn expand(pattern: &Path) -> Result<Vec<PathBuf>> {
    let mut base = PathBuf::new();
    let mut segments: Vec<Segment> = Vec::new();
    for component in pattern.components() {
        match component {
            Component::Normal(name) => {
                let segment = glob::segment(&name.to_string_lossy());
                match segment {
                    Segment::Name(_) if segments.is_empty() => base.push(name),
                    Segment::Any if segments.last() == Some(&Segment::Any) => {}
                    segment => segments.push(segment),
                }
            }
            other if segments.is_empty() => base.push(other),
            other => segments.push(Segment::Name(
                other.as_os_str().to_string_lossy().into_owned(),
            )),
        }
    }
    let mut out: HashSet<PathBuf> = HashSet::new();
    // A place is a directory and how much of the pattern led there: several ways to it are one.
    let mut seen: HashSet<(PathBuf, usize)> = HashSet::new();
    let mut left = vec![(base, 0, 0)];
    while let Some((place, at, depth)) = left.pop() {
        if depth > MAX_DEPTH {
            return Err(too_deep(&place));
        }
        if !seen.insert((place.clone(), at)) {
            continue;
        }
        let directory = if place.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &place
        };
        let segment = segments.get(at);
        match segment {
            None if directory.is_dir() => {
                let mut files = Vec::new();
                walk(directory, &mut files)?;
                out.extend(files);
            }
            None => {
                let is_companion = |x: &OsStr| COMPANIONS.iter().any(|c| x == *c);
                if !place.extension().is_some_and(is_companion) {
                    out.insert(place);
                }
            }
            Some(Segment::Name(name)) => {
                let next = place.join(name);
                if fs::symlink_metadata(&next).is_ok() {
                    left.push((next, at + 1, depth + 1));
                }
            }
            Some(_) if !directory.is_dir() => {}
            Some(Segment::Names(tokens)) => {
                for (name, _, _) in entries(directory)? {
                    if glob::matches(tokens, &name) {
                        left.push((place.join(name), at + 1, depth + 1));
                    }
                }
            }
            Some(Segment::Any) => {
                left.push((place.clone(), at + 1, depth));
                for (name, _, is_dir) in entries(directory)? {
                    if is_dir && !is_hidden(&name, true) {
                        left.push((place.join(name), at, depth + 1));
                    }
                }
            }
        }
    }
    Ok(out.into_iter().collect())
}
