//! The members of an object, and a quick answer for names that it does not have: a mapping asks for
//! dozens of names, and a reply has a few.

use std::borrow::Cow;

use super::Tree;

/// A set of names as bits, one of 64 for each name whatever its case. Two sets that do not meet
/// have no name in common; two that meet may have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks(u64);

impl Marks {
    /// The mark of one name: drawn from its length, its first and its last byte.
    pub(crate) fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        // This bit is the case of an ASCII letter. What else it merges does no harm.
        let folded = |byte: Option<&u8>| u64::from(byte.map_or(0, |byte| byte | 0x20));
        let drawn = (bytes.len() as u64) << 16 | folded(bytes.first()) << 8 | folded(bytes.last());
        // Fibonacci hashing: the upper bits of this product are well spread.
        Self(1 << (drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58))
    }

    /// The names of both sets.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the sets may have a name in common.
    pub(crate) const fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A name that is sought often, with its mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    text: String,
    marks: Marks,
}

impl Name {
    pub(crate) const fn marks(&self) -> Marks {
        self.marks
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), marks: Marks::of(text) }
    }
}

/// Members in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Members<'a> {
    list: Vec<(Cow<'a, str>, Tree<'a>)>,
    marks: Marks,
}

impl<'a> Members<'a> {
    /// Adds a member for its reader to fill in: its name and its value, still empty. The name
    /// then has to be marked.
    pub(super) fn add(&mut self) -> (&mut Cow<'a, str>, &mut Tree<'a>) {
        if self.list.is_empty() {
            // Objects of replies have more than the four members that a list begins with.
            self.list.reserve(8);
        }
        let place = self.list.len();
        // It is made in its place, and not moved there.
        self.list.resize_with(place + 1, Default::default);
        let (name, value) = &mut self.list[place];
        (name, value)
    }

    /// Marks the name of a member that was added, and answers whether it may stand there twice.
    pub(super) const fn mark(&mut self, name: Marks) -> bool {
        let may_repeat = self.marks.meet(name);
        self.marks = self.marks.and(name);
        may_repeat
    }

    /// Adds a member whose name is new.
    pub(super) fn push(&mut self, name: String, value: Tree<'a>) {
        self.mark(Marks::of(&name));
        self.list.push((Cow::Owned(name), value));
    }

    pub(super) fn value_mut(&mut self, place: usize) -> Option<&mut Tree<'a>> {
        self.list.get_mut(place).map(|(_, value)| value)
    }

    pub(crate) const fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) const fn marks(&self) -> Marks {
        self.marks
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Tree<'a>)> {
        self.list.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The member of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Tree<'a>> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The member of this name.
    pub(crate) fn named(&self, name: &Name) -> Option<&Tree<'a>> {
        if self.marks.meet(name.marks) { self.get(&name.text) } else { None }
    }

    /// The member of this name, whatever its case; an exact match comes first.
    pub(crate) fn named_in_any_case(&self, name: &Name) -> Option<&Tree<'a>> {
        if !self.marks.meet(name.marks) {
            return None;
        }
        let mut other = None;
        for (known, value) in self.iter().filter(|(known, _)| known.len() == name.text.len()) {
            if known == name.text {
                return Some(value);
            }
            if other.is_none() && known.eq_ignore_ascii_case(&name.text) {
                other = Some(value);
            }
        }
        other
    }

    /// Whether a name stands twice.
    pub(super) fn has_duplicate(&self) -> bool {
        if self.len() <= 16 {
            let repeated =
                |n: usize| self.list[..n].iter().any(|(name, _)| *name == self.list[n].0);
            return (1..self.len()).any(repeated);
        }
        let mut names: Vec<&str> = self.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn marks_hide_no_member(names in prop::collection::vec("[aAbB_é]{0,3}", 0..8), sought in "[aAbB_é]{0,3}") {
            let mut members = Members::default();
            for name in &names {
                members.push(name.clone(), Tree::from(name.as_str()));
            }
            let name = Name::from(sought.as_str());
            let exact = names.iter().find(|name| **name == sought);
            let other = names.iter().find(|name| name.eq_ignore_ascii_case(&sought));
            let tree = |name: &String| Tree::from(name.as_str());
            prop_assert_eq!(members.named(&name).cloned(), exact.map(tree));
            prop_assert_eq!(members.named_in_any_case(&name).cloned(), exact.or(other).map(tree));
        }
    }
}
