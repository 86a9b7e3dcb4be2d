// Talking to oneself.
#include <linux/module.h>
#include <linux/net.h>

int loop_transmit(struct string_telephone *line)
{
	return line->length;
}
