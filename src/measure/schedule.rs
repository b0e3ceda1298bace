//! The order in which a round visits the cells.

use crate::record::Kind;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The cells of a round, shuffled. The order is a function of the seed, the kind of round and its number, so that a run can
/// be repeated; each order is as likely as any other.
pub fn order(cells: usize, seed: u64, kind: Kind, round: u32) -> Vec<usize> {
    let key = |cell: usize| {
        let mut bytes = [0_u8; 13];
        bytes[..8].copy_from_slice(&(cell as u64).to_le_bytes());
        bytes[8..12].copy_from_slice(&round.to_le_bytes());
        bytes[12] = u8::from(kind == Kind::Measured);
        xxh3_64_with_seed(&bytes, seed)
    };
    let mut cells: Vec<usize> = (0..cells).collect();
    cells.sort_by_key(|cell| (key(*cell), *cell));
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_visits_every_cell_once() {
        let mut cells = order(17, 1, Kind::Measured, 3);
        cells.sort_unstable();
        assert_eq!(cells, (0..17).collect::<Vec<_>>());
    }

    #[test]
    fn the_order_depends_on_seed_kind_and_round_and_on_nothing_else() {
        let base = order(10, 1, Kind::Measured, 0);
        assert_eq!(base, order(10, 1, Kind::Measured, 0));
        assert_ne!(base, order(10, 2, Kind::Measured, 0));
        assert_ne!(base, order(10, 1, Kind::Warmup, 0));
        assert_ne!(base, order(10, 1, Kind::Measured, 1));
    }

    #[test]
    fn each_cell_comes_first_about_equally_often() {
        let mut first = [0_u32; 5];
        for round in 0..5000 {
            first[order(5, 42, Kind::Measured, round)[0]] += 1;
        }
        assert!(
            first.iter().all(|count| (850..1150).contains(count)),
            "{first:?}"
        );
    }
}
