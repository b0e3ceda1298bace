//! Memory that several readers fill at once, each its own rows.

use std::cell::UnsafeCell;

/// Memory of a matrix. Writers share it: each row belongs to one writer.
#[derive(Debug, Default)]
pub(super) struct SharedMatrix {
    /// Words, so that values of every type are aligned.
    words: Box<[UnsafeCell<u64>]>,
}

// SAFETY: the cells are written by `put`, `put_strided` and `put_all` alone. A loop has one place
// for each row (the tests of `order` show that places are a permutation; readers take no more rows
// of the engine than their segments have), and a row is written by the one reader that has read it.
// Values are looked at when all rows of the batch have arrived, which readers say by an atomic
// count with release and acquire.
unsafe impl Sync for SharedMatrix {}

impl SharedMatrix {
    pub(super) fn new(bytes: usize) -> Self {
        // Zeroed memory of the system is not touched before it is written to.
        let words = Box::into_raw(vec![0_u64; bytes.div_ceil(8)].into_boxed_slice());
        SharedMatrix {
            // SAFETY: an `UnsafeCell` has the layout of what it holds, and the box is this one's.
            words: unsafe { Box::from_raw(words as *mut [UnsafeCell<u64>]) },
        }
    }

    fn capacity(&self) -> usize {
        self.words.len() * 8
    }

    fn pointer<T>(&self) -> *mut T {
        self.words.as_ptr().cast::<T>().cast_mut()
    }

    /// Writes the value of this number.
    pub(super) fn put<T: Copy>(&self, index: usize, value: T) {
        const { assert!(align_of::<T>() <= align_of::<u64>()) };
        assert!((index + 1) * size_of::<T>() <= self.capacity());
        // SAFETY: the value lies within the words, and is aligned, as words are.
        unsafe { self.pointer::<T>().add(index).write(value) };
    }

    /// Writes values `stride` apart from each other.
    pub(super) fn put_strided<T: Copy>(&self, index: usize, stride: usize, values: &[T]) {
        const { assert!(align_of::<T>() <= align_of::<u64>()) };
        let Some(last) = values.len().checked_sub(1) else {
            return;
        };
        assert!((index + last * stride + 1) * size_of::<T>() <= self.capacity());
        let mut place = index;
        for value in values {
            // SAFETY: as in `put`; the last of the places lies within the words.
            unsafe { self.pointer::<T>().add(place).write(*value) };
            place += stride;
        }
    }

    /// Writes values that follow each other.
    pub(super) fn put_all<T: Copy>(&self, index: usize, values: &[T]) {
        const { assert!(align_of::<T>() <= align_of::<u64>()) };
        assert!((index + values.len()) * size_of::<T>() <= self.capacity());
        // SAFETY: as in `put`; the values of an array of Arrow do not lie in this buffer.
        unsafe {
            self.pointer::<T>()
                .add(index)
                .copy_from_nonoverlapping(values.as_ptr(), values.len());
        }
    }

    /// Returns values of a full batch.
    #[cfg(test)]
    pub(super) fn values<T: Copy>(&self, count: usize) -> Vec<T> {
        assert!(count * size_of::<T>() <= self.capacity());
        // SAFETY: the batch is full, so that nobody writes; all words are initialised, and tests
        // ask for the type that the matrix has.
        unsafe { std::slice::from_raw_parts(self.pointer::<T>(), count) }.to_vec()
    }
}
