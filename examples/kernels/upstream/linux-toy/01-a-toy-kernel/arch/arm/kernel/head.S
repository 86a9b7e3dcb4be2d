// The very first code.
#include <asm/page.h>
ENTRY(_start)
	turn key
