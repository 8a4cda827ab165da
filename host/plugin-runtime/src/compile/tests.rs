//! How the end of the compiling process is read, by programs that end so.

use super::*;

/// What is made of a program of the shell's.
fn ends(script: &str) -> LoadError {
    let compiler = Compiler {
        program: "/bin/sh".into(),
        arguments: vec!["-c".into(), format!("ulimit -c 0; {script}").into()],
    };
    compile_apart(&compiler, &vec![0; 1 << 20]).expect_err("it compiles nothing")
}

#[test]
fn the_plugin_is_blamed_for_what_its_code_does() {
    for (script, wanted) in [
        (
            "echo 'it has 9 locals\u{1b}[2J' >&2; exit 3",
            "it has 9 locals\\u{1b}[2J",
        ),
        (
            "cat >/dev/null; kill -XCPU $$",
            "takes more than 60 seconds",
        ),
        ("kill -XFSZ $$", "has more than 128 MiB"),
        (
            "echo 'out of it' >&2; kill -ABRT $$",
            "2048 MiB of memory that it may have, or more than the compiler can do (out of it)",
        ),
        ("kill -SEGV $$", "more than the compiler can do"),
        ("exit 101", "more than the compiler can do"),
    ] {
        let LoadError::Code(why) = ends(script) else {
            panic!("{script}");
        };
        assert!(why.contains(wanted), "{script}: {why}");
    }
}

#[test]
fn this_machine_is_blamed_for_the_rest() {
    for script in [
        "exit 0",
        "exit 1",
        "kill -TERM $$",
        "kill -KILL $$",
        "printf sha256:0; exit 0",
        "head -c 200 /dev/zero; exit 0",
    ] {
        let ended = ends(script);
        assert!(matches!(ended, LoadError::Host(_)), "{script}: {ended:?}");
    }
    let nobody = Compiler {
        program: "/nowhere/at/all".into(),
        arguments: Vec::new(),
    };
    let ended = compile_apart(&nobody, b"");
    assert!(matches!(ended, Err(LoadError::Host(_))), "{ended:?}");
}

#[test]
fn what_is_said_without_an_end_is_cut() {
    let LoadError::Code(why) = ends("yes word | head -c 10000000 >&2; exit 3") else {
        panic!("the plugin is at fault");
    };
    assert!(
        why.starts_with("word") && why.len() < 20_000,
        "{}",
        why.len()
    );
}
