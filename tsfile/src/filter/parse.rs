//! Expressions from SQL.
//!
//! `sqlparser` cuts the text into words and steps through them. Its expressions are not used: they can say far more than is possible here, do not
//! always know their place, and a chain of a hundred thousand `OR` is a tree of that depth, which overflows the stack when it is dropped. What is possible is this:
//!
//! ```text
//! any       = all { OR all }
//! all       = negation { AND negation }
//! negation  = NOT negation | ( any ) | test
//! test      = column compare literal | literal compare column | STARTS_WITH ( column , text ) | TRUE | FALSE | NULL
//!           | column [NOT] IN ( literal, .. ) | column [NOT] BETWEEN literal AND literal
//!           | column IS [NOT] NULL | column [NOT] LIKE text [ESCAPE text]
//! compare   = = | <> | != | < | <= | > | >= | <=> | IS [NOT] DISTINCT FROM
//! literal   = [-] number | text | X'0a' | DATE text | TIMESTAMP text | DOUBLE text | TRUE | FALSE | NULL
//! column    = word { . word }      a word is plain or in double quotes or backquotes
//! ```

use super::place::{POSSIBLE, error_at};
use super::words::{A_COMPARISON, Reader};
use super::{CompareOp, Expr, Literal, Pattern};
use crate::error::Result;
use crate::model::Zone;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

/// Parentheses and `NOT` that may stand around a condition.
const MAX_DEPTH: usize = 128;

impl std::str::FromStr for Expr {
    type Err = crate::Error;

    /// As [`Expr::parse`].
    fn from_str(sql: &str) -> Result<Self> {
        Self::parse(sql)
    }
}

impl TryFrom<&str> for Expr {
    type Error = crate::Error;

    /// As [`Expr::parse`].
    fn try_from(sql: &str) -> Result<Self> {
        Self::parse(sql)
    }
}

impl Expr {
    /// Reads a condition in SQL, as `Display` writes it. Times without a zone are UTC.
    ///
    /// ```
    /// use tsfile::filter::Expr;
    ///
    /// let expr = Expr::parse("device_name = 'root.ln.wf01.wt01' and time between 10 and 20")?;
    /// assert_eq!(expr.to_string(), "device_name = 'root.ln.wf01.wt01' AND (time >= 10 AND time <= 20)");
    /// # Ok::<(), tsfile::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Everything but comparisons of columns with literals and what joins them; the message shows the place.
    pub fn parse(sql: &str) -> Result<Self> {
        Self::parse_in(sql, 0)
    }

    /// As [`Expr::parse`]; the clock of times without a zone is so many seconds ahead of UTC.
    ///
    /// # Errors
    ///
    /// As [`Expr::parse`].
    pub fn parse_in(sql: &str, zone_seconds: i32) -> Result<Self> {
        let mut reader = Reader::new(sql, Zone::of_seconds(zone_seconds))?;
        let expr = reader.any()?;
        match reader.peek().token {
            Token::EOF => Ok(expr),
            _ => Err(reader.unexpected("AND, OR or the end")),
        }
    }
}

impl Reader<'_> {
    fn any(&mut self) -> Result<Expr> {
        let mut list = vec![self.all()?];
        while self.takes_word(Keyword::OR) {
            list.push(self.all()?);
        }
        Ok(joined(list, Expr::Or))
    }

    fn all(&mut self) -> Result<Expr> {
        let mut list = vec![self.negation()?];
        while self.takes_word(Keyword::AND) {
            list.push(self.negation()?);
        }
        Ok(joined(list, Expr::And))
    }

    fn negation(&mut self) -> Result<Expr> {
        if self.depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} parentheses and NOT around a condition");
            let hint = "a AND b AND c needs no parentheses, and two NOT are none";
            return Err(error_at(self.sql, self.place(), &message, hint));
        }
        self.depth += 1;
        let expr = if self.takes_word(Keyword::NOT) {
            Expr::Not(Box::new(self.negation()?))
        } else if self.takes(&Token::LParen) {
            let inner = self.any()?;
            self.expect(&Token::RParen, "AND, OR or )")?;
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn test(&mut self) -> Result<Expr> {
        if self.calls(&["STARTS_WITH", "STARTSWITH"]) {
            return self.starts_with();
        }
        if let Some(column) = self.column()? {
            return self.test_of(column);
        }
        let Some(value) = self.literal()? else {
            return Err(self.unexpected("a column"));
        };
        match (self.compare_op(), value) {
            (Some((op, negated)), value) => {
                let column = self.expect_column()?;
                Ok(compare(column, turned(op), value, negated))
            }
            (None, Literal::Boolean(value)) => Ok(Expr::Constant(Some(value))),
            (None, Literal::Null) => Ok(Expr::Constant(None)),
            (None, _) => Err(self.unexpected(A_COMPARISON)),
        }
    }

    /// What follows a column.
    fn test_of(&mut self, column: String) -> Result<Expr> {
        if let Some((op, negated)) = self.compare_op() {
            let value = self.expect_literal()?;
            return Ok(compare(column, op, value, negated));
        }
        if self.takes_word(Keyword::IS) {
            let negated = self.takes_word(Keyword::NOT);
            self.expect_word(Keyword::NULL, "NULL or DISTINCT FROM")?;
            return Ok(negate(Expr::IsNull { column }, negated));
        }
        let negated = self.takes_word(Keyword::NOT);
        let test = if self.takes_word(Keyword::IN) {
            let list = self.list()?;
            Expr::In { column, list }
        } else if self.takes_word(Keyword::BETWEEN) {
            let low = self.expect_literal()?;
            self.expect_word(Keyword::AND, "AND and the upper end")?;
            let high = self.expect_literal()?;
            Expr::And(vec![
                compare(column.clone(), CompareOp::GtEq, low, false),
                compare(column, CompareOp::LtEq, high, false),
            ])
        } else if self.takes_word(Keyword::LIKE) {
            self.like(column)?
        } else if negated {
            return Err(self.unexpected("IN, BETWEEN or LIKE"));
        } else {
            return Err(self.unexpected(A_COMPARISON));
        };
        Ok(negate(test, negated))
    }

    fn starts_with(&mut self) -> Result<Expr> {
        self.advance();
        self.expect(&Token::LParen, "(")?;
        let column = self.expect_column()?;
        self.expect(&Token::Comma, "a comma")?;
        let pattern = Pattern::starting_with(&self.text("text in single quotes")?);
        self.expect(&Token::RParen, ")")?;
        Ok(Expr::Like {
            column,
            pattern: pattern.text().to_owned(),
            escape: pattern.escape(),
        })
    }

    fn like(&mut self, column: String) -> Result<Expr> {
        let place = self.place();
        let pattern = self.text("a pattern in single quotes")?;
        let mut escape = None;
        if self.takes_word(Keyword::ESCAPE) {
            let place = self.place();
            let text = self.text("one character in single quotes")?;
            let mut chars = text.chars();
            escape = chars.next();
            if escape.is_none() || chars.next().is_some() {
                let message = format!("the escape '{text}' is not one character");
                return Err(error_at(self.sql, place, &message, "such as ESCAPE '!'"));
            }
        }
        Pattern::new(pattern.as_str(), escape).map_err(|e| {
            let hint = e.suggestion().unwrap_or(POSSIBLE).to_owned();
            error_at(
                self.sql,
                place,
                "the pattern ends with its escape character",
                &hint,
            )
        })?;
        Ok(Expr::Like {
            column,
            pattern,
            escape,
        })
    }

    fn list(&mut self) -> Result<Vec<Literal>> {
        self.expect(&Token::LParen, "( and literals")?;
        let mut list = Vec::new();
        if self.takes(&Token::RParen) {
            return Ok(list);
        }
        loop {
            list.push(self.expect_literal()?);
            if self.takes(&Token::RParen) {
                return Ok(list);
            }
            self.expect(&Token::Comma, "a comma or )")?;
        }
    }

    /// An operator, and whether what it says is negated.
    fn compare_op(&mut self) -> Option<(CompareOp, bool)> {
        let op = match self.peek().token {
            Token::Eq => CompareOp::Eq,
            Token::Neq => CompareOp::NotEq,
            Token::Lt => CompareOp::Lt,
            Token::LtEq => CompareOp::LtEq,
            Token::Gt => CompareOp::Gt,
            Token::GtEq => CompareOp::GtEq,
            Token::Spaceship => CompareOp::IsNotDistinct,
            _ => {
                use Keyword::{DISTINCT, FROM, IS, NOT};
                let negated = if self.takes_words(&[IS, DISTINCT, FROM]) {
                    true
                } else if self.takes_words(&[IS, NOT, DISTINCT, FROM]) {
                    false
                } else {
                    return None;
                };
                return Some((CompareOp::IsNotDistinct, negated));
            }
        };
        self.advance();
        Some((op, false))
    }
}

fn compare(column: String, op: CompareOp, value: Literal, negated: bool) -> Expr {
    negate(Expr::Compare { column, op, value }, negated)
}

fn negate(expr: Expr, negated: bool) -> Expr {
    if negated {
        Expr::Not(Box::new(expr))
    } else {
        expr
    }
}

/// The operator with its sides exchanged.
fn turned(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Lt => CompareOp::Gt,
        CompareOp::LtEq => CompareOp::GtEq,
        CompareOp::Gt => CompareOp::Lt,
        CompareOp::GtEq => CompareOp::LtEq,
        CompareOp::Eq | CompareOp::NotEq | CompareOp::IsNotDistinct => op,
    }
}

fn joined(mut list: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match (list.len(), list.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            list.extend(last);
            join(list)
        }
    }
}

#[cfg(test)]
mod tests;
