//! Decisions out of bytes. Where the bytes end, every decision is its first possibility.

use arbitrary::Unstructured;

/// Bytes that decide.
#[derive(Debug)]
pub(crate) struct Choices<'a> {
    bytes: Unstructured<'a>,
}

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: Unstructured::new(bytes) }
    }

    pub(crate) fn are_made(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A number from the range, both ends included.
    pub(crate) fn number(&mut self, least: u64, most: u64) -> u64 {
        self.bytes.int_in_range(least..=most).unwrap_or(least)
    }

    /// An index into something of this length, which is not 0.
    pub(crate) fn below(&mut self, length: usize) -> usize {
        self.bytes.choose_index(length).unwrap_or(0)
    }

    /// True this often in a hundred; never where the bytes have ended.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.number(0, 99) + percent > 99
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Any text at all, short.
    pub(crate) fn word(&mut self) -> String {
        let text: &str = self.bytes.arbitrary().unwrap_or_default();
        text.chars().take(200).collect()
    }
}
