SUMMARY = "Tells a board its name"
LICENSE = "MIT"
DEPENDS = "hull"
BOARD = "${MACHINE}"
