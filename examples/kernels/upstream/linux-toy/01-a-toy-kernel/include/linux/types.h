// Sizes.
typedef unsigned int u32;
#ifdef CONFIG_64BIT
typedef unsigned long size_t;
#else
typedef unsigned int size_t;
#endif
