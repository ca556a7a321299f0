//! `LIKE`: patterns over text. `%` stands for any characters, `_` for one, and what follows the escape character for itself.

use crate::error::{Error, Result};

/// A pattern, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    escape: Option<char>,
    /// What lies between the `%`: one segment more than there are of them.
    segments: Vec<Segment>,
    prefix: String,
}

/// A stretch without `%`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Text(String),
    /// `None` is any character.
    Shape(Vec<Option<char>>),
}

impl Pattern {
    /// Takes a pattern apart.
    ///
    /// # Errors
    ///
    /// When the escape character comes last.
    pub fn new(text: impl Into<String>, escape: Option<char>) -> Result<Self> {
        let text = text.into();
        let mut segments = Vec::new();
        let mut shape: Vec<Option<char>> = Vec::new();
        let mut prefix = String::new();
        let mut in_prefix = true;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            let literal = match c {
                _ if Some(c) == escape => Some(rest.next().ok_or_else(|| {
                    Error::argument(format!(
                        "the pattern '{text}' ends with its escape character {c:?}"
                    ))
                    .hint("double it to mean the character itself")
                })?),
                '%' | '_' => None,
                _ => Some(c),
            };
            in_prefix &= literal.is_some();
            match literal {
                None if c == '%' => segments.push(Segment::new(std::mem::take(&mut shape))),
                one => shape.push(one),
            }
            if in_prefix {
                prefix.extend(literal);
            }
        }
        segments.push(Segment::new(shape));
        Ok(Self {
            text,
            escape,
            segments,
            prefix,
        })
    }

    /// The pattern of all that begins with `prefix`, whatever is in it.
    pub fn starting_with(prefix: &str) -> Self {
        let mut text = String::with_capacity(prefix.len() + 1);
        for c in prefix.chars() {
            if matches!(c, '%' | '_' | ESCAPE) {
                text.push(ESCAPE);
            }
            text.push(c);
        }
        let escape = (text.len() > prefix.len()).then_some(ESCAPE);
        text.push('%');
        Self {
            text,
            escape,
            segments: vec![
                Segment::Text(prefix.to_owned()),
                Segment::Text(String::new()),
            ],
            prefix: prefix.to_owned(),
        }
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The character that takes its meaning from the next one.
    pub fn escape(&self) -> Option<char> {
        self.escape
    }

    /// What every text that matches begins with: all up to the first wildcard, without escape characters.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether there is no wildcard: only [`Pattern::prefix`] itself matches.
    pub fn is_exact(&self) -> bool {
        matches!(self.segments.as_slice(), [Segment::Text(_)])
    }

    /// Whether all that begins with [`Pattern::prefix`] matches.
    pub fn is_prefix_only(&self) -> bool {
        match self.segments.as_slice() {
            [Segment::Text(_), rest @ ..] => !rest.is_empty() && rest.iter().all(Segment::is_empty),
            _ => false,
        }
    }

    /// Whether a text matches as a whole. A segment is looked for once, after the one before it, and nothing is taken back: with `_` the time is that
    /// of a plain search for its segment at each place, without it is linear in the text.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.segments.split_first() else {
            return text.is_empty();
        };
        let Some(mut rest) = first.after_start(text) else {
            return false;
        };
        let Some((last, middle)) = others.split_last() else {
            return rest.is_empty();
        };
        for segment in middle {
            match segment.after_first(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        last.is_at_end(rest)
    }
}

/// What [`Pattern::starting_with`] escapes with where it has to.
const ESCAPE: char = '\\';

impl Segment {
    fn new(shape: Vec<Option<char>>) -> Self {
        match shape.iter().copied().collect::<Option<String>>() {
            Some(text) => Self::Text(text),
            None => Self::Shape(shape),
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }

    /// What follows it at the start of a text.
    fn after_start<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(own) => text.strip_prefix(own.as_str()),
            Self::Shape(shape) => {
                let mut rest = text.chars();
                for &one in shape {
                    let found = rest.next()?;
                    if one.is_some_and(|c| c != found) {
                        return None;
                    }
                }
                Some(rest.as_str())
            }
        }
    }

    /// What follows the first of it in a text.
    fn after_first<'a>(&self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Text(own) => {
                let at = text.find(own.as_str())?;
                text.get(at + own.len()..)
            }
            Self::Shape(_) => text
                .char_indices()
                .find_map(|(at, _)| self.after_start(text.get(at..)?)),
        }
    }

    fn is_at_end(&self, text: &str) -> bool {
        match self {
            Self::Text(own) => text.ends_with(own.as_str()),
            Self::Shape(shape) => {
                let mut found = text.chars().rev();
                shape.iter().rev().all(|one| {
                    let found = found.next();
                    found.is_some() && (one.is_none() || *one == found)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text, Some('!')).unwrap()
    }

    #[test]
    fn whole_texts_match() {
        for (text, yes, no) in [
            ("", &[""][..], &["a", " "][..]),
            ("abc", &["abc"], &["", "ab", "abcd", "xabc", "ABC"]),
            ("%", &["", "a", "äöü", "a\nb"], &[]),
            ("%%", &["", "a"], &[]),
            ("_", &["a", "ä", "😀", "\n"], &["", "ab", "a\u{301}"]),
            ("a%", &["a", "ab", "abc"], &["", "ba"]),
            ("%a", &["a", "ba", "aa"], &["", "ab"]),
            ("%ab%", &["ab", "aab", "aaabb"], &["", "ba", "a"]),
            ("a%a", &["aa", "aba", "aaa"], &["a", "ab", "ba"]),
            ("a%ab%b", &["aabb", "axabxb"], &["aab", "abb", "ab"]),
            ("_a%", &["xa", "äab"], &["a", "axa"]),
            (
                "%_b_%",
                &["abc", "xxabcxx", "abbb", "bbb"],
                &["ab", "bc", "b", ""],
            ),
            ("%a_", &["ab", "aab", "xaä"], &["a", "ba", "abc"]),
            ("a_%_c", &["abbc", "axxxc"], &["abc", "ac"]),
            ("%a_b%a_c", &["axbayc", "aab aac"], &["axbc", "axb", "ayc"]),
            (
                "root.ln.%.s_",
                &["root.ln.wf.s1", "root.ln..s2"],
                &["root.ln.s1", "root_ln.wf.s1"],
            ),
            ("100!%", &["100%"], &["100", "100x"]),
            ("!_!!%", &["_!", "_!x"], &["x!", "_"]),
            ("!a", &["a"], &["!a"]),
        ] {
            for t in yes {
                assert!(pattern(text).matches(t), "{t:?} is like {text:?}");
            }
            for t in no {
                assert!(!pattern(text).matches(t), "{t:?} is not like {text:?}");
            }
        }
    }

    /// The textbook definition, exponential as it is.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['%', rest @ ..] => (0..=text.len()).any(|n| by_definition(rest, &text[n..])),
            ['!', c, rest @ ..] => text.first() == Some(c) && by_definition(rest, &text[1..]),
            ['_', rest @ ..] => !text.is_empty() && by_definition(rest, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && by_definition(rest, &text[1..]),
        }
    }

    /// Every text of up to `longest` of these characters.
    fn texts(alphabet: &[char], longest: usize) -> Vec<Vec<char>> {
        let mut all = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..longest {
            let to = all.len();
            for i in from..to {
                for &c in alphabet {
                    let mut longer = all[i].clone();
                    longer.push(c);
                    all.push(longer);
                }
            }
            from = to;
        }
        all
    }

    #[test]
    fn every_short_pattern_matches_as_defined() {
        let subjects = texts(&['a', 'é', '%'], 4);
        let mut matched = 0;
        for p in texts(&['a', 'é', '%', '_', '!'], 4) {
            let text: String = p.iter().collect();
            let Ok(own) = Pattern::new(text.as_str(), Some('!')) else {
                assert!(text.ends_with('!'), "{text}");
                continue;
            };
            for s in &subjects {
                let subject: String = s.iter().collect();
                let expected = by_definition(&p, s);
                assert_eq!(own.matches(&subject), expected, "{subject:?} {text:?}");
                if expected {
                    matched += 1;
                    assert!(subject.starts_with(own.prefix()), "{subject:?} {text:?}");
                    assert!(!own.is_exact() || subject == own.prefix());
                } else {
                    assert!(!own.is_exact() || subject != own.prefix());
                    assert!(!own.is_prefix_only() || !subject.starts_with(own.prefix()));
                }
            }
        }
        assert!(matched > 10_000, "{matched}");
    }

    #[test]
    fn what_a_pattern_says_about_itself() {
        for (text, prefix, exact, prefix_only) in [
            ("", "", true, false),
            ("abc", "abc", true, false),
            ("a!%b", "a%b", true, false),
            ("%", "", false, true),
            ("abc%", "abc", false, true),
            ("a!_%%", "a_", false, true),
            ("abc_", "abc", false, false),
            ("abc%_", "abc", false, false),
            ("abc_%", "abc", false, false),
            ("a%c", "a", false, false),
            ("_a", "", false, false),
        ] {
            let p = pattern(text);
            assert_eq!(
                (p.prefix(), p.is_exact(), p.is_prefix_only()),
                (prefix, exact, prefix_only),
                "{text}"
            );
            assert_eq!((p.text(), p.escape()), (text, Some('!')));
        }
    }

    #[test]
    fn escape_characters() {
        let literal = Pattern::new("a!%", None).unwrap();
        assert!(literal.matches("a!bc") && !literal.matches("a%"));
        let percent = Pattern::new("a%%b%_", Some('%')).unwrap();
        assert!(percent.matches("a%b_") && percent.is_exact());
        for text in ["!", "a!", "a!!!"] {
            let e = Pattern::new(text, Some('!')).unwrap_err();
            assert_eq!(e.kind(), crate::ErrorKind::Argument);
        }
        assert!(
            Pattern::new("a\\", Some('\\'))
                .unwrap_err()
                .to_string()
                .contains("'a\\' ends with its escape character")
        );
    }

    #[test]
    fn prefixes_of_any_text() {
        for prefix in ["", "root.ln", "100%", "a_b", "back\\slash", "%_\\", "ä'"] {
            let p = Pattern::starting_with(prefix);
            assert_eq!(
                p,
                Pattern::new(p.text(), p.escape()).unwrap(),
                "its text is that pattern"
            );
            assert!(p.is_prefix_only() && p.prefix() == prefix);
            assert!(p.matches(prefix) && p.matches(&format!("{prefix}%x")));
            assert!(prefix.is_empty() || !p.matches(&format!("x{prefix}")));
        }
        assert_eq!(Pattern::starting_with("root.ln").escape(), None);
    }

    #[test]
    fn many_wildcards_do_not_blow_up() {
        let text = "a".repeat(20_000);
        assert!(!pattern(&format!("{}b", "%a".repeat(5_000))).matches(&text));
        assert!(pattern(&"%a".repeat(20_000)).matches(&text));
        assert!(!pattern(&"%a".repeat(20_001)).matches(&text));
        assert!(!pattern(&format!("%{}b%", "_".repeat(30))).matches(&text));
    }
}
