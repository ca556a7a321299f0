//! `tsfile-cli`: look into TsFiles and convert them, from the shell.

fn main() {}
