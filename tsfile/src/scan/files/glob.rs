//! Names with `*`, `?` and `[a-z]`, and paths of them.
//!
//! A crate for globs has its own walk of directories with its own idea of hidden files and links; here both are those of
//! [`discover`](super::discover), and matching one name is a few lines.

/// One name of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// This name.
    Name(String),
    /// All names that match.
    Names(Vec<Token>),
    /// `**`: any number of directories.
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    /// `?`
    One,
    /// `*`
    Some,
    /// `[a-z]`, or `[!a-z]` when false.
    Class(bool, Vec<(char, char)>),
}

/// Whether a name can stand for others.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// One name of a path, taken as a pattern.
pub(super) fn segment(name: &str) -> Segment {
    if name == "**" {
        return Segment::Any;
    }
    if !is_pattern(name) {
        return Segment::Name(name.to_string());
    }
    let mut tokens = Vec::new();
    let chars: Vec<char> = name.chars().collect();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        at += 1;
        tokens.push(match c {
            '*' if tokens.last() == Some(&Token::Some) => continue,
            '*' => Token::Some,
            '?' => Token::One,
            '[' => match class(&chars, at) {
                Some((token, end)) => {
                    at = end;
                    token
                }
                None => Token::Char('['),
            },
            c => Token::Char(c),
        });
    }
    Segment::Names(tokens)
}

/// The class whose first character is at `at`, and where it ends; `None` when nothing closes it.
fn class(chars: &[char], at: usize) -> Option<(Token, usize)> {
    let inverted = matches!(chars.get(at), Some('!' | '^'));
    let first = at + usize::from(inverted);
    let mut at = first;
    let mut ranges = Vec::new();
    loop {
        let &low = chars.get(at)?;
        if low == ']' && at > first {
            return Some((Token::Class(!inverted, ranges), at + 1));
        }
        match (chars.get(at + 1), chars.get(at + 2)) {
            (Some('-'), Some(&high)) if high != ']' => {
                ranges.push((low, high));
                at += 3;
            }
            _ => {
                ranges.push((low, low));
                at += 1;
            }
        }
    }
}

/// Whether a name matches. What begins with a dot has to be asked for by a dot. The work is at most the product of both lengths.
pub(super) fn matches(tokens: &[Token], name: &str) -> bool {
    if name.starts_with('.') && tokens.first() != Some(&Token::Char('.')) {
        return false;
    }
    let name: Vec<char> = name.chars().collect();
    let (mut token, mut at) = (0, 0);
    // Behind the last `*`, and where it has stopped to match: any other choice for stars before it comes to no more.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = name.get(at) {
        let fits = match tokens.get(token) {
            Some(Token::Some) => {
                token += 1;
                star = Some((token, at));
                continue;
            }
            Some(Token::One) => true,
            Some(Token::Char(wanted)) => *wanted == c,
            Some(Token::Class(inside, ranges)) => {
                ranges.iter().any(|(low, high)| (low..=high).contains(&&c)) == *inside
            }
            None => false,
        };
        if fits {
            (token, at) = (token + 1, at + 1);
        } else {
            let Some((after, stopped)) = star else {
                return false;
            };
            star = Some((after, stopped + 1));
            (token, at) = (after, stopped + 1);
        }
    }
    tokens
        .get(token..)
        .is_none_or(|rest| rest.iter().all(|t| *t == Token::Some))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, expected) in [
            ("*", "a.tsfile", true),
            ("*", ".a.tsfile", false),
            (".*", ".a.tsfile", true),
            ("*.tsfile", "a.tsfile", true),
            ("*.tsfile", "a.tsfile.resource", false),
            ("a?c*", "abcd", true),
            ("a?c*", "ac", false),
            ("**a", "bba", true),
            ("[a-c]x[!0-9]", "bxy", true),
            ("[a-c]x[!0-9]", "bx7", false),
            ("[]]x", "]x", true),
            ("[^a]", "a", false),
            ("[*]", "*", true),
            ("[*]", "x", false),
            ("a[b*", "a[bcd", true),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false),
            ("ü*", "über", true),
            ("?", "ü", true),
            ("", "", true),
        ] {
            let found = match segment(pattern) {
                Segment::Names(tokens) => matches(&tokens, name),
                Segment::Name(same) => same == name,
                Segment::Any => panic!("{pattern}"),
            };
            assert_eq!(found, expected, "{pattern} {name}");
        }
        assert_eq!(segment("**"), Segment::Any);
    }

    /// Every choice of what each star stands for, against the walk that goes back to the last star only.
    #[test]
    fn matching_is_what_trying_everything_finds() {
        fn all(tokens: &[Token], name: &[char]) -> bool {
            match (tokens.split_first(), name.split_first()) {
                (None, rest) => rest.is_none(),
                (Some((Token::Some, rest)), _) => (0..=name.len()).any(|n| all(rest, &name[n..])),
                (Some((Token::One, rest)), Some((_, name))) => all(rest, name),
                (Some((Token::Char(a), rest)), Some((b, name))) => a == b && all(rest, name),
                _ => false,
            }
        }
        let words = |letters: &[char], longest: u32| -> Vec<String> {
            (0..=longest)
                .flat_map(|n| (0..letters.len().pow(n)).map(move |i| (n, i)))
                .map(|(n, i)| {
                    (0..n)
                        .map(|k| letters[i / letters.len().pow(k) % letters.len()])
                        .collect()
                })
                .collect()
        };
        let names = words(&['a', 'b'], 5);
        for pattern in words(&['a', 'b', '*', '?'], 5) {
            let Segment::Names(tokens) = segment(&pattern) else {
                continue;
            };
            for name in &names {
                let chars: Vec<char> = name.chars().collect();
                assert_eq!(
                    matches(&tokens, name),
                    all(&tokens, &chars),
                    "{pattern} {name}"
                );
            }
        }
    }
}
