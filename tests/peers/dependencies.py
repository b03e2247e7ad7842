"""Prints, as JSON, the dependencies that the programs in a wheel list of themselves, by member.

Reads the formats by their specifications alone: the headers with `struct`, cargo-auditable's
section with `zlib` and `json`, Go's build information from its magic number on.
"""

import json
import struct
import sys
import zipfile
import zlib


def elf_sections(data):
    wide = data[4] == 2
    order = "<" if data[5] == 1 else ">"
    at = struct.unpack_from(order + ("Q" if wide else "I"), data, 40 if wide else 32)[0]
    size, count, names = struct.unpack_from(order + "HHH", data, 58 if wide else 46)
    layout = order + ("IIQQQQ" if wide else "IIIIII")
    rows = [struct.unpack_from(layout, data, at + place * size) for place in range(count)]
    for name, _, _, _, offset, length in rows:
        start = rows[names][4] + name
        yield data[start : data.index(b"\0", start)].decode(), data[offset : offset + length]


def mach_sections(data):
    at = 32
    for _ in range(struct.unpack_from("<I", data, 16)[0]):
        command, size = struct.unpack_from("<II", data, at)
        if command == 0x19:
            for place in range(struct.unpack_from("<I", data, at + 64)[0]):
                row = at + 72 + 80 * place
                length, offset = struct.unpack_from("<QI", data, row + 40)
                yield data[row : row + 16].rstrip(b"\0").decode(), data[offset : offset + length]
        at += size


def pe_sections(data):
    header = struct.unpack_from("<I", data, 60)[0]
    count = struct.unpack_from("<H", data, header + 6)[0]
    optional = struct.unpack_from("<H", data, header + 20)[0]
    for place in range(count):
        row = header + 24 + optional + 40 * place
        length, offset = struct.unpack_from("<II", data, row + 16)
        yield data[row : row + 8].rstrip(b"\0").decode("latin-1"), data[offset : offset + length]


def sections(data):
    if data[:4] == b"\x7fELF":
        return dict(elf_sections(data))
    if data[:4] == b"\xcf\xfa\xed\xfe":
        return dict(mach_sections(data))
    if data[:2] == b"MZ":
        return dict(pe_sections(data))
    return None


def length_and_rest(data):
    length = shift = 0
    for place, byte in enumerate(data):
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return length, data[place + 1 :]
    raise ValueError("no length")


def go_modules(section):
    found = section.find(b"\xff Go buildinf:")
    if found < 0 or not section[found + 15] & 2:
        return None
    length, rest = length_and_rest(section[found + 32 :])
    length, rest = length_and_rest(rest[length:])
    rows = [row.split("\t") for row in rest[16 : length - 16].decode().splitlines()]
    modules = []
    for place, row in enumerate(rows):
        if row[0] == "dep":
            after = rows[place + 1] if place + 1 < len(rows) else [""]
            kept = after if after[0] == "=>" and not after[1].startswith(".") else row
            modules.append(f"{kept[1]} {kept[2]}")
    return modules


def listed(data):
    found = sections(data)
    if found is None:
        return None
    if ".dep-v0" in found:
        packages = json.loads(zlib.decompressobj().decompress(found[".dep-v0"]))["packages"]
        return [
            f"{package['name']} {package['version']}"
            for package in packages
            if not package.get("root")
        ]
    for name in (".go.buildinfo", "__go_buildinfo", ".data"):
        if name in found and (modules := go_modules(found[name])) is not None:
            return modules
    return None


with zipfile.ZipFile(sys.argv[1]) as wheel:
    members = {name: listed(wheel.read(name)) for name in wheel.namelist()}
print(json.dumps({name: names for name, names in members.items() if names is not None}))
