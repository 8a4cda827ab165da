//! Compiles one plugin from standard input to standard output, within limits: for the
//! tests, which have no command line tool to call.

fn main() -> std::process::ExitCode {
    deploycenter_plugin_runtime::compile_child()
}
