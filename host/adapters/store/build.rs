//! Migrations are compiled in by a macro, which doesn't tell cargo of files that are added.

fn main() {
    println!("cargo::rerun-if-changed=../../../migrations/sqlite");
}
