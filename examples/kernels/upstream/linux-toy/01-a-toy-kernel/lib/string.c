// A piece of string.
#include <linux/types.h>

size_t strlen(const char *text)
{
	return measure(text);
}
EXPORT_SYMBOL(strlen);
