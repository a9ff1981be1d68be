//! Raw bodies as they are kept: zstd with a dictionary of what orders look like, which halves them.
//!
//! The first byte names the dictionary. A dictionary is never changed or removed, or what was packed with it could not be
//! read any more; a better one gets a number of its own.

use std::cell::RefCell;
use std::sync::LazyLock;

use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::store::{Result, StoreError};

/// Bodies of a few orders and a fulfilment, written by the shop simulator.
const FIRST: &[u8] = include_bytes!("dictionary/1.txt");
/// A quick level: with the dictionary it keeps an order's body of 6.5 KB in less than 1 KB.
const LEVEL: i32 = -1;

const NO_DICTIONARY: u8 = 0;
const FIRST_DICTIONARY: u8 = 1;

static PACKING: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(FIRST, LEVEL));
static UNPACKING: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(FIRST));

thread_local! {
    // Setting these up costs more than using them.
    static PACKER: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::with_prepared_dictionary(&PACKING).ok());
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> =
        RefCell::new(zstd::bulk::Decompressor::with_prepared_dictionary(&UNPACKING).ok());
}

/// A body as it is kept.
pub fn pack(body: &[u8]) -> Vec<u8> {
    let frame = |dictionary: u8, capacity: usize| {
        let mut packed = Vec::with_capacity(capacity);
        packed.push(dictionary);
        packed
    };
    let compressed = PACKER.with_borrow_mut(|packer| packer.as_mut()?.compress(body).ok());
    if let Some(compressed) = compressed {
        let mut packed = frame(FIRST_DICTIONARY, compressed.len() + 1);
        packed.extend_from_slice(&compressed);
        return packed;
    }
    // Memory is short, which is the one way compression fails: the body is kept as it came.
    let mut packed = frame(NO_DICTIONARY, body.len() + 1);
    packed.extend_from_slice(body);
    packed
}

/// A body as it was received; `size` is its length, as it is kept beside it.
pub(in crate::store) fn unpack(packed: &[u8], size: i64) -> Result<Vec<u8>> {
    let corrupt = |why: &str| StoreError::Corrupt { what: "body", why: why.to_owned() };
    let size = usize::try_from(size).map_err(|_| corrupt("its length is negative"))?;
    match packed.split_first() {
        Some((&NO_DICTIONARY, body)) => Ok(body.to_vec()),
        Some((&FIRST_DICTIONARY, frame)) => UNPACKER
            .with_borrow_mut(|unpacker| unpacker.as_mut()?.decompress(frame, size).ok())
            .ok_or_else(|| corrupt("it is not the frame that was written")),
        _ => Err(corrupt("it was packed by a later version")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_was_packed_comes_back(body in prop::collection::vec(any::<u8>(), 0..4096)) {
            let size = i64::try_from(body.len()).unwrap();
            prop_assert_eq!(unpack(&pack(&body), size).unwrap(), body);
        }
    }

    #[test]
    fn what_was_not_packed_here_is_refused_in_words() {
        assert_eq!(unpack(b"\0as it came", 10).unwrap(), b"as it came");
        for broken in [b"".as_slice(), b"\x07later", b"\x01no frame"] {
            assert!(unpack(broken, 10).is_err());
        }
    }
}
