// Where it all starts.
#include <linux/kernel.h>
#include <linux/time.h>

int start_kernel(void)
{
#ifdef CONFIG_SMP
	wind_all_springs();
#endif
	printk("toy kernel: hello\n");
	return 0;
}
