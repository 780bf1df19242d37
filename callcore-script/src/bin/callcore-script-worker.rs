//! A program that is only a worker, for whoever cannot make their own program one.

fn main() -> std::io::Result<()> {
    callcore_script::worker::run()
}
