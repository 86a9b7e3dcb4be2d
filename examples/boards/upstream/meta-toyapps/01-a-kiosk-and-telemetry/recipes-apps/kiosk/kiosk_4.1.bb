SUMMARY = "One page, the whole screen"
LICENSE = "MIT"
DEPENDS = "hull"
START_PAGE = "${KIOSK_URL}"
