SUMMARY = "A compiler, for each of the architectures"
LICENSE = "MIT"
TARGET_ARCH = "${MACHINE_ARCH}"
