SUMMARY = "The image that runs in emulators, with tools to look into it"
LICENSE = "MIT"
IMAGE_INSTALL = "base-files hull probe-tools"
inherit image
