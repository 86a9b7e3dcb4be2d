SUMMARY = "Firmware of the radio on birch boards"
LICENSE = "CLOSED"
POWER = "${RADIO_POWER} dBm"
REGION = "${RADIO_REGION}"
