# What a recipe inherits to be an image. IMAGE_FEATURES are packages by other names.
IMAGE_INSTALL:append = " ${MACHINE_PACKAGES}"
