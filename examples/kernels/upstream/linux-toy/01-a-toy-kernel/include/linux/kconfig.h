// Read before every source: what is configured.
#include <generated/autoconf.h>
