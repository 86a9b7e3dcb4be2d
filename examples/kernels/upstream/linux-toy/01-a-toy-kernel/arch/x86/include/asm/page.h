// Pages.
#define PAGE_SIZE 4096
