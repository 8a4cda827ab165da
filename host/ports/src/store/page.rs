//! Lists, a page at a time.

use super::StoreError;

/// A place in a list, as the store that gave it understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    after: Option<Cursor>,
    limit: usize,
}

impl PageRequest {
    /// The most of a page.
    pub const MOST: usize = 200;

    /// What comes after that place, or the beginning; at most `limit`, which is brought
    /// between 1 and [`PageRequest::MOST`].
    #[must_use]
    pub fn new(after: Option<Cursor>, limit: usize) -> Self {
        Self {
            after,
            limit: limit.clamp(1, Self::MOST),
        }
    }

    /// Where it begins; `None`: at the list's beginning.
    #[must_use]
    pub fn after(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// How many at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// Where the next one begins; `None`: this is the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// All pages of a list, one after the other.
    ///
    /// # Errors
    /// The first of `read`.
    pub async fn every<F>(
        mut read: impl FnMut(PageRequest) -> F + Send,
    ) -> Result<Vec<T>, StoreError>
    where
        T: Send,
        F: Future<Output = Result<Self, StoreError>> + Send,
    {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = read(PageRequest::new(after, PageRequest::MOST)).await?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }
}
