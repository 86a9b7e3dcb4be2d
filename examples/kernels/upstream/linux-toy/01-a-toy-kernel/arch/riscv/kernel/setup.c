// What is in the box of an riscv.
#include <linux/kernel.h>

int setup_arch(void)
{
	return PAGE_SIZE;
}
