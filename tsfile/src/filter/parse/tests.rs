//! What is read, what is refused and where, and that every expression reads back.

use super::*;

fn cmp(column: &str, op: CompareOp, value: Literal) -> Expr {
    compare(column.into(), op, value, false)
}

fn eq(column: &str, value: i64) -> Expr {
    cmp(column, CompareOp::Eq, Literal::Integer(value))
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

fn like(column: &str, pattern: &str, escape: Option<char>) -> Expr {
    Expr::Like {
        column: column.into(),
        pattern: pattern.into(),
        escape,
    }
}

fn text(text: &str) -> Literal {
    Literal::Text(text.into())
}

#[track_caller]
fn reads(sql: &str, expected: &Expr) {
    match Expr::parse(sql) {
        Ok(expr) => assert_eq!(format!("{expr:?}"), format!("{expected:?}"), "{sql}"),
        Err(e) => panic!("{sql}: {e}"),
    }
}

#[test]
fn every_operator_is_read() {
    let five = Literal::Integer(5);
    for (sql, op) in [
        ("a = 5", CompareOp::Eq),
        ("a <> 5", CompareOp::NotEq),
        ("a != 5", CompareOp::NotEq),
        ("a < 5", CompareOp::Lt),
        ("a <= 5", CompareOp::LtEq),
        ("a > 5", CompareOp::Gt),
        ("a >= 5", CompareOp::GtEq),
        ("a <=> 5", CompareOp::IsNotDistinct),
        ("a is not distinct from 5", CompareOp::IsNotDistinct),
        ("a>5", CompareOp::Gt),
        ("5 = a", CompareOp::Eq),
        ("5 <> a", CompareOp::NotEq),
        ("5 < a", CompareOp::Gt),
        ("5 <= a", CompareOp::GtEq),
        ("5 > a", CompareOp::Lt),
        ("5 >= a", CompareOp::LtEq),
        ("5 <=> a", CompareOp::IsNotDistinct),
        ("5 IS NOT DISTINCT FROM a", CompareOp::IsNotDistinct),
        ("  a\n\t= -- five\n /* that /* is */ */ 5 ", CompareOp::Eq),
    ] {
        reads(sql, &cmp("a", op, five.clone()));
    }
    let distinct = not(cmp("a", CompareOp::IsNotDistinct, five.clone()));
    reads("a IS DISTINCT FROM 5", &distinct);
    reads("5 IS DISTINCT FROM a", &distinct);
    let within = Expr::And(vec![
        cmp("a", CompareOp::GtEq, five.clone()),
        cmp("a", CompareOp::LtEq, Literal::Integer(-6)),
    ]);
    reads("a BETWEEN 5 AND -6", &within);
    reads("a NOT BETWEEN 5 AND -6", &not(within.clone()));
    reads(
        "a BETWEEN 5 AND -6 AND b = 1",
        &Expr::And(vec![within, eq("b", 1)]),
    );
    let list = Expr::In {
        column: "a".into(),
        list: vec![five, text("x"), Literal::Null],
    };
    reads("a IN (5,'x' , NULL)", &list);
    reads("a not in (5, 'x', null)", &not(list));
    let empty = Expr::In {
        column: "a".into(),
        list: vec![],
    };
    reads("a IN ()", &empty);
    let null = Expr::IsNull { column: "a".into() };
    reads("a IS NULL", &null);
    reads("a IS NOT NULL", &not(null));
    reads("a LIKE 'x%'", &like("a", "x%", None));
    reads(
        "a NOT LIKE 'x!%' ESCAPE '!'",
        &not(like("a", "x!%", Some('!'))),
    );
    reads("a LIKE '''''a' ESCAPE ''''", &like("a", "''a", Some('\'')));
    reads("STARTS_WITH(a, 'x.y')", &like("a", "x.y%", None));
    reads(
        "not startswith(\"a\", '5%')",
        &not(like("a", "5\\%%", Some('\\'))),
    );
}

#[test]
fn conditions_are_joined_as_sql_does() {
    let (a, b, c) = (|| eq("a", 1), || eq("b", 2), || eq("c", 3));
    reads("TRUE", &Expr::Constant(Some(true)));
    reads("false", &Expr::Constant(Some(false)));
    reads("NULL", &Expr::Constant(None));
    reads("TRUE = a", &cmp("a", CompareOp::Eq, Literal::Boolean(true)));
    reads("a = 1 and b = 2 AND c = 3", &Expr::And(vec![a(), b(), c()]));
    reads("a = 1 or b = 2 OR c = 3", &Expr::Or(vec![a(), b(), c()]));
    reads(
        "a = 1 OR b = 2 AND c = 3",
        &Expr::Or(vec![a(), Expr::And(vec![b(), c()])]),
    );
    reads(
        "(a = 1 OR b = 2) AND c = 3",
        &Expr::And(vec![Expr::Or(vec![a(), b()]), c()]),
    );
    reads("NOT a = 1 AND b = 2", &Expr::And(vec![not(a()), b()]));
    reads("NOT (a = 1 AND b = 2)", &not(Expr::And(vec![a(), b()])));
    reads(
        "NOT NOT NULL OR (((a = 1)))",
        &Expr::Or(vec![not(not(Expr::Constant(None))), a()]),
    );
    reads(
        "(a = 1 AND b = 2) AND c = 3",
        &Expr::And(vec![Expr::And(vec![a(), b()]), c()]),
    );
}

#[test]
fn literals_have_the_type_that_they_look_like() {
    let decimal = |unscaled, scale| Literal::Decimal { unscaled, scale };
    for (sql, value) in [
        ("0", Literal::Integer(0)),
        ("-9223372036854775808", Literal::Integer(i64::MIN)),
        ("9223372036854775807", Literal::Integer(i64::MAX)),
        ("+7", Literal::Integer(7)),
        ("- 7", Literal::Integer(-7)),
        ("7L", Literal::Integer(7)),
        ("9223372036854775808", decimal(1 << 63, 0)),
        ("1.50", decimal(150, 2)),
        ("-.5", decimal(-5, 1)),
        ("5.", decimal(5, 0)),
        (
            "-170141183460469231731687303715884105728",
            decimal(i128::MIN, 0),
        ),
        ("1.5e3", Literal::Double(1500.0)),
        ("-2E-3", Literal::Double(-0.002)),
        ("-0e0", Literal::Double(-0.0)),
        ("DOUBLE 'NaN'", Literal::Double(f64::NAN)),
        ("double '-infinity'", Literal::Double(f64::NEG_INFINITY)),
        ("DOUBLE '1.5'", Literal::Double(1.5)),
        ("'it''s \"5\" \\ 😀\n%'", text("it's \"5\" \\ 😀\n%")),
        ("''", text("")),
        ("''''", text("'")),
        ("X'0aFF'", Literal::Bytes(vec![10, 255])),
        ("x''", Literal::Bytes(vec![])),
        ("0x0aff", Literal::Bytes(vec![10, 255])),
        ("DATE '1970-01-02'", Literal::Date(1)),
        ("date '-0001-12-31'", Literal::Date(-719_529)),
        (
            "TIMESTAMP '1970-01-01T00:00:01.5Z'",
            Literal::Timestamp(1_500_000_000),
        ),
        (
            "timestamp '1970-01-01 02:00:00+02:00'",
            Literal::Timestamp(0),
        ),
        ("TIMESTAMP '1970-01-01 00:00:00'", Literal::Timestamp(0)),
        (
            "TIMESTAMP '1970-01-02'",
            Literal::Timestamp(86_400_000_000_000),
        ),
        ("TRUE", Literal::Boolean(true)),
        ("False", Literal::Boolean(false)),
        ("NULL", Literal::Null),
    ] {
        reads(
            &format!("a = {sql}"),
            &cmp("a", CompareOp::Eq, value.clone()),
        );
        reads(&format!("{sql} = a"), &cmp("a", CompareOp::Eq, value));
    }
}

#[test]
fn times_without_a_zone_are_in_the_zone_given() {
    for (sql, seconds) in [
        ("a > TIMESTAMP '1970-01-01 02:00:00'", 0),
        ("a > TIMESTAMP '1970-01-01'", -7200),
        ("a > TIMESTAMP '1970-01-01 02:00:00Z'", 7200),
    ] {
        let expected = cmp(
            "a",
            CompareOp::Gt,
            Literal::Timestamp(seconds * 1_000_000_000),
        );
        assert_eq!(Expr::parse_in(sql, 7200).unwrap(), expected, "{sql}");
    }
}

#[test]
fn names_of_columns() {
    for (sql, name) in [
        ("s1", "s1"),
        ("_s", "_s"),
        ("größe", "größe"),
        ("time", "time"),
        ("Date", "Date"),
        ("timestamp", "timestamp"),
        ("double", "double"),
        ("user", "user"),
        ("starts_with", "starts_with"),
        ("\"in\"", "in"),
        ("\"a\"\"b\"", "a\"b"),
        ("\"\"", ""),
        ("`a b`", "a b"),
        ("\"root.ln.1d.s\"", "root.ln.1d.s"),
        ("root.ln.wf01.in.status", "root.ln.wf01.in.status"),
        ("root . ln", "root.ln"),
        ("root._a._b", "root._a._b"),
        ("root.`a.b`.\"c d\"", "root.`a.b`.c d"),
    ] {
        reads(&format!("{sql} = 1"), &eq(name, 1));
        reads(&format!("1 = {sql}"), &eq(name, 1));
    }
}

#[test]
fn anything_else_is_an_error_that_points_at_the_place() {
    for (sql, place, message) in [
        // Nothing, or half of something.
        ("", (1, 1), "expected a column, but here is the end"),
        (
            "  -- nothing",
            (1, 13),
            "expected a column, but here is the end",
        ),
        ("a", (1, 2), "expected a comparison, but here is the end"),
        ("a =", (1, 4), "expected a literal, but here is the end"),
        (
            "a = 1 AND",
            (1, 10),
            "expected a column, but here is the end",
        ),
        (
            "a = 1\nOR\n",
            (2, 3),
            "expected a column, but here is the end",
        ),
        ("NOT", (1, 4), "expected a column, but here is the end"),
        (
            "a BETWEEN 1",
            (1, 12),
            "expected AND and the upper end, but here is the end",
        ),
        (
            "a BETWEEN 1 OR 2",
            (1, 13),
            "expected AND and the upper end, found OR",
        ),
        (
            "a IN",
            (1, 5),
            "expected ( and literals, but here is the end",
        ),
        (
            "a IN (1",
            (1, 8),
            "expected a comma or ), but here is the end",
        ),
        ("a IN (1,)", (1, 9), "expected a literal, found )"),
        ("a IN (1 2)", (1, 9), "expected a comma or ), found 2"),
        ("a IN 1", (1, 6), "expected ( and literals, found 1"),
        (
            "a IS",
            (1, 5),
            "expected NULL or DISTINCT FROM, but here is the end",
        ),
        (
            "a IS NOT",
            (1, 9),
            "expected NULL or DISTINCT FROM, but here is the end",
        ),
        (
            "a IS TRUE",
            (1, 6),
            "expected NULL or DISTINCT FROM, found TRUE",
        ),
        ("a NOT 5", (1, 7), "expected IN, BETWEEN or LIKE, found 5"),
        (
            "a LIKE",
            (1, 7),
            "expected a pattern in single quotes, but here is the end",
        ),
        (
            "a LIKE 5",
            (1, 8),
            "expected a pattern in single quotes, found 5",
        ),
        (
            "a LIKE b",
            (1, 8),
            "expected a pattern in single quotes, found b",
        ),
        (
            "a LIKE 'x' ESCAPE ''",
            (1, 19),
            "the escape '' is not one character",
        ),
        (
            "a LIKE 'x' ESCAPE 'ab'",
            (1, 19),
            "the escape 'ab' is not one character",
        ),
        (
            "a LIKE 'x!' ESCAPE '!'",
            (1, 8),
            "the pattern ends with its escape character",
        ),
        // Parentheses.
        (
            "(a = 1",
            (1, 7),
            "expected AND, OR or ), but here is the end",
        ),
        ("a = 1)", (1, 6), "expected AND, OR or the end, found )"),
        ("()", (1, 2), "expected a column, found )"),
        ("(a) = 1", (1, 3), "expected a comparison, found )"),
        ("a = (1)", (1, 5), "expected a literal, found ("),
        (
            "(a, b) IN ((1, 2))",
            (1, 3),
            "expected a comparison, found ,",
        ),
        (
            "(a = 1) IS NULL",
            (1, 9),
            "expected AND, OR or the end, found IS",
        ),
        // More than one condition.
        (
            "a = 1;",
            (1, 6),
            "expected AND, OR or the end, found a semicolon: one condition is all",
        ),
        (
            "a = 1; DROP TABLE x",
            (1, 6),
            "expected AND, OR or the end, found a semicolon",
        ),
        (
            "a = 1 b = 2",
            (1, 7),
            "expected AND, OR or the end, found b",
        ),
        (
            "a = 1, b = 2",
            (1, 6),
            "expected AND, OR or the end, found ,",
        ),
        (
            "a = 1 ORDER BY a",
            (1, 7),
            "expected AND, OR or the end, found ORDER",
        ),
        ("WHERE a = 1", (1, 7), "expected a comparison, found a"),
        ("1 < a < 5", (1, 7), "expected AND, OR or the end, found <"),
        ("a = 1 = 2", (1, 7), "expected AND, OR or the end, found ="),
        (
            "a IS NULL IS NULL",
            (1, 11),
            "expected AND, OR or the end, found IS",
        ),
        // What SQL has besides.
        ("a = b", (1, 5), "expected a literal, found the column b"),
        (
            "a = \"x\"",
            (1, 5),
            "expected a literal, found the column x",
        ),
        (
            "a IN (1, b)",
            (1, 10),
            "expected a literal, found the column b",
        ),
        (
            "a BETWEEN 1 AND b",
            (1, 17),
            "expected a literal, found the column b",
        ),
        ("1 = 1", (1, 5), "expected a column, found 1"),
        ("'x'", (1, 4), "expected a comparison, but here is the end"),
        ("5 IN (a)", (1, 3), "expected a comparison, found IN"),
        (
            "NULL IS NULL",
            (1, 6),
            "expected AND, OR or the end, found IS",
        ),
        (
            "lower(a) = 'x'",
            (1, 1),
            "the function lower is not possible",
        ),
        (
            "a = lower('X')",
            (1, 5),
            "the function lower is not possible",
        ),
        (
            "a = 1 AND\n  abs(b) = 1",
            (2, 3),
            "the function abs is not possible",
        ),
        (
            "date('2024-01-31') = a",
            (1, 1),
            "the function date is not possible",
        ),
        (
            "STARTS_WITH('x', a)",
            (1, 13),
            "expected a column, found 'x'",
        ),
        ("STARTS_WITH(a)", (1, 14), "expected a comma, found )"),
        (
            "STARTS_WITH(a, b)",
            (1, 16),
            "expected text in single quotes, found b",
        ),
        ("STARTS_WITH(a, 'x', 'y')", (1, 19), "expected ), found ,"),
        ("a + 1 = 2", (1, 3), "arithmetic is not possible"),
        ("a = 1 + 1", (1, 7), "arithmetic is not possible"),
        ("a % 2 = 0", (1, 3), "arithmetic is not possible"),
        ("a || 'x' = 'yx'", (1, 3), "arithmetic is not possible"),
        ("-a = 1", (1, 2), "expected a number, found a"),
        ("a = - 'x'", (1, 7), "expected a number, found 'x'"),
        ("a = - -5", (1, 7), "arithmetic is not possible"),
        ("a & 1 = 1", (1, 3), "expected a comparison, found &"),
        ("a == 1", (1, 3), "== is not possible, = is"),
        ("a ~ 'x'", (1, 3), "expected a comparison, found ~"),
        (
            "CASE WHEN a = 1 THEN TRUE END",
            (1, 1),
            "CASE is not possible",
        ),
        (
            "a = CASE WHEN TRUE THEN 1 END",
            (1, 5),
            "CASE is not possible",
        ),
        ("CAST(a AS INT) = 1", (1, 1), "CAST is not possible"),
        ("a::int = 1", (1, 2), "casts are not possible"),
        ("a = '1'::int", (1, 8), "casts are not possible"),
        ("EXISTS (SELECT 1)", (1, 1), "EXISTS is not possible"),
        ("a = (SELECT 1)", (1, 5), "subqueries are not possible"),
        (
            "a IN (SELECT b FROM c)",
            (1, 7),
            "subqueries are not possible",
        ),
        ("(SELECT 1) = a", (1, 2), "subqueries are not possible"),
        ("a = ANY (1, 2)", (1, 5), "the function ANY is not possible"),
        ("a SIMILAR TO 'x'", (1, 3), "SIMILAR is not possible"),
        ("a ILIKE 'x'", (1, 3), "ILIKE is not possible"),
        ("a NOT ILIKE 'x'", (1, 7), "ILIKE is not possible"),
        ("a RLIKE 'x'", (1, 3), "RLIKE is not possible"),
        ("a REGEXP 'x'", (1, 3), "REGEXP is not possible"),
        ("a COLLATE x = 'x'", (1, 3), "COLLATE is not possible"),
        ("a = INTERVAL '1' DAY", (1, 5), "INTERVAL is not possible"),
        ("a AT TIME ZONE 'UTC' = 1", (1, 3), "AT is not possible"),
        ("a[1] = 1", (1, 2), "expected a comparison, found ["),
        ("a = ?", (1, 5), "expected a literal, found ?"),
        ("a = :x", (1, 5), "expected a literal, found :"),
        ("a = N'x'", (1, 5), "expected a literal, found N'x'"),
        ("and = 1", (1, 1), "expected a column, found and"),
        (
            "root.ln.1d.s = 1",
            (1, 8),
            "expected a comparison, found .1",
        ),
        ("root. = 1", (1, 7), "expected a name"),
        // Literals that are none.
        ("a = X'0'", (1, 5), "bytes are pairs of hexadecimal digits"),
        ("a = X'0g'", (1, 5), "bytes are pairs of hexadecimal digits"),
        ("a = X'+1'", (1, 5), "bytes are pairs of hexadecimal digits"),
        ("a = DATE '2023-02-29'", (1, 10), "'2023-02-29' is no date"),
        (
            "a = DATE '2023-02-28T00:00:00'",
            (1, 10),
            "'2023-02-28T00:00:00' is no date",
        ),
        ("a = TIMESTAMP 'now'", (1, 15), "'now' is no instant"),
        (
            "a = TIMESTAMP '2024-01-31T24:00:00Z'",
            (1, 15),
            "'2024-01-31T24:00:00Z' is no instant",
        ),
        ("a = DOUBLE 'x'", (1, 12), "'x' is no double"),
        ("a = 1.5L", (1, 5), "no 64-bit integer"),
        ("a = 1.5x", (1, 8), "expected AND, OR or the end, found x"),
        (
            "a = 170141183460469231731687303715884105728",
            (1, 5),
            "more digits than a decimal can have",
        ),
        // What is no word at all.
        ("a = 'x", (1, 5), "unterminated string literal"),
        (
            "a = 1 AND \"x = 1",
            (1, 11),
            "expected close delimiter '\"' before eof",
        ),
        (
            "a = 1 /* b",
            (1, 11),
            "unexpected eof while in a multi-line comment",
        ),
    ] {
        let error = match Expr::parse(sql) {
            Err(error) => error,
            Ok(expr) => panic!("{sql} is read as {expr}"),
        };
        assert_eq!(error.kind(), crate::ErrorKind::Argument);
        let (line, column) = place;
        let shown = error.to_string();
        let expected = format!("line {line}, column {column}: {message}");
        assert!(
            shown.starts_with(&expected),
            "{sql}\nexpected {expected}\nbut got {shown}"
        );
        let mut lines = shown.lines().skip(1);
        let (text, caret) = (lines.next().unwrap(), lines.next().unwrap());
        assert_eq!(
            text,
            format!("  {}", sql.split('\n').nth(line - 1).unwrap()),
            "{sql}"
        );
        assert_eq!(caret.find('^'), Some(1 + column), "{sql}");
        assert!(error.suggestion().is_some());
    }
}

#[test]
fn a_column_alone_gets_the_hint_that_helps() {
    for sql in ["status", "status AND a = 1", "(status)", "NOT status"] {
        let error = Expr::parse(sql).unwrap_err();
        let hint = "a BOOLEAN column is asked for as x = TRUE";
        assert_eq!(error.suggestion(), Some(hint), "{sql}");
    }
}

#[test]
fn depth_is_bounded_and_length_is_not() {
    let nested = |n: usize| format!("{}a = 1{}", "(".repeat(n), ")".repeat(n));
    reads(&nested(MAX_DEPTH), &eq("a", 1));
    for sql in [
        nested(MAX_DEPTH + 1),
        nested(10_000),
        "(".repeat(100_000),
        format!("{}a = 1", "NOT ".repeat(10_000)),
        format!("{}a = 1", "NOT (".repeat(10_000)),
    ] {
        let error = Expr::parse(&sql).unwrap_err().to_string();
        assert!(
            error.contains("more than 128 parentheses and NOT"),
            "{error}"
        );
        assert!(error.len() < 500);
    }
    for (word, count) in [("OR", 5_000), ("AND", 100_000)] {
        let chain: Vec<_> = (0..count).map(|i| eq("a", i)).collect();
        let expr = if word == "OR" {
            Expr::Or(chain)
        } else {
            Expr::And(chain)
        };
        assert_eq!(Expr::parse(&expr.to_string()).unwrap(), expr);
    }
    let list = (0..100_000)
        .map(|i| text(&format!("root.ln.d{i}")))
        .collect();
    let expr = Expr::In {
        column: "device_name".into(),
        list,
    };
    assert_eq!(Expr::parse(&expr.to_string()).unwrap(), expr);
}

/// A thread of a host program may have little.
#[test]
fn the_deepest_condition_needs_a_quarter_of_a_mebibyte_of_stack() {
    let check = || {
        let wrapped = "NOT (".repeat(MAX_DEPTH / 2);
        let sql = format!("{wrapped}a = 1 AND b = 2{}", ")".repeat(MAX_DEPTH / 2));
        let expr = Expr::parse(&sql).unwrap();
        assert_eq!(Expr::parse(&expr.to_string()).unwrap(), expr);
        assert!(Expr::parse(&"(".repeat(100_000)).is_err());
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10);
    thread.spawn(check).unwrap().join().unwrap();
}

#[test]
fn the_text_of_an_expression_without_bound_does_not_overflow() {
    let mut expr = eq("a", 1);
    for _ in 0..5_000 {
        expr = Expr::And(vec![not(expr), eq("b", 2)]);
    }
    assert!(expr.to_string().starts_with("NOT (NOT (NOT"));
}

#[test]
fn lists_of_fewer_than_two_read_back_as_what_they_mean() {
    let one = Expr::And(vec![Expr::Or(vec![not(Expr::And(vec![eq("a", 1)]))])]);
    reads(&one.to_string(), &not(eq("a", 1)));
    reads(&Expr::And(vec![]).to_string(), &Expr::Constant(Some(true)));
    reads(&Expr::Or(vec![]).to_string(), &Expr::Constant(Some(false)));
}

/// Pseudo-random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize].clone()
    }

    /// A number of any size.
    fn wide(&mut self) -> i128 {
        let bits = i128::from(self.next()) << 64 | i128::from(self.next());
        bits >> self.below(128)
    }

    fn text(&mut self) -> String {
        let alphabet: Vec<char> = "aZ_09 .%!'\"`\\\n\t\0-/*;()ä😀\u{301}\u{2028}=?$@#[]{}"
            .chars()
            .collect();
        (0..self.below(8)).map(|_| self.one_of(&alphabet)).collect()
    }

    fn name(&mut self) -> String {
        let words = [
            "s1",
            "time",
            "device_name",
            "root.ln.wf01.wt01.status",
            "AND",
            "or",
            "Not",
            "NULL",
            "in",
            "like",
            "date",
            "timestamp",
            "DOUBLE",
            "select",
            "starts_with",
            "from",
            "1st",
            "x",
            "X",
            "e",
            "N",
            "is",
            "true",
            "ILIKE",
            "Größe",
            "",
            "group",
            "order",
            "all",
            "case",
            "b",
            "U&",
        ];
        match self.below(4) {
            0 => self.text(),
            _ => self.one_of(&words).to_owned(),
        }
    }

    fn literal(&mut self) -> Literal {
        match self.below(10) {
            0 => Literal::Null,
            1 => Literal::Boolean(self.below(2) == 0),
            2 => Literal::Integer(self.one_of(&[0, -1, 5, i64::MIN, i64::MAX])),
            3 => Literal::Integer(self.wide() as i64),
            4 => Literal::Decimal {
                unscaled: match self.below(8) {
                    0 => i128::MIN,
                    1 => i128::MAX,
                    _ => self.wide(),
                },
                scale: match self.below(3) {
                    0 => self.next() as u8,
                    _ => self.below(5) as u8,
                },
            },
            5 => Literal::Double(match self.below(3) {
                0 => f64::from_bits(self.next()),
                1 => self.wide() as f64 / 1000.0,
                _ => self.one_of(&[
                    0.0,
                    -0.0,
                    f64::NAN,
                    f64::INFINITY,
                    -f64::INFINITY,
                    5e-324,
                    f64::MAX,
                ]),
            }),
            6 => Literal::Text(self.text()),
            7 => Literal::Bytes(self.text().into_bytes()),
            8 => Literal::Date(self.wide() as i32),
            _ => Literal::Timestamp(self.wide()),
        }
    }

    fn expr(&mut self, depth: u64) -> Expr {
        let column = self.name();
        match self.below(if depth == 0 { 6 } else { 12 }) {
            0 => Expr::Constant(self.one_of(&[None, Some(true), Some(false)])),
            1 => Expr::In {
                column,
                list: (0..self.below(4)).map(|_| self.literal()).collect(),
            },
            2 => Expr::IsNull { column },
            3 => {
                let (pattern, escape) = loop {
                    let pattern = self.text();
                    let escape = self.one_of(&[None, Some('!'), Some('\''), Some('%'), Some('😀')]);
                    if Pattern::new(pattern.as_str(), escape).is_ok() {
                        break (pattern, escape);
                    }
                };
                Expr::Like {
                    column,
                    pattern,
                    escape,
                }
            }
            4 | 5 => Expr::Compare {
                column,
                op: self.one_of(&[
                    CompareOp::Eq,
                    CompareOp::NotEq,
                    CompareOp::Lt,
                    CompareOp::LtEq,
                    CompareOp::Gt,
                    CompareOp::GtEq,
                    CompareOp::IsNotDistinct,
                ]),
                value: self.literal(),
            },
            6 | 7 => not(self.expr(depth - 1)),
            8 | 9 => Expr::And(
                (0..2 + self.below(2))
                    .map(|_| self.expr(depth - 1))
                    .collect(),
            ),
            _ => Expr::Or(
                (0..2 + self.below(2))
                    .map(|_| self.expr(depth - 1))
                    .collect(),
            ),
        }
    }
}

#[test]
fn random_expressions_read_back() {
    for seed in 0..20_000 {
        let expr = Random(seed).expr(seed % 6);
        let sql = expr.to_string();
        match Expr::parse(&sql) {
            Ok(read) => assert_eq!(
                format!("{read:?}"),
                format!("{expr:?}"),
                "seed {seed}: {sql}"
            ),
            Err(e) => panic!("seed {seed}: {e}"),
        }
    }
}

#[test]
fn random_words_give_an_expression_or_an_error() {
    let words = [
        "a",
        "\"b\"",
        "`c`",
        "time",
        "1",
        "1.5",
        "1e5",
        "'x'",
        "X'0a'",
        "TRUE",
        "NULL",
        "DATE",
        "TIMESTAMP",
        "DOUBLE",
        "AND",
        "OR",
        "NOT",
        "IN",
        "BETWEEN",
        "IS",
        "DISTINCT",
        "FROM",
        "LIKE",
        "ESCAPE",
        "STARTS_WITH",
        "(",
        ")",
        ",",
        ".",
        "=",
        "<",
        "<=>",
        "-",
        "+",
        "/*",
        "*/",
        "--",
        "\n",
        "'",
        "\"",
        "`",
        "$",
        "$$",
        "@",
        "#",
        "\\",
        "E'",
        "U&'",
        "N'",
        "0x",
        "é",
        "\0",
        "::",
        "?",
    ];
    let mut read = 0;
    for seed in 0..50_000 {
        let mut random = Random(seed);
        let count = 1 + random.below(8);
        let sql: Vec<_> = (0..count).map(|_| random.one_of(&words)).collect();
        let sql = sql.join(random.one_of(&["", " "]));
        match Expr::parse(&sql) {
            Ok(expr) => {
                read += 1;
                let again = Expr::parse(&expr.to_string()).unwrap();
                assert_eq!(format!("{again:?}"), format!("{expr:?}"), "{sql}");
            }
            Err(e) => assert!(e.to_string().contains('^'), "{sql}: {e}"),
        }
    }
    assert!(read > 100, "only {read} were conditions");
}
