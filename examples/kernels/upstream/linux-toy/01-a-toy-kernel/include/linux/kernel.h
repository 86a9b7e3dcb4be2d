// What everyone needs.
#include <linux/types.h>
#include <asm/page.h>
int printk(const char *text);
