SUMMARY = "The boot loader"
LICENSE = "GPL-2.0-only"
DEPENDS = "gcc-toy"
BOARD = "${MACHINE}"
