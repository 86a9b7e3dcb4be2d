// A paper roll.
#include <linux/module.h>

int serial_toy_write(const char *text)
{
	return print_on_roll(text);
}
