//! The names that a Mach-O file exports, as its loader looks them up: a tree of the parts that names share (Apple's
//! `mach-o/loader.h`, `LC_DYLD_INFO` and `LC_DYLD_EXPORTS_TRIE`). A node is the size of what is said of the name that ends
//! there, as much of it, and the edges that lead on: each a part of a name and the place of a node.

/// How many edges are looked at, all those of the nodes that lead to the names asked for.
const MAX_EDGES: usize = 1 << 16;

/// No name that anybody asks for is longer.
const MAX_NAME: usize = 4096;

/// The names that begin with one of `beginnings`; `None` where the tree is damaged, or too large.
pub(super) fn names(trie: &[u8], beginnings: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    let leads_on = |name: &[u8]| beginnings.iter().any(|it| it.starts_with(name) || name.starts_with(it));
    let (mut found, mut nodes, mut left) = (Vec::new(), vec![(0, Vec::new())], MAX_EDGES);
    while let Some((place, name)) = nodes.pop() {
        let mut rest = trie.get(place..)?;
        let size = number(&mut rest)?;
        if size > 0 && beginnings.iter().any(|it| name.starts_with(it)) {
            found.push(name.clone());
        }
        let (edges, mut rest) = rest.get(size..)?.split_first()?;
        for _ in 0..*edges {
            left = left.checked_sub(1)?;
            let end = rest.iter().take(MAX_NAME).position(|byte| *byte == 0)?;
            let longer = [name.as_slice(), &rest[..end]].concat();
            rest = &rest[end + 1..];
            let next = number(&mut rest)?;
            if longer.len() > MAX_NAME {
                return None;
            }
            if leads_on(&longer) {
                nodes.push((next, longer));
            }
        }
    }
    Some(found)
}

/// A number in groups of seven bits, the lowest first (ULEB128).
fn number(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    for shift in (0..usize::BITS - 7).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= usize::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(trie: &[u8]) -> Option<Vec<String>> {
        let names = names(trie, &[b"_PyInit"])?;
        Some(names.into_iter().map(|name| String::from_utf8(name).unwrap()).collect())
    }

    #[test]
    fn names_are_put_together_along_their_edges() {
        // The root has `_` alone; that leads to `PyInit_` and to `x`, and the first of these to `a` and `ab`.
        let trie = b"\x00\x01_\0\x05\x00\x02PyInit_\0\x13x\0\x23\x00\x01a\0\x18\x02\x00\x10\x01b\0\x1f\x02\x00\x20\x00\x00\x02\x00\x30\x00";
        assert_eq!(found(trie).unwrap(), ["_PyInit_a", "_PyInit_ab"]);
        assert_eq!(found(b"\0\0").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_damaged_says_nothing() {
        for trie in [
            &b""[..],
            b"\x05\x00",
            b"\x00\x01",
            b"\x00\x01_",
            b"\x00\x01_\0",
            // A node that lies beyond the end, one that leads to itself, and one that does so by a name of no length.
            b"\x00\x01_\0\x7f",
            b"\x00\x01_PyInit_\0\x00",
            b"\x00\x01\0\x00",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(found(trie), None, "{trie:?}");
        }
    }
}
