//! Numbers that stand for objects, so that Java never holds an address: the place in a table and how often that place was used.

use crate::errors::Failure;
use crate::memory::{Account, charged};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Objects of one kind. An object goes when it was removed and whoever was using it is done.
#[derive(Debug)]
pub struct Table<T> {
    what: &'static str,
    slots: Mutex<Slots<T>>,
}

#[derive(Debug)]
struct Slots<T> {
    all: Vec<Slot<T>>,
    /// Places without an object; the last one that became free is used first.
    free: Vec<usize>,
}

#[derive(Debug)]
struct Slot<T> {
    /// Of the object at hand, or of the next one.
    generation: u32,
    object: Option<Arc<T>>,
}

impl<T> Table<T> {
    /// An empty table of objects that errors call `what`.
    pub const fn new(what: &'static str) -> Self {
        Self {
            what,
            slots: Mutex::new(Slots {
                all: Vec::new(),
                free: Vec::new(),
            }),
        }
    }

    /// Puts an object in; its number is never 0, and no other object gets the same within four billion uses of its place.
    ///
    /// # Errors
    /// There are four billion objects.
    pub fn insert(&self, object: T) -> Result<i64, Failure> {
        let object = Some(Arc::new(object));
        let mut slots = self.lock();
        let slots = &mut *slots;
        let free = slots.free.pop();
        let (place, generation) = match free.and_then(|i| slots.all.get_mut(i).map(|s| (i, s))) {
            Some((i, slot)) => {
                slot.object = object;
                (i, slot.generation)
            }
            None => {
                let slot = Slot {
                    generation: 1,
                    object,
                };
                // The table stays when its objects go. A place that becomes free finds room on the list without asking for memory.
                charged(Account::Library, || {
                    slots.all.push(slot);
                    slots.free.reserve(slots.all.len());
                });
                (slots.all.len() - 1, 1)
            }
        };
        let place = u32::try_from(place).map_err(|_| Failure::closed(self.what))?;
        Ok(i64::from_parts(generation, place))
    }

    /// The object of a number.
    ///
    /// # Errors
    /// There is none, or it was removed.
    pub fn get(&self, id: i64) -> Result<Arc<T>, Failure> {
        let (generation, place) = id.to_parts();
        let slots = self.lock();
        let slot = slots.all.get(place);
        let slot = slot.filter(|s| s.generation == generation);
        let object = slot.and_then(|s| s.object.clone());
        object.ok_or_else(|| Failure::closed(self.what))
    }

    /// Takes an object out; none when it was taken out before, so that closing twice does no harm.
    pub fn remove(&self, id: i64) -> Option<Arc<T>> {
        let (generation, place) = id.to_parts();
        let mut slots = self.lock();
        let slots = &mut *slots;
        let slot = slots.all.get_mut(place);
        let slot = slot.filter(|s| s.generation == generation)?;
        let object = slot.object.take()?;
        // A place that wraps round starts at 1 again: 0 is no generation.
        slot.generation = slot.generation.checked_add(1).unwrap_or(1);
        slots.free.push(place);
        Some(object)
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        let slots = self.lock();
        slots.all.len() - slots.free.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A thread that panicked left the table as it was.
    fn lock(&self) -> MutexGuard<'_, Slots<T>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number as Java knows it: the generation above, the place below.
trait Parts {
    fn from_parts(generation: u32, place: u32) -> Self;
    fn to_parts(self) -> (u32, usize);
}

impl Parts for i64 {
    fn from_parts(generation: u32, place: u32) -> Self {
        ((u64::from(generation) << 32) | u64::from(place)) as i64
    }

    fn to_parts(self) -> (u32, usize) {
        let bits = self as u64;
        ((bits >> 32) as u32, (bits & u64::from(u32::MAX)) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_its_object_until_it_is_removed() {
        let table = Table::new("thing");
        let first = table.insert("first").unwrap();
        assert_eq!(*table.get(first).unwrap(), "first");
        assert_eq!(table.remove(first).as_deref(), Some(&"first"));
        assert!(table.remove(first).is_none(), "removed twice");
        let second = table.insert("second").unwrap();
        assert_ne!(first, second, "the place is used again, the number is not");
        assert!(table.get(first).is_err());
        assert_eq!(*table.get(second).unwrap(), "second");
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn places_that_are_free_are_used_before_new_ones() {
        let table = Table::new("thing");
        let ids: Vec<i64> = (0..1000).map(|i| table.insert(i).unwrap()).collect();
        for id in ids.iter().step_by(2) {
            assert!(table.remove(*id).is_some());
        }
        assert_eq!(table.len(), 500);
        let more: Vec<i64> = (0..500).map(|i| table.insert(-i).unwrap()).collect();
        assert_eq!(table.len(), 1000);
        assert_eq!(table.lock().all.len(), 1000, "no place was added");
        for (i, id) in more.iter().enumerate() {
            assert_eq!(*table.get(*id).unwrap(), -(i as i32));
            assert!(!ids.contains(id));
        }
        for (i, id) in ids.iter().enumerate() {
            let there = table.get(*id).ok().map(|t| *t);
            assert_eq!(there, (i % 2 == 1).then_some(i as i32));
        }
    }

    #[test]
    fn what_never_was_a_number_is_an_error() {
        let table: Table<()> = Table::new("thing");
        for id in [0, 1, -1, i64::MAX, i64::MIN, 1 << 32] {
            assert!(table.get(id).is_err(), "{id}");
            assert!(table.remove(id).is_none(), "{id}");
        }
        assert!(table.is_empty());
    }

    #[test]
    fn an_object_in_use_outlives_its_number() {
        let table = Table::new("thing");
        let id = table.insert(vec![1, 2, 3]).unwrap();
        let held = table.get(id).unwrap();
        drop(table.remove(id));
        assert_eq!(*held, [1, 2, 3]);
    }
}
