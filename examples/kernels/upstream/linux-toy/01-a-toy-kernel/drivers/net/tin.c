// Talking to the neighbours.
#include <linux/module.h>
#include <linux/net.h>
#include <asm/cans.h>

int tin_transmit(struct string_telephone *line)
{
	return line->tension;
}
