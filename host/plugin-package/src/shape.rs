//! The shape that a plugin's code may have: what takes a compiler far longer, or far more
//! memory, than its size lets expect is refused before compiling.
//!
//! Real plugins, JavaScript engines among them, stay well below each of these. The limits
//! that the compiling process runs under are the wall; this gives the better sentence.

use wasmparser::{
    BinaryReaderError, ElementItems, FunctionBody, Operator, Parser, Payload, TableInit,
};

use crate::LoadError;

/// Core modules, and components inside of the outermost.
const MODULES: usize = 64;
/// Components inside of each other.
const NESTING: usize = 4;
/// Entries of each list of a module or component: types, functions, exports, segments, ….
const ENTRIES: u32 = 50_000;
/// Entries of the lists that real modules hardly have: tables, memories, tags.
const FEW: u32 = 100;
/// Parameters, results included, of a function's type.
const PARAMETERS: usize = 250;
/// Locals of a function, parameters not included.
const LOCALS: u64 = 10_000;
/// Bytes of a function's body.
const BODY: usize = 2 << 20;
/// Blocks, loops and branches of a function.
const BLOCKS: u64 = 50_000;
/// Blocks inside of each other.
const DEPTH: usize = 2_000;
/// Targets of all branch tables of a function.
const TARGETS: u64 = 50_000;
/// Locals times blocks and targets of a function: what the compiler's tables grow with.
const WEIGHT: u64 = 20_000_000;
/// Operators of an initial value.
const INITIAL: usize = 64;
/// Entries of all element segments of a module.
const ELEMENTS: u64 = 200_000;

/// Checks a component's shape, without validating it.
///
/// # Errors
/// The first limit that it passes, or where it can't be read.
pub fn check_shape(bytes: &[u8]) -> Result<(), LoadError> {
    let mut shape = Shape::default();
    for payload in Parser::new(0).parse_all(bytes) {
        shape.take(payload.map_err(broken)?)?;
    }
    Ok(())
}

#[derive(Default)]
struct Shape {
    parts: usize,
    depth: usize,
    functions: u32,
    elements: u64,
}

fn broken(error: BinaryReaderError) -> LoadError {
    LoadError::Code(error.to_string())
}

/// Refuses a number beyond its limit.
fn within<N: PartialOrd + std::fmt::Display>(
    what: &str,
    found: N,
    most: N,
) -> Result<(), LoadError> {
    if found <= most {
        return Ok(());
    }
    Err(LoadError::Code(format!(
        "it has {found} {what}; at most {most} are taken"
    )))
}

impl Shape {
    fn take(&mut self, payload: Payload<'_>) -> Result<(), LoadError> {
        match payload {
            Payload::Version { .. } => {
                self.parts += 1;
                self.depth += 1;
                within("modules and components", self.parts, MODULES)?;
                within("components inside of each other", self.depth, NESTING)?;
            }
            Payload::End(_) => self.depth = self.depth.saturating_sub(1),
            Payload::TypeSection(types) => {
                within("types", types.count(), ENTRIES)?;
                for group in types {
                    for ty in group.map_err(broken)?.types() {
                        if let wasmparser::CompositeInnerType::Func(function) =
                            &ty.composite_type.inner
                        {
                            let all = function.params().len() + function.results().len();
                            within("parameters of one function", all, PARAMETERS)?;
                        }
                    }
                }
            }
            Payload::ImportSection(imports) => within("imports", imports.count(), ENTRIES)?,
            Payload::FunctionSection(functions) => {
                self.functions = self.functions.saturating_add(functions.count());
                within("functions", self.functions, ENTRIES)?;
            }
            Payload::TableSection(tables) => {
                within("tables", tables.count(), FEW)?;
                for table in tables {
                    if let TableInit::Expr(initial) = table.map_err(broken)?.init {
                        constant(initial.get_operators_reader())?;
                    }
                }
            }
            Payload::MemorySection(memories) => within("memories", memories.count(), FEW)?,
            Payload::TagSection(tags) => within("tags", tags.count(), FEW)?,
            Payload::GlobalSection(globals) => {
                within("globals", globals.count(), ENTRIES)?;
                for global in globals {
                    constant(global.map_err(broken)?.init_expr.get_operators_reader())?;
                }
            }
            Payload::ExportSection(exports) => within("exports", exports.count(), ENTRIES)?,
            Payload::ElementSection(segments) => {
                within("element segments", segments.count(), ENTRIES)?;
                for segment in segments {
                    self.segment(segment.map_err(broken)?)?;
                }
            }
            Payload::DataSection(segments) => {
                within("data segments", segments.count(), ENTRIES)?;
                for segment in segments {
                    if let wasmparser::DataKind::Active { offset_expr, .. } =
                        segment.map_err(broken)?.kind
                    {
                        constant(offset_expr.get_operators_reader())?;
                    }
                }
            }
            Payload::CodeSectionEntry(body) => function(&body)?,
            // Of a component's lists, how long they are: reading its types would mean to
            // follow them as deep as they go.
            Payload::InstanceSection(list) => within("instances", list.count(), ENTRIES)?,
            Payload::CoreTypeSection(list) => within("types", list.count(), ENTRIES)?,
            Payload::ComponentInstanceSection(list) => within("instances", list.count(), ENTRIES)?,
            Payload::ComponentAliasSection(list) => within("aliases", list.count(), ENTRIES)?,
            Payload::ComponentTypeSection(list) => within("types", list.count(), ENTRIES)?,
            Payload::ComponentCanonicalSection(list) => {
                within("lifted and lowered functions", list.count(), ENTRIES)?;
            }
            Payload::ComponentImportSection(list) => within("imports", list.count(), ENTRIES)?,
            Payload::ComponentExportSection(list) => within("exports", list.count(), ENTRIES)?,
            _ => {}
        }
        Ok(())
    }

    fn segment(&mut self, segment: wasmparser::Element<'_>) -> Result<(), LoadError> {
        if let wasmparser::ElementKind::Active { offset_expr, .. } = segment.kind {
            constant(offset_expr.get_operators_reader())?;
        }
        let entries = match segment.items {
            ElementItems::Functions(functions) => functions.count(),
            ElementItems::Expressions(_, expressions) => {
                let count = expressions.count();
                for expression in expressions {
                    constant(expression.map_err(broken)?.get_operators_reader())?;
                }
                count
            }
        };
        self.elements += u64::from(entries);
        within("entries of element segments", self.elements, ELEMENTS)
    }
}

/// Checks an initial value.
fn constant(mut operators: wasmparser::OperatorsReader<'_>) -> Result<(), LoadError> {
    let mut count = 0;
    while !operators.eof() {
        operators.read().map_err(broken)?;
        count += 1;
        within("operators in an initial value", count, INITIAL)?;
    }
    Ok(())
}

/// Checks a function's body.
fn function(body: &FunctionBody<'_>) -> Result<(), LoadError> {
    within("bytes in one function", body.as_bytes().len(), BODY)?;
    let mut locals = 0_u64;
    for group in body.get_locals_reader().map_err(broken)? {
        locals += u64::from(group.map_err(broken)?.0);
    }
    within("locals in one function", locals, LOCALS)?;
    let mut operators = body.get_operators_reader().map_err(broken)?;
    let (mut blocks, mut targets, mut depth) = (0_u64, 0_u64, 0_usize);
    while !operators.eof() {
        match operators.read().map_err(broken)? {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => {
                blocks += 1;
                depth += 1;
                within("blocks inside of each other", depth, DEPTH)?;
            }
            Operator::End => depth = depth.saturating_sub(1),
            Operator::Br { .. } | Operator::BrIf { .. } | Operator::Else => blocks += 1,
            Operator::BrTable { targets: table } => targets += u64::from(table.len()) + 1,
            _ => {}
        }
    }
    within("blocks and branches in one function", blocks, BLOCKS)?;
    within("branch targets in one function", targets, TARGETS)?;
    let weight = (locals + 1).saturating_mul(blocks + targets);
    within("locals times branches in one function", weight, WEIGHT)
}
