SUMMARY = "Tools that look into a running system"
LICENSE = "MIT"
DEPENDS = "gcc-toy hull"
