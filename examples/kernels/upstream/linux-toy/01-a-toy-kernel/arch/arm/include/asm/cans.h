// The cans of an arm.
struct can { int size; };
