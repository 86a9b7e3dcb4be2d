SUMMARY = "Says now and then that the board is well"
LICENSE = "MIT"
DEPENDS = "hull"
