//! Flags of `convert` that go with some inputs and outputs, and not with others.

use std::path::Path;

use crate::cmd::convert::{Args, is_stdout, output_format};
use crate::convert::format::{InputFormat, OutputFormat};
use crate::convert::origin;
use crate::convert::text_input::args::OnError;
use crate::convert::to_tsfile::args::DuplicateRows;
use crate::exit::{Failure, Outcome};

/// A flag that would be ignored is a misunderstanding.
///
/// # Errors
///
/// Usage.
pub fn check(args: &Args, tsfiles: bool) -> Outcome {
    args.tag_filter.check(!args.object.device.is_empty())?;
    args.condition()?;
    // There it names the device of columns that name none.
    let to_tsfile = match &args.output {
        Some(output) => output_format(args, output)? == OutputFormat::TsFile,
        None => false,
    };
    let given: &[(&str, bool)] = if tsfiles {
        &[
            ("--tags", args.tags.is_some()),
            ("--input-form", args.input_form.is_some()),
        ]
    } else {
        &[
            ("--output-dir", args.output_dir.is_some()),
            ("--device", !args.object.device.is_empty() && !to_tsfile),
            ("--tag-filter", args.tag_filter.is_given()),
            ("--where", args.filter.is_some()),
            ("--dedup", args.dedup.dedup.is_some()),
            ("--threads", args.threads.threads.is_some()),
            ("--rows", args.rows.is_some()),
            ("--text", args.text.is_some()),
            ("--dates", args.dates.is_some()),
            ("--recover", args.open.recover),
            ("--ignore-mods", args.open.ignore_mods),
            ("--ignore-corrupt", args.open.ignore_corrupt),
            ("--ignore-unsealed", args.open.ignore_unsealed),
            ("--schema", args.schema.schema.is_some()),
            ("--lossy-types", args.schema.lossy_types),
            ("--trusted", args.open.trusted),
        ]
    };
    let Some((flag, _)) = given.iter().find(|(_, given)| *given) else {
        return Ok(());
    };
    let (file, what) = match (args.inputs.first(), tsfiles) {
        (Some(file), true) => (file.display().to_string(), "other formats than TsFile"),
        (Some(file), false) => (file.display().to_string(), "TsFiles"),
        (None, _) => (String::new(), "other inputs"),
    };
    Err(Failure::usage(format!(
        "{file}: {flag} is for {what}; leave it out"
    )))
}

/// Flags about a TsFile need one to be written.
///
/// # Errors
///
/// Usage.
pub fn check_write(args: &Args) -> Outcome {
    let Some(output) = &args.output else {
        return Ok(());
    };
    let format = output_format(args, output)?;
    if let Some(flag) = args
        .write
        .given()
        .filter(|_| format != OutputFormat::TsFile)
    {
        return Err(Failure::usage(format!(
            "{}: {flag} is for writing TsFiles; leave it out, or add --to tsfile",
            output.display()
        )));
    }
    if args.write.verify && is_stdout(output) {
        return Err(Failure::usage(
            "--verify reads the file back, which stdout does not allow",
        ));
    }
    let drops = args.write.duplicates.unwrap_or_default() != DuplicateRows::Error;
    if args.write.verify && drops {
        return Err(Failure::usage(
            "--verify compares every row, and --duplicates drops some; leave one of them out",
        ));
    }
    Ok(())
}

/// Flags about text need text, and `--rejects` needs something to be rejected.
///
/// # Errors
///
/// Usage.
pub fn check_text(args: &Args, formats: &[InputFormat]) -> Outcome {
    let text = &args.text_input;
    let given = [
        ("--types", !text.types.is_empty()),
        ("--null", !text.nulls.is_empty()),
        // Instants in a condition have zones, too.
        ("--tz", text.tz.is_some() && args.filter.is_none()),
        ("--on-error", text.on_error.is_some()),
        ("--rejects", text.rejects.is_some()),
    ];
    if !formats.iter().any(|f| f.is_text()) {
        if let Some((flag, _)) = given.iter().find(|(_, given)| *given) {
            let file = args
                .inputs
                .first()
                .map_or_else(String::new, |i| origin::name(i));
            return Err(Failure::usage(format!(
                "{file}: {flag} is for CSV, TSV and NDJSON; leave it out"
            )));
        }
    }
    let Some(rejects) = &text.rejects else {
        return Ok(());
    };
    if text.on_error != Some(OnError::Skip) {
        return Err(Failure::usage(
            "--rejects takes what --on-error skip passes over; add that",
        ));
    }
    let absolute = |path: &Path| std::path::absolute(path).ok();
    if is_stdout(rejects) || args.output.as_deref().and_then(absolute) == absolute(rejects) {
        return Err(Failure::usage(
            "--rejects needs a file of its own; name another one",
        ));
    }
    Ok(())
}
