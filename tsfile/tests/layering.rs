//! Imports point down only (docs/architecture.md, "Layers"): a `crate::x` path to a layer above, or beside, fails.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not recognised as tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// Layers from the top; modules of one layer are siblings and do not know each other.
const LAYERS: [&[&str]; 6] = [
    &["scan"],
    &["form", "infer"],
    &["read", "write"],
    &["arrow", "filter"],
    &["format", "encoding", "compress", "io"],
    &["model", "wire", "error"],
];

/// Pairs that may, although they are siblings: `form` uses `infer`; the bottom row stands together.
const EXCEPTIONS: [(&str, &str); 2] = [("form", "infer"), ("wire", "error")];

/// Where the arrow layer may look besides the bottom row: it builds arrays from what decoders fill.
const ARROW_USES: [&str; 1] = ["encoding"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|l| l.contains(&module))
}

fn rust_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|x| x == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn imports_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    assert!(files.len() > 40, "found only {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&src).unwrap();
        let own = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        if own == "lib" {
            continue;
        }
        let Some(own_layer) = layer(own) else {
            panic!("{own} has no layer")
        };
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for found in code.split("crate::").skip(1) {
                let target: String = found
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                let Some(target_layer) = layer(&target) else {
                    continue;
                };
                let fine = target == own
                    || target == "error"
                    || target_layer > own_layer
                    || (own_layer == LAYERS.len() - 1 && target_layer == own_layer)
                    || EXCEPTIONS.contains(&(own, &target))
                    || (own == "arrow" && ARROW_USES.contains(&target.as_str()));
                if !fine {
                    wrong.push(format!(
                        "{}:{}: {own} uses {target}",
                        relative.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn heavy_crates_stay_where_they_belong() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    for file in files {
        let relative = file.strip_prefix(&src).unwrap();
        let own = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap();
        let text = fs::read_to_string(&file).unwrap();
        for name in ["snap::", "flate2::", "lz4_flex::", "zstd::", "liblzma::"] {
            let used = text.lines().any(|l| {
                l.trim_start().starts_with("use ") && l.contains(name) && !l.contains("crate::")
            });
            assert!(!used || own == "compress", "{}: {name}", relative.display());
        }
        assert!(
            !text.contains("use sqlparser::") || own == "filter",
            "{}: SQL outside the filter layer",
            relative.display()
        );
        let arrow = text.contains("use arrow_");
        let below = ["format", "encoding", "compress", "io", "model", "wire"].contains(&own);
        assert!(
            !(arrow && below),
            "{}: Arrow below the arrow layer",
            relative.display()
        );
    }
}
