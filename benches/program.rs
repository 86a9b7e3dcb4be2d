//! How long the front and the end of the program take: YAML read, and a plan printed.

fn main() {
    divan::main();
}
