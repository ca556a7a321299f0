//! What a user or a host program asks: columns by name, typed literals, SQL's three-valued logic.

/// A condition on rows. A row is kept where it is true; where it is false or null, it is not.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `TRUE`, `FALSE` or, as `None`, `NULL`.
    Constant(Option<bool>),
    /// A column against a literal; null where either is, except with [`CompareOp::IsNotDistinct`].
    Compare {
        /// Name of the column.
        column: String,
        /// How they compare.
        op: CompareOp,
        /// What the column is compared with.
        value: Literal,
    },
    /// Whether the column equals one of the literals; null where it is null, and where none is equal and one of them is null.
    In {
        /// Name of the column.
        column: String,
        /// The literals.
        list: Vec<Literal>,
    },
    /// Whether the column is null; never null itself.
    IsNull {
        /// Name of the column.
        column: String,
    },
    /// Whether the text matches: `%` stands for any characters, `_` for one, and what follows `escape` for itself.
    Like {
        /// Name of the column.
        column: String,
        /// The pattern.
        pattern: String,
        /// The character that takes its meaning from the next one.
        escape: Option<char>,
    },
    /// True where the inner condition is false, null where it is null.
    Not(Box<Expr>),
    /// False where any is false, else null where any is null; true of none.
    And(Vec<Expr>),
    /// True where any is true, else null where any is null; false of none.
    Or(Vec<Expr>),
}

/// How a column and a literal compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Eq,
    /// `<>`
    NotEq,
    /// `<`
    Lt,
    /// `<=`
    LtEq,
    /// `>`
    Gt,
    /// `>=`
    GtEq,
    /// `IS NOT DISTINCT FROM`, Spark's `<=>`: equal, or both null; never null itself.
    IsNotDistinct,
}

/// A typed constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `NULL`
    Null,
    /// `TRUE`, `FALSE`
    Boolean(bool),
    /// An integer of any width.
    Integer(i64),
    /// A number with decimals, exactly: `unscaled` / 10^`scale`.
    Decimal {
        /// All digits.
        unscaled: i128,
        /// How many of them are behind the point.
        scale: u8,
    },
    /// A binary floating point number; a 32-bit one widens to it without loss.
    Double(f64),
    /// Text. Against a column of another type it is read as a value of that type, as SQL does.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Nanoseconds since 1970-01-01 00:00 UTC.
    Timestamp(i128),
}
