// Blink.
#include <linux/module.h>
#include <linux/time.h>

int blink(tick_t now)
{
	return now;
}
