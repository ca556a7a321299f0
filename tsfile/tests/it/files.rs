//! Files as folders and patterns mean them, opened side by side: what is found, what is passed over, and that it is the same rows.

use arrow_array::{RecordBatch, record_batch};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tsfile::io::MemorySink;
use tsfile::model::Form;
use tsfile::scan::{FileOptions, MetadataCache, ScanRequest, discover, open_files, scan};
use tsfile::{ErrorKind, ReadOptions, TsFileReader, TsFileWriter, WriteOptions};

/// The bytes of a file with one device of two rows.
fn bytes(device: &str, first: i32) -> Vec<u8> {
    let batch = record_batch!(
        ("time", Int64, [1, 2]),
        ("device_name", Utf8, [device, device]),
        ("x", Int32, [first, first + 1])
    )
    .unwrap();
    let sink = MemorySink::new("memory");
    let output = sink.output();
    let mut writer =
        TsFileWriter::start(Box::new(sink), batch.schema(), WriteOptions::default()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    output.bytes().unwrap().to_vec()
}

fn put(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A data folder as IoTDB lays it out, and what else can be in one.
fn data_folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    put(
        root,
        "sequence/root.sg/0/0/2-1-0-0.tsfile",
        &bytes("root.sg.d2", 10),
    );
    put(
        root,
        "sequence/root.sg/0/0/1-1-0-0.tsfile",
        &bytes("root.sg.d1", 0),
    );
    put(
        root,
        "sequence/root.sg/0/0/1-1-0-0.tsfile.resource",
        b"resource",
    );
    put(
        root,
        "unsequence/root.sg/0/0/3-1-0-0.tsfile",
        &bytes("root.sg.d1", 20),
    );
    put(root, "unsequence/.hidden/4.tsfile", b"hidden");
    put(root, "unsequence/_temporary/5.tsfile", b"being written");
    put(root, "unsequence/.6.tsfile", b"hidden");
    put(root, "system/notes.txt", b"text");
    dir
}

fn relative(files: &[PathBuf], root: &Path) -> Vec<String> {
    let names = files.iter().map(|f| f.strip_prefix(root).unwrap_or(f));
    names
        .map(|f| f.display().to_string().replace('\\', "/"))
        .collect()
}

fn rows(readers: Vec<TsFileReader>) -> RecordBatch {
    let scan = scan(readers, ScanRequest::new().with_form(Form::Narrow)).unwrap();
    let schema = scan.schema();
    let batches: Vec<_> = scan.map(Result::unwrap).collect();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
}

#[test]
fn a_data_folder_is_its_tsfiles_by_path() {
    let dir = data_folder();
    let root = dir.path();
    let found = discover(&[root], &FileOptions::default()).unwrap();
    assert_eq!(
        relative(&found.files, root),
        [
            "sequence/root.sg/0/0/1-1-0-0.tsfile",
            "sequence/root.sg/0/0/2-1-0-0.tsfile",
            "unsequence/root.sg/0/0/3-1-0-0.tsfile"
        ]
    );
    assert!(found.skipped.is_empty());
    let opened = open_files(&[root], &FileOptions::new().with_threads(3)).unwrap();
    assert_eq!(rows(opened.readers).num_rows(), 6);
}

#[test]
fn patterns_and_folders_find_a_file_once_and_arguments_keep_their_order() {
    let dir = data_folder();
    let root = dir.path();
    let at = |pattern: &str| root.join(pattern);
    for (patterns, expected) in [
        (vec!["*/*/*/*/*.tsfile"], vec!["1", "2", "3"]),
        (vec!["**/[13]-*"], vec!["1", "3"]),
        (vec!["**/0/**/?-1-*"], vec!["1", "2", "3"]),
        (vec!["un*"], vec!["3"]),
        (vec!["unsequence", "**"], vec!["3", "1", "2"]),
        (vec!["**/2*", "sequence", "."], vec!["2", "1", "3"]),
    ] {
        let paths: Vec<PathBuf> = patterns.iter().map(|p| at(p)).collect();
        let found = discover(&paths, &FileOptions::default()).unwrap();
        let names: Vec<String> = relative(&found.files, root)
            .iter()
            .map(|f| f.rsplit('/').next().unwrap()[..1].to_string())
            .collect();
        assert_eq!(names, expected, "{patterns:?}");
    }
    // A name that is there is no pattern.
    put(root, "odd[1].tsfile", b"");
    put(root, "odd1.tsfile", b"");
    let found = discover(&[at("odd[1].tsfile")], &FileOptions::default()).unwrap();
    assert_eq!(relative(&found.files, root), ["odd[1].tsfile"]);
}

#[cfg(unix)]
#[test]
fn links_that_go_round_end() {
    let dir = data_folder();
    let root = dir.path();
    std::os::unix::fs::symlink(root, root.join("sequence/round")).unwrap();
    let e = discover(&[root], &FileOptions::default()).unwrap_err();
    assert!(e.to_string().contains("links go round in circles"), "{e}");
}

#[test]
fn what_is_missing_is_an_error_or_counted() {
    let dir = data_folder();
    let root = dir.path();
    put(root, "empty/notes.txt", b"");
    for (name, said) in [
        ("gone.tsfile", "cannot open"),
        (
            "empty",
            "no TsFile (*.tsfile) is in this directory or below it",
        ),
        ("gone/*.tsfile", "nothing matches this pattern"),
    ] {
        let path = root.join(name);
        let e = open_files(&[&path], &FileOptions::default()).unwrap_err();
        assert!(e.is_not_found(), "{e}");
        assert!(
            e.to_string()
                .starts_with(&format!("{}: {said}", path.display())),
            "{e}"
        );
    }
    let paths: Vec<PathBuf> = ["gone.tsfile", "empty", "gone/*.tsfile", "sequence"]
        .map(|p| root.join(p))
        .into();
    let options = FileOptions::new().with_ignore_missing(true);
    let opened = open_files(&paths, &options).unwrap();
    assert_eq!((opened.readers.len(), opened.skipped.missing.count), (2, 3));
    let shown = format!(
        "3 files missing, passed over: {0}/gone.tsfile, {0}/empty, {0}/gone/*.tsfile",
        root.display()
    );
    assert_eq!(opened.skipped.to_string(), shown);
    // A file can vanish after it was found.
    let found = discover(&[root.join("sequence")], &options).unwrap();
    fs::remove_file(&found.files[0]).unwrap();
    assert!(
        found
            .clone()
            .open(&FileOptions::default())
            .unwrap_err()
            .is_not_found()
    );
    let opened = found.open(&options.with_threads(2)).unwrap();
    assert_eq!((opened.readers.len(), opened.skipped.missing.count), (1, 1));
}

#[test]
fn what_is_corrupt_unsealed_or_has_deletions_is_an_error_or_counted() {
    let dir = data_folder();
    let root = dir.path();
    let good = bytes("root.sg.d9", 0);
    for i in 0..7 {
        put(root, &format!("sequence/a{i}.tsfile"), b"no TsFile");
    }
    let mut bad_index = good.clone();
    let end = good.len();
    let at = TsFileReader::new(
        tsfile::io::MemorySource::new(good.clone()),
        "x",
        ReadOptions::default(),
    )
    .unwrap()
    .data_end() as usize;
    bad_index[at + 1..at + 20].fill(0xff);
    put(root, "sequence/b.tsfile", &good[..end - 20]);
    put(root, "sequence/c.tsfile", &good);
    put(root, "sequence/c.tsfile.mods", b"deletions");
    let open = |options: FileOptions| open_files(&[root], &options);
    let e = open(FileOptions::new().with_threads(4)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Corrupt);
    assert!(
        e.file().unwrap().ends_with("a0.tsfile"),
        "the first by path: {e}"
    );
    let options = FileOptions::new().with_ignore_corrupt(true);
    assert_eq!(
        open(options.clone()).unwrap_err().kind(),
        ErrorKind::Unsealed
    );
    let options = options.with_ignore_unsealed(true);
    assert_eq!(
        open(options.clone()).unwrap_err().kind(),
        ErrorKind::Deletions
    );
    let options = options.with_read(ReadOptions::new().with_ignore_mods(true));
    for threads in [1, 3] {
        let opened = open(options.clone().with_threads(threads)).unwrap();
        let skipped = opened.skipped;
        assert_eq!(opened.readers.len(), 4);
        assert_eq!((skipped.corrupt.count, skipped.corrupt.first.len()), (7, 5));
        assert_eq!((skipped.unsealed.count, skipped.deletions.count), (1, 1));
        let lines: Vec<String> = skipped.lines().collect();
        let a = root.join("sequence/a0.tsfile");
        let start = format!(
            "7 files corrupt, passed over: {}: head: this is not a TsFile",
            a.display()
        );
        assert!(
            lines[0].starts_with(&start) && lines[0].ends_with(" and 2 more"),
            "{}",
            lines[0]
        );
        let b = root.join("sequence/b.tsfile");
        assert_eq!(
            lines[1],
            format!("1 file without a footer, passed over: {}", b.display())
        );
    }
    // An index is read while opening, so that a corrupt one is noticed then.
    put(root, "sequence/d.tsfile", &bad_index);
    let opened = open(options.clone()).unwrap();
    assert_eq!((opened.readers.len(), opened.skipped.corrupt.count), (4, 8));
}

#[test]
fn more_files_than_are_held_open_give_the_same_rows() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..40 {
        put(
            dir.path(),
            &format!("{i:02}.tsfile"),
            &bytes(&format!("root.d{}", i % 7), i),
        );
    }
    let all = rows(
        open_files(&[dir.path()], &FileOptions::new())
            .unwrap()
            .readers,
    );
    assert_eq!(all.num_rows(), 80);
    for threads in [1, 4] {
        let options = FileOptions::new().with_open_files(3).with_threads(threads);
        assert_eq!(
            rows(open_files(&[dir.path()], &options).unwrap().readers),
            all
        );
    }
    let options = FileOptions::new().with_open_files(3);
    let opened = open_files(&[dir.path()], &options).unwrap();
    let scan = scan(opened.readers, ScanRequest::new().with_form(Form::Narrow)).unwrap();
    fs::write(dir.path().join("20.tsfile"), bytes("root.changed", 0)).unwrap();
    let errors: Vec<_> = scan.filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].kind(), ErrorKind::Changed);
    assert!(errors[0].file().unwrap().ends_with("20.tsfile"));
}

#[test]
fn a_cache_finds_files_that_are_the_same_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..10 {
        put(dir.path(), &format!("{i}.tsfile"), &bytes("root.d", i));
    }
    let cache = MetadataCache::default();
    let options = FileOptions::new()
        .with_cache(Some(cache.clone()))
        .with_threads(2);
    let open = || open_files(&[dir.path()], &options).unwrap().readers;
    let first = rows(open());
    assert_eq!(
        (
            cache.counts().hits,
            cache.counts().misses,
            cache.counts().files
        ),
        (0, 10, 10)
    );
    assert_eq!(rows(open()), first);
    assert_eq!((cache.counts().hits, cache.counts().misses), (10, 10));
    // The same length at another time, and other options, are other files.
    let path = dir.path().join("3.tsfile");
    fs::write(&path, bytes("root.d", 4)).unwrap();
    let later = SystemTime::now() + Duration::from_secs(10);
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert_ne!(rows(open()), first);
    assert_eq!((cache.counts().hits, cache.counts().misses), (19, 11));
    let trusted = ReadOptions::new().with_trusted(true);
    assert!(cache.open(&path, &trusted).unwrap().options() == &trusted);
    assert_eq!(
        (
            cache.counts().hits,
            cache.counts().misses,
            cache.counts().files
        ),
        (19, 12, 10)
    );
    // Deletions that come later are noticed.
    put(dir.path(), "4.tsfile.mods", b"");
    let e = open_files(&[dir.path()], &options).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Deletions);
    cache.clear();
    assert_eq!((cache.counts().files, cache.counts().bytes), (0, 0));
}

#[test]
fn a_small_cache_keeps_what_was_used_last() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..4)
        .map(|i| dir.path().join(format!("{i}.tsfile")))
        .collect();
    for path in &paths {
        fs::write(path, bytes("root.d", 1)).unwrap();
    }
    let options = ReadOptions::default();
    let one = MetadataCache::default();
    one.open(&paths[0], &options).unwrap();
    let cache = MetadataCache::new(one.counts().bytes * 2);
    let open = |i: usize| {
        let before = cache.counts().hits;
        cache.open(&paths[i], &options).unwrap();
        cache.counts().hits > before
    };
    let found: Vec<bool> = [0, 1, 0, 2, 0, 1, 3, 0].map(open).into();
    assert_eq!(
        found,
        [false, false, true, false, true, false, false, false]
    );
    assert_eq!(cache.counts().files, 2);
    assert!(cache.counts().bytes <= one.counts().bytes * 2);
}
