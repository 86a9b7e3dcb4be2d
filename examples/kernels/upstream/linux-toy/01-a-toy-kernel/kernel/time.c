// Tick.
#include <linux/kernel.h>
#include <linux/time.h>

int tick(void)
{
#ifdef CONFIG_HIGH_RES_TIMERS
	tock();
#endif
	return CONFIG_HZ;
}
