// The cans of an x86.
struct can { int size; };
