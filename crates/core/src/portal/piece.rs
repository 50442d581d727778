// SPDX-License-Identifier: Apache-2.0
//! A piece of a file that grows, as text.

use super::protocol::Piece;

/// The piece that these bytes are, read from `from` on.
///
/// A character that the end of the bytes cuts through waits for the next piece. When
/// nothing stands before it, it has waited once already, and is replaced as what is no
/// text.
pub fn piece(bytes: &[u8], from: u64, size: u64) -> Piece {
    let whole = match bytes.utf8_chunks().last() {
        Some(last) if is_cut(last.invalid()) && last.invalid().len() < bytes.len() => {
            bytes.len() - last.invalid().len()
        }
        _ => bytes.len(),
    };
    let whole = bytes.get(..whole).unwrap_or(bytes);
    Piece {
        from,
        text: String::from_utf8_lossy(whole).into_owned(),
        next: from + whole.len() as u64,
        size: Some(size),
    }
}

/// Whether bytes could still become a character.
fn is_cut(invalid: &[u8]) -> bool {
    match std::str::from_utf8(invalid) {
        Ok(_) => false,
        Err(error) => error.error_len().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> (String, u64) {
        let piece = piece(bytes, 100, 1000);
        assert_eq!((piece.from, piece.size), (100, Some(1000)));
        (piece.text, piece.next)
    }

    #[test]
    fn characters_are_not_cut() {
        assert_eq!(text("aü".as_bytes()), ("aü".to_owned(), 103));
        assert_eq!(text(b"a\xc3"), ("a".to_owned(), 101));
        assert_eq!(text("a€".as_bytes()[..3].as_ref()), ("a".to_owned(), 101));
        assert_eq!(text(b""), (String::new(), 100));
    }

    #[test]
    fn what_is_no_text_is_replaced_and_ends_nothing() {
        assert_eq!(text(b"a\xffb"), ("a\u{fffd}b".to_owned(), 103));
        assert_eq!(text(b"a\xff"), ("a\u{fffd}".to_owned(), 102));
        assert_eq!(text(b"\xc3"), ("\u{fffd}".to_owned(), 101), "it has waited once");
        assert_eq!(text(b"\xff\xfe\x00"), ("\u{fffd}\u{fffd}\0".to_owned(), 103));
    }
}
