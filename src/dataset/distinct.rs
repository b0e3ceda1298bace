//! Upper limits for the number of different values of a column, from its type and distribution.

use crate::config::{Column, Distribution, Dtype, Number, VectorLayout};

/// Returns the largest number of different values of a column, or of the elements of its vectors.
/// None if only the number of rows limits them.
pub(crate) fn most_distinct(column: &Column) -> Option<u64> {
    let of_type = match column.dtype {
        Dtype::Bool => Some(2),
        Dtype::Int8 | Dtype::Uint8 => Some(1 << 8),
        Dtype::Int16 | Dtype::Uint16 | Dtype::Float16 => Some(1 << 16),
        _ => None,
    };
    let elements = if column.is_vector() { column.size } else { 1 };
    let of_pool = column.pool.map(|pool| pool.size.saturating_mul(elements));
    let drawn = of_distribution(column, elements);
    [of_type, of_pool, drawn].into_iter().flatten().min()
}

/// Returns the largest number of different values of a column in a file, where a vector may be
/// stored as a single value. None if only the number of rows limits them.
pub(crate) fn most_distinct_stored(column: &Column, layout: VectorLayout) -> Option<u64> {
    if !column.is_vector() || layout != VectorLayout::Binary {
        return most_distinct(column);
    }
    let whole = match &column.distribution {
        Distribution::Constant { .. } => Some(1),
        Distribution::Sequence {
            jitter: None,
            cardinality,
            ..
        } => *cardinality,
        _ => None,
    };
    let of_pool = column.pool.map(|pool| pool.size);
    [whole, of_pool].into_iter().flatten().min()
}

fn of_distribution(column: &Column, elements: u64) -> Option<u64> {
    match &column.distribution {
        Distribution::Constant { .. } => Some(1),
        Distribution::Categorical { cardinality, .. }
        | Distribution::Zipf { cardinality, .. }
        | Distribution::Hotspot { cardinality, .. } => Some(*cardinality),
        Distribution::Uniform {
            min,
            max,
            cardinality,
        }
        | Distribution::Distinct {
            min,
            max,
            cardinality,
        } => {
            let counted = column.dtype.is_integer() || column.dtype.is_temporal();
            cardinality.or_else(|| between(*min, *max).filter(|_| counted))
        }
        Distribution::Normal { cardinality, .. } | Distribution::Lognormal { cardinality, .. } => {
            // Values beyond the bounds are moved to them, which makes two more values.
            cardinality.map(|most| most.saturating_add(2))
        }
        Distribution::Sequence {
            jitter: None,
            cardinality,
            ..
        } => cardinality.map(|most| most.saturating_mul(elements)),
        Distribution::CorrelatedWith { cardinality, .. }
            if column.dtype.is_text() || column.dtype == Dtype::Bool =>
        {
            Some((*cardinality).max(1))
        }
        _ => None,
    }
}

/// Returns the number of integers between two, inclusive. None for floats and missing bounds.
fn between(min: Option<Number>, max: Option<Number>) -> Option<u64> {
    match (min?, max?) {
        (Number::Integer(min), Number::Integer(max)) => {
            u64::try_from(max.checked_sub(min)?.checked_add(1)?).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{Overrides, Source, load};

    #[test]
    fn distributions_limit_how_many_values_there_are() {
        let source = Source {
            origin: "x.yaml".to_owned(),
            text: "dataset: {parquet: {columns: [\
                   {name: any, dtype: int64, distribution: {kind: uniform}}, \
                   {name: small, dtype: int8}, \
                   {name: range, dtype: int32, distribution: {kind: uniform, min: 1, max: 10}}, \
                   {name: float, dtype: float32, distribution: {kind: uniform, min: 1, max: 10}}, \
                   {name: text, dtype: string, distribution: {kind: zipf, cardinality: 7}}, \
                   {name: pool, dtype: int64, distribution: {kind: uniform, pool: {size: 5}}}]}}"
                .to_owned(),
            folder: None,
        };
        let config = load(&source, &Overrides::default()).unwrap();
        let dataset = config.variants[0].dataset.as_ref().unwrap();
        let found: Vec<_> = dataset.columns.iter().map(most_distinct).collect();
        let wanted = [None, Some(256), Some(10), None, Some(7), Some(5)];
        assert_eq!(found, wanted);
    }
}
