//! The device disjunction: one predicate over all devices becomes branches, each a set of devices, times, and what is left to test of their rows.
//!
//! ```text
//! device_name = 'd1' AND time < 4  OR  device_name LIKE 'd%' AND s1 > 8        over d1, d2, d3, e
//!
//!   d1       time < 4 OR s1 > 8     any time
//!   d2, d3   s1 > 8                 any time
//!   e        never: in no branch
//! ```
//!
//! Nothing is multiplied out: the tests of the columns that identify a device are decided for each device, and devices for which the same is left share a
//! branch. So a row is in one branch at most, and the work is at most that of deciding each such test for each device.

use super::cut::Cut;
use super::like::Pattern;
use super::predicate::{Constant, Predicate, Test};
use super::ranges::Ranges;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many branches there are at most, unless another number is asked for.
pub const MAX_BRANCHES: usize = 1_024;

/// Devices of which the same rows are asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Their places among the devices given, ascending.
    pub devices: Vec<u32>,
    /// No row at another time is kept.
    pub times: Ranges<i64>,
    /// What is left to test of rows at these times.
    pub residual: Predicate,
}

/// What a predicate asks of each device.
#[derive(Debug, Clone, PartialEq)]
pub struct Disjunction {
    /// No device is in two of them. A device of which no row can be kept is in none.
    pub branches: Vec<Branch>,
    /// How many tests of values that identify devices were decided, or bisected for.
    pub work: u64,
    /// Whether there would have been more branches: then the last one is of all further devices, at the times that any of them needs, and its
    /// residual is the whole predicate, in which the tests of what identifies a device are still to be decided.
    pub capped: bool,
}

/// Rewrites a predicate. Each of `devices` is its values of the columns `keys`, in that order; a value that is not there is null. `time` is the number of the time column.
pub fn by_device<D, S>(
    predicate: &Predicate,
    devices: impl IntoIterator<Item = D>,
    keys: &[usize],
    time: usize,
    cap: usize,
) -> Disjunction
where
    D: AsRef<[Option<S>]>,
    S: AsRef<str>,
{
    let cap = cap.max(1);
    let kinds = Kinds::new(predicate, keys);
    let mut branches: Vec<Branch> = Vec::new();
    let mut of_kind: HashMap<Vec<u64>, Option<usize>> = HashMap::new();
    let mut of_rest: HashMap<(Ranges<i64>, Predicate), usize> = HashMap::new();
    let mut further_times = Vec::new();
    let work = Cell::new(0);
    let mut kind = Vec::new();
    for (place, device) in (0..=u32::MAX).zip(devices) {
        let device = device.as_ref();
        let value = |key: usize| device.get(key)?.as_ref().map(|text| text.as_ref());
        work.set(work.get() + kinds.find(&value, &mut kind));
        let branch = match of_kind.get(&kind) {
            Some(known) => *known,
            None => {
                let left = predicate.substitute(&|column| {
                    let key = keys.iter().position(|key| *key == column)?;
                    work.set(work.get() + 1);
                    Some(constant(value(key)))
                });
                let (times, residual) = left.split_times(time);
                let found = match of_rest.get(&(times.clone(), residual.clone())) {
                    _ if residual == Predicate::Never => None,
                    Some(known) => Some(*known),
                    None if branches.len() == cap => {
                        further_times.push(times);
                        Some(cap - 1)
                    }
                    None => {
                        of_rest.insert((times.clone(), residual.clone()), branches.len());
                        branches.push(Branch {
                            devices: Vec::new(),
                            times,
                            residual,
                        });
                        Some(branches.len() - 1)
                    }
                };
                of_kind.insert(kind.clone(), found);
                found
            }
        };
        if let Some(branch) = branch.and_then(|at| branches.get_mut(at)) {
            branch.devices.push(place);
        }
    }
    let capped = !further_times.is_empty();
    if let (true, Some(last)) = (capped, branches.last_mut()) {
        further_times.push(last.times.clone());
        last.times = Ranges::union_all(further_times);
        last.residual = predicate.clone();
    }
    Disjunction {
        branches,
        work: work.get(),
        capped,
    }
}

fn constant(value: Option<&str>) -> Constant<'_> {
    value.map_or(Constant::Null, |text| Constant::Bytes(text.as_bytes()))
}

/// Tells devices apart as far as the tests of a predicate do, without deciding each test.
struct Kinds {
    /// For each key that is tested, its place and all cuts of the sets that it is tested for: between two of them, all values pass the same tests.
    cuts: Vec<(usize, Vec<Cut<Vec<u8>>>)>,
    /// The patterns, each once.
    patterns: Vec<(usize, Arc<Pattern>)>,
}

impl Kinds {
    fn new(predicate: &Predicate, keys: &[usize]) -> Self {
        let mut cuts: Vec<_> = (0..keys.len()).map(|_| None).collect();
        let mut patterns = Vec::new();
        let mut seen = HashSet::new();
        predicate.for_each_test(&mut |column, test| {
            let Some(key) = keys.iter().position(|key| *key == column) else {
                return;
            };
            if let Some(cuts) = cuts.get_mut(key) {
                let cuts: &mut Vec<_> = cuts.get_or_insert_default();
                if let Test::Bytes(set) = test {
                    cuts.extend(set.iter().flat_map(|(lo, hi)| [lo.clone(), hi.clone()]));
                }
            }
            if let Test::Like { pattern, .. } = test {
                if seen.insert((key, pattern.text(), pattern.escape())) {
                    patterns.push((key, pattern.clone()));
                }
            }
        });
        let tested = cuts.into_iter().enumerate().filter_map(|(key, cuts)| {
            let mut cuts = cuts?;
            cuts.sort();
            cuts.dedup();
            Some((key, cuts))
        });
        Self {
            cuts: tested.collect(),
            patterns,
        }
    }

    /// Writes down what kind of device this is; returns what that cost.
    fn find<'a>(&self, value: &dyn Fn(usize) -> Option<&'a str>, kind: &mut Vec<u64>) -> u64 {
        kind.clear();
        for (key, cuts) in &self.cuts {
            kind.push(match value(*key) {
                Some(text) => cuts.partition_point(|cut| cut.is_below(text.as_bytes())) as u64,
                None => u64::MAX,
            });
        }
        for patterns in self.patterns.chunks(u64::BITS as usize) {
            let bits = patterns.iter().fold(0, |bits, (key, pattern)| {
                let matches = value(*key).is_some_and(|text| pattern.matches(text));
                (bits << 1) | u64::from(matches)
            });
            kind.push(bits);
        }
        (self.cuts.len() + self.patterns.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const NAME: usize = 3;

    fn device(set: Ranges<Vec<u8>>) -> Predicate {
        Predicate::test(NAME, Test::Bytes(set))
    }

    fn is(name: &str) -> Predicate {
        device(Ranges::point(name.as_bytes().to_vec()))
    }

    fn number(column: usize, set: Ranges<i64>) -> Predicate {
        Predicate::test(column, Test::Numbers(set))
    }

    fn names(names: &[&str], predicate: &Predicate, cap: usize) -> Disjunction {
        by_device(
            predicate,
            names.iter().map(|n| [Some(*n)]),
            &[NAME],
            TIME,
            cap,
        )
    }

    /// Whether the disjunction keeps a row of the device in this place, and its own residual decides that.
    fn keeps_row(found: &Disjunction, place: u32, row: &[Constant<'_>]) -> bool {
        let of_device = |branch: &&Branch| branch.devices.contains(&place);
        assert!(found.branches.iter().filter(of_device).count() <= 1);
        found.branches.iter().find(of_device).is_some_and(|branch| {
            Test::Numbers(branch.times.clone()).accepts(row[TIME]) && keeps(&branch.residual, row)
        })
    }

    #[test]
    fn an_open_range_of_one_device_leaves_nothing() {
        let open = Ranges::between(
            Cut::After(1_588_953_600_000),
            Cut::Before(1_589_040_000_000),
        );
        let predicate = Predicate::all([number(TIME, open.clone()), is("root.group1.d1")]);
        let all = ["root.group1.d0", "root.group1.d1", "root.group1.d10"];
        let found = names(&all, &predicate, MAX_BRANCHES);
        let branch = Branch {
            devices: vec![1],
            times: open,
            residual: Predicate::Always,
        };
        assert_eq!(found.branches, [branch]);
        assert!(!found.capped);
    }

    #[test]
    fn two_conditions_on_one_device_are_one_branch() {
        let (early, large) = (Ranges::below(4, false), Ranges::above(8, false));
        let predicate = Predicate::any([
            Predicate::all([is("d1"), number(TIME, early.clone())]),
            Predicate::all([is("d1"), number(1, large.clone())]),
        ]);
        let found = names(&["d0", "d1", "d2"], &predicate, MAX_BRANCHES);
        let branch = Branch {
            devices: vec![1],
            times: Ranges::all(),
            residual: Predicate::any([number(TIME, early), number(1, large)]),
        };
        assert_eq!(found.branches, [branch]);
    }

    #[test]
    fn names_are_compared_with_the_devices_at_hand() {
        let predicate = device(Ranges::above(b"d1".to_vec(), false));
        let found = names(&["d0", "d1", "d1a", "d2", "e"], &predicate, MAX_BRANCHES);
        let branch = Branch {
            devices: vec![2, 3, 4],
            times: Ranges::all(),
            residual: Predicate::Always,
        };
        assert_eq!(found.branches, [branch]);
        let nobody = names(&["d0", "d1"], &predicate, MAX_BRANCHES);
        assert!(nobody.branches.is_empty());
    }

    #[test]
    fn twenty_disjunctions_are_not_multiplied_out() {
        let mut random = Random(8);
        let parts = (0..20).map(|k| {
            if k % 2 == 0 {
                let unlike = Ranges::point(k as i64 / 2).complement();
                Predicate::any([is(&format!("d{}", k / 2)), number(1, unlike)])
            } else {
                let large = Ranges::above(k as i64 / 8, false);
                Predicate::any([number(TIME, Ranges::point(k as i64 % 8)), number(2, large)])
            }
        });
        let predicate = Predicate::all(parts);
        let mut tests = 0;
        predicate.for_each_test(&mut |_, _| tests += 1);
        let all: Vec<String> = (0..40).map(|k| format!("d{k}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        for cap in [MAX_BRANCHES, 4] {
            let found = names(&all, &predicate, cap);
            assert!(found.work <= 2 * tests * all.len() as u64, "{}", found.work);
            assert_eq!(found.branches.len(), cap.min(11));
            assert_eq!(found.capped, cap < 11);
            let mut rows_kept = 0;
            for _ in 0..2_000 {
                let place = random.below(all.len());
                let mut row = random_row(&mut random);
                row[NAME] = Constant::Bytes(all[place].as_bytes());
                let kept = keeps_row(&found, place as u32, &row);
                assert_eq!(kept, keeps(&predicate, &row));
                rows_kept += usize::from(kept);
            }
            assert!(rows_kept > 10, "{rows_kept}");
        }
    }

    #[test]
    fn many_branches_are_capped_and_keep_the_same_rows() {
        let all: Vec<String> = (0..1_100).map(|k| format!("d{k:04}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let parts = all
            .iter()
            .enumerate()
            .map(|(k, name)| Predicate::all([is(name), number(TIME, Ranges::point(k as i64))]));
        let predicate = Predicate::any(parts);
        let found = names(&all, &predicate, MAX_BRANCHES);
        assert!(found.capped);
        assert_eq!(found.branches.len(), MAX_BRANCHES);
        let last = found.branches.last().unwrap();
        assert_eq!(last.devices, (1_023..1_100).collect::<Vec<u32>>());
        assert_eq!(last.times.spans(), [(1_023, 1_099)]);
        assert_eq!(last.residual, predicate);
        let mut row = vec![Constant::Null; COLUMNS];
        for (place, name) in all.iter().enumerate() {
            row[NAME] = Constant::Bytes(name.as_bytes());
            for time in [0, place, place + 1, 1_099] {
                row[TIME] = Constant::Number(time as i64);
                assert_eq!(keeps_row(&found, place as u32, &row), time == place);
            }
        }
        let all_fit = names(&all[..1_024], &predicate, MAX_BRANCHES);
        assert!(!all_fit.capped && all_fit.branches.len() == 1_024);
    }

    #[test]
    fn a_list_of_many_names_is_bisected() {
        let listed = (0..10_000).map(|k| Ranges::point(format!("root.d{}", k * 3).into_bytes()));
        let predicate = Predicate::all([
            device(Ranges::union_all(listed)),
            number(1, Ranges::point(1)),
        ]);
        let all: Vec<[Option<String>; 1]> =
            (0..20_000).map(|k| [Some(format!("root.d{k}"))]).collect();
        let found = by_device(&predicate, &all, &[NAME], TIME, MAX_BRANCHES);
        assert_eq!(found.branches.len(), 1);
        assert_eq!(
            found.branches[0].devices,
            (0..20_000).step_by(3).collect::<Vec<u32>>()
        );
        assert!(found.work <= 40_000);
    }

    #[test]
    fn branches_keep_what_the_predicate_keeps() {
        let mut random = Random(9);
        let keys = [4, 3];
        for round in 0..2_000 {
            let predicate = random_predicate(&mut random, 4).simplify();
            let devices: Vec<Vec<Constant<'_>>> = (0..random.below(30))
                .map(|_| keys.iter().map(|key| random.pick(&values(*key))).collect())
                .collect();
            let texts = devices.iter().map(|device| {
                let text = device.iter().map(|value| match value {
                    Constant::Bytes(b) => Some(std::str::from_utf8(b).unwrap()),
                    _ => None,
                });
                text.collect::<Vec<_>>()
            });
            let cap = [MAX_BRANCHES, 1, 2, 5][round % 4];
            let found = by_device(&predicate, texts, &keys, TIME, cap);
            assert!(found.branches.len() <= cap);
            for (at, branch) in found.branches.iter().enumerate() {
                assert!(branch.devices.is_sorted() && !branch.devices.is_empty());
                let decided = !branch.residual.columns().iter().any(|c| keys.contains(c));
                assert!(decided || (found.capped && at == cap - 1), "{branch:?}");
            }
            for (place, device) in devices.iter().enumerate() {
                for _ in 0..6 {
                    let mut row = random_row(&mut random);
                    for (key, value) in keys.iter().zip(device) {
                        row[*key] = *value;
                    }
                    let kept = keeps_row(&found, place as u32, &row);
                    assert_eq!(kept, keeps(&predicate, &row), "{predicate:?} {row:?}");
                }
            }
        }
    }
}
