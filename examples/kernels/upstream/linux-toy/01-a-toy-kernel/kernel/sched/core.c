// Who is next.
#include <linux/kernel.h>
#include <linux/time.h>
#include "sched.h"

int schedule(struct toy *next)
{
#if IS_ENABLED(CONFIG_DEBUG_SPRINGS)
	check_springs(next);
#endif
	return turn(next);
}
