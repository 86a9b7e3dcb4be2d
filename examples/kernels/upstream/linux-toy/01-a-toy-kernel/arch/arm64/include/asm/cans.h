// The cans of an arm64.
struct can { int size; };
