//! What expressions become, one by one; `agreement.rs` has random ones.

use super::*;

fn columns() -> Vec<Column> {
    let step_nanos = 1_000_000;
    [
        ("time", Kind::Instant { step_nanos }),
        ("s1", Kind::Integer),
        ("S2", Kind::Double),
        ("name", Kind::Text),
        ("on", Kind::Boolean),
        ("Status", Kind::Integer),
        ("STATUS", Kind::Integer),
    ]
    .map(|(name, kind)| Column {
        name: name.to_string(),
        kind,
    })
    .to_vec()
}

fn compare(column: &str, op: CompareOp, value: Literal) -> Expr {
    Expr::Compare {
        column: column.to_string(),
        op,
        value,
    }
}

fn s1(op: CompareOp, value: i64) -> Expr {
    compare("s1", op, Literal::Integer(value))
}

fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

fn normal(expr: &Expr) -> Predicate {
    normalize(expr, &columns()).unwrap()
}

fn numbers(column: usize, set: Ranges<i64>) -> Predicate {
    Predicate::test(column, Test::Numbers(set))
}

#[test]
fn ranges_of_one_column_are_one_set() {
    let expr = Expr::And(vec![
        compare("time", CompareOp::Gt, Literal::Integer(1_588_953_600_000)),
        compare("time", CompareOp::Lt, Literal::Integer(1_589_040_000_000)),
        compare(
            "name",
            CompareOp::Eq,
            Literal::Text("root.group1.d1".into()),
        ),
    ]);
    let open = Ranges::between(
        Cut::After(1_588_953_600_000),
        Cut::Before(1_589_040_000_000),
    );
    let name = Test::Bytes(Ranges::point(b"root.group1.d1".to_vec()));
    let expected = [numbers(0, open), Predicate::test(3, name)];
    assert_eq!(normal(&expr), Predicate::All(expected.to_vec()));
    // It is written down as it was.
    assert_eq!(normal(&expr).to_expr(&columns()), expr);
}

#[test]
fn not_goes_to_the_leaves() {
    let expr = not(Expr::Or(vec![
        s1(CompareOp::LtEq, 5),
        not(compare("on", CompareOp::Eq, Literal::Boolean(true))),
    ]));
    let expected = [
        numbers(1, Ranges::above(5, false)),
        numbers(4, Ranges::above(1, true)),
    ];
    assert_eq!(normal(&expr), Predicate::All(expected.to_vec()));
    assert_eq!(
        normal(&not(not(not(s1(CompareOp::Eq, 1))))),
        normal(&s1(CompareOp::NotEq, 1))
    );
}

#[test]
fn nulls_are_never_true_and_never_false() {
    let null = compare("s1", CompareOp::NotEq, Literal::Null);
    assert_eq!(normal(&null), Predicate::Never);
    assert_eq!(normal(&not(null)), Predicate::Never);
    assert_eq!(normal(&not(Expr::Constant(None))), Predicate::Never);
    let list = |list: &[Literal]| Expr::In {
        column: "s1".to_string(),
        list: list.to_vec(),
    };
    let with_null = list(&[Literal::Integer(1), Literal::Null]);
    assert_eq!(normal(&with_null), numbers(1, Ranges::point(1)));
    assert_eq!(normal(&not(with_null)), Predicate::Never);
    assert_eq!(normal(&list(&[])), Predicate::Never);
    assert_eq!(normal(&not(list(&[]))), Predicate::test(1, Test::IsNotNull));
    let same = compare("s1", CompareOp::IsNotDistinct, Literal::Null);
    assert_eq!(normal(&same), Predicate::test(1, Test::IsNull));
    assert_eq!(normal(&not(same)), Predicate::test(1, Test::IsNotNull));
    let distinct = not(s1(CompareOp::IsNotDistinct, 3));
    let other = numbers(1, Ranges::point(3).complement());
    let expected = Predicate::Any(vec![Predicate::test(1, Test::IsNull), other]);
    assert_eq!(normal(&distinct), expected);
}

#[test]
fn sets_know_what_a_kind_can_hold() {
    let on = |op, value| normal(&compare("on", op, Literal::Boolean(value)));
    assert_eq!(on(CompareOp::NotEq, false), on(CompareOp::Eq, true));
    assert_eq!(
        on(CompareOp::GtEq, false),
        Predicate::test(4, Test::IsNotNull)
    );
    assert_eq!(on(CompareOp::Gt, true), Predicate::Never);
    let s2 = |op, value| normal(&compare("S2", op, Literal::Double(value)));
    assert_eq!(s2(CompareOp::Gt, f64::NAN), Predicate::Never);
    assert_eq!(
        s2(CompareOp::LtEq, f64::NAN),
        Predicate::test(2, Test::IsNotNull)
    );
    assert_eq!(
        s2(CompareOp::GtEq, f64::NEG_INFINITY),
        Predicate::test(2, Test::IsNotNull)
    );
    let nan = s2(CompareOp::Eq, f64::NAN);
    assert_eq!(nan, s2(CompareOp::Gt, f64::INFINITY));
    assert!(nan.to_expr(&columns()).to_string().contains('='));
}

#[test]
fn patterns_that_are_ranges_become_ranges() {
    let like = |pattern: &str| {
        normal(&Expr::Like {
            column: "name".to_string(),
            pattern: pattern.to_string(),
            escape: None,
        })
    };
    let bytes = |set| Predicate::test(3, Test::Bytes(set));
    assert_eq!(like("root.ln.%"), bytes(Ranges::starting_with("root.ln.")));
    assert_eq!(like("abc"), bytes(Ranges::point(b"abc".to_vec())));
    assert_eq!(like("%"), Predicate::test(3, Test::IsNotNull));
    assert!(matches!(
        like("a%b"),
        Predicate::Test {
            test: Test::Like { negated: false, .. },
            ..
        }
    ));
    let on_numbers = Expr::Like {
        column: "s1".to_string(),
        pattern: "a%".to_string(),
        escape: None,
    };
    let error = normalize(&on_numbers, &columns()).unwrap_err().to_string();
    assert!(error.contains("'s1'"), "{error}");
}

#[test]
fn names_are_exact_or_the_only_one() {
    let bound = |name: &str| find_column(name, &columns());
    assert_eq!(bound("s2").unwrap(), 2);
    assert_eq!(bound("STATUS").unwrap(), 6);
    let error = bound("status").unwrap_err().to_string();
    assert!(
        error.contains("'Status'") && error.contains("'STATUS'"),
        "{error}"
    );
    let error = bound("s3").unwrap_err().to_string();
    assert!(
        error.contains("'s3'") && error.contains("time, s1, S2"),
        "{error}"
    );
    let many: Vec<Column> = (0..50)
        .map(|k| Column {
            name: format!("m{k}"),
            kind: Kind::Integer,
        })
        .collect();
    let error = find_column("x", &many).unwrap_err().to_string();
    assert!(
        error.contains("m19 and 30 more") && !error.contains("m20"),
        "{error}"
    );
}

#[test]
fn long_chains_are_no_depth_but_alternation_is() {
    let chain = (0..20_000).fold(s1(CompareOp::Eq, 0), |chain, k| {
        if k % 2 == 0 {
            Expr::Or(vec![chain, s1(CompareOp::Eq, k)])
        } else {
            not(Expr::And(vec![not(chain), s1(CompareOp::NotEq, k)]))
        }
    });
    let set = Ranges::between(Cut::Before(0), Cut::Before(20_000));
    assert_eq!(normal(&chain), numbers(1, set));
    // To drop it is as deep as to walk it.
    let mut rest = vec![chain];
    while let Some(expr) = rest.pop() {
        match expr {
            Expr::Not(inner) => rest.push(*inner),
            Expr::And(parts) | Expr::Or(parts) => rest.extend(parts),
            _ => {}
        }
    }
    let deep = |levels| {
        (0..levels).fold(s1(CompareOp::Eq, 0), |inner, k| {
            let parts = vec![inner, compare("time", CompareOp::Gt, Literal::Integer(k))];
            if k % 2 == 0 {
                Expr::And(parts)
            } else {
                Expr::Or(parts)
            }
        })
    };
    assert!(normalize(&deep(MAX_DEPTH as i64 - 1), &columns()).is_ok());
    let error = normalize(&deep(MAX_DEPTH as i64 + 1), &columns()).unwrap_err();
    assert!(error.to_string().contains("nested"), "{error}");
}

#[test]
fn long_lists_are_sorted_once() {
    let names = (0..10_000)
        .rev()
        .map(|k| Literal::Text(format!("root.d{k:05}")));
    let expr = Expr::In {
        column: "name".to_string(),
        list: names.collect(),
    };
    let Predicate::Test {
        test: Test::Bytes(set),
        ..
    } = normal(&expr)
    else {
        panic!("not a set")
    };
    assert_eq!(set.iter().len(), 10_000);
    assert!(set.contains(b"root.d04711".as_slice()) && !set.contains(b"root.d".as_slice()));
}

#[test]
fn what_is_left_reads_as_people_write() {
    let column = |test| {
        Predicate::test(1, Test::Numbers(test))
            .to_expr(&columns())
            .to_string()
    };
    let points = |points: &[i64]| Ranges::union_all(points.iter().map(|p| Ranges::point(*p)));
    assert_eq!(column(Ranges::above(5, false)), "s1 > 5");
    assert_eq!(column(points(&[3])), "s1 = 3");
    assert_eq!(column(points(&[3]).complement()), "s1 <> 3");
    assert_eq!(column(points(&[7, 3])), "s1 IN (3, 7)");
    let unlike = points(&[3]).complement().intersect(&Ranges::below(9, true));
    assert_eq!(column(unlike), "s1 <= 9 AND s1 <> 3");
    let prefix = Predicate::test(3, Test::Bytes(Ranges::starting_with("root.ln.")));
    assert_eq!(
        prefix.to_expr(&columns()).to_string(),
        "name LIKE 'root.ln.%'"
    );
}
