SUMMARY = "What is flashed"
LICENSE = "MIT"
IMAGE_INSTALL = "base-files hull"
inherit image
