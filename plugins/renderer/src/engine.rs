//! Minijinja with the project's syntax, made strict and bounded.

use std::fmt::Write as _;
use std::io::{self, Write};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};

/// How deep includes, macros and expressions may nest. Each level takes some stack, and
/// a stack that runs out takes the instance with it.
const RECURSION: usize = 120;

/// What is wrong with an expression that gives a part of a token.
const NOT_WHOLE: &str = "holds what is left of a value that is known only after apply; a template may place such a value but not cut, encode or change it";

/// Why a template gave no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The one that failed, which may be one that the rendered one includes.
    pub template: String,
    /// From 1; 0 when it isn't known.
    pub line: u32,
    /// A sentence for its author.
    pub message: String,
}

impl Failure {
    fn of(error: &Error, called: &str) -> Self {
        // An error within an include or a macro is wrapped by one for each level that
        // called it; the innermost says where the fault is.
        let mut inner = error;
        while let Some(next) =
            std::error::Error::source(inner).and_then(|source| source.downcast_ref::<Error>())
        {
            inner = next;
        }
        let kind = inner.kind();
        let mut message = match inner.detail() {
            _ if kind == ErrorKind::OutOfFuel => {
                "takes more steps than a template may; look for a loop over too much".to_owned()
            }
            Some(detail) if kind == ErrorKind::InvalidOperation => detail.to_owned(),
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        };
        if let Some(source) = std::error::Error::source(inner) {
            let _ = write!(message, ": {source}");
        }
        Self {
            template: inner.name().unwrap_or(called).to_owned(),
            line: inner
                .line()
                .and_then(|line| u32::try_from(line).ok())
                .unwrap_or(0),
            message,
        }
    }
}

/// Templates, parsed once and rendered many times.
#[derive(Debug)]
pub struct Engine {
    environment: Environment<'static>,
    /// What templates see.
    variables: Value,
}

impl Engine {
    /// An engine without templates. `is_whole` says whether a text holds no part of a
    /// token but whole ones only.
    pub fn new(is_whole: fn(&str) -> bool) -> Self {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .block_delimiters("[%", "%]")
            .variable_delimiters("[[", "]]")
            .comment_delimiters("[#", "#]")
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("the three delimiters differ");
        environment.set_syntax(syntax);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_recursion_limit(RECURSION);
        // Errors then say which expression was undefined. It costs nothing until one is.
        environment.set_debug(true);
        environment.set_formatter(move |out, state, value| {
            // Here, where the template and the line are still known. Of a list or an
            // object, what it prints is what counts.
            let whole = match value.as_str() {
                Some(text) => !may_hold_token(text) || is_whole(text),
                None if value.is_number() || value.is_none() || value.is_undefined() => true,
                None => {
                    let text = value.to_string();
                    !may_hold_token(&text) || is_whole(&text)
                }
            };
            if !whole {
                return Err(Error::new(ErrorKind::InvalidOperation, NOT_WHOLE));
            }
            minijinja::escape_formatter(out, state, value)
        });
        Self {
            environment,
            variables: Value::from(()),
        }
    }

    /// Parses templates, given as name and source, in place of those loaded before.
    ///
    /// # Errors
    /// Every template that doesn't parse.
    pub fn load(&mut self, templates: Vec<(String, String)>) -> Result<(), Vec<Failure>> {
        self.environment.clear_templates();
        let mut failures = Vec::new();
        for (name, source) in templates {
            if let Err(error) = self.environment.add_template_owned(name.clone(), source) {
                failures.push(Failure::of(&error, &name));
            }
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(failures)
        }
    }

    /// Takes a JSON object whose keys are the variables of what is rendered from now on.
    ///
    /// # Errors
    /// When it isn't JSON.
    pub fn see(&mut self, variables: &str) -> Result<(), Failure> {
        self.variables = serde_json::from_str(variables).map_err(|error| Failure {
            template: String::new(),
            line: 0,
            message: format!("its context is no JSON: {error}"),
        })?;
        Ok(())
    }

    /// Renders a loaded template.
    ///
    /// # Errors
    /// Where the template, or one that it includes, fails or passes a limit.
    pub fn render(&mut self, name: &str, steps: u64, max_output: u32) -> Result<String, Failure> {
        let whole = |message: String| Failure {
            template: name.to_owned(),
            line: 0,
            message,
        };
        self.environment.set_fuel(Some(steps));
        let template = self
            .environment
            .get_template(name)
            .map_err(|error| match error.kind() {
                ErrorKind::TemplateNotFound => whole("there is no such template".to_owned()),
                _ => Failure::of(&error, name),
            })?;
        let mut text = Limited {
            text: Vec::new(),
            limit: max_output as usize,
            passed: false,
        };
        match template.render_captured_to(self.variables.clone(), &mut text) {
            _ if text.passed => Err(whole(format!(
                "writes more than {} KiB, the most that a file may have",
                max_output / 1024
            ))),
            Err(error) => Err(Failure::of(&error, name)),
            Ok(_) => String::from_utf8(text.text)
                .map_err(|_| whole("writes bytes that are no text".to_owned())),
        }
    }
}

/// Whether a text has anything that a token, or what an encoder makes of one, would
/// have: a quick look before the exact one, which costs a call to the host.
fn may_hold_token(text: &str) -> bool {
    text.bytes()
        .any(|byte| byte >= 0x80 || matches!(byte, b'%' | b'\\' | b'&'))
}

/// Keeps what is written, up to a limit.
struct Limited {
    text: Vec<u8>,
    limit: usize,
    passed: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > self.limit {
            self.passed = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn render(templates: &[(&str, &str)], context: &str) -> Result<String, Failure> {
        let mut engine =
            Engine::new(|text| !text.contains('\u{FFFE}') || text.contains('\u{FFFF}'));
        engine
            .load(
                templates
                    .iter()
                    .map(|(name, source)| ((*name).to_owned(), (*source).to_owned()))
                    .collect(),
            )
            .map_err(|mut all| all.remove(0))?;
        engine.see(context)?;
        engine.render(templates[0].0, 100_000, 4096)
    }

    #[test]
    fn brackets_are_ours_and_braces_pass_through() {
        let source = "[# note #]\nreplicas: [[ n ]] {{ .Values.x }}\n  [% if n > 1 %]\nmany\n  [% endif %]\n";
        assert_eq!(
            render(&[("a.yaml", source)], r#"{"n":3}"#).unwrap(),
            "replicas: 3 {{ .Values.x }}\nmany\n"
        );
    }

    #[test]
    fn nothing_is_escaped_and_tojson_suits_yaml() {
        let text = render(
            &[("a.html", "[[ a ]] [[ b|tojson ]]")],
            r#"{"a":"<&>","b":{"z":[1,null],"a":"é"}}"#,
        )
        .unwrap();
        assert_eq!(text, r#"<&> {"a": "é", "z": [1, null]}"#);
    }

    #[test]
    fn an_undefined_name_is_an_error_with_template_line_and_name() {
        let failure = render(
            &[
                ("a", "[% include \"b\" %]"),
                ("b", "one\n[[ values.nope ]]\n"),
            ],
            r#"{"values":{}}"#,
        )
        .unwrap_err();
        assert_eq!((failure.template.as_str(), failure.line), ("b", 2));
        assert!(
            failure.message.contains("values.nope"),
            "{}",
            failure.message
        );
    }

    #[test]
    fn a_cut_token_is_an_error_where_it_is_placed() {
        let context = "{\"t\":\"\u{FFFE}x\u{FFFF}\"}";
        assert_eq!(
            render(&[("a", "id: [[ t ]]")], context).unwrap(),
            "id: \u{FFFE}x\u{FFFF}"
        );
        let failure = render(&[("a", "\n\nid: [[ t[:2] ]]")], context).unwrap_err();
        assert_eq!((failure.template.as_str(), failure.line), ("a", 3));
    }

    #[test]
    fn steps_output_and_recursion_are_bounded() {
        let long = render(
            &[(
                "a",
                "[% for i in range(10000) %][% for j in range(10000) %]x[% endfor %][% endfor %]",
            )],
            "{}",
        )
        .unwrap_err();
        assert!(long.message.contains("KiB"), "{}", long.message);
        let spin = render(
            &[(
                "a",
                "[% for i in range(10000) %][% for j in range(10000) %][% endfor %][% endfor %]",
            )],
            "{}",
        )
        .unwrap_err();
        assert!(spin.message.contains("steps"), "{}", spin.message);
        let deep = render(&[("a", "[% include \"a\" %]")], "{}").unwrap_err();
        assert!(deep.message.contains("recursion"), "{}", deep.message);
        assert_eq!(deep.template, "a");
    }

    #[test]
    fn every_template_that_does_not_parse_is_reported() {
        let mut engine = Engine::new(|_| true);
        let failures = engine
            .load(vec![
                ("a".into(), "x\n[[ 1 + ]]".into()),
                ("b".into(), "fine".into()),
                ("c".into(), "[% if %]".into()),
            ])
            .unwrap_err();
        let places: Vec<_> = failures
            .iter()
            .map(|failure| (failure.template.as_str(), failure.line))
            .collect();
        assert_eq!(places, [("a", 2), ("c", 1)]);
    }

    #[test]
    fn templates_see_the_variables_that_were_given_last() {
        let mut engine = Engine::new(|_| true);
        engine
            .load(vec![
                ("a".into(), "[[ n ]][% set n = 9 %]".into()),
                ("b".into(), "<[[ n ]]>".into()),
            ])
            .unwrap();
        let mut render = |name: &str| engine.render(name, 100, 100);
        assert!(render("a").unwrap_err().message.contains("undefined"));
        engine.see(r#"{"n":1}"#).unwrap();
        let mut render = |name: &str| engine.render(name, 100, 100);
        assert_eq!(render("a").unwrap(), "1");
        assert_eq!(render("b").unwrap(), "<1>");
        engine.see(r#"{"n":2}"#).unwrap();
        assert_eq!(engine.render("b", 100, 100).unwrap(), "<2>");
        assert!(engine.see("{").unwrap_err().message.contains("no JSON"));
    }

    #[test]
    fn a_missing_template_is_named() {
        let mut engine = Engine::new(|_| true);
        let failure = engine.render("gone", 10, 10).unwrap_err();
        assert_eq!(
            (failure.template.as_str(), failure.message.as_str()),
            ("gone", "there is no such template")
        );
    }
}
