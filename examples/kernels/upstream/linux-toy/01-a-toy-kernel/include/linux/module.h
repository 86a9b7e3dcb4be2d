// For what can be loaded.
#include <linux/kernel.h>
#ifdef MODULE
typedef int module_t;
#endif
