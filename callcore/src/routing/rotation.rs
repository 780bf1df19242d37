//! Exact weighted rotation: who takes the `ordinal`-th call.
//!
//! This is the chairman assignment of R. Tijdeman, "The chairman assignment problem", Discrete
//! Mathematics 32 (1980) 323–330, <https://doi.org/10.1016/0012-365X(80)90269-1>: after any number
//! `j` of turns, a candidate with the share `λ` has had `λj` of them, give or take at most
//! `1 − 1/(2n − 2)`, hence less than one whole turn. No smaller bound holds for all shares.
//! "Whoever lags most is next" does not keep it; a test below shows one case.
//!
//! # The rule
//!
//! Of the candidates that lag by at least `1/(2n − 2)` of a turn, the one that would soonest lag by
//! more than the bound is next, ties going to the lower index. In other words: the `k`-th turn of a
//! candidate is *released* at one time and *due* at another, which only its weight decides, and of
//! the released turns the one due first is taken.
//!
//! # Why no call has to replay the rotation from its start
//!
//! The times of release and due date alone tell each candidate's count but for at most one *open*
//! turn, and how many of the open turns are taken follows from the total. Which of them is unknown,
//! so a replay that begins in the middle guesses. The guess does no harm for long: two queues of
//! one length that receive the same turns and serve the earliest due date first stay one exchange
//! apart per wrong guess, `p` here and `q` there with `p` due before `q`. Serving `p` puts in its
//! place the next turn that both hold and that is due before `q`; where there is none, the other
//! queue serves `q` at once and the two agree. Thus they agree once every turn that was open at the
//! beginning is due, and that takes `Σw / min w` turns at most.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The index of the candidate that has turn `ordinal`, counted from 0, among candidates of these
/// weights; `None` where no weight is positive.
///
/// The sequence repeats with a period of the sum of the weights over their greatest common divisor.
/// In each prefix of it a candidate's count is less than one away from its exact share. A candidate
/// of weight 0 is never chosen.
///
/// Replays about `Σw / min w` turns at most, so that limits on the weights and on their number
/// limit its time: 100 weights up to 1000 take some milliseconds at worst.
///
/// ```
/// use callcore::routing::rotation::turn;
///
/// let turns: Vec<_> = (0..5).filter_map(|ordinal| turn(&[3, 2], ordinal)).collect();
/// assert_eq!(turns, [0, 1, 0, 1, 0]);
/// ```
pub fn turn(weights: &[u32], ordinal: u64) -> Option<usize> {
    Rotation::new(weights)?.turns_from(ordinal).next()
}

/// Every candidate of positive weight once: the one that has turn `ordinal`, then the others in the
/// order in which their next turns come.
///
/// ```
/// use callcore::routing::rotation::order;
///
/// assert_eq!(order(&[1, 3, 0, 2], 0), [1, 3, 0]);
/// ```
pub fn order(weights: &[u32], ordinal: u64) -> Vec<usize> {
    let Some(rotation) = Rotation::new(weights) else { return Vec::new() };
    let mut order = Vec::with_capacity(rotation.candidates.len());
    let mut seen = vec![false; weights.len()];
    for candidate in rotation.turns_from(ordinal) {
        if !std::mem::replace(&mut seen[candidate], true) {
            order.push(candidate);
            if order.len() == rotation.candidates.len() {
                break;
            }
        }
    }
    order
}

/// The candidates that have turns at all.
#[derive(Debug)]
struct Rotation {
    candidates: Vec<Candidate>,
    /// The sum of the weights: a period, if not the shortest.
    period: u128,
    /// `2n − 2`, or 1 for a single candidate, whose turns are due as soon as they are released.
    parts: u128,
    lightest: u128,
    /// The square of the greatest weight, and one more: due dates multiplied by it keep their order
    /// when rounded down, since two different ones are at least `1/w²` apart.
    scale: u128,
}

#[derive(Debug)]
struct Candidate {
    index: usize,
    weight: u128,
}

impl Rotation {
    fn new(weights: &[u32]) -> Option<Self> {
        let candidates: Vec<_> = (weights.iter().enumerate())
            .filter(|&(_, &weight)| weight > 0)
            .map(|(index, &weight)| Candidate { index, weight: u128::from(weight) })
            .collect();
        let lightest = candidates.iter().map(|candidate| candidate.weight).min()?;
        let heaviest = candidates.iter().map(|candidate| candidate.weight).max()?;
        let others = candidates.len() as u128 - 1;
        Some(Self {
            period: candidates.iter().map(|candidate| candidate.weight).sum(),
            parts: (2 * others).max(1),
            lightest,
            scale: heaviest * heaviest + 1,
            candidates,
        })
    }

    /// The candidates that have turn `ordinal` and each one after it, without end.
    fn turns_from(&self, ordinal: u64) -> impl Iterator<Item = usize> {
        let ordinal = u128::from(ordinal) % self.period;
        // A guess at the beginning is forgotten within one turn of the lightest candidate.
        let begin = ordinal.saturating_sub(self.period.div_ceil(self.lightest) + 1);
        let mut queue = Queue::new(self, begin);
        for _ in begin..ordinal {
            queue.serve();
        }
        std::iter::from_fn(move || Some(queue.serve()))
    }

    /// How many turns of a candidate are due before turn `time + 1`, and so surely taken by then.
    fn due_by(&self, time: u128, weight: u128) -> u128 {
        (self.parts * weight * time + self.period - 1) / (self.parts * self.period)
    }

    /// How many turns of a candidate are released by turn `time`.
    fn released_by(&self, time: u128, weight: u128) -> u128 {
        (self.parts * weight * time + self.period * (self.parts - 1)) / (self.parts * self.period)
    }

    /// The turn at which a candidate that has had `count` turns may have the next.
    fn release(&self, count: u128, weight: u128) -> u128 {
        (self.period * (self.parts * count + 1)).div_ceil(self.parts * weight)
    }

    /// When a candidate that has had `count` turns must have had the next: a number to compare.
    fn due(&self, count: u128, weight: u128) -> u128 {
        (self.parts * (count + 1) - 1) * self.scale / weight
    }
}

/// The turns that wait, after `time` turns were taken.
#[derive(Debug)]
struct Queue<'a> {
    rotation: &'a Rotation,
    time: u128,
    /// How many turns each candidate has had.
    counts: Vec<u128>,
    /// Positions of candidates by the due date of their next turn, which is released.
    released: BinaryHeap<Reverse<(u128, usize)>>,
    /// Positions of the other candidates by the release of their next turn.
    unreleased: BinaryHeap<Reverse<(u128, usize)>>,
}

impl<'a> Queue<'a> {
    /// The queue after `time` turns, or a guess where the counts leave a choice.
    fn new(rotation: &'a Rotation, time: u128) -> Self {
        let due_by = |candidate: &Candidate| rotation.due_by(time, candidate.weight);
        let mut counts: Vec<_> = rotation.candidates.iter().map(due_by).collect();

        let mut open: Vec<_> = (rotation.candidates.iter().enumerate())
            .filter(|&(at, candidate)| rotation.released_by(time, candidate.weight) > counts[at])
            .map(|(at, candidate)| (rotation.due(counts[at], candidate.weight), at))
            .collect();
        open.sort_unstable();
        let taken = time - counts.iter().sum::<u128>();
        for (_, at) in open.into_iter().zip(0..taken).map(|(open, _)| open) {
            counts[at] += 1;
        }

        let mut queue = Self {
            rotation,
            time,
            counts,
            released: BinaryHeap::new(),
            unreleased: BinaryHeap::new(),
        };
        for at in 0..rotation.candidates.len() {
            queue.wait(at);
        }
        queue
    }

    /// The candidate that has the next turn.
    fn serve(&mut self) -> usize {
        self.time += 1;
        while let Some(&Reverse((release, at))) = self.unreleased.peek()
            && release <= self.time
        {
            self.unreleased.pop();
            let due = self.rotation.due(self.counts[at], self.rotation.candidates[at].weight);
            self.released.push(Reverse((due, at)));
        }
        let Reverse((_, at)) = self.released.pop().expect("Tijdeman: some candidate lags enough");
        self.counts[at] += 1;
        self.wait(at);
        self.rotation.candidates[at].index
    }

    fn wait(&mut self, at: usize) {
        let release = self.rotation.release(self.counts[at], self.rotation.candidates[at].weight);
        self.unreleased.push(Reverse((release, at)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The rule as the paper has it, turn by turn from the first, over `turns` turns.
    fn by_the_paper(weights: &[u32], turns: usize) -> Vec<usize> {
        let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        let n = weights.iter().filter(|&&weight| weight > 0).count() as i128;
        if n == 1 {
            return vec![weights.iter().position(|&weight| weight > 0).unwrap(); turns];
        }
        let parts = 2 * n - 2;
        let mut counts = vec![0_i128; weights.len()];
        let choose = |turn: i128| {
            // Everything in the paper's terms times `total · parts`, which clears the fractions.
            let lag = |i: usize| parts * (i128::from(weights[i]) * turn - total * counts[i]);
            let slack = |i: usize| total * (parts - 1) - lag(i);
            let chosen = (0..weights.len())
                .filter(|&i| weights[i] > 0 && lag(i) >= total)
                .min_by(|&a, &b| {
                    let (weight_a, weight_b) = (i128::from(weights[a]), i128::from(weights[b]));
                    (slack(a) * weight_b).cmp(&(slack(b) * weight_a)).then(a.cmp(&b))
                })
                .unwrap();
            counts[chosen] += 1;
            chosen
        };
        (1..=turns as i128).map(choose).collect()
    }

    /// The first prefix in which some candidate is a whole turn or more off its share.
    fn first_breach(weights: &[u32], turns: impl IntoIterator<Item = usize>) -> Option<usize> {
        let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
        let mut counts = vec![0_i128; weights.len()];
        turns.into_iter().zip(1..).find_map(|(chosen, turns)| {
            counts[chosen] += 1;
            let off = |(&weight, &count): (&u32, &i128)| {
                (i128::from(weight) * turns as i128 - total * count).abs()
            };
            weights.iter().zip(&counts).any(|pair| off(pair) >= total).then_some(turns)
        })
    }

    fn period(weights: &[u32]) -> usize {
        let divisor = weights.iter().copied().fold(0, greatest_common_divisor);
        weights.iter().map(|&weight| (weight / divisor) as usize).sum()
    }

    fn greatest_common_divisor(a: u32, b: u32) -> u32 {
        if b == 0 { a } else { greatest_common_divisor(b, a % b) }
    }

    fn any_weights() -> impl Strategy<Value = Vec<u32>> {
        let few = vec(prop_oneof![1 => Just(0), 4 => 1_u32..=12, 4 => 1_u32..=1000], 1..8);
        let many = vec(prop_oneof![1 => Just(0), 4 => 1_u32..=5, 4 => 1_u32..=50], 8..=100);
        let weights = prop_oneof![3 => few, 1 => many];
        weights.prop_filter("some weight is positive", |weights| weights.iter().any(|&w| w > 0))
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 256, failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn no_prefix_is_a_whole_turn_off(weights in any_weights()) {
            let rotation = Rotation::new(&weights).unwrap();
            let turns: Vec<_> = rotation.turns_from(0).take(2 * period(&weights)).collect();
            prop_assert_eq!(first_breach(&weights, turns.iter().copied()), None);
            let (first, second) = turns.split_at(period(&weights));
            prop_assert_eq!(first, second);
            prop_assert!(turns.iter().all(|&chosen| weights[chosen] > 0));
        }

        #[test]
        fn the_rotation_is_the_paper_s(weights in any_weights()) {
            let turns = period(&weights).min(2000);
            let rotation = Rotation::new(&weights).unwrap();
            let actual: Vec<_> = rotation.turns_from(0).take(turns).collect();
            prop_assert_eq!(actual, by_the_paper(&weights, turns));
        }

        #[test]
        fn any_turn_is_found_as_in_a_replay_from_the_start(
            weights in any_weights(), ordinals in vec(any::<u64>(), 1..8),
        ) {
            let period = period(&weights);
            let rotation = Rotation::new(&weights).unwrap();
            let replay: Vec<_> = rotation.turns_from(0).take(3 * period).collect();
            for ordinal in ordinals {
                let at = (ordinal % period as u64) as usize;
                prop_assert_eq!(turn(&weights, ordinal), Some(replay[at]));

                let mut expected = Vec::new();
                for &candidate in &replay[at..] {
                    if !expected.contains(&candidate) {
                        expected.push(candidate);
                    }
                }
                prop_assert_eq!(order(&weights, ordinal), expected);
            }
        }

        #[test]
        fn order_has_each_positive_weight_once(weights in any_weights(), ordinal: u64) {
            let mut order = order(&weights, ordinal);
            prop_assert_eq!(order.first().copied(), turn(&weights, ordinal));
            order.sort_unstable();
            let positive: Vec<_> = (0..weights.len()).filter(|&i| weights[i] > 0).collect();
            prop_assert_eq!(order, positive);
        }
    }

    #[test]
    fn nobody_to_choose() {
        for weights in [&[][..], &[0], &[0, 0, 0]] {
            assert_eq!(turn(weights, 7), None);
            assert!(order(weights, 7).is_empty());
        }
    }

    #[test]
    fn small_rotations() {
        for (weights, expected) in [
            (&[7][..], &[0, 0, 0][..]),
            (&[0, 5, 0], &[1, 1, 1]),
            (&[4, 4, 4], &[0, 1, 2, 0, 1, 2]),
            (&[300, 200], &[0, 1, 0, 1, 0, 0, 1]),
            (&[1, 3], &[1, 0, 1, 1, 1, 0]),
        ] {
            let turns: Vec<_> = (0..expected.len() as u64).map(|i| turn(weights, i)).collect();
            let expected: Vec<_> = expected.iter().copied().map(Some).collect();
            assert_eq!(turns, expected, "{weights:?}");
        }
    }

    /// Why the simpler rule will not do.
    #[test]
    fn largest_lag_first_breaks_the_bound() {
        let weights = [1, 1, 1, 6, 6];
        let mut counts = [0_i64; 5];
        let largest_lag_first = (1..=15).map(|turn| {
            let lag = |i: usize| i64::from(weights[i]) * turn - 15 * counts[i];
            let chosen = (0..5).max_by_key(|&i| (lag(i), Reverse(i))).unwrap();
            counts[chosen] += 1;
            chosen
        });
        assert_eq!(first_breach(&weights, largest_lag_first), Some(10));
        let turns = (0..30).filter_map(|ordinal| turn(&weights, ordinal));
        assert_eq!(first_breach(&weights, turns), None);
    }

    #[test]
    fn the_largest_numbers_fit() {
        let weights = [u32::MAX, u32::MAX - 1, u32::MAX - 2];
        let turns = (0..300).map(|i| turn(&weights, u64::MAX - 1000 + i).unwrap());
        assert!(turns.max() == Some(2));
        let many = vec![u32::MAX; 1000];
        assert_eq!(order(&many, u64::MAX).len(), 1000);
    }
}
