// For what talks.
#include <linux/types.h>
struct string_telephone { u32 length; u32 tension; };
