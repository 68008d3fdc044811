// Tables as `az -o table` prints them: two spaces between columns, a column at least two wider than
// its title, everything to the left.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

namespace skyhop::report::az {

/// A title and where its value stands in a row ("destination/port" goes down into objects).
struct TableColumn {
  std::string title;
  std::string key;
};

/// Lists become words separated by a space, null becomes nothing.
[[nodiscard]] std::string table(const nlohmann::ordered_json& rows,
                                std::span<const TableColumn> columns);

/// For answers without columns of their own: the plain values of an object, titles capitalised;
/// ids, types and etags are left out.
[[nodiscard]] std::string table_of_object(const nlohmann::ordered_json& object);

}  // namespace skyhop::report::az
