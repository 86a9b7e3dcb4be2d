// Who made this kernel, and when.
#include <generated/utsrelease.h>
#include <generated/compile.h>
const char *linux_banner = "Linux version " UTS_RELEASE " (" LINUX_COMPILE_BY "@" LINUX_COMPILE_HOST ") " UTS_VERSION;
