//! Compiles one plugin from standard input to standard output, within limits.

fn main() -> std::process::ExitCode {
    deploycenter_plugin_runtime::compile_child()
}
