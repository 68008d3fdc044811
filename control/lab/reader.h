// The strict YAML reader: a lab file to a Lab, or everything that is wrong with the file.
//
// Paths, in Lab::marks and Diagnostic::path, follow the file:
//
//     path  = section *( "." key / "." name / "[" index "]" )
//
//   - section is a top-level key: lab, azurerm_route_table, checks, ...
//   - name is that of a resource, or of a subnet, route or rule inside one; index counts from 0 in
//     lists. A subnet, route or rule written as a list item has both: "security_rule[0]" and
//     "security_rule.SSH" lead to it, its keys stand under the index.
//   - a value is marked under the key as written and under the current name of that key
//   (bgp_enabled
//     for enable_bgp, remote_virtual_network_id for remote_virtual_network_name).
//   - a spoke of add_spoke is "aviatrix_spoke_gateway.NAME" like any other.
//   - "" is the file. A resource, subnet, route or rule has the place of its name, anything else
//   that
//     of its value.
//
// A path without a mark is placed at its nearest ancestor that has one, so keys that were not
// written may be named: "azurerm_virtual_network_gateway.vng.active_active".
#pragma once

#include <string>

#include "control/lab/diagnostic.h"
#include "control/lab/lab.h"

namespace skyhop::lab {

struct ReadResult {
  Lab lab;
  Diagnostics diagnostics;  ///< errors and warnings, in file order; usable unless has_errors()
};

/// Reads syntax, keys, types, prefixes and references between resources. What the clouds forbid is
/// found later, by cloud::derive.
[[nodiscard]] ReadResult read_file(const std::string& file);
[[nodiscard]] ReadResult read_text(const std::string& text, const std::string& file);

/// The JSON Schema (2020-12) of the lab file, made from the same key tables the reader uses.
[[nodiscard]] std::string json_schema();

/// The reference page of the file format (Markdown), made from the same tables.
[[nodiscard]] std::string format_reference();

}  // namespace skyhop::lab
