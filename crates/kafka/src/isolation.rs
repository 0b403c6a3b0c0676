//! Which record has its transaction aborted again and again: found by bisection, so that it can be put aside.
//!
//! A transaction that was aborted is made again; most often that is all. Where the same content is aborted
//! [`ABORTS_MAX`] times in a row, the next transactions hold parts of it: what commits is cleared, what is aborted is
//! halved, until one item stands alone. That alone proves nothing: brokers without a topic, or without our permission,
//! abort every transaction. So an item is the cause only if, since it was aborted alone, a transaction of other items
//! with the same kinds of output was committed, and only after so many such rounds as the owner wants. Where nothing
//! else commits, nothing is put aside, and everything waits.
//!
//! Pure: a function of what was tried and how it ended. Each part is a transaction of its own with the offsets of its
//! own items, which is the owner's part to see to.

/// Aborts in a row, of the same content, after which it is taken apart. Fewer are everyday life: a coordinator
/// moves, a broker restarts.
pub const ABORTS_MAX: u32 = 4;

/// One item of a transaction's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<K> {
    /// Names it, for instance by the place of the record that it stems from.
    pub key: K,
    /// The kinds of output that it makes, one bit for each: only items with all of these say that its outputs are
    /// taken.
    pub kinds: u32,
}

/// Which items the next transaction may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope<K> {
    /// All there are.
    All,
    /// Only these.
    Only(Vec<K>),
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Isolation<K> {
    aborts_in_a_row: u32,
    /// So often an item is aborted alone, each time with others committed since, before it is the cause.
    alone_max: u32,
    /// One of them, at least, is aborted; empty unless a cause is looked for.
    suspects: Vec<Item<K>>,
    /// Each was aborted alone, so often with others committed before.
    parked: Vec<(Item<K>, u32)>,
    /// Kinds of outputs that were committed since an item was last aborted alone with evidence.
    evidence: u32,
}

// === impl Isolation ===

impl<K: Clone + PartialEq> Isolation<K> {
    /// Nothing was aborted yet. An item is the cause when it was aborted alone `alone_max` times, each time with
    /// others committed since the time before.
    pub fn new(alone_max: u32) -> Self {
        Self { aborts_in_a_row: 0, alone_max, suspects: Vec::new(), parked: Vec::new(), evidence: 0 }
    }

    /// Looks for the cause in this content from now on, however few the aborts are.
    pub fn suspect(&mut self, content: &[Item<K>]) {
        if !self.is_looking() {
            self.suspects = content.to_vec();
        }
    }

    /// Forgets the other items: they are not there any more.
    pub fn retain(&mut self, is_there: impl Fn(&K) -> bool) {
        self.suspects.retain(|item| is_there(&item.key));
        self.parked.retain(|(item, _)| is_there(&item.key));
    }

    /// Whether a cause is looked for.
    pub fn is_looking(&self) -> bool {
        !self.suspects.is_empty() || !self.parked.is_empty()
    }

    /// What the next transaction may hold of what there is, in its order.
    pub fn scope(&mut self, available: &[Item<K>]) -> Scope<K> {
        let is_there = |item: &Item<K>| available.iter().any(|other| other.key == item.key);
        self.suspects.retain(|item| is_there(item));
        self.parked.retain(|(item, _)| is_there(item));
        if !self.is_looking() {
            return Scope::All;
        }
        if let Some((item, _)) = self.parked.iter().find(|(item, _)| self.is_covered(item)) {
            return Scope::Only(vec![item.key.clone()]);
        }
        if !self.suspects.is_empty() {
            let half = &self.suspects[..self.suspects.len().div_ceil(2)];
            return Scope::Only(half.iter().map(|item| item.key.clone()).collect());
        }
        let is_parked = |item: &Item<K>| self.parked.iter().any(|(parked, _)| parked.key == item.key);
        let others: Vec<K> =
            available.iter().filter(|item| !is_parked(item)).map(|item| item.key.clone()).collect();
        if others.is_empty() { Scope::All } else { Scope::Only(others) }
    }

    /// A transaction of this content was committed.
    pub fn committed(&mut self, content: &[Item<K>]) {
        self.aborts_in_a_row = 0;
        let is_in = |item: &Item<K>| content.iter().any(|other| other.key == item.key);
        self.suspects.retain(|item| !is_in(item));
        self.parked.retain(|(item, _)| !is_in(item));
        let kinds = content.iter().fold(0, |kinds, item| kinds | item.kinds);
        self.evidence = if self.is_looking() { self.evidence | kinds } else { 0 };
    }

    /// A transaction of this content was aborted. Returns the cause, if it is certain now; it is forgotten here, and
    /// the owner puts it aside.
    pub fn aborted(&mut self, content: &[Item<K>]) -> Option<K> {
        self.aborts_in_a_row = self.aborts_in_a_row.saturating_add(1);
        match content {
            [] => None,
            _ if !self.is_looking() => {
                if self.aborts_in_a_row >= ABORTS_MAX {
                    self.suspects = content.to_vec();
                }
                None
            }
            [item] => self.aborted_alone(item),
            _ => {
                let mut suspects = content.to_vec();
                suspects.retain(|item| self.parked.iter().all(|(parked, _)| parked.key != item.key));
                self.suspects = suspects;
                None
            }
        }
    }

    fn aborted_alone(&mut self, item: &Item<K>) -> Option<K> {
        self.suspects.retain(|suspect| suspect.key != item.key);
        let before = self.parked.iter().position(|(parked, _)| parked.key == item.key);
        let mut rounds = before.map_or(0, |at| self.parked.remove(at).1);
        if self.is_covered(item) {
            rounds += 1;
            self.evidence = 0;
        }
        if rounds >= self.alone_max {
            return Some(item.key.clone());
        }
        self.parked.push((item.clone(), rounds));
        None
    }

    fn is_covered(&self, item: &Item<K>) -> bool {
        self.evidence & item.kinds == item.kinds && item.kinds != 0
    }
}

#[cfg(test)]
mod tests;
