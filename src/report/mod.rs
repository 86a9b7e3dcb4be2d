//! Shows plans and runs: one View, several forms. Knows no cache and no front-end.
