//! How long what is remembered takes: records written and read, and what files hold.

fn main() {
    divan::main();
}
