SUMMARY = "The directories and files that every image has"
LICENSE = "MIT"
