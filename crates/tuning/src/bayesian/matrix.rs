//! The little linear algebra that a Gaussian process needs.

/// The lower triangular L of a positive definite matrix A = L Lᵀ.
#[derive(Clone, Debug)]
pub(super) struct Cholesky {
    size: usize,
    /// Row by row, `size` numbers each; those above the diagonal are 0.
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors a symmetric matrix, given row by row, of which the part above the diagonal is not read; nothing when it is
    /// not positive definite in double precision.
    pub(super) fn new(size: usize, matrix: &[f64]) -> Option<Self> {
        let mut lower = vec![0.0; size * size];
        for row in 0..size {
            let (done, current) = lower.split_at_mut(row * size);
            for column in 0..row {
                let other = &done[column * size..=column * size + column];
                let value = matrix[row * size + column] - dot(&current[..column], &other[..column]);
                current[column] = value / other[column];
            }
            let square = matrix[row * size + row] - dot(&current[..row], &current[..row]);
            if square.is_nan() || square <= 0.0 {
                return None;
            }
            current[row] = square.sqrt();
        }
        Some(Self { size, lower })
    }

    /// L⁻¹ b, in place of b.
    pub(super) fn solve_lower(&self, right: &mut [f64]) {
        self.solve_lower_from(0, right);
    }

    /// [`Self::solve_lower`] where everything before `first` is 0.
    fn solve_lower_from(&self, first: usize, right: &mut [f64]) {
        for row in first..self.size {
            let of_row = &self.lower[row * self.size..=row * self.size + row];
            right[row] = (right[row] - dot(&of_row[first..row], &right[first..row])) / of_row[row];
        }
    }

    /// A⁻¹ b, in place of b.
    pub(super) fn solve(&self, right: &mut [f64]) {
        self.solve_lower(right);
        for row in (0..self.size).rev() {
            let of_row = &self.lower[row * self.size..=row * self.size + row];
            right[row] /= of_row[row];
            let value = right[row];
            for (target, factor) in right[..row].iter_mut().zip(of_row) {
                *target -= factor * value;
            }
        }
    }

    /// A⁻¹, row by row; only the lower triangle is filled.
    pub(super) fn inverse(&self) -> Vec<f64> {
        let size = self.size;
        // Row by row the columns of L⁻¹.
        let mut columns = vec![0.0; size * size];
        for (index, column) in columns.chunks_mut(size).enumerate() {
            column[index] = 1.0;
            self.solve_lower_from(index, column);
        }
        let mut inverse = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                inverse[row * size + column] = dot(
                    &columns[row * size + row..(row + 1) * size],
                    &columns[column * size + row..(column + 1) * size],
                );
            }
        }
        inverse
    }

    /// ln det A.
    pub(super) fn log_determinant(&self) -> f64 {
        2.0 * (0..self.size).map(|row| self.lower[row * (self.size + 1)].ln()).sum::<f64>()
    }
}

/// The inner product of two slices of one length, summed in eight lanes, which processors do at once.
pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let (left, right) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(left, right)| left * right).sum();
    for (left, right) in left.zip(right) {
        for lane in 0..LANES {
            sums[lane] += left[lane] * right[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// B Bᵀ + I, which is positive definite.
    fn definite(size: usize, numbers: &[f64]) -> Vec<f64> {
        let row = |index: usize| &numbers[index * size..(index + 1) * size];
        let entry = |at: usize| {
            let (left, right) = (at / size, at % size);
            dot(row(left), row(right)) + f64::from(u8::from(left == right))
        };
        (0..size * size).map(entry).collect()
    }

    #[test]
    fn what_is_not_positive_definite_has_no_factor() {
        assert!(Cholesky::new(2, &[1.0, 0.0, 2.0, 1.0]).is_none());
        assert!(Cholesky::new(1, &[f64::NAN]).is_none());
        assert!(Cholesky::new(1, &[0.0]).is_none());
    }

    #[test]
    fn the_determinant_of_a_known_matrix() {
        let factor = Cholesky::new(2, &[4.0, 0.0, 2.0, 3.0]).unwrap();
        assert!((factor.log_determinant() - 8.0_f64.ln()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn solutions_solve((size, numbers) in (1_usize..20).prop_flat_map(|size| {
            (Just(size), prop::collection::vec(-3.0..3.0_f64, size * size))
        })) {
            let matrix = definite(size, &numbers);
            let factor = Cholesky::new(size, &matrix).unwrap();
            let right: Vec<f64> = (0..size).map(|row| numbers[row * size]).collect();
            let mut solution = right.clone();
            factor.solve(&mut solution);
            let inverse = factor.inverse();
            for row in 0..size {
                prop_assert!((dot(&matrix[row * size..(row + 1) * size], &solution) - right[row]).abs() < 1e-6);
                let entry = |column: usize| inverse[row.max(column) * size + row.min(column)];
                let by_inverse: f64 = (0..size).map(|column| entry(column) * right[column]).sum();
                prop_assert!((by_inverse - solution[row]).abs() < 1e-6);
            }
        }
    }
}
