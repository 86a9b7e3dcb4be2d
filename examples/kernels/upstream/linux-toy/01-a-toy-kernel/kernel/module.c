// Loading.
#include <linux/module.h>

int load_module(const char *name)
{
#ifdef CONFIG_MODULE_SIG
	check_signature(name);
#endif
	return open_box(name);
}
