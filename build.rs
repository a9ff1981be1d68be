//! Migrations are embedded in the binary, so a change of them is a change of it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
