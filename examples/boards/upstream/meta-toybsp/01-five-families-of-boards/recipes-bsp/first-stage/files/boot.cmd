load kernel
load devicetree
boot
