//! The machine that a native program is for, by its first bytes alone: the file may be cut short or damaged behind them.
//! What only the rest of a file can say (the version of 32-bit Arm, most calling conventions) is taken for the usual.

use object::read::ReadRef as _;
use object::read::elf::FileHeader;
use object::{Endianness, elf};

use super::machine::Machine;
use super::magic::Magic;
use super::{elf_abi, macho, pe};

/// The machine that the header names; `None` where there are several, or its field is not in `head` or contradicts the rest.
pub(crate) fn machine(head: &[u8]) -> Option<Machine> {
    match Magic::of(head) {
        Magic::Elf if head.get(4) == Some(&elf::ELFCLASS64.0) => of_elf::<elf::FileHeader64<Endianness>>(head),
        Magic::Elf => of_elf::<elf::FileHeader32<Endianness>>(head),
        Magic::MachO => macho::machine_of_header(head),
        Magic::Pe => pe::machine_of_header(head),
        _ => None,
    }
}

fn of_elf<Header: FileHeader<Endian = Endianness>>(head: &[u8]) -> Option<Machine> {
    // Where the header ends early, what follows the machine counts as not set.
    let mut bytes = [0; 64];
    let length = head.len().min(bytes.len());
    bytes[..length].copy_from_slice(&head[..length]);
    if length < 20 {
        return None;
    }
    let header: &Header = bytes.as_slice().read_at(0).ok()?;
    let endian = header.endian().ok()?;
    elf_abi::machine(header, endian, bytes.as_slice().into(), elf_abi::Setting::Static).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Architecture as A;

    fn elf(class: u8, order: u8, machine: [u8; 2]) -> Vec<u8> {
        let mut bytes = b"\x7fELF".to_vec();
        bytes.extend([class, order, 1]);
        bytes.resize(18, 0);
        bytes.extend(machine);
        bytes
    }

    #[test]
    fn the_header_names_the_machine() {
        for (class, order, number, named) in [
            (2, 1, [0xb7, 0], Some(Machine::Known(A::Aarch64))),
            (2, 2, [0, 22], Some(Machine::Known(A::S390x))),
            (2, 2, [0, 21], Some(Machine::Other(21))),
            (2, 1, [21, 0], Some(Machine::Known(A::Ppc64le))),
            (1, 1, [3, 0], Some(Machine::Known(A::I686))),
            (1, 1, [40, 0], Some(Machine::Known(A::Armv7))),
            (2, 1, [0xf4, 0], Some(Machine::Other(0xf4))),
            (2, 2, [0, 62], None),
        ] {
            assert_eq!(machine(&elf(class, order, number)), named, "{class} {order} {number:?}");
        }
        assert_eq!(machine(b"\x7fELF"), None);
    }

    #[test]
    fn mach_o_in_either_order_and_pe() {
        assert_eq!(machine(&[0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1]), Some(Machine::Known(A::Aarch64)));
        assert_eq!(machine(&[0xce, 0xfa, 0xed, 0xfe, 7, 0, 0, 0]), Some(Machine::Other(7)));
        assert_eq!(machine(&[0xfe, 0xed, 0xfa, 0xce, 0, 0, 0, 18]), Some(Machine::Other(18)));
        assert_eq!(machine(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]), None);
        let mut program = b"MZ".to_vec();
        program.resize(0x80 + 26, 0);
        program[0x3c] = 0x80;
        program[0x80..0x86].copy_from_slice(b"PE\0\0\x64\xaa");
        program[0x98..].copy_from_slice(&[0x0b, 2]);
        assert_eq!(machine(&program), Some(Machine::Known(A::Aarch64)));
        assert_eq!(machine(&program[..0x90]), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let magic: [&[u8]; 3] = [b"\x7fELF", &[0xcf, 0xfa, 0xed, 0xfe], b"MZ"];
            let _ = machine(&[magic[bytes.len() % 3], &bytes].concat());
        }
    }
}
