// For what ticks.
#ifdef CONFIG_HZ_FAST
typedef unsigned long fast_tick_t;
#endif
typedef unsigned long tick_t;
