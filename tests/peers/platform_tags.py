"""Prints, as JSON, the tags that `packaging.tags` gives each well-known platform.

With wheel names as arguments, prints the wheel that each CPython would install there.
"""

import json
import sys

from packaging import _manylinux, _musllinux, tags, utils


def glibc(minor, arch):
    _manylinux._get_glibc_version = lambda: (2, minor)
    # The interpreter of the platform is asked nowhere else; no tag with a floor is known of Armv6.
    _manylinux._have_compatible_abi = lambda executable, archs: "armv6l" not in archs
    if hasattr(_manylinux._is_compatible, "cache_clear"):
        _manylinux._is_compatible.cache_clear()
    _manylinux._is_compatible = lambda arch, version: version <= _manylinux._GLibCVersion(2, minor)
    return [f"linux_{arch}", *_manylinux.platform_tags([arch])]


def musl(minor, arch):
    _musllinux._get_musl_version = lambda executable: _musllinux._MuslVersion(1, minor)
    return [f"linux_{arch}", *_musllinux.platform_tags([arch])]


def mac(major, minor, arch):
    return list(tags.mac_platforms((major, minor), arch))


PLATFORMS = {
    "debian-12-x86_64": glibc(36, "x86_64"),
    "debian-12-aarch64": glibc(36, "aarch64"),
    "ubuntu-24.04-x86_64": glibc(39, "x86_64"),
    "ubuntu-24.04-aarch64": glibc(39, "aarch64"),
    "ubuntu-20.04-x86_64": glibc(31, "x86_64"),
    "rhel-9-x86_64": glibc(34, "x86_64"),
    "rhel-8-x86_64": glibc(28, "x86_64"),
    "amazon-linux-2023-aarch64": glibc(34, "aarch64"),
    "amazon-linux-2-x86_64": glibc(26, "x86_64"),
    "centos-7-x86_64": glibc(17, "x86_64"),
    "centos-7-aarch64": glibc(17, "aarch64"),
    "centos-6-x86_64": glibc(12, "x86_64"),
    "raspberry-pi-os-aarch64": glibc(36, "aarch64"),
    "raspberry-pi-os-armv7l": glibc(36, "armv7l"),
    "raspberry-pi-zero-armv6l": glibc(28, "armv6l"),
    "ubuntu-18.04-i686": glibc(27, "i686"),
    "ubuntu-24.04-ppc64le": glibc(39, "ppc64le"),
    "ubuntu-24.04-s390x": glibc(39, "s390x"),
    "ubuntu-24.04-riscv64": glibc(39, "riscv64"),
    "openeuler-24.03-loongarch64": glibc(38, "loongarch64"),
    "alpine-3.20-x86_64": musl(2, "x86_64"),
    "alpine-3.20-aarch64": musl(2, "aarch64"),
    "alpine-3.12-x86_64": musl(1, "x86_64"),
    "alpine-3.20-armv7l": musl(2, "armv7l"),
    "macos-26-arm64": mac(26, 0, "arm64"),
    "macos-15-arm64": mac(15, 0, "arm64"),
    "macos-11-arm64": mac(11, 0, "arm64"),
    "macos-15-arm64-rosetta": mac(15, 0, "x86_64"),
    "macos-15-x86_64": mac(15, 0, "x86_64"),
    "macos-12-x86_64": mac(12, 0, "x86_64"),
    "macos-10.12-x86_64": mac(10, 12, "x86_64"),
    "macos-10.9-x86_64": mac(10, 9, "x86_64"),
    "windows-x86_64": ["win_amd64"],
    "windows-11-arm64": ["win_arm64"],
    "windows-11-arm64-x64-python": ["win_amd64"],
    "windows-32-bit-python": ["win32"],
    "android-13-arm64": list(tags.android_platforms(33, "arm64_v8a")),
    "android-13-x86_64": list(tags.android_platforms(33, "x86_64")),
    "ios-13-arm64": list(tags.ios_platforms((13, 0), "arm64_iphoneos")),
    "ios-18-arm64-simulator": list(tags.ios_platforms((18, 0), "arm64_iphonesimulator")),
}


PYTHONS = {
    **{f"3.{minor}": (minor, "") for minor in range(10, 16)},
    **{f"3.{minor}t": (minor, "t") for minor in range(13, 16)},
}


def choose(platforms, names, minor, flags):
    abi = f"cp3{minor}{flags}"
    order = [
        *tags.cpython_tags((3, minor), [abi], platforms),
        *tags.compatible_tags((3, minor), f"cp3{minor}", platforms),
    ]
    places = {tag: place for place, tag in reversed(list(enumerate(order)))}
    fitting = []
    for name in names:
        _, version, build, wheel_tags = utils.parse_wheel_filename(name)
        found = [places[tag] for tag in wheel_tags if tag in places]
        if found:
            fitting.append(((version, -min(found), build), name))
    return max(fitting)[1] if fitting else None


def choices(platforms, names):
    return {python: choose(platforms, names, *build) for python, build in PYTHONS.items()}


if len(sys.argv) > 1:
    print(json.dumps({name: choices(found, sys.argv[1:]) for name, found in PLATFORMS.items()}))
else:
    print(json.dumps(PLATFORMS))
