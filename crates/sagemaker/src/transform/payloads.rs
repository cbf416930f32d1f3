//! The records of an object, put together to requests.

use tokio::io::{self, AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

/// Why an object cannot be cut into requests.
#[derive(Debug, thiserror::Error)]
pub(super) enum PayloadError {
    /// One record alone is too large.
    #[error("Too much data for max payload size: a record is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The file.
    #[error(transparent)]
    Read(#[from] io::Error),
}

/// Reads requests from a file.
pub(super) struct Payloads<R> {
    from: R,
    /// How many bytes a request may have.
    limit: usize,
    by_line: bool,
    single: bool,
    /// A record for which the last request had no room.
    next: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Payloads<R> {
    pub(super) fn new(from: R, limit: usize, by_line: bool, single: bool) -> Self {
        Self { from, limit, by_line, single, next: Vec::new() }
    }

    /// The next request's body; nothing at the end. Lines keep their ends. An empty file has no record.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, PayloadError> {
        let mut payload = std::mem::take(&mut self.next);
        if payload.is_empty() {
            payload = self.record().await?;
        }
        while self.by_line && !self.single && !payload.is_empty() {
            let record = self.record().await?;
            if record.is_empty() {
                break;
            }
            if payload.len() + record.len() > self.limit {
                self.next = record;
                break;
            }
            payload.extend(record);
        }
        Ok((!payload.is_empty()).then_some(payload))
    }

    async fn record(&mut self) -> Result<Vec<u8>, PayloadError> {
        let mut record = Vec::new();
        // One byte more tells a record that is too large from one that just fits.
        let most = u64::try_from(self.limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut bounded = (&mut self.from).take(most);
        if self.by_line {
            bounded.read_until(b'\n', &mut record).await?;
        } else {
            bounded.read_to_end(&mut record).await?;
        }
        if record.len() > self.limit {
            return Err(PayloadError::TooLarge { limit: self.limit });
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(text: &str, limit: usize, by_line: bool, single: bool) -> Result<Vec<String>, String> {
        let mut payloads = Payloads::new(text.as_bytes(), limit, by_line, single);
        let mut found = Vec::new();
        while let Some(payload) = payloads.next().await.map_err(|error| error.to_string())? {
            found.push(String::from_utf8(payload).unwrap());
        }
        Ok(found)
    }

    #[tokio::test]
    async fn records_are_put_together_up_to_the_limit() {
        let text = "aa\nbb\ncc";
        assert_eq!(all(text, 100, false, false).await.unwrap(), [text]);
        assert_eq!(all(text, 100, true, false).await.unwrap(), [text]);
        assert_eq!(all(text, 6, true, false).await.unwrap(), ["aa\nbb\n", "cc"]);
        assert_eq!(all(text, 5, true, false).await.unwrap(), ["aa\n", "bb\ncc"]);
        assert_eq!(all(text, 3, true, false).await.unwrap(), ["aa\n", "bb\n", "cc"]);
        assert_eq!(all(text, 100, true, true).await.unwrap(), ["aa\n", "bb\n", "cc"]);
        assert!(all("", 100, true, false).await.unwrap().is_empty());
        assert!(all("", 100, false, false).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_record_that_is_too_large_is_refused() {
        for (limit, by_line) in [(2, true), (7, false)] {
            let error = all("aa\nbb\ncc", limit, by_line, false).await.unwrap_err();
            assert!(error.contains("Too much data for max payload size"), "{error}");
        }
        assert_eq!(all("aa\nbb\ncc", 8, false, false).await.unwrap().len(), 1);
    }
}
