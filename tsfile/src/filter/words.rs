//! The words of a condition in SQL: columns and literals, and what is said about any other word.

use super::Literal;
use super::literal::numeric;
use super::place::{POSSIBLE, error_at};
use super::text::is_reserved;
use crate::error::{Error, Result};
use crate::model::{Instant, Zone, parse_date};
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Word};

/// Characters of a word that an error shows.
const SHOWN_CHARS: usize = 40;

/// What words are made of.
#[derive(Debug)]
struct Words;

impl Dialect for Words {
    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_'
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }
}

/// Steps through a condition.
pub(super) struct Reader<'a> {
    parser: Parser<'a>,
    pub(super) sql: &'a str,
    zone: Zone,
    /// Parentheses and `NOT` around the next word.
    pub(super) depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sql: &'a str, zone: Zone) -> Result<Self> {
        let tokens = Tokenizer::new(&Words, sql)
            .tokenize_with_location()
            .map_err(|e| {
                let message = e.message.trim_end_matches([' ', '.']).to_lowercase();
                error_at(sql, e.location, &message, POSSIBLE)
            })?;
        Ok(Self {
            parser: Parser::new(&Words).with_tokens_with_locations(tokens),
            sql,
            zone,
            depth: 0,
        })
    }

    pub(super) fn peek(&self) -> &TokenWithSpan {
        self.parser.peek_token_ref()
    }

    fn after_next(&self) -> &Token {
        &self.parser.peek_nth_token_ref(1).token
    }

    pub(super) fn place(&self) -> Location {
        self.peek().span.start
    }

    pub(super) fn advance(&mut self) {
        self.parser.advance_token();
    }

    pub(super) fn takes(&mut self, token: &Token) -> bool {
        self.parser.consume_token(token)
    }

    pub(super) fn takes_word(&mut self, word: Keyword) -> bool {
        self.parser.parse_keyword(word)
    }

    /// All of the words or none.
    pub(super) fn takes_words(&mut self, words: &[Keyword]) -> bool {
        self.parser.parse_keywords(words)
    }

    pub(super) fn expect(&mut self, token: &Token, name: &str) -> Result<()> {
        match self.takes(token) {
            true => Ok(()),
            false => Err(self.unexpected(name)),
        }
    }

    pub(super) fn expect_word(&mut self, word: Keyword, name: &str) -> Result<()> {
        match self.takes_word(word) {
            true => Ok(()),
            false => Err(self.unexpected(name)),
        }
    }

    /// The next word, when it has no quotes.
    fn plain_word(&self) -> Option<&str> {
        match &self.peek().token {
            Token::Word(word) if word.quote_style.is_none() => Some(&word.value),
            _ => None,
        }
    }

    /// Whether one of these functions is called next.
    pub(super) fn calls(&self, names: &[&str]) -> bool {
        let named = |word| names.iter().any(|n| n.eq_ignore_ascii_case(word));
        self.plain_word().is_some_and(named) && *self.after_next() == Token::LParen
    }

    /// The type whose name and text come next.
    fn typed(&self) -> Option<Type> {
        let word = self.plain_word()?;
        let (_, found) = TYPES.iter().find(|(n, _)| n.eq_ignore_ascii_case(word))?;
        matches!(self.after_next(), Token::SingleQuotedString(_)).then_some(*found)
    }

    /// The name of a column, if that is what comes next. Of a path the parts in backquotes keep them, as files have them.
    pub(super) fn column(&mut self) -> Result<Option<String>> {
        let Token::Word(word) = &self.peek().token else {
            return Ok(None);
        };
        if word.quote_style.is_none() {
            if is_reserved(&word.value) || self.typed().is_some() {
                return Ok(None);
            }
            if *self.after_next() == Token::LParen {
                let message = format!("the function {} is not possible", short(&word.value));
                return Err(self.refused(&message, POSSIBLE));
            }
        }
        let mut parts = vec![word.clone()];
        self.advance();
        while self.takes(&Token::Period) {
            let Token::Word(word) = &self.peek().token else {
                return Err(
                    self.unexpected("a name (in double quotes when it begins with a digit)")
                );
            };
            parts.push(word.clone());
            self.advance();
        }
        Ok(Some(match parts.as_slice() {
            [only] => only.value.clone(),
            parts => parts.iter().map(path_part).collect::<Vec<_>>().join("."),
        }))
    }

    pub(super) fn expect_column(&mut self) -> Result<String> {
        match self.column()? {
            Some(column) => Ok(column),
            None => Err(self.unexpected("a column")),
        }
    }

    /// A literal, if that is what comes next.
    pub(super) fn literal(&mut self) -> Result<Option<Literal>> {
        if let Some(found) = self.typed() {
            self.advance();
            return self.typed_literal(found).map(Some);
        }
        let value = match &self.peek().token {
            Token::Minus => return self.signed("-").map(Some),
            Token::Plus => return self.signed("+").map(Some),
            Token::Number(..) => return self.signed("").map(Some),
            Token::SingleQuotedString(text) => Literal::Text(text.clone()),
            Token::HexStringLiteral(digits) => match bytes_of(digits) {
                Some(bytes) => Literal::Bytes(bytes),
                None => {
                    return Err(
                        self.refused("bytes are pairs of hexadecimal digits", "such as X'0aff'")
                    );
                }
            },
            Token::Word(word) => match word.keyword {
                Keyword::TRUE => Literal::Boolean(true),
                Keyword::FALSE => Literal::Boolean(false),
                Keyword::NULL => Literal::Null,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(value))
    }

    pub(super) fn expect_literal(&mut self) -> Result<Literal> {
        if let Some(value) = self.literal()? {
            return Ok(value);
        }
        let place = self.place();
        match self.column()? {
            Some(column) => Err(error_at(
                self.sql,
                place,
                &format!("expected a literal, found the column {}", short(&column)),
                "text is written in single quotes; two columns cannot be compared",
            )),
            None => Err(self.unexpected("a literal")),
        }
    }

    /// Text in single quotes.
    pub(super) fn text(&mut self, expected: &str) -> Result<String> {
        let Token::SingleQuotedString(text) = &self.peek().token else {
            return Err(self.unexpected(expected));
        };
        let text = text.clone();
        self.advance();
        Ok(text)
    }

    fn signed(&mut self, sign: &str) -> Result<Literal> {
        if !sign.is_empty() {
            self.advance();
        }
        let Token::Number(digits, long) = &self.peek().token else {
            return Err(self.unexpected("a number"));
        };
        match numeric(&format!("{sign}{digits}")) {
            Some(value) if !long || matches!(value, Literal::Integer(_)) => {
                self.advance();
                Ok(value)
            }
            Some(_) => Err(self.refused("no 64-bit integer", "leave out the L")),
            None => Err(self.refused(
                "more digits than a decimal can have",
                "with an exponent it is a double: 1.5e0",
            )),
        }
    }

    fn typed_literal(&mut self, found: Type) -> Result<Literal> {
        let place = self.place();
        let text = self.text("text in single quotes")?;
        let (value, name, example) = match found {
            Type::Date => (
                parse_date(&text).map(Literal::Date),
                "date",
                "such as DATE '2024-01-31'",
            ),
            Type::Timestamp => (
                Instant::parse(&text, Some(self.zone)).map(|i| Literal::Timestamp(i.nanos())),
                "instant",
                "such as TIMESTAMP '2024-01-31T12:00:00Z', TIMESTAMP '2024-01-31 14:00:00.5+02:00' or TIMESTAMP '2024-01-31'",
            ),
            Type::Double => (
                text.parse().ok().map(Literal::Double),
                "double",
                "such as DOUBLE 'NaN', DOUBLE '-Infinity' or 1.5e3",
            ),
        };
        let message = || format!("'{}' is no {name}", short(&text));
        value.ok_or_else(|| error_at(self.sql, place, &message(), example))
    }

    /// What is said about the next word, where it is not what could be there.
    pub(super) fn unexpected(&self, expected: &str) -> Error {
        let token = &self.peek().token;
        let word = self.plain_word().unwrap_or("");
        let refused = REFUSED.iter().find(|r| r.eq_ignore_ascii_case(word));
        let message = match token {
            Token::EOF => format!("expected {expected}, but here is the end"),
            Token::Word(_) if word.eq_ignore_ascii_case("SELECT") => SUBQUERY.to_owned(),
            Token::LParen if matches!(self.after_next(), Token::Word(w) if w.keyword == Keyword::SELECT) => {
                SUBQUERY.to_owned()
            }
            Token::Word(_) if refused.is_some() => {
                format!("{} is not possible", word.to_uppercase())
            }
            Token::DoubleColon => "casts are not possible".to_owned(),
            Token::DoubleEq => "== is not possible, = is".to_owned(),
            Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::Mod
            | Token::StringConcat => "arithmetic is not possible".to_owned(),
            Token::SemiColon => {
                format!("expected {expected}, found a semicolon: one condition is all")
            }
            other => format!("expected {expected}, found {}", short(&other.to_string())),
        };
        let alone = expected == A_COMPARISON
            && (matches!(token, Token::EOF | Token::RParen)
                || ["AND", "OR"].iter().any(|w| w.eq_ignore_ascii_case(word)));
        if alone {
            return self.refused(&message, "a BOOLEAN column is asked for as x = TRUE");
        }
        self.refused(&message, POSSIBLE)
    }

    /// An error at the next word.
    fn refused(&self, message: &str, hint: &str) -> Error {
        error_at(self.sql, self.place(), message, hint)
    }
}

/// What has to follow a column.
pub(super) const A_COMPARISON: &str = "a comparison";

const SUBQUERY: &str = "subqueries are not possible";

/// Words of SQL for what is not possible.
const REFUSED: [&str; 16] = [
    "ALL", "ANY", "AT", "CASE", "CAST", "COLLATE", "EXISTS", "GLOB", "ILIKE", "INTERVAL", "MATCH",
    "OVERLAPS", "REGEXP", "RLIKE", "SIMILAR", "SOME",
];

/// Types that stand before the text of a literal.
#[derive(Clone, Copy)]
enum Type {
    Date,
    Timestamp,
    Double,
}

const TYPES: [(&str, Type); 3] = [
    ("DATE", Type::Date),
    ("TIMESTAMP", Type::Timestamp),
    ("DOUBLE", Type::Double),
];

fn path_part(word: &Word) -> String {
    match word.quote_style {
        Some('`') => format!("`{}`", word.value.replace('`', "``")),
        _ => word.value.clone(),
    }
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let nibble = |b: u8| char::from(b).to_digit(16);
    let pair = |pair: &[u8]| match *pair {
        [high, low] => u8::try_from(nibble(high)? * 16 + nibble(low)?).ok(),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
