use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::{Head, RecordError, STANDARD_TIER_BYTES};
use crate::{Content, Entry};

/// A chunk has at least so many bytes before it is compressed, unless it is the last: fewer, larger chunks are fewer calls.
const MIN_BYTES: usize = 8 * 1024;
/// Behind those, a chunk is cut behind a leaf whose levels' digest ends in this many zero bits: every 32nd on average, and
/// always the same ones, so that a small change leaves most chunks as they are.
const BOUNDARY_BITS: u32 = 5;
/// A head lists at most so many chunks; a longer list is stored in chunks itself, so that a head fits a Standard parameter.
const MAX_LISTED: usize = 64;
/// What a chunk may come to when it is unpacked: a hundred times its stored size is no content of ours.
const MAX_UNPACKED: u64 = 4 * 1024 * 1024;

/// A piece of a release's content, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its name below `content/`: 128 bits of the value's SHA-256 digest, in the URL-safe alphabet of base64 (22 characters).
    pub name: String,
    /// Its value: at most [`STANDARD_TIER_BYTES`] of base64.
    pub value: String,
}

/// The chunks of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunks {
    /// Every chunk that must be stored.
    pub all: Vec<Chunk>,
    /// The names that the head lists.
    pub listed: Vec<String>,
    /// [`Head::indexed`].
    pub indexed: bool,
}

/// Cuts `content` into chunks: leaves as JSON lines, compressed (RFC 1951), in base64.
pub fn chunks(content: &Content) -> Chunks {
    let mut all = Vec::new();
    let mut lines = Vec::new();
    for entry in &content.entries {
        // An entry is a plain structure of texts: its serialisation cannot fail.
        let _ = serde_json::to_writer(&mut lines, entry);
        lines.push(b'\n');
        if lines.len() >= MIN_BYTES && is_boundary(entry) {
            cut(&lines, &mut all);
            lines.clear();
        }
    }
    if !lines.is_empty() {
        cut(&lines, &mut all);
    }
    let names: Vec<_> = all.iter().map(|chunk| chunk.name.clone()).collect();
    if names.len() <= MAX_LISTED {
        return Chunks { all, listed: names, indexed: false };
    }
    let mut index = Vec::new();
    cut(names.join("\n").as_bytes(), &mut index);
    let listed = index.iter().map(|chunk| chunk.name.clone()).collect();
    all.extend(index);
    Chunks { all, listed, indexed: true }
}

fn is_boundary(entry: &Entry) -> bool {
    let digest = Sha256::digest(entry.key());
    digest.last().is_some_and(|byte| byte.trailing_zeros() >= BOUNDARY_BITS)
}

/// Adds `bytes` as one chunk, or as two halves where one is larger than a Standard parameter.
fn cut(bytes: &[u8], chunks: &mut Vec<Chunk>) {
    let value = STANDARD.encode(deflate(bytes));
    if value.len() > STANDARD_TIER_BYTES && bytes.len() > 1 {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        cut(first, chunks);
        cut(second, chunks);
    } else {
        let name = URL_SAFE_NO_PAD.encode(&Sha256::digest(&value)[..16]);
        chunks.push(Chunk { name, value });
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Puts chunks together again; `values` are theirs, in the order of `names`.
fn joined<'a>(names: &[String], values: impl IntoIterator<Item = &'a str>) -> Result<Vec<u8>, RecordError> {
    let mut bytes = Vec::new();
    for (name, value) in names.iter().zip(values) {
        let damaged =
            |reason: &dyn std::fmt::Display| RecordError::damaged(format!("content/{name}"), reason);
        let packed = STANDARD.decode(value).map_err(|error| damaged(&error))?;
        let mut decoder = flate2::read::DeflateDecoder::new(&*packed).take(MAX_UNPACKED);
        decoder.read_to_end(&mut bytes).map_err(|error| damaged(&error))?;
    }
    Ok(bytes)
}

/// The names of the content's chunks of an indexed release; `values` are those of the chunks that `head` lists.
///
/// # Errors
/// [`RecordError::Damaged`].
pub fn index<'a>(head: &Head, values: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, RecordError> {
    let bytes = joined(&head.chunks, values)?;
    let text =
        String::from_utf8(bytes).map_err(|error| RecordError::damaged(head.number.to_string(), error))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// Puts the content of the release `head` together again; `names` are those of its chunks ([`Head::chunks`], or what
/// [`index`] gave), and `values` are theirs in that order.
///
/// # Errors
/// [`RecordError::Damaged`] when a chunk or the whole is not what was written.
pub fn content<'a>(
    head: &Head,
    names: &[String],
    values: impl IntoIterator<Item = &'a str>,
) -> Result<Content, RecordError> {
    let lines = joined(names, values)?;
    let mut entries = Vec::new();
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let entry = serde_json::from_slice(line)
            .map_err(|error| RecordError::damaged(head.number.to_string(), error))?;
        entries.push(entry);
    }
    let content = Content { entries };
    if content.digest() == head.content {
        Ok(content)
    } else {
        Err(RecordError::damaged(head.number.to_string(), "the digest of its content differs"))
    }
}
