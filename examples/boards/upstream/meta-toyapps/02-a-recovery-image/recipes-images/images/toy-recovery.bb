SUMMARY = "What starts when nothing else does"
LICENSE = "MIT"
IMAGE_INSTALL = "base-files hull"
inherit image
