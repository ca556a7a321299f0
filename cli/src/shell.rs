//! Command lines that are suggested, quoted for a shell.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The command that shows what is in a file.
pub fn inspect(file: &Path) -> String {
    line(&[program(), "inspect".into(), path(file)])
}

/// As this program was called, so that the line runs where this one ran.
pub fn program() -> OsString {
    std::env::args_os()
        .next()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "tsfile-cli".into())
}

/// The words as one line.
pub fn line(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|w| quoted(w)).collect();
    words.join(" ")
}

/// A flag and its value: one word where the value would be taken for a flag.
pub fn option(flag: &str, value: OsString) -> Vec<OsString> {
    if value.as_encoded_bytes().starts_with(b"-") && value.len() > 1 && flag.starts_with("--") {
        let mut word = OsString::from(format!("{flag}="));
        word.push(value);
        return vec![word];
    }
    vec![flag.into(), value]
}

/// A path that no flag is mistaken for.
pub fn path(path: impl AsRef<Path>) -> OsString {
    let path = path.as_ref();
    if path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        return Path::new(".").join(path).into();
    }
    path.into()
}

/// One word for a POSIX shell; what is no text or no printable character needs the `$''` of bash, zsh and ksh.
fn quoted(word: &OsStr) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => {
            format!("'{}'", text.replace('\'', r"'\''"))
        }
        _ => {
            let mut out = String::from("$'");
            for &byte in word.as_encoded_bytes() {
                match byte {
                    b'\'' | b'\\' => out.extend(['\\', char::from(byte)]),
                    b' '..=b'~' => out.push(char::from(byte)),
                    _ => out.push_str(&format!("\\x{byte:02x}")),
                }
            }
            out.push('\'');
            out
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        for (word, expected) in [
            ("plain-1.csv", "plain-1.csv"),
            ("", "''"),
            ("two words", "'two words'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("Größe", "'Größe'"),
            ("a\nb'", r"$'a\x0ab\''"),
        ] {
            assert_eq!(quoted(word.as_ref()), expected);
        }
    }

    #[test]
    fn values_that_look_like_flags_are_glued_to_theirs() {
        let words = |flag, value: &str| line(&option(flag, value.into()));
        assert_eq!(words("--table", "t"), "--table t");
        assert_eq!(words("--start", "-5"), "--start=-5");
        assert_eq!(words("-o", "-"), "-o -");
    }
}
