// Pages, of a size that is configured.
#ifdef CONFIG_BIG_PAGES
typedef struct { char byte[65536]; } page_t;
#else
typedef struct { char byte[4096]; } page_t;
#endif
