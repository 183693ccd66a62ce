//! Takes out of a component what only debuggers read.

/// Magic and version.
const PREAMBLE_BYTES: usize = 8;
/// A section with a name of its own and no meaning for whoever runs the component.
const CUSTOM: u8 = 0;
/// What linkers write into a component for people: the names of its parts, and who made it.
const NAMES: [&[u8]; 2] = [b"component-name", b"producers"];

/// The component without the outer sections of these names; `None` where it is cut short.
pub(super) fn without_names(component: &[u8]) -> Option<Vec<u8>> {
    let mut stripped = component.get(..PREAMBLE_BYTES)?.to_vec();
    let mut rest = &component[PREAMBLE_BYTES..];
    while let [kind, after @ ..] = rest {
        let (bytes, content) = length(after)?;
        let (content, next) = content.split_at_checked(bytes)?;
        if !(*kind == CUSTOM && NAMES.contains(&name(content)?)) {
            stripped.extend_from_slice(&rest[..rest.len() - next.len()]);
        }
        rest = next;
    }
    Some(stripped)
}

/// The name in front of a custom section.
fn name(content: &[u8]) -> Option<&[u8]> {
    let (bytes, name) = length(content)?;
    name.get(..bytes)
}

/// A length in LEB128, and what follows it.
fn length(mut rest: &[u8]) -> Option<(usize, &[u8])> {
    let (mut value, mut shift) = (0_usize, 0);
    loop {
        let (byte, after) = rest.split_first()?;
        value |= usize::from(byte & 0x7F).checked_shl(shift)?;
        (rest, shift) = (after, shift + 7);
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_names;

    fn section(kind: u8, content: &[u8]) -> Vec<u8> {
        let bytes = u8::try_from(content.len()).expect("short");
        [&[kind, bytes | 0x80, 0][..], content].concat()
    }

    #[test]
    fn names_go_and_everything_else_stays_as_it_is() {
        let preamble = b"\0asm\x0d\0\x01\0";
        let names = section(0, b"\x0ecomponent-namexyz");
        let (code, other) = (section(1, b"\0component-name"), section(0, b"\x05other"));
        let whole = [&preamble[..], &code, &names, &other].concat();
        let expected = [&preamble[..], &code, &other].concat();
        assert_eq!(without_names(&whole), Some(expected));
        assert_eq!(without_names(&whole[..whole.len() - 1]), None, "cut short");
    }
}
