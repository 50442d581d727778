// SPDX-License-Identifier: Apache-2.0
//! The terminal emulator of the browser: Debian's node-xterm, as one module.
//!
//! Debian has xterm.js as CommonJS modules for Node.js. Its bundle for browsers
//! (libjs-xterm 3.8.1) still calls `require` and runs in none, so the modules are put together here.

/// Where the package has its modules.
pub const MODULES: &str = "/usr/share/nodejs/xterm/lib";
/// Its style sheet.
pub const STYLE: &str = "/usr/share/nodejs/xterm/lib/xterm.css";
/// The package.
pub const PACKAGE: &str = "node-xterm";

/// What calls the modules, as Node.js does: each once, by a path from the one that asks.
const LOADER: &str = r#"};
const loaded = {};
function path(from, asked) {
  const parts = from.split("/").slice(0, -1);
  for (const part of asked.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
function load(name) {
  if (!loaded[name]) {
    const module = loaded[name] = { exports: {} };
    modules[name](module.exports, (asked) => load(path(name, asked)), module);
  }
  return loaded[name].exports;
}
export const Terminal = load("public/Terminal").Terminal;
"#;

/// Whether a file of the package is a part of it; the path is relative to [`MODULES`].
pub fn is_module(path: &str) -> bool {
    let entry = "xterm.js";
    path.ends_with(".js") && !path.ends_with(".test.js") && path != entry
}

/// The modules, by their paths relative to [`MODULES`], as one for browsers that exports `Terminal`.
pub fn bundle<'a>(modules: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut script = "const modules = {\n".to_owned();
    for (path, text) in modules {
        let name = path.strip_suffix(".js").unwrap_or(path);
        // The last line of a module can be a comment.
        script
            .push_str(&format!("{name:?}: function (exports, require, module) {{\n{text}\n}},\n"));
    }
    script + LOADER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_maps_and_the_broken_bundle_are_no_modules() {
        assert!(is_module("Terminal.js") && is_module("ui/Clipboard.js"));
        for path in ["Terminal.test.js", "Terminal.js.map", "xterm.css", "xterm.js"] {
            assert!(!is_module(path), "{path}");
        }
    }

    #[test]
    fn each_module_is_a_function_under_the_name_by_which_it_is_required() {
        let script = bundle([("public/Terminal.js", "exports.Terminal = 1; // end")]);
        let function = "\"public/Terminal\": function (exports, require, module) {\n\
                        exports.Terminal = 1; // end\n},\n";
        assert!(script.contains(function), "{script}");
    }
}
