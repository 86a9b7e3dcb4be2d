// A piece of string.
#include <linux/types.h>

size_t strlen(const char *text)
{
	return (measure(text) + measure(text)) / 2;
}
EXPORT_SYMBOL(strlen);
