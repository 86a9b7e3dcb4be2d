// What the kernel says.
#include <linux/kernel.h>

int printk(const char *text)
{
	return say(text);
}
EXPORT_SYMBOL(printk);
