// For the scheduler alone.
struct toy { u32 turns; };
