// Tests.
#include <linux/module.h>

int kunit_run(void)
{
	return 0;
}
