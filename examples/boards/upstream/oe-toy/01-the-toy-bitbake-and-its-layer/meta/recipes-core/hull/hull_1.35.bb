SUMMARY = "A shell and its tools in one binary"
LICENSE = "MIT"
DEPENDS = "gcc-toy"
