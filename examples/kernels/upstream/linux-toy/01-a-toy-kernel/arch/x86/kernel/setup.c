// What is in the box of an x86.
#include <linux/kernel.h>

int setup_arch(void)
{
	return PAGE_SIZE;
}
